"""Someone ends a run in the UI: it stops between chunks, tells where the rows are, and goes on
when it is launched again."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import pytest

from d2_assets.sandbox import Fault
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journals import (
    assert_nothing_settled_was_sent_twice,
    count_events,
    list_entries,
)
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.killing import Started, open_dagster, start_run
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.waiting import wait_until
from d2_assets_tests.journeys.world import MONTH, read_live

CHUNK, WRITERS = 10, 2


@pytest.fixture
def journey(start_journey: Start) -> Journey:
    """Small chunks, so that a run that sends can be met."""
    journey = start_journey("2.40", "2.43")
    journey.pair.update(chunk_size=CHUNK, writers=WRITERS)
    return journey


def cancel(run: Started) -> None:
    """What Dagster's run launcher does for the UI: mark the run, and interrupt its process."""
    with open_dagster(run.dagster_home) as instance:
        record = instance.get_run_by_id(run.run_id)
        assert record is not None
        instance.report_run_canceling(record)
    os.kill(run.pid, signal.SIGINT)


@contextmanager
def look_at(run: Started) -> Iterator[Run]:
    """What the run's Dagster holds of it."""
    with open_dagster(run.dagster_home) as instance:
        yield Run(instance, run.run_id)


def assert_cancelled(run: Started) -> None:
    with look_at(run) as seen:
        assert seen.record.status is dg.DagsterRunStatus.CANCELED
        assert seen.materialised == []


def _count_sent(journey: Journey) -> int:
    return count_events(list_entries(journey, MONTH), "sent")


def _assert_the_rest_is_sent(journey: Journey) -> None:
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    live = read_live(journey.source.store, [MONTH])
    assert read_live(journey.destination.store, [MONTH]) == live
    assert journey.rows_sent() == len(live)
    journey.prove_nothing_is_lost(MONTH)
    entries = list_entries(journey, MONTH)
    assert_nothing_settled_was_sent_twice(entries)
    assert entries[-1]["event"] == "reconciled"


def test_a_run_that_sends_ends_its_requests_and_says_where_the_rows_are(journey: Journey) -> None:
    live = read_live(journey.source.store, [MONTH])
    with start_run(journey, MONTH) as run:
        wait_until(lambda: journey.rows_sent() >= CHUNK, "the run sends")
        journey.destination.set_cost(request_seconds=1)
        before = _count_sent(journey)
        wait_until(lambda: _count_sent(journey) > before + WRITERS, "slow chunks are on their way")
        begun = _count_sent(journey)
        cancel(run)
        run.join()
    journey.destination.set_cost()
    assert_cancelled(run)
    entries = list_entries(journey, MONTH)
    # A chunk may have been begun while the word travelled.
    assert begun <= count_events(entries, "sent") <= begun + WRITERS
    assert count_events(entries, "sent") == count_events(entries, "settled")
    assert entries[-1]["event"] != "reconciled"
    sent = sum(entry["rows"] for entry in entries if entry["event"] == "sent")
    assert journey.rows_sent() == sent < len(live)
    with look_at(run) as seen:
        shown = seen.observe(MONTH, "queued")
    assert (shown["queued"], shown["not_attempted"]) == (sent, len(live) - sent)
    outcomes = [row["outcome"] for row in journey.ledger(MONTH)]
    assert outcomes.count("queued") == sent
    assert outcomes.count("not_attempted") == len(live) - sent
    _assert_the_rest_is_sent(journey)


@pytest.mark.parametrize("side", ["source", "destination"])
def test_a_run_that_reads_ends_and_has_sent_nothing(journey: Journey, side: str) -> None:
    server = getattr(journey, side)
    server.add_fault(Fault("slow", "/api/dataValueSets", after=1, seconds=3))
    with start_run(journey, MONTH) as run:
        wait_until(lambda: _count_reads(journey, side) >= 1, f"the run reads the {side}")
        cancel(run)
        run.join()
    assert_cancelled(run)
    assert journey.writes() == []
    assert list_entries(journey, MONTH) == []
    _assert_the_rest_is_sent(journey)


def _count_reads(journey: Journey, side: str, after: str = "") -> int:
    """Readings of data values; ``after`` counts those that follow the first such request."""
    asked = [
        record.method
        for record in getattr(journey, side).requests()
        if record.path.endswith("dataValueSets")
    ]
    first = asked.index(after) if after in asked else 0 if not after else len(asked)
    return asked[first:].count("GET")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_run_that_was_told_to_wait_for_minutes_ends_at_once(
    journey: Journey, method: str
) -> None:
    """The server asks for 300 seconds; nothing is asked of it after the cancellation."""
    path = "/api/dataValueSets"
    busy = Fault("status_503", path, method=method, times=None, retry_after=300)
    journey.destination.add_fault(busy)
    with start_run(journey, MONTH) as run:
        wait_until(lambda: _count_turned_away(journey) >= 1, "the server turns the run away")
        if method == "POST":
            wait_until(lambda: _count_turned_away(journey) >= WRITERS, "all writers wait")
        before = _count_turned_away(journey)
        cancel(run)
        run.join()
    assert_cancelled(run)
    assert _count_turned_away(journey) == before
    assert journey.rows_sent() == 0
    entries = list_entries(journey, MONTH)
    assert count_events(entries, "sent") == count_events(entries, "settled")
    journey.destination.clear_faults()
    journey.clear_requests()
    _assert_the_rest_is_sent(journey)


def test_a_run_that_waits_after_a_lost_answer_ends_and_says_that_rows_were_sent(
    journey: Journey,
) -> None:
    """A proxy gives up: the run looks, waits in case the server still stores, and is cancelled."""
    journey.destination.add_fault(Fault("status_502", "/api/dataValueSets", "POST", times=None))
    with start_run(journey, MONTH) as run:
        wait_until(
            lambda: _count_reads(journey, "destination", after="POST") >= WRITERS, "it looks"
        )
        cancel(run)
        run.join()
    assert_cancelled(run)
    entries = list_entries(journey, MONTH)
    assert count_events(entries, "sent") == count_events(entries, "settled") == WRITERS
    outcomes = [row["outcome"] for row in journey.ledger(MONTH)]
    assert outcomes.count("queued") == CHUNK * WRITERS
    journey.destination.clear_faults()
    journey.clear_requests()
    _assert_the_rest_is_sent(journey)


def _count_turned_away(journey: Journey) -> int:
    return sum(record.fault == "status_503" for record in journey.destination.requests())
