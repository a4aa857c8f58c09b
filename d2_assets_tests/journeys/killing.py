"""Runs in processes of their own, some of which end themselves with SIGKILL at a chosen point.

The point is planted from outside: a function of the product, or the renaming of a file, is
replaced in that process alone. Processes are forked from one that has the modules loaded, so that
they cost no start-up.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from pkgutil import resolve_name
from typing import Any
from uuid import uuid4

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from d2_assets.definitions import build_definitions
from d2_assets.defs import resources
from d2_assets.defs.assets import data_values as asset_module
from d2_assets.defs.assets import tracker as tracker_module
from d2_assets.http.policy import RetryPolicy
from d2_assets.settings import load_settings
from d2_assets.sync import recall
from d2_assets.sync.connect import connect
from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.world import StandingDate

#: The longest that a run may take on a machine with much to do.
SECONDS = 120
#: Seconds within which the stand-in server has stored what a killed run had sent.
STILL_STORING = 1.0

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    [
        __name__,
        "alembic.command",
        "dagster._core.storage.sqlite_storage",
        "fsspec",
        "pandas",
    ]
)


@dataclass(frozen=True, slots=True)
class Point:
    """Where a process dies: before, or ``after``, the ``nth`` call of ``name`` in ``owner``.

    ``owner`` is a module, or "module:Class". ``of`` counts only the calls whose last argument is
    such a path ("ledger/*/*/202404.parquet").
    """

    owner: str
    name: str
    nth: int = 1
    after: bool = False
    of: str = ""

    def plant(self) -> None:
        """Let this process die there."""
        owner = resolve_name(self.owner)
        original: Callable[..., Any] = getattr(owner, self.name)
        calls = count(1)

        def call(*args: Any, **options: Any) -> Any:
            counts = not self.of or Path(args[-1]).match(self.of)
            if counts and not self.after and next(calls) == self.nth:
                os.kill(os.getpid(), signal.SIGKILL)
            result = original(*args, **options)
            # Calls of several threads are counted as they end: so many have been carried out.
            if counts and self.after and next(calls) == self.nth:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        setattr(owner, self.name, call)


def renaming(pattern: str, nth: int = 1, *, after: bool = False) -> Point:
    """Between write and rename of a file; or ``after`` it, before what follows from it."""
    return Point("os", "replace", nth, after, pattern)


@dataclass(frozen=True, slots=True)
class Started:
    """A run in a process of its own; its Dagster keeps what it does in ``dagster_home``."""

    process: BaseProcess
    run_id: str
    dagster_home: Path

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def join(self) -> int:
        """Wait for its end; the exit code, -9 when it was killed."""
        self.process.join(SECONDS)
        assert self.process.exitcode is not None, "the run did not end"
        return self.process.exitcode


def open_dagster(home: Path) -> dg.DagsterInstance:
    """A Dagster on disk."""
    home.mkdir(exist_ok=True)
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home)))


@contextmanager
def start_run(
    journey: Journey, month: str, point: Point | None = None, *, pair: str = PAIR
) -> Iterator[Started]:
    """Run a partition elsewhere, with the settings as they stand; it ends with the block."""
    home = journey.folder / "dagster"
    if not home.exists():
        with open_dagster(home) as instance:  # its tables are made before others look for them
            assert instance.is_persistent
    run_id = str(uuid4())
    # A file of its own: another process may be reading that of the journey.
    settings = journey.write_settings().rename(journey.folder / f"settings-{run_id}.yaml")
    process = _PROCESSES.Process(
        target=_run, args=(settings, home, f"{pair}|{month}", run_id, point), daemon=True
    )
    process.start()
    try:
        yield Started(process, run_id, home)
    finally:
        process.kill()
        process.join()


def kill_run(journey: Journey, month: str, point: Point) -> None:
    """Run a partition until ``point``, where its process dies."""
    with start_run(journey, month, point) as run:
        assert run.join() == -signal.SIGKILL, f"the run went on beyond {point}"


def _run(settings: Path, home: Path, partition: str, run_id: str, point: Point | None) -> None:
    asset_module.date = StandingDate  # type: ignore[misc]
    tracker_module.date = StandingDate  # type: ignore[misc]
    patient = RetryPolicy(first_delay=0.01)
    resources.connect = partial(connect, policy=patient)  # type: ignore[assignment]
    recall.STILL_STORING = STILL_STORING
    if point is not None:
        point.plant()
    with open_dagster(home) as instance:
        done = (
            build_definitions(load_settings(settings, {}))
            .resolve_job_def("all_data")
            .execute_in_process(
                instance=instance,
                partition_key=partition,
                run_id=run_id,
                raise_on_error=False,
            )
        )
    os._exit(0 if done.success else 1)
