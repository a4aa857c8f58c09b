from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from d2_assets.data_values.extract import (
    STAGED_SCHEMA,
    open_window,
    plan_reads,
    stage_values,
)
from d2_assets.data_values.scope import Cut
from d2_assets.dhis2.data_values import DataValueQuery
from d2_assets.errors import TransientError
from d2_assets_tests.data_values.builders import (
    CLINIC_2,
    COUNTRY,
    FLAG,
    MONTH,
    MONTHLY,
    NUMBER,
    QUARTER,
    QUARTERLY,
    REGION_1,
    REGION_2,
    TODAY,
    make_row,
    make_window,
)
from d2_assets_tests.data_values.fake_dhis2 import FakeDHIS2, key_of

WHOLE = (Cut((COUNTRY,), children=True),)


def test_a_month_holds_the_ids_of_every_period_type_that_end_in_it() -> None:
    window = open_window(["202512"], date(2026, 2, 1))
    assert {"202512", "20251231", "2025Q4", "2025S2", "2025", "202506B"} <= set(window.periods)
    assert {"2025W51", "2025WedW50", "2025SunW50", "2025BiW25"} <= set(window.periods)
    assert not {"202511", "2026", "2025W53", "2025Q3"} & set(window.periods)
    assert set(window.month_by_period.values()) == {"202512"}


def test_what_still_runs_belongs_to_the_month_of_today() -> None:
    window = open_window([MONTH], TODAY)
    assert {MONTH, QUARTER, "2025S2", "2025", "2025Oct", "2025April"} <= set(window.periods)
    assert window.month_by_period["2025"] == MONTH
    assert "2025" not in open_window(["202510"], TODAY).periods


def test_newer_period_types_are_asked_for_only_where_a_data_set_has_them() -> None:
    assert "2025FriW46" not in open_window([MONTH], TODAY).periods
    assert "2025FriW46" in open_window([MONTH], TODAY, {"WeeklyFriday", "Monthly"}).periods


def test_the_dates_of_the_pair_narrow_the_window() -> None:
    window = open_window([MONTH], TODAY, start=date(2025, 11, 10), end=date(2025, 11, 12))
    days = [uid for uid, item in window.periods.items() if item.period_type == "Daily"]
    assert days == ["20251110", "20251111", "20251112"]
    assert MONTH in window.periods


def test_the_part_of_a_window_for_one_month_holds_that_month_alone() -> None:
    window = open_window(["202510", MONTH], TODAY)
    part = window.of_month("202510")
    assert part.months == ("202510",)
    assert "202510" in part.periods
    assert MONTH not in part.periods
    assert len(part.periods) + len(window.of_month(MONTH).periods) == len(window.periods)
    assert part.periods == open_window(["202510"], TODAY).periods


def test_requests_name_each_data_set_cut_and_period_once() -> None:
    cuts = (Cut((REGION_1,), children=True), Cut((COUNTRY,), children=False))
    window = open_window([f"2024{month:02}" for month in range(1, 7)], TODAY)
    queries = plan_reads([MONTHLY, QUARTERLY], cuts, window)
    asked = [
        (query.data_set, query.org_units, query.children, period)
        for query in queries
        for period in query.periods
    ]
    assert len(asked) == len(set(asked)) == 4 * len(window.periods)
    assert max(len(query.periods) for query in queries) == 150
    assert all(query.include_deleted and not query.start_date for query in queries)


def test_nothing_is_asked_for_where_there_is_no_unit_or_no_data_set() -> None:
    assert plan_reads([], WHOLE, make_window()) == []
    assert plan_reads([MONTHLY], (), make_window()) == []


def test_values_are_staged_with_numbers_data_set_and_month(tmp_path: Path) -> None:
    rows = [
        make_row(value="007", comment="ünsure", followup=True),
        make_row(data_element=FLAG, value=None, comment="only a comment"),
        make_row(org_unit=CLINIC_2, value="1.0", deleted=True),
        make_row(period=QUARTER, value="1e5"),
    ]
    server = FakeDHIS2()
    server.hold(*rows)
    told: list[tuple[int, int]] = []
    cuts = (Cut((REGION_1,), children=True), Cut((REGION_2,), children=True))
    queries = plan_reads([MONTHLY], cuts, make_window())
    path = tmp_path / "source.parquet"
    count = stage_values(
        server.client, queries, make_window(), path, lambda done, rows: told.append((done, rows))
    )
    table = pq.read_table(path)
    assert table.schema.equals(STAGED_SCHEMA)
    staged = table.to_pylist()
    assert count == len(staged) == 4
    assert sorted(row["row"] for row in staged) == [0, 1, 2, 3]
    assert {row["data_set"] for row in staged} == {MONTHLY}
    assert {row["month"] for row in staged} == {MONTH}
    for name in ("value", "comment", "followup", "deleted"):
        assert {key_of(row): row[name] for row in staged} == {
            key_of(row): row[name] for row in rows
        }
    assert [done for done, _ in told] == list(range(1, len(queries) + 1))
    assert told[-1][1] == 4
    assert not list(tmp_path.glob("*.download"))


def test_a_row_under_a_period_that_was_not_asked_for_goes_to_the_first_month(
    tmp_path: Path,
) -> None:
    server = FakeDHIS2()
    server.hold(make_row(period="2019"))
    window = make_window(("202510", MONTH))
    query = DataValueQuery(MONTHLY, periods=("2019",), org_units=(COUNTRY,))
    path = tmp_path / "source.parquet"
    assert stage_values(server.client, [query], window, path) == 1
    assert pq.read_table(path).column("month").to_pylist() == ["202510"]


def test_a_read_that_fails_leaves_nothing_half_written(tmp_path: Path) -> None:
    server = FakeDHIS2(read_faults=[None, TransientError("The line was cut.")])
    server.hold(make_row(data_element=NUMBER))
    queries = plan_reads([MONTHLY, QUARTERLY], WHOLE, make_window())
    with pytest.raises(TransientError):
        stage_values(server.client, queries, make_window(), tmp_path / "source.parquet")
    assert list(tmp_path.iterdir()) == []
