"""The daemon's own code in this process: sensors, schedules and the queue, one step at a time."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGINT

import dagster as dg
import pytest
from dagster._core.test_utils import instance_for_test
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._daemon import sensor as sensor_daemon
from dagster._scheduler.scheduler import launch_scheduled_runs

from d2_assets_tests.journeys.backfills import open_workspace

_OVERRIDES = {
    "instance_class": {"module": "d2_assets.storage", "class": "Instance"},
    "run_launcher": {
        "module": "dagster._core.launcher.sync_in_memory_run_launcher",
        "class": "SyncInMemoryRunLauncher",
    },
}
_CODE_LOCATION = """\
from pathlib import Path

from d2_assets.definitions import build_definitions
from d2_assets.settings import load_settings

defs = build_definitions(load_settings(Path({file!r}), {{}}))
"""
_LOG = logging.getLogger("daemon")


@dataclass(frozen=True, slots=True)
class Daemon:
    """What ``dagster-daemon`` does, when it is told to."""

    instance: dg.DagsterInstance
    workspace: WorkspaceProcessContext

    def switch_on(self, name: str) -> None:
        """Start a sensor or a schedule, as the UI does."""
        repository = self._repository
        if repository.has_sensor(name):
            self.instance.start_sensor(repository.get_sensor(name))
        else:
            self.instance.start_schedule(repository.get_schedule(name))

    def run_sensors(self, killed_at: Mapping[str, str] | None = None) -> None:
        """A tick of every sensor that is on. ``killed_at``: the moment, by the name of a sensor,
        at which the daemon is ended in its midst (KeyboardInterrupt), such as RUN_IDS_RESERVED."""
        flags = {name: {moment: SIGINT} for name, moment in (killed_at or {}).items()}
        ticks = sensor_daemon.execute_sensor_iteration(
            self.workspace, _LOG, None, None, debug_crash_flags=flags
        )
        errors = [error for error in ticks if error]
        assert not errors, errors

    def run_schedules(self, until: datetime) -> None:
        """All ticks of schedules that are due at ``until`` (with a time zone)."""
        ticks = launch_scheduled_runs(self.workspace, _LOG, until.astimezone(UTC), {})
        errors = [error for error in ticks if error]
        assert not errors, errors

    def work_off_queue(self) -> list[dg.DagsterRun]:
        """Launch what waits in the queue; gives those runs as they ended."""
        waiting = self.list_queue()
        for run in waiting:
            self.instance.launch_run(run.run_id, self.workspace.create_request_context())
        return [self.read(run) for run in waiting]

    def list_queue(self) -> list[dg.DagsterRun]:
        """Runs that wait, oldest first."""
        queued = dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])
        return list(reversed(self.instance.get_runs(queued)))

    def read(self, run: dg.DagsterRun) -> dg.DagsterRun:
        """A run as it stands now."""
        found = self.instance.get_run_by_id(run.run_id)
        assert found is not None
        return found

    @property
    def _repository(self):
        locations = self.workspace.create_request_context().code_locations
        return next(iter(locations[0].get_repositories().values()))


@contextmanager
def open_daemon(folder: Path, settings: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    """A Dagster with a home of its own and the definitions of a settings file. Sensors are asked
    whenever they are told to, whatever their interval."""
    folder.mkdir()
    code = folder / "code_location.py"
    code.write_text(_CODE_LOCATION.format(file=str(settings)), encoding="utf-8")
    monkeypatch.setattr(sensor_daemon, "is_under_min_interval", lambda *_: False)
    with (
        instance_for_test(overrides=_OVERRIDES, temp_dir=str(folder)) as instance,
        open_workspace(instance, code) as workspace,
    ):
        yield Daemon(instance, workspace)
