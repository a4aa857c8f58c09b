"""The samples of the contracts: the stand-in server answers as they do, and the client reads them.

Members that the stand-in leaves out (zones, display names) say nothing of stock.
"""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from d2_assets.openlmis.stock_cards import parse_reason, parse_stock_card
from d2_assets.sandbox.openlmis import OpenLMISSandbox
from d2_assets_tests.openlmis.conftest import connect

_STOCK = "samples/stockmanagement"
#: Members whose content is compared whole; of a nested object only its id.
_SUMMARY = ("stockOnHand", "occurredDate", "active")
_LINE = (
    "id",
    "quantity",
    "occurredDate",
    "stockOnHand",
    "quantityWithSign",
    "positive",
    "physicalInventory",
)


def load(contracts: Path, name: str) -> Any:
    return json.loads((contracts / name).read_text(encoding="utf-8"))


def find_ids(contracts: Path, facility: str, program: str) -> tuple[str, str]:
    places = load(contracts, "samples/referencedata/facilities_size8_page0.json")["content"]
    places += load(contracts, "samples/referencedata/facilities_size8_page1.json")["content"]
    places += load(contracts, "samples/referencedata/facilities_size8_page2.json")["content"]
    programs = load(contracts, "samples/referencedata/programs.json")
    named = {"EPI": "PRG004", "ARV": "PRG005", "EM": "PRG002"}
    return (
        next(one["id"] for one in places if one["code"] == facility),
        next(one["id"] for one in programs if one["code"] == named[program]),
    )


def sort_cards(page: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Each card of a v2 answer by product and card, as far as it is compared."""
    return {
        f"{row['orderable']['id']}/{card['stockCard']['id']}": {
            "orderable": card["orderable"]["id"],
            "lot": (card["lot"] or {}).get("id"),
            **{name: card[name] for name in _SUMMARY},
        }
        for row in page["content"]
        for card in row["canFulfillForMe"]
    }


def show_products(page: Mapping[str, Any]) -> dict[str, int | None]:
    return {row["orderable"]["id"]: row["stockOnHand"] for row in page["content"]}


@pytest.mark.parametrize(
    "name", ["D001_EPI_2017-08-31", "D001_EPI_2017-09-30", "HC01_EM_2017-04-30",
             "HC01_EM_2017-05-31", "N007_EPI_2016-12-31", "N007_EPI_2017-01-31"]
)  # fmt: skip
def test_summaries_as_of_a_date_are_those_of_the_sample(
    demo: OpenLMISSandbox, contracts: Path, name: str
) -> None:
    code, program, day = name.split("_")
    facility, program = find_ids(contracts, code, program)
    client = connect(demo)
    answer = client.session.get_json(
        "/api/v2/stockCardSummaries",
        {"facilityId": facility, "programId": program, "asOfDate": day},
    )
    sample = load(contracts, f"{_STOCK}/v2_stockCardSummaries_{name}.json")
    assert sort_cards(answer) == sort_cards(sample)
    assert show_products(answer) == show_products(sample)
    summaries = client.get_summaries(facility, program, date.fromisoformat(day))
    assert len({one.card for one in summaries}) == len(summaries)


def test_the_list_of_all_cards_is_that_of_the_sample(
    demo: OpenLMISSandbox, contracts: Path
) -> None:
    facility, program = find_ids(contracts, "N007", "EPI")
    sample = load(contracts, f"{_STOCK}/v1_stockCardSummaries_N007_EPI_page0_size20.json")
    client = connect(demo)
    page = client.session.get_json(
        "/api/stockCardSummaries", {"facility": facility, "program": program}
    )
    for name in ("totalElements", "totalPages", "size", "numberOfElements", "last"):
        assert page[name] == sample[name]
    cards = {one.card: one for one in client.list_cards(facility, program)}
    assert len(cards) == sample["totalElements"]
    for body in sample["content"]:
        assert cards[body["id"]].stock_on_hand == body["stockOnHand"]
        assert str(cards[body["id"]].occurred_date) == body["lastUpdate"]


@pytest.mark.parametrize(
    "name",
    ["lot_level", "many_movements", "physical_inventory_with_adjustments", "receive_with_source"],
)
def test_a_card_by_its_id_is_that_of_the_sample(
    demo: OpenLMISSandbox, contracts: Path, name: str
) -> None:
    sample = load(contracts, f"{_STOCK}/stockCard_byId_{name}.json")
    client = connect(demo)
    answer = client.session.get_json(f"/api/stockCards/{sample['id']}")
    for ours, theirs in zip(answer["lineItems"], sample["lineItems"], strict=True):
        assert {member: ours[member] for member in _LINE} == {
            member: theirs[member] for member in _LINE
        }
        for member in ("reason", "source", "destination"):
            assert bool(ours[member]) == bool(theirs[member])
        assert [part["quantityWithSign"] for part in ours["stockAdjustments"]] == [
            part["quantityWithSign"] for part in theirs["stockAdjustments"]
        ]
    assert client.get_stock_card(sample["id"]) == parse_stock_card(sample)


def test_reasons_are_those_of_the_sample(demo: OpenLMISSandbox, contracts: Path) -> None:
    sample = load(contracts, f"{_STOCK}/stockCardLineItemReasons.json")
    known = {reason.id: reason for reason in connect(demo).list_reasons()}
    for body in sample:
        reason = parse_reason(body)
        if reason.id in known:
            ours = known[reason.id]
            assert (ours.type, ours.category, ours.tags) == (
                reason.type,
                reason.category,
                reason.tags,
            )


def test_facilities_and_orderables_are_read_whole(demo: OpenLMISSandbox, contracts: Path) -> None:
    client = connect(demo)
    facilities = client.list_facilities()
    assert len(facilities) == 20
    sample = load(contracts, "samples/referencedata/facility_D001.json")
    ours = next(one for one in facilities if one.code == "D001")
    assert ours.id == sample["id"]
    assert list(ours.programs) == [one["id"] for one in sample["supportedPrograms"]]
    orderables = client.list_orderables()
    assert len(orderables) == 50
    page = load(contracts, "samples/referencedata/orderables_size10_page0.json")["content"]
    known = {one.id: one for one in orderables}
    for body in page:
        assert (known[body["id"]].code, known[body["id"]].net_content) == (
            body["productCode"],
            body["netContent"],
        )
