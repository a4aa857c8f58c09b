"""The power fails while a run goes on that a change at the source caused: real UI, daemon, code
server and run process. Nobody does more than start the services again."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from d2_assets.ledger.journal import read_journal
from d2_assets.sandbox.server import read_clock
from d2_assets.serve import prepare_dagster_home, run_dagster_ui, wait_for_port
from d2_assets_tests.journeys.graphql import ask
from d2_assets_tests.journeys.journals import assert_nothing_settled_was_sent_twice, count_events
from d2_assets_tests.journeys.journey import PAIR
from d2_assets_tests.journeys.waiting import wait_until
from d2_assets_tests.journeys.world import MONTH, Templates, list_values, read_live
from d2_assets_tests.listening import _list_family
from d2_assets_tests.user_interface import (
    START_SECONDS,
    UserInterface,
    find_own_port,
    run_user_interface,
)

pytestmark = pytest.mark.timeout(900)

_SENSOR = "changes__national__training"
_SWITCH_ON = """
    mutation ($name: String!) {
      startSensor(sensorSelector: {
        repositoryLocationName: "d2_assets.definitions", repositoryName: "__repository__",
        sensorName: $name
      }) {
        __typename
        ... on PythonError { message }
      }
    }
"""
_TICKS = """
    query ($name: String!) {
      sensorOrError(sensorSelector: {
        repositoryLocationName: "d2_assets.definitions", repositoryName: "__repository__",
        sensorName: $name
      }) {
        ... on Sensor { sensorState { ticks(limit: 1) { status skipReason } } }
      }
    }
"""


def test_a_change_arrives_though_all_services_are_killed_in_the_middle_of_its_run(
    tmp_path: Path, templates: Templates
) -> None:
    home = _prepare_dagster(tmp_path / "dagster")
    with (
        run_user_interface(tmp_path, templates, sync_type="data", change=_follow_closely) as ui,
        dg.DagsterInstance.from_config(str(home)) as instance,
    ):
        ui.source.set_clock(read_clock)
        ui.destination.set_cost(request_seconds=0.05)
        _switch_on(ui.url)
        _wait_for_words(ui.url, "Nothing is to be moved.")
        _edit_one(ui)
        # Nothing of the month was moved before: all of it goes.
        live = read_live(ui.source.store, [MONTH])
        wait_until(lambda: _count(ui, "settled") > 2, "the run sends", START_SECONDS)
        ui.destination.set_cost(request_seconds=1)
        wait_until(lambda: _count(ui, "sent") > _count(ui, "settled"), "chunks are on their way")
        for pid in _list_family(ui.process.pid):
            os.kill(pid, signal.SIGKILL)
        ui.process.wait()
        ui.destination.set_cost()
        (stuck,) = instance.get_runs()
        assert stuck.status is dg.DagsterRunStatus.STARTED
        assert 0 < len(read_live(ui.destination.store, [MONTH])) < len(live)

        port, log = find_own_port(), tmp_path / "again.log"
        with run_dagster_ui(home, port, ui.environ, log) as process:
            wait_for_port(process, port, START_SECONDS, log)
            wait_until(lambda: _count_ended(instance) == 2, "another run ends", START_SECONDS)
            _wait_for_words(f"http://127.0.0.1:{port}", "Nothing is to be moved.")
        again, first = instance.get_runs()
        assert (first.run_id, first.status) == (stuck.run_id, dg.DagsterRunStatus.FAILURE)
        assert (again.status, again.tags["d2/trigger"]) == (dg.DagsterRunStatus.SUCCESS, "change")
        assert read_live(ui.destination.store, [MONTH]) == live
        # Requests whose sender was killed are logged when they end.
        wait_until(lambda: _count_rows(ui) >= len(live), "the killed run's requests end")
        assert _count_rows(ui) == len(live)
        assert_nothing_settled_was_sent_twice(_list_entries(ui))


def _prepare_dagster(folder: Path) -> Path:
    """As people have it, but that a run that has gone is noticed at once."""
    home = prepare_dagster_home(folder)
    file = home / "dagster.yaml"
    words = file.read_text(encoding="utf-8")
    hasty = words.replace("poll_interval_seconds: 30", "poll_interval_seconds: 1")
    assert hasty != words
    file.write_text(hasty, encoding="utf-8")
    return home


def _follow_closely(content: dict[str, Any]) -> None:
    content["pairs"][0] |= {
        "execution_mode": "automatic",
        "chunk_size": 5,
        "writers": 2,
        "changes": {
            "check_seconds": 30,
            "high_frequency": ["data_values"],
            "high_frequency_seconds": 10,
            "start": "immediate",
            "cooldown_seconds": 0,
            "look_back_hours": 0,
        },
    }


def _edit_one(ui: UserInterface) -> None:
    value = next(one for one in list_values(ui.source.store, [MONTH]) if not one.deleted)
    ui.source.store.edit_value(value.key, value.value)


def _switch_on(url: str) -> None:
    said = ask(url, _SWITCH_ON, {"name": _SENSOR})
    assert said["startSensor"]["__typename"] == "Sensor", said


def _wait_for_words(url: str, words: str) -> None:
    """The last tick of the sensor says so."""

    def is_said() -> bool:
        said = ask(url, _TICKS, {"name": _SENSOR})["sensorOrError"]["sensorState"]["ticks"]
        return any(words in (tick["skipReason"] or "") for tick in said)

    wait_until(is_said, words, START_SECONDS)


def _count_ended(instance: dg.DagsterInstance) -> int:
    return sum(run.is_finished for run in instance.get_runs())


def _list_entries(ui: UserInterface) -> list[Mapping[str, Any]]:
    home = Path(ui.environ["D2_ASSETS_CONFIG"]).parent / "home"
    return list(read_journal(home / "journal" / "data_values" / PAIR / f"{MONTH}.jsonl"))


def _count(ui: UserInterface, event: str) -> int:
    return count_events(_list_entries(ui), event)


def _count_rows(ui: UserInterface) -> int:
    return sum(record.rows for record in ui.destination.requests())
