"""The rows of an indicator as a table: placed or told, never both and never neither."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.staging.database import Database, open_database
from d2_assets.staging.tables import open_table, write_table
from d2_assets.stock.attributes import Indicator
from d2_assets.stock.card_months import Flows
from d2_assets.stock.mapping_files import read_facility_file
from d2_assets.stock.product_months import ProductMonth
from d2_assets.stock.stage import Closed
from d2_assets.stock.tables import PRODUCT_MONTHS_SCHEMA, tabulate_product_months
from d2_assets.stock.to_data_values import StockMapping
from d2_assets.stock.values import (
    VALUES_SCHEMA,
    Rules,
    iterate_batches,
    place_values,
    write_closed,
    write_values,
)
from d2_assets_tests.stock.test_to_data_values import ELEMENTS, UNIT, make_mapping, make_month


def stage(
    folder: Path,
    months: Iterable[ProductMonth],
    *attributes: str,
    closed: Iterable[Closed] = (),
    indicator: Indicator = "opening_balance",
    leave_out: bool = False,
) -> Path:
    mapping = make_mapping(folder, *attributes)
    path = folder / "values.parquet"
    with open_table(path, VALUES_SCHEMA) as writer:
        write_values(writer, Rules(indicator, leave_out), mapping, months, {})
        write_closed(writer, mapping, "202510", closed)
    return path


@contextmanager
def place(folder: Path, values: Path, without_zeros: Iterable[str] = ()) -> Iterator[Database]:
    with open_database(folder) as database:
        database.attach('"values"', values)
        place_values(database, frozenset(without_zeros), folder / "placed.parquet")
        yield database


def read(database: Database, *columns: str) -> list[tuple]:
    return database.rows(f"SELECT {', '.join(columns)} FROM placed ORDER BY ALL")


def test_a_row_has_a_target_or_an_outcome(tmp_path: Path) -> None:
    months = [make_month(), make_month(orderable="o2"), make_month(facility="f2")]
    path = stage(tmp_path, months, "beginningBalance", closed=[Closed("f2", "p1", "No right.")])
    with place(tmp_path, path) as database:
        assert read(database, "code", "outcome", "data_element", "stock_on_hand") == [
            ("", None, ELEMENTS["beginningBalance"], 12),
            ("facility_closed", "quarantined", "", None),
            ("facility_unmapped", "quarantined", "", 12),
            ("product_unmapped", "quarantined", "", 12),
        ]


def test_two_numbers_with_one_target_are_both_held_back(tmp_path: Path) -> None:
    months = [make_month(), make_month(facility="f2")]
    path = tmp_path / "values.parquet"
    mapping = make_mapping(tmp_path, "beginningBalance")
    mapping.facilities.path.write_text(f"openlmisId,dhis2OrgUnitId\nf1,{UNIT}\nf2,{UNIT}\n")
    facilities = read_facility_file(mapping.facilities.path)
    again = StockMapping(facilities, mapping.products, mapping.names)
    with open_table(path, VALUES_SCHEMA) as writer:
        write_values(writer, Rules("opening_balance", False), again, months, {})
    with place(tmp_path, path) as database:
        rows = read(database, "code", "outcome", "reason")
    assert [row[:2] for row in rows] == [("duplicate_key", "quarantined")] * 2
    assert "HC01 Comfort" in rows[0][2]
    assert "HC02 Hope" in rows[0][2]


def test_a_zero_is_held_back_only_where_the_server_drops_it(tmp_path: Path) -> None:
    empty = ProductMonth("f1", "p1", "o1", "202510", 0, 0, Flows(), 31, 0, True, False)
    path = stage(tmp_path, [empty], "beginningBalance")
    with place(tmp_path, path) as database:
        assert read(database, "code", "value") == [("", "0")]
    with place(tmp_path, path, [ELEMENTS["beginningBalance"]]) as database:
        assert read(database, "code", "value") == [("zero_not_stored", "0")]


@pytest.mark.parametrize("moved", [0, 1])
def test_a_withdrawn_product_is_left_out_once_nothing_moves(tmp_path: Path, moved: int) -> None:
    gone = ProductMonth("f1", "p1", "o1", "202510", 0, 0, Flows(), 31, moved, True, True)
    path = stage(tmp_path, [gone], "beginningBalance", leave_out=True)
    with place(tmp_path, path) as database:
        (row,) = read(database, "code", "outcome")
    assert row == (("", None) if moved else ("withdrawn", "filtered"))


def test_consumption_takes_the_same_product_of_the_months_before(tmp_path: Path) -> None:
    with open_database(tmp_path) as database:
        for month, issued in (("202509", 4), ("202510", 6)):
            path = tmp_path / f"{month}.parquet"
            rows = [make_month(issued=issued), make_month(orderable="o2")]
            batch = tabulate_product_months(rows)
            write_table(path, PRODUCT_MONTHS_SCHEMA, [batch])
            database.attach(f"products_{month}", path)
        ((now, consumption),) = iterate_batches(database, "202510", ("202509",))
    assert [month.orderable for month in now] == ["o1", "o2"]
    averages = [consumption[month.product].average_monthly_consumption for month in now]
    assert [str(average) for average in averages] == ["5.0", "0.0"]


_MONTHS = st.lists(
    st.builds(
        make_month,
        facility=st.sampled_from(["f1", "f2"]),
        orderable=st.sampled_from(["o1", "o2"]),
        started=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda month: month.product,
)


@given(_MONTHS, st.booleans())
def test_placed_and_told_make_up_what_was_given(months: list[ProductMonth], zeros: bool) -> None:
    with TemporaryDirectory() as folder:
        path = stage(Path(folder), months, "beginningBalance")
        drops = [ELEMENTS["beginningBalance"]] if zeros else []
        with place(Path(folder), path, drops) as database:
            rows = read(database, "facility", "orderable", "code", "outcome", "reason")
    assert sorted(row[:2] for row in rows) == sorted(
        (month.facility, month.orderable) for month in months
    )
    for _, _, code, outcome, reason in rows:
        assert bool(code) == bool(outcome) == bool(reason)
