from datetime import date
from pathlib import Path

import pytest

from d2_assets.data_values.outside import Outside, count_outside
from d2_assets.data_values.scope import Cut
from d2_assets_tests.data_values.builders import (
    CLINIC_2,
    MONTH,
    NUMBER,
    QUARTER,
    STOCK,
    TODAY,
    make_row,
    make_scope,
)
from d2_assets_tests.data_values.fake_dhis2 import FakeDHIS2

DAY = 24 * 3600.0


def _count(server: FakeDHIS2, folder: Path, now: float = 0.0) -> Outside:
    return count_outside(
        server.client, make_scope(), "202501", TODAY, folder / "kept.json", now, folder
    )


def _tell(outside: Outside) -> tuple[int, int, float]:
    return outside.before_first_month, outside.in_the_future, outside.counted_at


def _source(*periods: str) -> FakeDHIS2:
    server = FakeDHIS2()
    server.hold(*(make_row(data_element=STOCK, period=period) for period in periods))
    return server


def test_values_before_the_first_month_and_in_the_future_are_counted(tmp_path: Path) -> None:
    server = _source("202412", "2024", "2019W1", "202512", "2026Q1", "20251231")
    server.hold(make_row(data_element=STOCK, period="202412", org_unit=CLINIC_2))
    assert _tell(_count(server, tmp_path)) == (4, 3, 0.0)
    assert _count(server, tmp_path).total == 7


def test_what_a_partition_holds_is_not_outside(tmp_path: Path) -> None:
    periods = ("202501", "2025W1", MONTH, "20251101", QUARTER, "2025", "2025Oct", "2025S2")
    assert _count(_source(*periods), tmp_path).total == 0


def test_a_day_of_this_month_that_has_not_come_is_in_the_future(tmp_path: Path) -> None:
    assert _count(_source("20251130"), tmp_path).in_the_future == 1


def test_a_week_that_has_begun_and_ends_next_month_is_in_the_future(tmp_path: Path) -> None:
    server = _source("2025W48")
    last_day = date(2025, 11, 30)
    outside = count_outside(
        server.client,
        make_scope(),
        "202501",
        last_day,
        tmp_path / "kept.json",
        0.0,
        tmp_path,
    )
    assert outside.total == 0, "it ends on that day"
    server = _source("2025SunW49")
    outside = count_outside(
        server.client,
        make_scope(),
        "202501",
        last_day,
        tmp_path / "other.json",
        0.0,
        tmp_path,
    )
    assert outside.in_the_future == 1


def test_counting_asks_for_so_many_values_and_says_when_there_are_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("d2_assets.data_values.outside._MOST", 2)
    server = _source("202410", "202411", "202412")
    assert _count(server, tmp_path).there_are_more
    assert {query.limit for query in server.reads} == {2}


def test_deleted_values_are_not_counted(tmp_path: Path) -> None:
    server = FakeDHIS2()
    server.hold(make_row(data_element=NUMBER, period="202412", deleted=True))
    assert _count(server, tmp_path).total == 0


def test_the_count_is_kept_for_a_day(tmp_path: Path) -> None:
    server = _source("202412")
    assert _count(server, tmp_path, 1000.0).counted_at == 1000.0
    asked = len(server.reads)
    assert _tell(_count(_source(), tmp_path, 1000.0 + DAY - 1)) == (1, 0, 1000.0)
    assert _tell(_count(_source(), tmp_path, 1000.0 + DAY)) == (0, 0, 1000.0 + DAY)
    assert asked == len(server.reads) > 0


def test_another_first_month_is_counted_anew(tmp_path: Path) -> None:
    server = _source("202412")
    assert _count(server, tmp_path).total == 1
    kept = tmp_path / "kept.json"
    earlier = count_outside(server.client, make_scope(), "202401", TODAY, kept, 0.0, tmp_path)
    assert earlier.total == 0


def test_another_choice_of_the_pair_is_counted_anew(tmp_path: Path) -> None:
    server = _source("202412")
    assert _count(server, tmp_path).total == 1
    elsewhere = make_scope(source_cuts=(Cut((CLINIC_2,), children=True),))
    kept = tmp_path / "kept.json"
    other = count_outside(server.client, elsewhere, "202501", TODAY, kept, 0.0, tmp_path)
    assert other.total == 0


def test_a_count_from_the_future_or_an_unreadable_one_is_made_anew(tmp_path: Path) -> None:
    _count(_source(), tmp_path, 5000.0)
    assert _count(_source("202412"), tmp_path, 10.0).total == 1
    (tmp_path / "kept.json").write_text("{", encoding="utf-8")
    assert _count(_source(), tmp_path, 20.0).total == 0
    assert not list(tmp_path.glob("*.download"))
