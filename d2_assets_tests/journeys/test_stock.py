"""Stock as people run it: what a run records, warns of and leaves for the next one."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from d2_assets.sandbox import Fault
from d2_assets_tests.journeys.stock_journey import PAIR, StockJourney, open_journey
from d2_assets_tests.stock.world import MONTH, uid


@pytest.fixture
def moh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StockJourney]:
    with open_journey(tmp_path, monkeypatch) as journey:
        yield journey


def test_a_month_of_stock_arrives_and_every_asset_shows_its_table(moh: StockJourney) -> None:
    moh.world.enter("F1", "P1", "2025-11-03", 30)
    moh.world.enter("F1", "P1", "2025-11-05", 8, "Damage")
    run = moh.materialise("issued", "losses", "closing_balance")
    assert run.success, run.failure
    assert all(check.passed for check in run.checks)
    assert run.tags.get("d2/outcome") is None
    movements = run.show(MONTH, asset="stock/stock_movements")
    assert (movements["products"], movements["movements"]) == (4, 2)
    issued = run.show(MONTH, asset="stock/issued")
    assert (issued["rows_read"], issued["created"]) == (4, 4)
    assert issued["table"][0] == {
        "facility_name": "F1 Posto",
        "product_name": "P1 Medicine P1",
        "attribute": "quantityDispensed",
        "value": "30",
        "data_element": uid("P1 quantityDispensed"),
        "org_unit": uid("F1"),
    }
    found = moh.world.read()
    assert found["F1", "P1", "totalLosses"] == "8"
    assert found["F1", "P1", "closingBalance"] == "62"


def test_a_missing_line_of_a_mapping_file_is_a_warning_with_the_stock_behind_it(
    moh: StockJourney,
) -> None:
    moh.world.product_lines = [line for line in moh.world.product_lines if "P2" not in line]
    moh.world.product_lines = [moh.world.map_product("P1", name) for name in moh.world.attributes]
    run = moh.materialise("closing_balance")
    assert run.success, run.failure
    shown = run.show(MONTH, asset="stock/closing_balance")
    (problem,) = shown["mapping_problems"]
    assert (problem["code"], problem["rows"], problem["stock_on_hand"]) == (
        "product_unmapped",
        2,
        200,
    )
    assert "Mapping missing for product P2 Medicine P2 at F1 Posto" in problem["reason"]
    check = run.check("destination_equals_source")
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert run.check("no_row_is_lost").passed
    assert run.tags["d2/outcome"] == "completed_with_warnings"


def test_late_months_are_recorded_on_partitions_of_their_own(moh: StockJourney) -> None:
    assert moh.materialise("issued", month="202508", last_month=MONTH).success
    moh.world.enter("F1", "P1", "2025-08-20", 30)
    moh.stock["late_months"] = 3
    run = moh.materialise("issued")
    assert run.success, run.failure
    months = [f"{PAIR}|{month}" for month in ("202508", "202509", "202510", MONTH)]
    assert run.materialised_of("stock/issued") == months
    assert run.materialised_of("stock/stock_movements") == months
    assert run.show("202508", asset="stock/issued")["updated"] == 1
    assert run.show(MONTH, asset="stock/issued")["unchanged"] == 4
    assert moh.world.read("202508")["F1", "P1", "quantityDispensed"] == "30"


def test_an_openlmis_that_is_down_half_way_stops_the_run_and_the_next_one_goes_on(
    moh: StockJourney,
) -> None:
    fault = Fault("status_503", path_prefix="/api/v2", times=None, after=2)
    moh.world.openlmis.add_fault(fault)
    run = moh.materialise("issued")
    assert not run.success
    assert run.materialised_of("stock/stock_movements") == []
    assert run.materialised_of("stock/issued") == []
    assert moh.world.read() == {}
    moh.world.openlmis.clear_faults()
    again = moh.materialise("issued")
    assert again.success, again.failure
    assert again.show(MONTH, asset="stock/issued")["created"] == 4


def test_an_api_key_is_told_what_it_cannot_see(moh: StockJourney) -> None:
    key = "9f2d7a40-0000-4000-8000-00000000000a"
    moh.world.state.api_keys.add(key)
    (moh.world.folder / "moh.token").write_text(key, encoding="utf-8")
    moh.auth = {"token_file": "moh.token"}
    run = moh.materialise("closing_balance")
    assert run.success, run.failure
    check = run.check("withdrawn_products_seen")
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "cannot be seen with this account" in (check.description or "")
    assert not any(key in entry.message for entry in run.log)


def test_averages_and_months_of_stock_come_with_the_months_before(moh: StockJourney) -> None:
    for day, quantity in (("2025-09-10", 10), ("2025-10-10", 20), ("2025-11-10", 5)):
        moh.world.enter("F1", "P1", day, quantity)
    run = moh.materialise("average_monthly_consumption", "months_of_stock")
    assert run.success, run.failure
    assert run.show(MONTH, asset="stock/months_of_stock")["filtered"] == 3
    assert moh.world.read()["F1", "P1", "averageMonthlyConsumption"] == "11.7"
    assert run.materialised_of("stock/months_of_stock") == [f"{PAIR}|{MONTH}"]


def test_a_dhis2_that_goes_away_leaves_rows_for_the_next_run(moh: StockJourney) -> None:
    fault = Fault("status_503", path_prefix="/api/dataValueSets", method="POST", times=None)
    moh.world.dhis2.add_fault(fault)
    run = moh.materialise("issued")
    assert not run.success
    assert run.observe(MONTH, "outcomes")["not_attempted"] == 4
    moh.world.dhis2.clear_faults()
    again = moh.materialise("issued")
    assert again.show(MONTH, asset="stock/issued")["created"] == 4


def test_a_preview_shows_what_would_arrive_and_sends_nothing(moh: StockJourney) -> None:
    moh.world.product_lines = [line for line in moh.world.product_lines if "P2" not in line]
    moh.world.product_lines = [moh.world.map_product("P1", name) for name in moh.world.attributes]
    run = moh.preview("stock/closing_balance", "stock/issued")
    assert run.success, run.failure
    shown = run.observe(MONTH, "plan")
    assert (shown["create"], shown["rows_to_send"]) == (2, 2)
    assert {row["code"] for row in shown["mapping_problems"]} == {"product_unmapped"}
    assert run.materialised_of("stock/issued") == []
    assert moh.world.read() == {}
