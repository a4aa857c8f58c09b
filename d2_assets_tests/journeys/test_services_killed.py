"""The real UI, daemon, code server and run processes: ended in the UI, and killed."""

import json
import os
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from d2_assets.ledger.journal import read_journal
from d2_assets.serve import LOOPBACK, run_dagster_ui, wait_for_port
from d2_assets_tests.journeys.graphql import ask, launch_month
from d2_assets_tests.journeys.journals import (
    assert_nothing_settled_was_sent_twice,
    count_events,
)
from d2_assets_tests.journeys.journey import PAIR
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.waiting import wait_until
from d2_assets_tests.journeys.world import MONTH, Templates, read_live
from d2_assets_tests.listening import _list_family
from d2_assets_tests.user_interface import (
    START_SECONDS,
    UserInterface,
    find_own_port,
    run_user_interface,
)

pytestmark = pytest.mark.timeout(900)

CHUNK, WRITERS = 5, 2
_TERMINATE = """
    mutation ($run: String!) {
      terminateRun(runId: $run) {
        __typename
        ... on TerminateRunFailure { message }
        ... on PythonError { message }
      }
    }
"""


def test_a_month_that_is_cancelled_in_the_ui_and_killed_twice_ends_equal(
    tmp_path: Path, templates: Templates
) -> None:
    with run_user_interface(tmp_path, templates) as ui:
        _make_chunks_small(ui)
        live = read_live(ui.source.store, [MONTH])
        _cancel_one(ui)
        _kill_one(ui)
        stuck = _launch_and_meet(ui)
        for pid in _list_family(ui.process.pid):
            os.kill(pid, signal.SIGKILL)
        ui.process.wait()
        ui.destination.set_cost()
        port, log = find_own_port(), tmp_path / "again.log"
        with run_dagster_ui(ui.dagster_home, port, ui.environ, log) as process:
            wait_for_port(process, port, START_SECONDS, log)
            url = f"http://{LOOPBACK}:{port}"
            again = launch_month(url, PAIR, MONTH)
            assert _wait_for_end(ui, stuck) is dg.DagsterRunStatus.FAILURE
            assert _wait_for_end(ui, again) is dg.DagsterRunStatus.SUCCESS
        assert read_live(ui.destination.store, [MONTH]) == live
        # Requests whose sender was killed are logged when they end.
        wait_until(lambda: _count_rows(ui) >= len(live), "the killed runs' requests end")
        assert _count_rows(ui) == len(live)
        assert_nothing_settled_was_sent_twice(_list_entries(ui))


def _cancel_one(ui: UserInterface) -> None:
    """A run is ended in the UI: its requests come to their end, and no more are sent."""
    run = _launch_and_meet(ui)
    before = _count(ui, "sent")
    assert _terminate(ui.url, run) == "TerminateRunSuccess"
    assert _wait_for_end(ui, run) is dg.DagsterRunStatus.CANCELED
    # Chunks may have been begun while the word travelled.
    assert before <= _count(ui, "sent") == _count(ui, "settled") <= before + 2 * WRITERS


def _kill_one(ui: UserInterface) -> None:
    """The process of a run alone is killed: Dagster sees it by itself."""
    run = _launch_and_meet(ui)
    os.kill(_find_process(ui, run), signal.SIGKILL)
    assert _wait_for_end(ui, run) is dg.DagsterRunStatus.FAILURE


def _make_chunks_small(ui: UserInterface) -> None:
    file = Path(ui.environ["D2_ASSETS_CONFIG"])
    content = json.loads(file.read_text(encoding="utf-8"))
    content["pairs"][0].update(chunk_size=CHUNK, writers=WRITERS)
    file.write_text(json.dumps(content), encoding="utf-8")


def _list_entries(ui: UserInterface) -> list[Mapping[str, Any]]:
    home = Path(ui.environ["D2_ASSETS_CONFIG"]).parent / "home"
    return list(read_journal(home / "journal" / "data_values" / PAIR / f"{MONTH}.jsonl"))


def _count(ui: UserInterface, event: str) -> int:
    return count_events(_list_entries(ui), event)


def _launch_and_meet(ui: UserInterface) -> str:
    """A run of the month that is in the middle of sending, slowly."""
    ui.destination.set_cost(request_seconds=0.05)
    before = _count(ui, "settled")
    run = launch_month(ui.url, PAIR, MONTH)
    wait_until(lambda: _count(ui, "settled") > before, "the run sends", START_SECONDS)
    ui.destination.set_cost(request_seconds=1)
    return run


def _terminate(url: str, run: str) -> str:
    return ask(url, _TERMINATE, {"run": run})["terminateRun"]["__typename"]


@contextmanager
def _look_at(ui: UserInterface, run: str) -> Iterator[Run]:
    with dg.DagsterInstance.from_config(str(ui.dagster_home)) as instance:
        yield Run(instance, run)


def _find_status(ui: UserInterface, run: str) -> dg.DagsterRunStatus:
    with _look_at(ui, run) as seen:
        return seen.record.status


def _find_process(ui: UserInterface, run: str) -> int:
    with _look_at(ui, run) as seen:
        words = " ".join(str(event.message) for event in seen.events)
    told = re.search(r"in process \(pid: (\d+)\)", words)
    assert told is not None, words
    return int(told[1])


def _wait_for_end(ui: UserInterface, run: str) -> dg.DagsterRunStatus:
    """How the run ended."""

    with _look_at(ui, run) as seen:
        wait_until(
            lambda: Run(seen.instance, run).record.is_finished, "the run ends", START_SECONDS
        )
    return _find_status(ui, run)


def _count_rows(ui: UserInterface) -> int:
    return sum(record.rows for record in ui.destination.requests())
