"""Answers of the stand-in server, and the samples, against OpenLMIS's own published schemas."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from d2_assets.openlmis.client import OpenLMISClient
from d2_assets.openlmis.signing_in import Password
from d2_assets.sandbox.openlmis import generate_state, start_openlmis
from d2_assets.sandbox.openlmis.content import PASSWORD, USERNAME
from d2_assets_tests.openlmis.conftest import ADMINISTRATOR, connect
from d2_assets_tests.openlmis.demo import load_demo
from d2_assets_tests.openlmis.schema_check import list_mistakes


@pytest.fixture(params=["demo", "generated"])
def client(request: pytest.FixtureRequest, contracts: Path) -> Iterator[OpenLMISClient]:
    """Of the demo instance, and of the generated content."""
    state, who = (
        (load_demo(contracts), ADMINISTRATOR)
        if request.param == "demo"
        else (generate_state(), Password(USERNAME, PASSWORD))
    )
    with start_openlmis(state) as server:
        yield connect(server, who)


def list_answers(client: OpenLMISClient) -> Iterator[tuple[str, str, Any]]:
    """Service, schema and an answer that it describes."""
    ask = client.session.get_json
    yield "referencedata", "facilityPage.json", ask("/api/facilities/full")
    yield "referencedata", "basicFacilityPage.json", ask("/api/facilities")
    yield "referencedata", "minimalFacilityDtoPage.json", ask("/api/facilities/minimal")
    yield "referencedata", "orderablePage.json", ask("/api/orderables")
    for program in ask("/api/programs"):
        yield "referencedata", "program.json", program
    for reason in ask("/api/stockCardLineItemReasons"):
        yield "stockmanagement", "reason.json", reason
    for facility in client.list_facilities()[:8]:
        for program in facility.programs:
            place = {"facilityId": facility.id, "programId": program}
            summaries = ask("/api/v2/stockCardSummaries", place)
            yield "stockmanagement", "stockCardSummaryV2Page.json", summaries
            old = {"facility": facility.id, "program": program, "size": 100}
            cards = ask("/api/stockCardSummaries", old)
            yield "stockmanagement", "stockCardPage.json", cards
            for card in cards["content"][:4]:
                path = f"/api/stockCards/{card['id']}"
                yield "stockmanagement", "stockCard.json", ask(path)


def test_answers_are_what_the_published_schemas_describe(
    client: OpenLMISClient, contracts: Path
) -> None:
    checked: set[str] = set()
    for service, schema, answer in list_answers(client):
        assert list_mistakes(answer, contracts / "schemas" / service, schema) == [], schema
        checked.add(schema)
    assert len(checked) == 9


@pytest.mark.parametrize(
    ("sample", "service", "schema"),
    [
        ("facilities_size8_page0", "referencedata", "basicFacilityPage"),
        ("orderables_size10_page0", "referencedata", "orderablePage"),
        ("stockCard_byId_many_movements", "stockmanagement", "stockCard"),
        ("stockCard_byId_lot_level", "stockmanagement", "stockCard"),
        ("v2_stockCardSummaries_N007_EPI_2017-01-31", "stockmanagement", "stockCardSummaryV2Page"),
    ],
)
def test_samples_are_what_the_published_schemas_describe(
    contracts: Path, sample: str, service: str, schema: str
) -> None:
    body = json.loads((contracts / f"samples/{service}/{sample}.json").read_text(encoding="utf-8"))
    assert list_mistakes(body, contracts / "schemas" / service, f"{schema}.json") == []


def test_what_a_schema_objects_to_is_found(contracts: Path) -> None:
    folder = contracts / "schemas/stockmanagement"
    reason = {"name": 7, "reasonType": "OTHER"}
    assert list_mistakes(reason, folder, "reason.json") == [
        "$.reasonCategory is missing (reason.json)",
        "$.name: 7 is no string (reason.json)",
        "$.reasonType: 'OTHER' is none of ['BALANCE_ADJUSTMENT', 'CREDIT', 'DEBIT'] (reason.json)",
    ]
