"""A run that is killed, at whatever point, is continued when it is launched again."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from d2_assets.data_values.reconcile import LOST_BY_SERVER
from d2_assets.ledger.journal import is_finished
from d2_assets.sandbox import Fault, StoredValue
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journals import (
    assert_nothing_settled_was_sent_twice,
    count_events,
    find_journal,
    list_entries,
)
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.killing import Point, kill_run, renaming
from d2_assets_tests.journeys.loads import move_before
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import MONTH, list_values, read_live

CHUNK, WRITERS = 10, 4
_JOURNAL = "d2_assets.ledger.journal:Journal"
_CLIENT = "d2_assets.dhis2.client:DHIS2Client"
_MONTHS = "d2_assets.sync.months"

#: Nothing has been sent yet.
READING = (
    renaming("source.download", 2),
    renaming("source.parquet"),
    renaming("destination.download", 2),
    Point("d2_assets.sync.data_values", "plan_changes"),
    renaming("plan.parquet"),
    Point("d2_assets.sync.data_values", "plan_changes", after=True),
)
SENDING = {
    "noted, not sent": Point(_JOURNAL, "send", 5, after=True),
    "stored, not noted": Point(_CLIENT, "post_data_values", 5, after=True),
    "between chunks": Point(_JOURNAL, "settle", 6, after=True),
    "all sent, not tabled": renaming(f"settled-{MONTH}.parquet"),
}
READING_BACK = {
    "before reading back": Point(_MONTHS, "_read_back"),
    "while reading back": renaming(f"found-{MONTH}.download", 2),
    "read back, no name": renaming(f"found-{MONTH}.parquet"),
}
#: All is sent and read back: a run that is continued here sends nothing, so one follows another.
RECONCILING = (
    renaming(f"ledger/data_values/*/{MONTH}.parquet"),
    renaming(f"ledger/data_values/*/{MONTH}.parquet", after=True),
    renaming(f"ledger/completeness/*/{MONTH}.parquet"),
    renaming(f"quarantine/data_values/*/{MONTH}.parquet", after=True),
    Point(_JOURNAL, "finish"),
)
_FIRST_WORK_LIST = renaming(f"quarantine/data_values/*/{MONTH}.parquet")


@dataclass(frozen=True, slots=True)
class Load:
    """What a run is about to do: ``rows`` will be sent."""

    journey: Journey
    rows: int


def _load_first(start: Start) -> Load:
    journey = _start(start, "2.40", "2.43")
    return Load(journey, len(read_live(journey.source.store, [MONTH])))


def _load_again(start: Start) -> Load:
    """The month was moved; since then rows were changed at the source, and one deleted."""
    journey = _start(start, "2.43", "2.40")
    move_before(journey)
    live = list_live(journey)
    changed = [replace(value, comment="Corrected", last_updated=None) for value in live[:200]]
    journey.source.store.put_data_values(changed)
    journey.source.store.delete_data_values(live[200:201])
    journey.clear_requests()
    return Load(journey, 201)


def _start(start: Start, source: str, destination: str) -> Journey:
    journey = start(source, destination)
    journey.pair.update(chunk_size=CHUNK, writers=WRITERS)
    return journey


def list_live(journey: Journey) -> list[StoredValue]:
    """What people see of the month at the source."""
    return [value for value in list_values(journey.source.store, [MONTH]) if not value.deleted]


@pytest.fixture(params=[_load_first, _load_again], ids=["first load", "update"])
def load(start_journey: Start, request: pytest.FixtureRequest) -> Load:
    make: Callable[[Start], Load] = request.param
    return make(start_journey)


def _assert_continued(load: Load, most: int) -> None:
    """Launched again, the run sends the rest; both together send at most ``most`` rows."""
    journey = load.journey
    journal = find_journal(journey, MONTH)
    told = b"" if is_finished(list_entries(journey, MONTH)) else journal.read_bytes()
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    journey.prove_nothing_is_lost(MONTH)
    journey.prove_registrations(MONTH)
    source, destination = journey.source.store, journey.destination.store
    assert read_live(destination, [MONTH]) == read_live(source, [MONTH])
    assert_all_checks_pass(run)
    entries = list_entries(journey, MONTH)
    assert entries[-1]["event"] == "reconciled"
    assert_nothing_settled_was_sent_twice(entries)
    assert journal.read_bytes().startswith(told[: told.rfind(b"\n") + 1])
    assert load.rows <= journey.rows_sent() <= most


def assert_all_checks_pass(run: Run) -> None:
    assert [check.check_name for check in run.checks if not check.passed] == []


def test_a_run_that_is_killed_again_and_again_while_it_reads_sends_nothing(load: Load) -> None:
    for point in READING:
        kill_run(load.journey, MONTH, point)
        assert load.journey.rows_sent() == 0
    _assert_continued(load, load.rows)


@pytest.mark.parametrize("point", SENDING.values(), ids=SENDING.keys())
def test_a_run_that_is_killed_while_it_sends_is_continued(load: Load, point: Point) -> None:
    kill_run(load.journey, MONTH, point)
    assert count_events(list_entries(load.journey, MONTH), "sent") >= 5
    _assert_continued(load, load.rows + CHUNK * WRITERS)


@pytest.mark.parametrize("point", READING_BACK.values(), ids=READING_BACK.keys())
def test_a_run_that_is_killed_while_it_reads_back_sends_nothing_again(
    load: Load, point: Point
) -> None:
    kill_run(load.journey, MONTH, point)
    assert load.journey.rows_sent() == load.rows
    _assert_continued(load, load.rows)


def test_a_run_that_is_killed_again_and_again_while_it_reconciles_sends_nothing_again(
    load: Load,
) -> None:
    for point in RECONCILING:
        kill_run(load.journey, MONTH, point)
        assert load.journey.rows_sent() == load.rows
    _assert_continued(load, load.rows)


def test_a_run_that_is_killed_before_the_first_work_list_has_its_name_is_continued(
    start_journey: Start,
) -> None:
    load = _load_first(start_journey)
    kill_run(load.journey, MONTH, _FIRST_WORK_LIST)
    _assert_continued(load, load.rows)


def test_a_run_that_is_killed_at_every_third_chunk_gets_to_the_end(load: Load) -> None:
    for _ in range(2):
        kill_run(load.journey, MONTH, Point(_JOURNAL, "settle", 3, after=True))
    _assert_continued(load, load.rows + 2 * CHUNK * WRITERS)


def test_a_power_cut_that_tears_the_last_line_of_the_journal_loses_no_row(
    start_journey: Start,
) -> None:
    load = _load_first(start_journey)
    kill_run(load.journey, MONTH, Point(_JOURNAL, "send", 5, after=True))
    journal = find_journal(load.journey, MONTH)
    journal.write_bytes(journal.read_bytes()[:-20])
    _assert_continued(load, load.rows + CHUNK * WRITERS)


def test_rows_that_the_server_took_and_lost_are_named_and_not_sent_again(
    start_journey: Start,
) -> None:
    """Of these the journal alone knows that they were sent: the destination does not hold them."""
    journey = _load_first(start_journey).journey
    journey.destination.add_fault(Fault("success_lost", times=1, max_rows=3))
    kill_run(journey, MONTH, Point(_MONTHS, "_read_back"))
    sent = journey.rows_sent()
    run = journey.materialise(MONTH)
    assert journey.rows_sent() == sent
    assert_nothing_settled_was_sent_twice(list_entries(journey, MONTH))
    waiting = journey.quarantine(MONTH)
    assert {row["code"] for row in waiting} == {LOST_BY_SERVER}
    assert len(waiting) == run.outcomes(MONTH)["quarantined"] == 3
    # that run was not cut short: the next one tries them again
    journey.clear_requests()
    assert journey.materialise(MONTH).success
    assert journey.rows_sent() == 3
    journey.prove_nothing_is_lost(MONTH)
