"""Dagster's queue of runs, which knows destinations: each takes as many writing runs as it may.

``dagster.yaml`` names ``Coordinator``. The queue only keeps order: runs of the command line pass it
by, so every push takes a lease as well (``ledger.lease``). The limits are those of the settings
file, read again when it changes, and by the daemon: the file must be known to it as well.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import dagster as dg
from dagster._config.config_schema import UserConfigSchema
from dagster._core.run_coordinator import QueuedRunCoordinator, SubmitRunContext
from dagster._core.run_coordinator.queued_run_coordinator import RunQueueConfig
from dagster._core.workspace.context import BaseWorkspaceRequestContext, WorkspaceRequestContext
from dagster._serdes import ConfigurableClassData

from d2_assets.defs.queue import derive_queue_tags, list_limits, shorten_user
from d2_assets.defs.tags import USER_TAGS
from d2_assets.errors import ConfigurationError
from d2_assets.settings import Settings, find_settings_file, load_settings

USER_HEADER = "X-Forwarded-User"
#: Who launched a run that bears a name which no proxy vouches for.
_NOBODY_KNOWN = "unknown"
_log = logging.getLogger("dagster.d2_assets.queue")


class SettingsWatch:
    """The settings file, read again when it changed. While it cannot be read, what was read last
    goes on, and the mistake is told once."""

    def __init__(self) -> None:
        self._seen: tuple[Path, int, int] | None = None
        self._settings: Settings | None = None

    def read(self) -> Settings | None:
        """The settings; None where none could be read so far."""
        file = find_settings_file()
        seen = _look_at(file)
        if seen != self._seen:
            self._seen = seen
            try:
                self._settings = load_settings(file)
            except ConfigurationError as error:
                _log.warning("The queue goes on with the limits it knew. %s", error)
        return self._settings


def _look_at(file: Path) -> tuple[Path, int, int]:
    try:
        found = file.stat()
    except OSError:
        return file, 0, 0
    return file, found.st_mtime_ns, found.st_size


class Coordinator(QueuedRunCoordinator):
    """Dagster's queue with a limit for each instance of the settings, and tags on every run."""

    def __init__(
        self,
        user_header: str | None = USER_HEADER,
        inst_data: ConfigurableClassData | None = None,
        **queue: Any,
    ) -> None:
        super().__init__(inst_data=inst_data, **queue)
        self._user_header = user_header or ""
        self._watch = SettingsWatch()

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """The keys of Dagster's queue, and ``user_header``."""
        header = dg.Field(
            str,
            is_required=False,
            default_value=USER_HEADER,
            description="The header by which the signing-in proxy names the user; empty for none.",
        )
        return {**_as_mapping(super().config_type()), "user_header": header}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> Self:
        """The queue with these keys; Dagster names its arguments alike."""
        return cls(inst_data=inst_data, **config_value)

    def submit_run(self, context: SubmitRunContext) -> dg.DagsterRun:
        """Tag the run before it is queued, so that it never waits uncounted."""
        run, settings = context.dagster_run, self._watch.read()
        tags = derive_queue_tags(run, settings) if settings else {}
        tags |= self._find_user(run, context.workspace)
        if tags:
            self._instance.add_run_tags(run.run_id, tags)
        return super().submit_run(context)

    def get_run_queue_config(self) -> RunQueueConfig:
        """The limits of dagster.yaml and, beside them, those of the settings."""
        config, settings = super().get_run_queue_config(), self._watch.read()
        limits: Sequence[Mapping[str, Any]] = config.tag_concurrency_limits
        added = list_limits(settings) if settings else []
        return config._replace(tag_concurrency_limits=[*limits, *added])

    def read_user(self, workspace: BaseWorkspaceRequestContext) -> dict[str, str]:
        """The tags that name who asked; none for a request without the header, or no request."""
        source = workspace.source if isinstance(workspace, WorkspaceRequestContext) else None
        headers = getattr(source, "headers", {})
        user = shorten_user(headers.get(self._user_header) or "") if self._user_header else ""
        return dict.fromkeys(USER_TAGS, user) if user else {}

    def _find_user(
        self, run: dg.DagsterRun, workspace: BaseWorkspaceRequestContext
    ) -> dict[str, str]:
        """Runs of the daemon keep the name that their backfill bears. A name that came with a
        request and not with its header was written by the browser, and is no evidence."""
        found = self.read_user(workspace)
        asked = isinstance(workspace, WorkspaceRequestContext) and workspace.source is not None
        if found or not asked:
            return found
        return {tag: _NOBODY_KNOWN for tag in USER_TAGS if tag in run.tags}


def name_viewers() -> None:
    """Let backfills bear who launched them.

    The runs of a backfill are made by the daemon, which knows no request. The webserver asks its
    context for tags of the viewer when it stores a backfill; Dagster's own answer is none.
    """
    WorkspaceRequestContext.get_viewer_tags = _read_viewer


def _read_viewer(self: WorkspaceRequestContext) -> dict[str, str]:
    coordinator = self.instance.run_coordinator
    return coordinator.read_user(self) if isinstance(coordinator, Coordinator) else {}


def _as_mapping(schema: UserConfigSchema) -> Mapping[str, Any]:
    if isinstance(schema, Mapping):
        return schema
    raise TypeError("Dagster's queue describes its keys in another way than this product knows.")
