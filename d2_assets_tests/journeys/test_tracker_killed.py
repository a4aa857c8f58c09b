"""A run of tracked entities that is killed, at whatever point, is continued when launched again."""

import pytest

from d2_assets.ledger.journal import read_journal
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journals import assert_nothing_settled_was_sent_twice
from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.killing import Point, kill_run, renaming
from d2_assets_tests.journeys.tracker_world import (
    imports,
    ledger,
    list_contacts,
    move,
    of_asset,
    outcomes,
    prove_landed,
    prove_sound,
    start_tracked,
)
from d2_assets_tests.journeys.world import CURRENT

CHUNK, WRITERS = 5, 2
_JOURNAL = "d2_assets.ledger.journal:Journal"
_CLIENT = "d2_assets.dhis2.client:DHIS2Client"
POINTS = {
    "before anything is sent": Point("d2_assets.sync.tracker", "plan_changes", after=True),
    "noted, not sent": Point(_JOURNAL, "send", 3, after=True),
    "stored, not noted": Point(_CLIENT, "post_tracker", 3, after=True),
    "all sent, not read back": Point("d2_assets.sync.tracker_months", "_read_back"),
    "read back, no ledger": renaming(f"ledger/tracker/*/{CURRENT}.parquet"),
}
_ALL_SENT = (POINTS["all sent, not read back"], POINTS["read back, no ledger"])


def _start(start: Start) -> Journey:
    """One month holds everything, so that one partition is the whole of it."""
    journey = start_tracked(
        start, "2.40", "2.42", sync_type="tracker", tracker={"chunk_size": CHUNK}, writers=WRITERS
    )
    journey.settings["first_month"] = CURRENT
    return journey


@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS.keys())
def test_a_run_that_is_killed_is_continued_and_sends_nothing_settled_again(
    start_journey: Start, point: Point
) -> None:
    journey = _start(start_journey)
    kill_run(journey, CURRENT, point)
    path = journey.home / "journal" / "tracker" / PAIR / f"{CURRENT}.jsonl"
    sent_before = sum(record.rows for record in imports(journey.destination))
    run = move(journey, "tracker", months=[CURRENT])
    prove_sound(run, [CURRENT], ["tracker"])
    contacts = list_contacts(journey.source)
    prove_landed(journey, "tracker", missing=contacts)
    entries = list(read_journal(path))
    assert_nothing_settled_was_sent_twice(entries)
    assert entries[-1]["event"] == "reconciled"
    live = sum(not item.deleted for item in of_asset(journey.source, "tracker").values())
    sent = sum(record.rows for record in imports(journey.destination))
    if point in _ALL_SENT:
        assert sent == sent_before
    assert live - len(contacts) <= sent <= live - len(contacts) + CHUNK * WRITERS
    journey.clear_requests()
    again = move(journey, "tracker", months=[CURRENT])
    prove_sound(again, [CURRENT], ["tracker"])
    assert not imports(journey.destination)
    assert not {"created", "updated", "queued"} & outcomes(journey, "tracker").keys()
    assert ledger(journey, "tracker")
