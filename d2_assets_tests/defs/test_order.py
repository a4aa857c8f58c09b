"""In which order a run does its assets, and what goes on when one of them fails."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from d2_assets.defs import runs
from d2_assets.defs.assets import tracker
from d2_assets.defs.jobs import list_asset_keys
from d2_assets.defs.runs import AssetRun
from d2_assets.errors import ConfigurationError, D2AssetsError, TransientError
from d2_assets.metadata.families import FAMILIES
from d2_assets_tests.defs.family_runs import MONTHS, PAIR, Country, make_country
from d2_assets_tests.journeys.runs import Run

DATA = ["data_tracker", "data_events", "data_values"]
_DOWN = TransientError("training does not answer.", remedy="Run again.")


@pytest.fixture
def country(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Country]:
    with dg.DagsterInstance.ephemeral() as instance:
        country = make_country(tmp_path, monkeypatch, instance)
        country.pairs = {PAIR: {"sync_type": "complete"}}
        yield country


def run_complete(country: Country) -> Run:
    done = (
        country.build()
        .resolve_job_def("complete")
        .execute_in_process(
            instance=country.instance,
            raise_on_error=False,
            partition_key=f"{PAIR}|{MONTHS[0]}",
        )
    )
    return Run(country.instance, done.run_id)


def list_steps(run: Run) -> list[str]:
    return [str(event.step_key) for event in run.events if event.is_step_start]


def fail(patch: pytest.MonkeyPatch, asset: dg.AssetKey, error: D2AssetsError = _DOWN) -> None:
    """Let one of the two assets of tracker fail when it would move."""
    materialise = tracker.materialise_partitions

    def stop(pair: Any, months: Any) -> Generator[Any, None, None]:
        raise error
        yield

    def materialise_or_fail(run: AssetRun, move: Any, find_changed: Any = None) -> Iterator[Any]:
        if run.asset_key == asset:
            yield from runs.materialise_partitions(run, stop)
        else:
            yield from materialise(run, move, find_changed)

    patch.setattr(tracker, "materialise_partitions", materialise_or_fail)


def test_metadata_come_first_then_tracker_events_and_data_values(country: Country) -> None:
    run = run_complete(country)
    assert run.success, run.failure
    steps = list_steps(run)
    assert {step.removeprefix("metadata_") for step in steps[: len(FAMILIES)]} == set(FAMILIES)
    assert steps[len(FAMILIES) :] == [*DATA, "quarantine"]
    assert len(steps) == len(list_asset_keys("complete"))
    assert run.tags["d2/written"] == "0"
    assert "d2/failure" not in run.tags


@pytest.mark.parametrize("failing", [tracker.TRACKER, tracker.EVENTS], ids=str)
def test_data_go_on_when_one_of_them_fails(
    country: Country, monkeypatch: pytest.MonkeyPatch, failing: dg.AssetKey
) -> None:
    fail(monkeypatch, failing)
    run = run_complete(country)
    assert not run.success
    assert list_steps(run)[-4:] == [*DATA, "quarantine"]
    others = {tracker.TRACKER, tracker.EVENTS, dg.AssetKey(["data", "data_values"])} - {failing}
    for key in others:
        assert run.materialised_of(key.to_user_string()) == [f"{PAIR}|{MONTHS[0]}"]
    assert run.materialised_of(failing.to_user_string()) == []
    assert run.tags["d2/failure"] == "transient"
    assert run.tags["d2/cause"] == "training does not answer."
    assert run.tags["d2/mend"] == "Run again."


@pytest.mark.parametrize("first", [tracker.TRACKER, tracker.EVENTS], ids=str)
def test_a_cause_that_does_not_pass_by_itself_is_the_one_that_is_told(
    country: Country, monkeypatch: pytest.MonkeyPatch, first: dg.AssetKey
) -> None:
    (other,) = {tracker.TRACKER, tracker.EVENTS} - {first}
    fail(monkeypatch, first, ConfigurationError("No rights.", remedy="Give it rights."))
    fail(monkeypatch, other)
    run = run_complete(country)
    assert run.tags["d2/failure"] == "permanent"
    assert (run.tags["d2/cause"], run.tags["d2/mend"]) == ("No rights.", "Give it rights.")
