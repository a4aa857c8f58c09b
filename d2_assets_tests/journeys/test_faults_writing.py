"""Faults while rows are sent: what is unknown is read back, what was refused is sent again."""

from itertools import pairwise
from typing import Any

import pytest

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.reports import ImportReport
from d2_assets.pushing import pace
from d2_assets.sandbox import Fault
from d2_assets_tests.journeys.faults import (
    CHUNK,
    Disturbance,
    assert_told,
    at_call,
    cross,
    in_turn,
    meet,
    post,
    prepare,
    prove_every_row_is_accounted,
    prove_first_run,
    prove_next_run,
    sign_in_with_token,
    stop,
    travel,
)
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import Journey, key_of
from d2_assets_tests.journeys.loads import Change
from d2_assets_tests.journeys.world import MONTH, find_subtree, list_units


def _make_impatient(journey: Journey) -> None:
    journey.instances["training"]["timeout_seconds"] = 1.0


def _revoke_token(journey: Journey) -> None:
    journey.destination.revoke_token((journey.folder / "training.token").read_text("utf-8"))


#: The rows were stored, or they surely were not: each way they are in the request log once.
PASSING = (
    Disturbance("a cut answer", post("cut", after=1, times=2)),
    Disturbance("answers that are all cut", post("cut", times=None, framing="content_length")),
    Disturbance("a closed connection", post("reset", after=1)),
    Disturbance("connections closed after storing", post("reset", times=None, stored=True)),
    Disturbance("a busy server", post("status_503", after=1, times=2, retry_after=1)),
    Disturbance("a gateway that lost its server", post("status_502", after=1)),
    Disturbance("504 though stored", post("stored_504", times=None)),
    Disturbance("an answer too late", post("stored_slow", after=1, seconds=1.5), _make_impatient),
    Disturbance("an HTML page", post("html", after=2)),
    Disturbance("an answer that is not JSON", post("not_json", after=1)),
)
FAILING = (
    Disturbance(
        "a server that is busy for ever",
        post("status_503", after=3, times=None),
        says=("503", "Wait until the server is back"),
    ),
    Disturbance(
        "a gateway that lost its server for ever",
        post("status_502", after=3, times=None),
        says=("502", "It happened again and again", "Launch the partition again"),
    ),
    Disturbance(
        "a token that is revoked before anything is sent",
        before=sign_in_with_token,
        between=_revoke_token,
        mend=sign_in_with_token,
        says=("token was refused", "401", "Check the username and password, or the token"),
    ),
    Disturbance(
        "a password that is changed half-way",
        post("status_401", after=2, times=None),
        says=("was refused", "401", "Check the username and password, or the token"),
    ),
    Disturbance(
        "a destination that goes down half-way",
        before=at_call(DHIS2Client, "post_data_values", 4, stop("training")),
        mend=Journey.start_again,
        says=("connection was refused", "that the server runs"),
    ),
)


@cross(PASSING + FAILING)
def test_a_fault_while_writing(
    start_journey: Start, source: str, destination: str, load: Change, disturbance: Disturbance
) -> None:
    travel(start_journey(source, destination), load, disturbance)


def _note_sizes(journey: Journey) -> list[int]:
    """How many rows each request has, in the order in which one writer sends them."""
    sizes: list[int] = []
    original = DHIS2Client.post_data_values

    def note(client: DHIS2Client, **options: Any) -> ImportReport:
        sizes.append(len(options["rows"]))
        return original(client, **options)

    journey.monkeypatch.setattr(DHIS2Client, "post_data_values", note)
    journey.pair["writers"] = 1
    return sizes


@in_turn(0)
def test_requests_become_smaller_until_none_is_too_large(
    start_journey: Start, source: str, destination: str, load: Change
) -> None:
    journey = start_journey(source, destination)
    before = prepare(journey, load)
    sizes = _note_sizes(journey)
    too_large = Disturbance("too large", post("status_413", max_rows=4, times=None))
    prove_first_run(journey, meet(journey, too_large), before, too_large)
    refused = [(place, size) for place, size in enumerate(sizes) if size > 4]
    assert [size for _, size in refused][:2] == [CHUNK, CHUNK // 2]
    for place, size in refused:
        assert max(sizes[place + 1 :]) < size
    assert sizes.count(4) > 5
    assert prove_next_run(journey) == 0


@pytest.mark.parametrize(
    "fault", [post("stored_504", times=2), post("stored_slow", seconds=1.5)], ids=["504", "slow"]
)
@in_turn(1)
def test_requests_become_smaller_while_the_server_is_slow_and_grow_again(
    start_journey: Start, source: str, destination: str, load: Change, fault: Fault
) -> None:
    journey = start_journey(source, destination)
    before = prepare(journey, load)
    sizes = _note_sizes(journey)
    _make_impatient(journey)
    journey.monkeypatch.setattr(pace, "LEAST", 2)
    slow = Disturbance("slow", fault)
    prove_first_run(journey, meet(journey, slow), before, slow)
    times = fault.times or 0
    for earlier, later in pairwise(sizes[: times + 1]):
        assert later <= (earlier + 1) // 2
    assert max(sizes[times + 1 :]) > sizes[times]
    assert prove_next_run(journey) == 0


@in_turn(2)
def test_an_account_that_loses_units_before_anything_is_sent(
    start_journey: Start, source: str, destination: str, load: Change
) -> None:
    """What it may no longer write it may no longer read: the first run cannot be sure of all."""
    journey = start_journey(source, destination)
    before = prepare(journey, load)
    store = journey.destination.store
    (root,), (_, *kept) = list_units(store, 1), list_units(store, 2)
    inside = {unit for region in kept for unit in find_subtree(store, region)}
    lose = Disturbance(
        "units are lost",
        between=lambda journey: journey.destination.set_org_units("admin", kept),
        says=(root, "org units"),
    )
    run = meet(journey, lose)
    assert_told(journey, run, lose)
    prove_every_row_is_accounted(journey, run, before)
    refused = {key for key in before.changed if key[1] not in inside}
    waiting = [row for row in journey.quarantine(MONTH) if row["kind"] == "data_value"]
    assert {key_of(row) for row in waiting} == refused
    assert 0 < len(refused) < len(before.changed)
    assert all(row["code"] and row["reason"] for row in waiting)
    again = journey.materialise(MONTH)
    assert again.success, again.failure
    assert again.tags["d2/outcome"] == "completed_with_warnings"
    outside = {key for key in before.wanted if key[1] not in inside}
    journey.prove_nothing_is_lost(MONTH, missing=outside)
    journey.destination.set_org_units("admin", [root])
    assert prove_next_run(journey) == len(refused)
