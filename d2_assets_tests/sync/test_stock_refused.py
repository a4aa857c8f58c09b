"""Stock that cannot land: each row is told, with its stock, and nothing is overwritten."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from d2_assets.ledger.outcomes import Outcome
from d2_assets.sync.stock import plan_stock
from d2_assets.sync.stock_months import move_stock
from d2_assets_tests.stock.world import CLINICS, DATA_SET, StockWorld, element_of, open_world, uid
from d2_assets_tests.sync.stock import list_outcomes, make_work, move


@pytest.fixture
def one(tmp_path: Path) -> Iterator[StockWorld]:
    with open_world(tmp_path / "world") as opened:
        yield opened


def test_products_and_facilities_without_mapping_are_rows_with_their_stock(
    one: StockWorld,
) -> None:
    del one.facility_lines[1]
    one.product_lines = [line for line in one.product_lines if "P2" not in line]
    one.product_lines = [one.map_product("P1", name) for name in one.attributes]
    (result,) = move(one, make_work(one, "closing_balance"))
    assert list_outcomes(result) == {Outcome.CREATED: 1, Outcome.QUARANTINED: 3}
    told = {problem.code: (problem.rows, problem.stock_on_hand) for problem in result.problems}
    assert told == {"facility_unmapped": (2, 200), "product_unmapped": (1, 100)}
    rows = pq.read_table(result.files["unplaced"]).to_pylist()
    assert {row["outcome"] for row in rows} == {"quarantined"}
    text = result.files["unplaced"].with_suffix(".csv").read_text(encoding="utf-8-sig")
    assert "Mapping missing for product P2 Medicine P2 at F1 Posto" in text
    one.facility_lines.append(f"{CLINICS['F2']},{uid('F2')}")
    (again,) = move(one, make_work(one, "closing_balance"))
    assert list_outcomes(again)[Outcome.QUARANTINED] == 2


def test_two_facilities_with_one_org_unit_overwrite_nothing(one: StockWorld) -> None:
    one.facility_lines[1] = f"{CLINICS['F2']},{uid('F1')}"
    (result,) = move(one, make_work(one, "closing_balance"))
    assert list_outcomes(result) == {Outcome.QUARANTINED: 4}
    (problem,) = result.problems
    assert problem.code == "duplicate_key"
    assert "F1 Posto" in problem.reason
    assert "F2 Posto" in problem.reason
    assert one.read() == {}


def test_a_zero_that_the_server_would_drop_is_not_sent(one: StockWorld) -> None:
    one.change_element("P1", "quantityDispensed", zeroIsSignificant=False)
    one.enter("F1", "P1", "2025-11-03", 30)
    (result,) = move(one, make_work(one, "issued"))
    assert list_outcomes(result) == {Outcome.CREATED: 3, Outcome.QUARANTINED: 1}
    (problem,) = result.problems
    assert problem.code == "zero_not_stored"
    assert "zeroIsSignificant" in problem.reason


@pytest.mark.parametrize("version", ["2.40", "2.43"])
def test_what_dhis2_would_refuse_is_quarantined_with_words(tmp_path: Path, version: str) -> None:
    with open_world(tmp_path / "world", version) as world:
        world.change_element("P1", "closingBalance", valueType="BOOLEAN")
        strange = uid("no such element")
        world.product_lines = [
            world.map_product("P1", "closingBalance"),
            world.map_product("P2", "closingBalance", strange),
        ]
        (result,) = move(world, make_work(world, "closing_balance"))
        assert list_outcomes(result) == {Outcome.QUARANTINED: 4}
        codes = {code for code, _, _ in result.moved.reasons}
        assert codes == {"value_misfit", "data_element_outside_data_set"}
        assert world.read() == {}


def test_a_data_set_that_dhis2_does_not_have_is_named(one: StockWorld) -> None:
    unknown = uid("another form")
    one.product_lines = [one.map_product("P1", "closingBalance").rsplit(",", 1)[0] + f",{unknown}"]
    (result,) = move(one, make_work(one, "closing_balance"))
    assert {code for code, _, _ in result.moved.reasons} == {"data_set_unknown"}


@pytest.mark.parametrize("version", ["2.40", "2.43"])
def test_an_element_that_dhis2_refuses_while_it_is_sent_stops_no_other(
    tmp_path: Path, version: str
) -> None:
    """Someone takes it out of the form, and off the server, after everything was planned."""
    with (
        open_world(tmp_path / "world", version) as world,
        closing(world.connect_source()) as source,
        closing(world.connect_destination()) as destination,
        plan_stock(make_work(world, "closing_balance"), source, destination) as planned,
    ):
        gone = element_of("P1", "closingBalance")
        form = world.dhis2.store.get_object("dataSets", DATA_SET)
        assert form is not None
        kept = [one for one in form["dataSetElements"] if one["dataElement"]["id"] != gone]
        world.dhis2.store.put_metadata("dataSets", [form | {"dataSetElements": kept}])
        world.dhis2.store.delete_metadata("dataElements", [gone])
        (result,) = move_stock(planned)
        assert list_outcomes(result) == {Outcome.CREATED: 2, Outcome.QUARANTINED: 2}
        assert (result.error, result.waiting) == (None, 2)
        assert {product for _, product, _ in world.read()} == {"P2"}
