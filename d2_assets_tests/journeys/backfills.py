"""A backfill as the UI's button starts it, worked off by the daemon's own code in this process."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import instance_for_test
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.backfill import execute_backfill_iteration

_CODE_LOCATION = """\
from pathlib import Path

from d2_assets.definitions import build_definitions
from d2_assets.settings import load_settings

defs = build_definitions(load_settings(Path({file!r}), {{}}))
"""
_IN_MEMORY = {
    "run_launcher": {
        "module": "dagster._core.launcher.sync_in_memory_run_launcher",
        "class": "SyncInMemoryRunLauncher",
    },
}
#: Ticks of the daemon after which a backfill of a few runs must have ended.
_TICKS = 10


@contextmanager
def open_instance(folder: Path) -> Iterator[dg.DagsterInstance]:
    """A Dagster that keeps its state in a folder, as a backfill needs, and runs in this process."""
    folder.mkdir()
    with instance_for_test(overrides=_IN_MEMORY, temp_dir=str(folder)) as instance:
        yield instance


@contextmanager
def open_workspace(instance: dg.DagsterInstance, code: Path) -> Iterator[WorkspaceProcessContext]:
    """The code location of a Python file, loaded as the UI and the daemon load it."""
    origin = InProcessCodeLocationOrigin(LoadableTargetOrigin(python_file=str(code)))
    with WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as workspace:
        yield workspace


def backfill(
    instance: dg.DagsterInstance,
    settings: Path,
    asset_key: dg.AssetKey,
    keys: Sequence[str],
    *others: dg.AssetKey,
) -> BulkActionStatus:
    """Backfill the partitions ``keys`` of an asset, and of others; gives how it ended."""
    code = settings.with_name("code_location.py")
    code.write_text(_CODE_LOCATION.format(file=str(settings)), encoding="utf-8")
    with open_workspace(instance, code) as workspace:
        asked = PartitionBackfill.from_asset_partitions(
            backfill_id="asked-by-test",
            asset_graph=workspace.create_request_context().asset_graph,
            partition_names=keys,
            asset_selection=[asset_key, *others],
            backfill_timestamp=time.time(),
            tags={},
            dynamic_partitions_store=instance,
            all_partitions=False,
            title=None,
            description=None,
            run_config=None,
        )
        instance.add_backfill(asked)
        for _ in range(_TICKS):
            errors = [
                error
                for error in execute_backfill_iteration(workspace, logging.getLogger("daemon"))
                if error
            ]
            assert not errors, errors
            _launch_queued(instance, workspace)
            stored = instance.get_backfill(asked.backfill_id)
            assert stored is not None
            if stored.status is not BulkActionStatus.REQUESTED:
                return stored.status
    raise AssertionError(f"The backfill did not end within {_TICKS} ticks of the daemon.")


def _launch_queued(instance: dg.DagsterInstance, workspace: WorkspaceProcessContext) -> None:
    """What the daemon of the run queue does."""
    waiting = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
    for run in waiting:
        instance.launch_run(run.run_id, workspace.create_request_context())
