"""Generated stock: every oddity is in it, and the mapping files lead to what the DHIS2 has."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from d2_assets import sandbox
from d2_assets.sandbox.content_metadata import Country, Extent
from d2_assets.sandbox.content_products import FACILITIES, list_products
from d2_assets.sandbox.openlmis import State, StockSpec, generate_state
from d2_assets.sandbox.openlmis.mapping import FACILITY_FILE, PRODUCT_FILE, write_mapping
from d2_assets.sandbox.openlmis.state import StoredCard, StoredLine
from d2_assets.sandbox.versions import VERSIONS
from d2_assets.stock.mapping_files import read_facility_file, read_product_file


@pytest.fixture(scope="module")
def state() -> State:
    return generate_state()


def list_lines(state: State) -> Iterator[StoredLine]:
    for card in state.cards.values():
        yield from card.lines


def test_the_same_seed_makes_the_same_stock() -> None:
    assert generate_state().cards == generate_state().cards
    assert generate_state(StockSpec(seed=7)).cards != generate_state().cards


def test_there_are_as_many_places_and_products_as_asked_for() -> None:
    made = generate_state(StockSpec(facilities=3, products=20, months=1))
    assert len(made.facilities) == 3
    assert len({card.orderable for card in made.cards.values()}) == 20


def test_stock_is_never_below_zero(state: State) -> None:
    for card in state.cards.values():
        assert all(one.stock_on_hand >= 0 for one in state.run(card))


def test_every_oddity_is_in_it(state: State) -> None:
    cards = list(state.cards.values())
    lines = list(list_lines(state))
    assert any(not card.lines for card in cards), "a card without movement"
    assert any(not card.active for card in cards), "an inactive card"
    assert any(card.lot for card in cards), "lots"
    assert any(line.adjustments for line in lines), "a count with reasons"
    assert any(one.is_count and not one.line.adjustments for one in running(state)), "a bare count"
    assert any(line.source and not line.reason for line in lines), "no reason"
    assert any(line.source and line.reason for line in lines), "a source and a reason"
    assert any(line.processed_date[:10] > line.occurred_date.isoformat() for line in lines), "late"
    assert any(not reason.tags for reason in state.reasons.values()), "a reason without tags"
    assert any(has_busy_day(card) for card in cards), "several movements a day"
    assert any(not one.active for one in state.facilities.values()), "a closed facility"
    names = Counter(one.name for one in state.facilities.values())
    assert names.most_common(1)[0][1] > 1, "names that repeat"
    used = {state.reasons[line.reason].name for line in lines if line.reason}
    assert {"Facility return", "Unpack Kit", "Unpacked From Kit", "Cancelled issue"} <= used


def running(state: State) -> Iterator:
    for card in state.cards.values():
        yield from state.run(card)


def has_busy_day(card: StoredCard) -> bool:
    return any(a.occurred_date == b.occurred_date for a, b in pairwise(card.lines))


def test_a_withdrawn_product_has_stock_that_v2_does_not_show(state: State) -> None:
    facility = next(iter(state.facilities))
    for program in state.programs:
        shown = {
            card.id for cards in state.find_products(facility, program).values() for card in cards
        }
        hidden = [card for card in state.list_cards(facility, program) if card.id not in shown]
        if hidden:
            assert {state.orderables[card.orderable].code for card in hidden} == {"MED0000"}
            return
    pytest.fail("every card is shown")


def test_a_card_is_met_twice_where_both_its_product_and_its_commodity_are_approved(
    state: State,
) -> None:
    met: Counter[str] = Counter()
    facility = next(iter(state.facilities))
    for program in state.programs:
        for cards in state.find_products(facility, program).values():
            met.update(card.id for card in cards)
    assert set(met.values()) == {1, 2}


def test_a_line_that_is_added_is_run(state: State) -> None:
    made = generate_state(StockSpec(facilities=1, products=2))
    card = next(card for card in made.cards.values() if card.lines)
    before = len(made.run(card))
    made.add_line(card.id, card.lines[-1])
    assert len(made.run(card)) == before + 1


def test_the_mapping_files_of_the_package_are_those_of_the_default_seed(tmp_path: Path) -> None:
    write_mapping(tmp_path)
    packaged = Path(sandbox.__file__).parent
    for name in (FACILITY_FILE, PRODUCT_FILE):
        assert (tmp_path / name).read_bytes() == (packaged / name).read_bytes()


def test_every_target_of_the_mapping_files_is_in_the_stand_in_dhis2(tmp_path: Path) -> None:
    write_mapping(tmp_path)
    extent = Extent(16, "2024-01-01", stock=FACILITIES)
    metadata = Country(2026, VERSIONS["2.40"], extent).metadata
    known = {body["id"]: body for bodies in metadata.values() for body in bodies}
    units = read_facility_file(tmp_path / FACILITY_FILE).targets
    targets = read_product_file(tmp_path / PRODUCT_FILE).targets
    assert len(units) == FACILITIES
    assert len(targets) == 9 * len(list_products())
    for target in targets.values():
        data_set, element = known[target.data_set], known[target.data_element]
        assert target.category_option_combo in known
        assert {"id": element["id"]} in [one["dataElement"] for one in data_set["dataSetElements"]]
        assert {one["id"] for one in data_set["organisationUnits"]} == set(units.values())
