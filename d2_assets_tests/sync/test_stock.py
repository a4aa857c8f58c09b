"""Stock from an OpenLMIS to a DHIS2: every number lands once, or says why not."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from d2_assets.errors import ConfigurationError, TransientError
from d2_assets.ledger.outcomes import Outcome
from d2_assets.openlmis.signing_in import ApiKey
from d2_assets.sandbox import Fault, StoredValue
from d2_assets.stock.reasons import Bucket, ReasonRules
from d2_assets.sync.stock_staging import stage_stock
from d2_assets_tests.stock.world import (
    CLINICS,
    DAMAGE,
    MONTH,
    OLDER_LAYOUT,
    PROGRAM,
    StockWorld,
    element_of,
    open_world,
    uid,
)
from d2_assets_tests.sync.stock import PAIR, SEVEN, list_outcomes, make_work, move, move_all

LOSSES = ReasonRules(by_id={DAMAGE: Bucket.LOSSES})


@pytest.fixture(params=["2.40", "2.43"])
def world(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[StockWorld]:
    with open_world(tmp_path / "world", request.param) as opened:
        yield opened


@pytest.fixture
def one(tmp_path: Path) -> Iterator[StockWorld]:
    with open_world(tmp_path / "world") as opened:
        yield opened


def test_the_seven_tables_of_a_month_land_and_add_up(world: StockWorld) -> None:
    world.enter("F1", "P1", "2025-11-03", 30)
    world.enter("F1", "P1", "2025-11-05", 8, "Damage")
    world.enter("F1", "P1", "2025-11-20", 60, "")
    world.enter("F2", "P2", "2025-11-28", 100)
    for results in move_all(world, rules=LOSSES).values():
        (result,) = results
        assert list_outcomes(result) == {Outcome.CREATED: 4}
        assert (result.moved.values.broken, result.error) == (0, None)
    found = world.read()
    assert len(found) == 4 * len(SEVEN)
    first = {name: int(found["F1", "P1", name]) for name in world.attributes[:7]}
    assert first == {
        "beginningBalance": 100,
        "quantityReceived": 0,
        "quantityDispensed": 30,
        "totalLosses": 8,
        "adjustments": -2,
        "closingBalance": 60,
        "stockoutDays": 0,
    }
    assert found["F2", "P2", "stockoutDays"] == "3"


def test_a_second_run_writes_nothing(world: StockWorld) -> None:
    world.enter("F1", "P1", "2025-11-03", 30)
    move_all(world, ("issued", "stockout_days"))
    world.dhis2.clear_requests()
    for results in move_all(world, ("issued", "stockout_days"), run="run-2").values():
        assert list_outcomes(results[0]) == {Outcome.UNCHANGED: 4}
    assert world.count_writes() == 0


def test_all_indicators_of_a_run_rest_on_one_reading(one: StockWorld) -> None:
    move(one, make_work(one, "issued"))
    asked = len(one.openlmis.requests())
    one.enter("F1", "P1", "2025-11-03", 30)  # comes in between
    move_all(one, ("received", "closing_balance"))
    assert not [call for call in one.openlmis.requests()[asked:] if "oauth" not in call.path]
    assert one.read()["F1", "P1", "closingBalance"] == "100"
    move_all(one, ("closing_balance",), run="run-2")
    assert one.read()["F1", "P1", "closingBalance"] == "70"


def test_a_token_that_the_server_forgets_in_the_middle_is_asked_for_again(one: StockWorld) -> None:
    one.openlmis.add_fault(Fault("status_401", path_prefix="/api/v2", after=1))
    one.enter("F1", "P1", "2025-11-03", 30)
    (result,) = move(one, make_work(one, "issued"))
    assert list_outcomes(result) == {Outcome.CREATED: 4}
    assert one.read()["F1", "P1", "quantityDispensed"] == "30"
    assert sum(call.path == "/api/oauth/token" for call in one.openlmis.requests()) == 2


def test_a_facility_that_the_account_may_not_see_is_named_and_the_others_land(
    one: StockWorld,
) -> None:
    account = one.state.accounts["sync"]
    one.state.accounts["sync"] = type(account)(
        account.password, frozenset({(CLINICS["F1"], PROGRAM)})
    )
    (result,) = move(one, make_work(one, "closing_balance"))
    assert list_outcomes(result) == {Outcome.CREATED: 2, Outcome.QUARANTINED: 1}
    (problem,) = result.problems
    assert problem.code == "facility_closed"
    assert "permission" in problem.reason
    assert {clinic for clinic, _, _ in one.read()} == {"F1"}


def test_an_openlmis_that_goes_away_leaves_nothing_half_written(one: StockWorld) -> None:
    one.openlmis.add_fault(Fault("status_503", path_prefix="/api/v2", times=None, after=3))
    with pytest.raises(TransientError):
        move(one, make_work(one, "issued"))
    assert one.read() == {}
    folder = one.folder / "home/staging/stock" / PAIR / MONTH
    assert not list(folder.iterdir())
    one.openlmis.clear_faults()
    (result,) = move(one, make_work(one, "issued", run="run-2"))
    assert list_outcomes(result) == {Outcome.CREATED: 4}


def test_only_mapped_keys_are_compared(one: StockWorld) -> None:
    """What others enter in the same form is no business of stock."""
    for attribute in ("quantityDispensed", "closingBalance"):
        one.dhis2.store.put_data_values(
            [
                StoredValue(
                    data_element=element_of("P1", attribute),
                    period=MONTH,
                    org_unit=uid("F1"),
                    value="7",
                )
            ]
        )
    (result,) = move(one, make_work(one, "closing_balance"))
    assert list_outcomes(result) == {Outcome.CREATED: 3, Outcome.UPDATED: 1}
    assert result.moved.values.destination_only == 0
    assert one.read()["F1", "P1", "quantityDispensed"] == "7"


def test_a_late_entry_three_months_back_sends_only_what_differs(one: StockWorld) -> None:
    months = ("202508", "202509", "202510", "202511")
    move_all(one, ("issued", "closing_balance"), months)
    one.enter("F1", "P1", "2025-08-20", 30)
    one.dhis2.clear_requests()
    results = move_all(one, ("issued", "closing_balance"), run="run-2", late_months=3)
    assert [result.month for result in results["issued"]] == list(months)
    assert [list_outcomes(result) for result in results["issued"]] == [
        {Outcome.UPDATED: 1, Outcome.UNCHANGED: 3},
        *[{Outcome.UNCHANGED: 4}] * 3,
    ]
    for result in results["closing_balance"]:
        assert list_outcomes(result) == {Outcome.UPDATED: 1, Outcome.UNCHANGED: 3}
    assert one.read("202508")["F1", "P1", "quantityDispensed"] == "30"
    assert sum(request.rows for request in one.dhis2.requests()) == 1 + 4


def test_losses_are_folded_where_the_site_has_no_place_for_them(tmp_path: Path) -> None:
    with open_world(tmp_path / "world", attributes=OLDER_LAYOUT) as world:
        world.enter("F1", "P1", "2025-11-03", 30)
        world.enter("F1", "P1", "2025-11-05", 8, "Damage")
        world.enter("F1", "P1", "2025-11-20", 60, "")
        results = move_all(world, rules=LOSSES)
        assert results["losses"][0].values == 0
        found = world.read()
        opening, received, issued, adjustment, closing = (
            int(found["F1", "P1", name]) for name in OLDER_LAYOUT
        )
        assert adjustment == -10
        assert closing == opening + received - issued + adjustment


def test_averages_rest_on_months_that_are_derived_when_nobody_staged_them(
    one: StockWorld,
) -> None:
    for day, quantity in (("2025-09-10", 10), ("2025-10-10", 20), ("2025-11-10", 5)):
        one.enter("F1", "P1", day, quantity)
    both = ("average_monthly_consumption", "months_of_stock")
    results = move_all(one, both)
    found = one.read()
    assert found["F1", "P1", "averageMonthlyConsumption"] == "11.7"
    assert found["F1", "P1", "monthsOfStock"] == "5.6"
    assert list_outcomes(results["months_of_stock"][0]) == {Outcome.CREATED: 1, Outcome.FILTERED: 3}
    assert {one.code for one in results["months_of_stock"][0].problems} == {"nothing_consumed"}


def test_an_average_takes_whole_months_of_an_earlier_run(one: StockWorld) -> None:
    move_all(one, ("issued",), ("202509", "202510"), run="run-0")
    one.openlmis.clear_requests()
    move_all(one, ("average_monthly_consumption",))
    asked = {call.query for call in one.openlmis.requests() if "v2" in call.path}
    assert len(asked) == 2 * len(CLINICS)
    # Other rules give other numbers: nothing of the earlier run is taken.
    one.openlmis.clear_requests()
    move_all(one, ("average_monthly_consumption",), run="run-2", rules=LOSSES)
    asked = {call.query for call in one.openlmis.requests() if "v2" in call.path}
    assert len(asked) > 2 * len(CLINICS)


def test_movements_are_staged_without_a_destination(one: StockWorld) -> None:
    one.enter("F1", "P1", "2025-11-03", 30)
    staged = stage_stock(make_work(one, None), one.connect_source())
    (month,) = staged
    assert (month.products, month.movements, month.is_balanced) == (4, 1, True)
    assert pq.read_table(month.movements_file).column("signed").to_pylist() == [-30]
    assert staged.sees_withdrawn
    one.state.api_keys.add("a-key-of-the-service-account")
    key = ApiKey("a-key-of-the-service-account")
    assert not stage_stock(make_work(one, None, run="2"), one.connect_source(key)).sees_withdrawn


def test_a_withdrawn_product_is_left_out_when_the_pair_says_so(one: StockWorld) -> None:
    one.enter("F1", "P1", "2025-10-03", 100)
    next(card for card in one.state.cards.values() if card.lines[-1].quantity == 100).active = False
    for card in one.state.list_cards(CLINICS["F1"], PROGRAM):
        card.active = card.lines[-1].reason == ""
    (result,) = move(one, make_work(one, "closing_balance", leave_out_withdrawn=True))
    assert list_outcomes(result) == {Outcome.CREATED: 3, Outcome.FILTERED: 1}


def test_a_mapping_file_with_an_unknown_name_stops_before_anything_is_asked(
    one: StockWorld,
) -> None:
    one.product_lines[0] = one.product_lines[0].replace("beginningBalance", "begining")
    with pytest.raises(ConfigurationError, match="line 2"):
        move(one, make_work(one, "issued"))
    assert one.openlmis.requests() == []
