"""Facilities and products: what is read, and what is not read twice."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from d2_assets.openlmis.client import OpenLMISClient
from d2_assets.openlmis.signing_in import Password
from d2_assets.sandbox.openlmis import OpenLMISSandbox, generate_state, start_openlmis
from d2_assets.sandbox.openlmis.content import PASSWORD, USERNAME
from d2_assets.stock.stage import list_places
from d2_assets_tests.openlmis.conftest import connect


@pytest.fixture
def server() -> Iterator[OpenLMISSandbox]:
    with start_openlmis(generate_state()) as running:
        yield running


@pytest.fixture
def client(server: OpenLMISSandbox) -> OpenLMISClient:
    return connect(server, Password(USERNAME, PASSWORD))


def list_statuses(server: OpenLMISSandbox) -> list[int]:
    return [one.status for one in server.requests() if one.path == "/api/orderables"]


def test_products_that_were_not_modified_are_not_sent_again(
    server: OpenLMISSandbox, client: OpenLMISClient, tmp_path: Path
) -> None:
    first = client.list_orderables(tmp_path / "kept")
    assert client.list_orderables(tmp_path / "kept") == first
    assert len(first) == len(server.state.orderables)
    assert list_statuses(server) == [200, 304]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"url": "x"}', '{"url": "URL", "stamp": 1, "orderables": []}',
     '{"url": "URL", "stamp": "Tue, 01 Jan 2019 00:00:00 GMT", "orderables": [{"id": "a"}]}'],
)  # fmt: skip
def test_a_cache_that_cannot_be_used_is_none(
    server: OpenLMISSandbox, client: OpenLMISClient, tmp_path: Path, content: str
) -> None:
    (tmp_path / "orderables.json").write_text(content.replace("URL", server.url))
    assert len(client.list_orderables(tmp_path)) == len(server.state.orderables)
    assert list_statuses(server) == [200]
    assert json.loads((tmp_path / "orderables.json").read_text())["url"] == server.url


def test_the_cache_of_another_server_is_none(
    server: OpenLMISSandbox, client: OpenLMISClient, tmp_path: Path
) -> None:
    client.list_orderables(tmp_path)
    with start_openlmis(generate_state()) as other:
        connect(other, Password(USERNAME, PASSWORD)).list_orderables(tmp_path)
        assert list_statuses(other) == [200]


def test_without_a_cache_products_are_read_each_time(
    server: OpenLMISSandbox, client: OpenLMISClient
) -> None:
    assert client.list_orderables() == client.list_orderables()
    assert list_statuses(server) == [200, 200]


def test_a_facility_without_programs_has_no_stock_to_ask_for(
    server: OpenLMISSandbox, client: OpenLMISClient
) -> None:
    facility = next(iter(server.state.facilities.values()))
    server.state.facilities[facility.id] = replace(facility, programs=())
    facilities = client.list_facilities()
    assert facility.id in {one.id for one in facilities}
    assert facility.id not in {place for place, _ in list_places(facilities)}


def test_all_cards_of_a_place_come_in_one_answer(
    server: OpenLMISSandbox, client: OpenLMISClient
) -> None:
    facility = client.list_facilities()[0]
    program = facility.programs[0]
    server.clear_requests()
    cards = client.list_cards(facility.id, program)
    assert len(cards) == len(server.state.list_cards(facility.id, program))
    assert len(server.requests()) == 1
    assert "size=" in server.requests()[0].query
