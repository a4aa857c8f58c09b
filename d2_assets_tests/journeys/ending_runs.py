"""Requested runs that are ended in their midst: cancelled by a person, or killed with their
process. Where it happens is a point in the product's code, planted from outside."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import dagster as dg
import pytest

from d2_assets.definitions import build_definitions
from d2_assets.defs import errands, resources
from d2_assets.defs.assets import data_values, tracker
from d2_assets.defs.run_facts import PARTITION_TAG, RUN_KEY_TAG
from d2_assets.http.policy import RetryPolicy
from d2_assets.settings import load_settings
from d2_assets.sync.connect import connect
from d2_assets_tests.journeys.automation import Automation
from d2_assets_tests.journeys.killing import SECONDS, Point
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import StandingDate


@contextmanager
def interrupt_at(point: Point | None) -> Iterator[None]:
    """This process gets the signal of a cancellation before the first call of the point."""
    if point is None:
        yield
        return
    owner = resolve_name(point.owner)
    original: Callable[..., Any] = getattr(owner, point.name)
    left = [partial(os.kill, os.getpid(), signal.SIGINT)]

    def call(*args: Any, **options: Any) -> Any:
        while left:
            left.pop()()
        return original(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, point.name, call)
        yield


def mark_as_cancelled(instance: dg.DagsterInstance) -> None:
    """What the UI does with the one run that goes on, before its process is interrupted."""
    (run,) = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    instance.report_run_canceling(run)


def call_before_push(call: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Something happens in each run of this process that has planned and is about to push."""

    def pause_before(move: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def move_later(planned: Any) -> Any:
            call()
            return move(planned)

        return move_later

    for module, name in ((data_values, "move_data_values"), (tracker, "move_tracker")):
        monkeypatch.setattr(module, name, pause_before(getattr(module, name)))


def execute_and_kill(world: Automation, request: dg.RunRequest, point: Point) -> Run:
    """Run what is requested in a process that dies at the point; Dagster sees that it is gone. One
    that never comes there dies at its end, before it can tell how it went."""
    assert request.job_name
    partition = {PARTITION_TAG: request.partition_key} if request.partition_key else {}
    tags = {**request.tags, **partition, RUN_KEY_TAG: str(request.run_key)}
    assets = frozenset(request.asset_selection or ())
    job = world.build()[1].resolve_job_def(request.job_name)
    run = world.instance.create_run_for_job(
        job.get_subset(asset_selection=assets),
        tags=tags,
        asset_selection=assets,
        status=dg.DagsterRunStatus.STARTED,
    )
    names = sorted(key.to_user_string() for key in assets)
    process = multiprocessing.get_context("forkserver").Process(
        target=_run,
        args=(world.folder / "settings.yaml", request.job_name, names, tags, point),
        daemon=True,
    )
    process.start()
    process.join(SECONDS)
    assert process.exitcode in (-signal.SIGKILL, 0), process.exitcode
    world.instance.report_run_failed(run, "The process of the run is gone.")
    world.runs.append(Run(world.instance, run.run_id))
    return world.runs[-1]


def _run(
    settings: Path, job: str, assets: Sequence[str], tags: Mapping[str, str], point: Point
) -> None:
    for module in (data_values, tracker):
        module.date = StandingDate  # type: ignore[misc]
    errands.make_sleep = lambda stop: lambda seconds: None
    patient = RetryPolicy(first_delay=0.01)
    resources.connect = partial(connect, policy=patient)  # type: ignore[assignment]
    point.plant()
    with suppress(Exception), dg.DagsterInstance.ephemeral() as instance:
        build_definitions(load_settings(settings, {})).resolve_job_def(job).execute_in_process(
            instance=instance,
            raise_on_error=False,
            asset_selection=[dg.AssetKey.from_user_string(name) for name in assets],
            partition_key=tags.get(PARTITION_TAG),
            tags={name: text for name, text in tags.items() if name != PARTITION_TAG},
        )
    os._exit(0)
