"""Answers that are lost, and servers that say yes and store nothing."""

import pytest

from d2_assets.sandbox import Fault
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.tracker_world import (
    imports,
    ledger,
    list_contacts,
    move,
    prove_landed,
    prove_sound,
    show,
    start_tracked,
    waiting,
)
from d2_assets_tests.journeys.world import CURRENT

_IMPORT = "/api/tracker"
LOST_ANSWERS = {
    "cut": Fault("cut", path_prefix=_IMPORT, method="POST", times=2),
    "a proxy gave up": Fault("stored_504", path_prefix=_IMPORT, method="POST", times=2),
    "the connection ended": Fault(
        "reset", path_prefix=_IMPORT, method="POST", times=2, stored=True
    ),
}


@pytest.mark.parametrize("fault", LOST_ANSWERS.values(), ids=LOST_ANSWERS.keys())
def test_an_answer_that_is_lost_after_the_server_stored_is_settled_by_reading(
    start_journey: Start, fault: Fault
) -> None:
    journey = start_tracked(start_journey, "2.40", "2.42")
    journey.destination.add_fault(fault)
    prove_sound(move(journey, "tracker"), assets=["tracker"])
    prove_landed(journey, "tracker", missing=list_contacts(journey.source))
    assert sum(bool(record.fault) for record in imports(journey.destination)) == 2
    sent = sum(record.rows for record in imports(journey.destination))
    assert sent == sum(row["outcome"] == "created" for row in ledger(journey, "tracker"))
    journey.clear_requests()
    prove_sound(move(journey, "tracker"), assets=["tracker"])
    assert not journey.writes()


def test_a_request_that_was_never_carried_out_is_sent_again(start_journey: Start) -> None:
    journey = start_tracked(start_journey, "2.43", "2.40")
    journey.destination.add_fault(Fault("reset", path_prefix=_IMPORT, method="POST", times=2))
    run = move(journey, "events")
    prove_sound(run, assets=["events"])
    prove_landed(journey, "events")


def test_objects_that_the_server_took_and_lost_are_an_error_and_are_sent_again(
    start_journey: Start,
) -> None:
    journey = start_tracked(start_journey, "2.40", "2.43")
    journey.destination.add_fault(Fault("success_lost", path_prefix=_IMPORT, max_rows=2))
    run = move(journey, "events", months=[CURRENT])
    told = waiting(journey, "events")
    # a relationship whose other end is of a month that was not moved waits as well
    lost = {key for key, (code, _) in told.items() if code == "lost_by_server"}
    assert len(lost) == 2
    assert {code for code, _ in told.values()} <= {"lost_by_server", "relationship_end_missing"}
    check = run.check("destination_equals_source")
    assert (check.passed, check.severity.value) == (False, "ERROR")
    assert run.check("no_row_is_lost").passed
    assert lost <= {(row["kind"], row["id"]) for row in show(run, "quarantine", "events")}
    journey.clear_requests()
    move(journey, "events", months=[CURRENT])
    assert sum(record.rows for record in imports(journey.destination)) == 2
    assert not lost & waiting(journey, "events").keys()
