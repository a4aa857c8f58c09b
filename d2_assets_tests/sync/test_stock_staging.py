"""The months of stock are staged once a run, whole, and used again only where that is right."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from d2_assets.errors import ConfigurationError
from d2_assets.openlmis import paging
from d2_assets.stock.card_months import Flows, Month
from d2_assets.stock.product_months import ProductMonth
from d2_assets.stock.reporting import ReportingSource
from d2_assets.sync.stock import plan_stock
from d2_assets.sync.stock_months import StockMonth, move_stock
from d2_assets.sync.stock_staging import stage_stock
from d2_assets.sync.stock_work import StagedStock, StockWork
from d2_assets_tests.on_postgres.test_reporting import VIEW
from d2_assets_tests.stock.world import CLINICS, MONTH, PRODUCTS, StockWorld, open_world
from d2_assets_tests.sync.stock import make_work


@pytest.fixture
def world(tmp_path: Path) -> Iterator[StockWorld]:
    with open_world(tmp_path / "world") as opened:
        yield opened


class Reporting(ReportingSource):
    """A reporting view without its database."""

    def __init__(self, rows: dict[str, list[ProductMonth]]) -> None:
        super().__init__("moh", "sqlite://", VIEW)
        self.rows = rows

    def iterate_product_months(self, month: Month) -> Iterator[list[ProductMonth]]:
        yield from ([row] for row in self.rows.get(month.id, []))


def stage(world: StockWorld, work: StockWork) -> StagedStock:
    with closing(world.connect_source()) as source:
        return stage_stock(work, source)


def count_summaries(world: StockWorld) -> int:
    found = sum("/v2/" in call.path for call in world.openlmis.requests())
    world.openlmis.clear_requests()
    return found


def test_a_month_is_staged_once_a_run_and_anew_by_the_next(world: StockWorld) -> None:
    stage(world, make_work(world, None))
    assert count_summaries(world) == 4
    again = stage(world, make_work(world, "issued"))
    assert count_summaries(world) == 0
    assert again.months[MONTH].products == 4
    stage(world, make_work(world, "issued", run="run-2"))
    assert count_summaries(world) == 4


def test_a_month_whose_file_was_altered_is_staged_anew(world: StockWorld) -> None:
    (month,) = stage(world, make_work(world, None))
    month.products_file.write_bytes(month.products_file.read_bytes()[:-9])
    count_summaries(world)
    (again,) = stage(world, make_work(world, None))
    assert count_summaries(world) == 4
    assert pq.read_table(again.products_file).num_rows == 4


def test_a_month_that_still_ran_when_it_was_staged_is_no_basis_of_an_average(
    world: StockWorld,
) -> None:
    early = replace(
        make_work(world, None, run="run-0"), today=date(2025, 10, 15), months=("202510",)
    )
    stage(world, early)
    count_summaries(world)
    stage(world, make_work(world, "average_monthly_consumption"))
    assert count_summaries(world) == 3 * 4


def test_no_month_before_the_first_partition_is_derived_as_a_late_one(world: StockWorld) -> None:
    work = replace(make_work(world, None, late_months=3), first_month="202510")
    assert work.targets == ("202510", MONTH)


def test_rows_that_repeat_at_a_page_border_come_once(
    world: StockWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One object a page: the first reading of the clinics meets the same one twice."""
    whole = paging.list_all.__defaults__
    assert whole is not None
    monkeypatch.setattr(paging.list_all, "__defaults__", (whole[0], 1, whole[2]))
    ask, asked = paging._read_pages, list[str]()

    def read_pages(session, path, params):
        found, total = ask(session, path, params)
        asked.append(path)
        if asked.count(path) == 1 and path == "/api/facilities/full":
            found = dict([next(iter(found.items()))])  # the other one vanished at the border
        return found, total

    monkeypatch.setattr(paging, "_read_pages", read_pages)
    staged = stage(world, make_work(world, None))
    assert asked.count("/api/facilities/full") == 2
    assert set(staged.names.facilities) == set(CLINICS.values())
    assert staged.months[MONTH].products == 4


def make_rows(month: str = MONTH, **members: int) -> list[ProductMonth]:
    row = ProductMonth(
        CLINICS["F1"], "", PRODUCTS["P1"], month, 100, 70, Flows(issued=30), 0, 0, True, False
    )
    return [replace(row, **members)]


def move_reported(world: StockWorld, rows: list[ProductMonth], work: StockWork) -> list[StockMonth]:
    with (
        closing(Reporting({MONTH: rows})) as source,
        closing(world.connect_destination()) as destination,
        plan_stock(work, source, destination) as planned,
    ):
        return list(move_stock(planned))


def test_the_same_tables_come_out_of_a_reporting_view(world: StockWorld) -> None:
    (result,) = move_reported(world, make_rows(), make_work(world, "closing_balance"))
    assert (result.values, result.unaccounted) == (1, 0)
    assert world.read() == {("F1", "P1", "closingBalance"): "70"}
    assert result.staged.is_balanced
    assert world.openlmis.requests() == []


def test_a_reporting_view_that_does_not_add_up_is_told(world: StockWorld) -> None:
    work = make_work(world, "closing_balance")
    (result,) = move_reported(world, make_rows(closing_balance=71), work)
    assert not result.staged.is_balanced


def test_a_reporting_view_knows_no_codes(world: StockWorld) -> None:
    work = make_work(world, "closing_balance")
    world.facilities.write_text("openlmisCode,dhis2OrgUnitId\n")
    with pytest.raises(ConfigurationError, match="by code"):
        move_reported(world, make_rows(), work)
