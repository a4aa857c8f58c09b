"""Pushes to a server in memory: the order, lost answers, cancellation, deletes."""

import threading
from dataclasses import replace
from typing import cast

import pytest

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import CancelledError, OutcomeUnknownError, RejectedError
from d2_assets.metadata.chunks import Sending
from d2_assets.metadata.compare import Comparison
from d2_assets.metadata.push import Line, delete_objects, push_objects
from d2_assets_tests.metadata.classes import SCHEMAS
from d2_assets_tests.metadata.fake_server import FakeServer


def unit(uid: str, parent: str = "") -> Sending:
    key = ("organisationUnits", uid)
    body = {"id": uid, "name": uid, **({"parent": {"id": parent}} if parent else {})}
    return Sending(key, body, frozenset({("organisationUnits", parent)} if parent else ()))


UNITS = [unit("facility", "district"), unit("district", "country"), unit("country")]


def line(server: FakeServer, chunk_size: int = 1000) -> Line:
    client = cast(DHIS2Client, server)
    comparison = Comparison(SCHEMAS, SCHEMAS)
    return Line(client, comparison, threading.Event(), lambda seconds: None, chunk_size)


def test_a_family_goes_in_one_request_where_it_fits() -> None:
    server = FakeServer()
    settlement = push_objects(line(server), UNITS)
    assert len(settlement.taken) == 3
    assert len(server.imports) == settlement.requests == 1


def test_in_several_requests_what_is_needed_goes_first() -> None:
    server = FakeServer()
    push_objects(line(server, chunk_size=1), UNITS)
    assert server.written == ["country", "district", "facility"]


@pytest.mark.parametrize("status", [0, 504])
def test_requests_get_smaller_when_the_server_could_not_answer_in_time(status: int) -> None:
    server = FakeServer(failures=[OutcomeUnknownError("Too slow.", status=status)])
    settlement = push_objects(line(server), [unit(f"unit{n}") for n in range(8)])
    assert len(settlement.taken) == 8
    assert [len(one["organisationUnits"]) for one in server.imports] == [8, 4, 4]


def test_requests_get_smaller_when_they_are_too_large() -> None:
    server = FakeServer(failures=[RejectedError("Too large.", status=413)])
    push_objects(line(server), [unit(f"unit{n}") for n in range(8)])
    assert [len(one["organisationUnits"]) for one in server.imports] == [8, 4, 4]


def test_a_cancelled_push_ends_the_request_under_way_and_sends_no_more() -> None:
    server = FakeServer()
    way = line(server, chunk_size=1)
    server.on_import = way.stop.set
    settlement = push_objects(way, UNITS)
    assert isinstance(settlement.error, CancelledError)
    assert server.written == ["country"]
    assert settlement.taken == {("organisationUnits", "country")}


def test_an_interruption_does_not_cut_the_request_under_way() -> None:
    server = FakeServer()
    reports = 0

    def report(settlement: object) -> None:
        nonlocal reports
        reports += 1
        if reports == 1:
            raise KeyboardInterrupt

    under_way = threading.Event()
    server.on_import = lambda: under_way.wait(0.6)
    settlement = push_objects(line(server, chunk_size=1), UNITS, report)
    assert isinstance(settlement.error, CancelledError)
    assert isinstance(settlement.error.interruption, KeyboardInterrupt)
    assert server.written == ["country"]
    assert settlement.taken == {("organisationUnits", "country")}


def test_a_lost_answer_to_an_update_is_settled_by_the_stamp_or_the_content() -> None:
    server = FakeServer(stores_before_failing=True)
    server.keeps = lambda plural, body: {**body, "name": body["name"].strip()}
    push_objects(line(server), [unit("kept "), unit("same")])
    before = {
        ("organisationUnits", uid): body["lastUpdated"]
        for uid, body in server.objects["organisationUnits"].items()
    }
    server.failures = [OutcomeUnknownError("The line broke.")]
    server.imports.clear()
    way = replace(line(server), before=before)
    settlement = push_objects(way, [unit("kept "), unit("same")])
    assert len(settlement.taken) == 2
    assert len(server.imports) == 1
    server.stores_before_failing = False
    server.failures = [OutcomeUnknownError("The line broke.")]
    after = {**before, ("organisationUnits", "kept "): server.find_stamp("kept ")}
    push_objects(replace(way, before=after), [unit("kept "), unit("same")])
    assert server.written[2:] == ["kept ", "same", "kept "]


def test_deletes_go_the_other_way_round() -> None:
    server = FakeServer()
    push_objects(line(server), UNITS)
    server.imports.clear()
    settlement = delete_objects(line(server, chunk_size=1), UNITS)
    assert server.written == ["facility", "district", "country"]
    assert len(settlement.taken) == 3
    assert not server.objects["organisationUnits"]


def test_what_is_still_referred_to_is_not_deleted_and_says_so() -> None:
    server = FakeServer()
    push_objects(line(server), UNITS)
    settlement = delete_objects(line(server), [unit("district"), unit("facility", "district")][:1])
    assert settlement.refused["organisationUnits", "district"].code == "E4030"
    assert "district" in server.objects["organisationUnits"]
