"""Runs of several processes for one destination: one works, the others wait for its lease."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import dagster as dg
import pytest

from d2_assets_tests.journeys.faults import look
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journals import (
    assert_nothing_settled_was_sent_twice,
    count_events,
    list_entries,
)
from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.killing import Started, open_dagster, start_run
from d2_assets_tests.journeys.loads import LOADS, Change
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.waiting import wait_until
from d2_assets_tests.journeys.world import CURRENT, MONTH, read_live

OTHER_PAIR = "district--training"


@pytest.fixture
def journey(start_journey: Start) -> Journey:
    """Small chunks, so that a run that sends can be met."""
    journey = start_journey("2.40", "2.43")
    journey.pair.update(chunk_size=20, writers=2)
    return journey


@contextmanager
def _two_runs(journey: Journey, pair: str = PAIR) -> Iterator[tuple[Started, Started]]:
    """The first sends, slowly; the second, of ``pair``, waits for it."""
    with start_run(journey, MONTH) as first:
        wait_until(lambda: journey.rows_sent() >= 20, "the first run sends")
        journey.destination.set_cost(request_seconds=3)
        with start_run(journey, MONTH, pair=pair) as second:
            with open_dagster(second.dagster_home) as instance:
                wait_until(lambda: _waits(instance, second), "the second run waits")
            journey.destination.set_cost()
            yield first, second


def _waits(instance: dg.DagsterInstance, run: Started) -> list[str]:
    """What the run has logged so far of its waiting."""
    said = [entry.user_message for entry in Run(instance, run.run_id).log]
    return [words for words in said if words.startswith("Waiting for ")]


def _assert_named(waiting: Started, holder: Started, journey: Journey) -> None:
    with open_dagster(waiting.dagster_home) as instance:
        (words,) = _waits(instance, waiting)
    assert words == (
        f"Waiting for run {holder.run_id} (process {holder.pid}), "
        f"which works on {journey.destination.url} now."
    )


def _assert_moved_once(journey: Journey) -> None:
    live = read_live(journey.source.store, [MONTH])
    assert read_live(journey.destination.store, [MONTH]) == live
    assert journey.rows_sent() == len(live)


@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)
def test_two_runs_of_one_month_send_every_row_once(journey: Journey, load: Change) -> None:
    load(journey)
    journey.clear_requests()
    wanted = look(journey).different
    with _two_runs(journey) as (first, second):
        assert (first.join(), second.join()) == (0, 0)
    _assert_named(second, first, journey)
    live = read_live(journey.source.store, [MONTH])
    assert read_live(journey.destination.store, [MONTH]) == live
    assert journey.rows_sent() == wanted
    journey.prove_nothing_is_lost(MONTH)
    assert_nothing_settled_was_sent_twice(list_entries(journey, MONTH))


def test_two_pairs_with_one_destination_do_not_write_at_once(journey: Journey) -> None:
    """The second finds what the first has brought: both read the same server here."""
    journey.instances["district"] = dict(journey.instances["national"])
    journey.pairs[OTHER_PAIR] = journey.pair | {"source": "district"}
    with _two_runs(journey, OTHER_PAIR) as (first, second):
        assert (first.join(), second.join()) == (0, 0)
    _assert_named(second, first, journey)
    _assert_moved_once(journey)
    assert list_entries(journey, MONTH, OTHER_PAIR) == []


def test_three_runs_that_start_together_all_end_well(journey: Journey) -> None:
    months = (MONTH, MONTH, CURRENT)
    with ExitStack() as stack:
        runs = [stack.enter_context(start_run(journey, month)) for month in months]
        assert [run.join() for run in runs] == [0, 0, 0]
    live = read_live(journey.source.store, [MONTH, CURRENT])
    assert read_live(journey.destination.store, [MONTH, CURRENT]) == live
    assert journey.rows_sent() == len(live)
    journey.prove_nothing_is_lost(MONTH, CURRENT)


def test_the_waiting_run_goes_on_at_once_when_the_other_is_killed(journey: Journey) -> None:
    with _two_runs(journey) as (first, second):
        os.kill(first.pid, signal.SIGKILL)
        assert (first.join(), second.join()) == (-signal.SIGKILL, 0)
    _assert_named(second, first, journey)
    live = read_live(journey.source.store, [MONTH])
    assert read_live(journey.destination.store, [MONTH]) == live
    # The chunks that were on their way are found there; their requests are logged when they end.
    wait_until(lambda: journey.rows_sent() >= len(live), "the killed run's requests end")
    assert journey.rows_sent() == len(live)
    journey.prove_nothing_is_lost(MONTH)
    entries = list_entries(journey, MONTH)
    assert_nothing_settled_was_sent_twice(entries)
    assert count_events(entries, "begin") == 2
    assert entries[-1]["event"] == "reconciled"
