"""Dagster's storage: PostgreSQL where D2_ASSETS_DATABASE_URL is set, SQLite where it is not.

``dagster.yaml`` names ``Instance``, so one file serves both. Dagster's own ``{env: ...}`` cannot:
a variable that it names must exist, also for commands that need no database. The choice is made
once, when a program opens its instance, and handed to the processes it starts; the address itself
each of them reads anew, so that it stands in no argument and no record. Every process reports what
happens to runs to its instance: so their status words are kept there.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
import dagster as dg
import sqlalchemy
from dagster._check import CheckError
from dagster._config.config_schema import UserConfigSchema
from dagster._core.events import DagsterEventBatchMetadata
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.tags import PARENT_BACKFILL_ID_TAG
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import DagsterPostgresException
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from d2_assets.coordinator import name_viewers
from d2_assets.defs.lineage import Lineage, drop_results, find_lineage
from d2_assets.defs.status import derive_status, refresh_status
from d2_assets.defs.tags import STATUS_TAG, USER_TAGS
from d2_assets.errors import ConfigurationError, D2AssetsError, TransientError
from d2_assets.settings.database import (
    DATABASE_VARIABLE,
    describe_database,
    read_database_url,
)

#: Seconds between attempts, for a server that is about to start or has no free connection.
_PAUSES = (0.5, 1.0, 2.0)
_CONNECT_SECONDS = "5"
#: PostgreSQL's code for a right that is lacking.
_INSUFFICIENT_PRIVILEGE = "42501"
#: What reading a run or writing its tags may meet. No run fails by its tags.
_STORAGE_ERRORS = (SQLAlchemyError, DagsterPostgresException, dg.DagsterError, CheckError)
_log = logging.getLogger("dagster.d2_assets")


class Instance(dg.DagsterInstance):
    """A Dagster instance whose storage, where dagster.yaml names none, is chosen as above, and
    whose runs bear their status word."""

    @classmethod
    def config_schema(cls) -> Mapping[str, Any]:
        """No further keys in dagster.yaml."""
        return {}

    @staticmethod
    def config_defaults(base_dir: str) -> Mapping[str, ConfigurableClassData | None]:
        """Dagster's own defaults for a home in ``base_dir``; only the storage may differ."""
        defaults = InstanceRef.config_defaults(base_dir)
        with _told_by_commands():
            if read_database_url() is None:
                return defaults
        postgres = ConfigurableClassData(__name__, PostgresStorage.__name__, "{}")
        return {**defaults, "storage": postgres}

    def __init__(self, *parts: Any, **named: Any) -> None:
        super().__init__(*parts, **named)
        name_viewers()

    def handle_new_event(
        self, event: dg.EventLogEntry, *, batch_metadata: DagsterEventBatchMetadata | None = None
    ) -> None:
        """Store the event; where it moves a run on, the run's status word follows."""
        super().handle_new_event(event, batch_metadata=batch_metadata)
        told = event.dagster_event
        if told is None or not told.is_job_event:
            return
        try:
            refresh_status(self, event.run_id)
        except _STORAGE_ERRORS as error:
            _log.warning("The status word of run %s was not kept: %s", event.run_id, error)

    def create_run(self, **parts: Any) -> dg.DagsterRun:
        """Make a run. One that a sensor asks for as the next try of another is shown as such."""
        tags = parts.get("tags") or {}
        given = Lineage(parts.get("root_run_id"), parts.get("parent_run_id"))
        lineage = find_lineage(tags, given)
        if given.parent:
            tags = drop_results(tags)
        status = parts.get("status") or dg.DagsterRunStatus.NOT_STARTED
        parts["tags"] = {**tags, STATUS_TAG: derive_status(status, tags)}
        parts |= {"root_run_id": lineage.root, "parent_run_id": lineage.parent}
        return super().create_run(**parts)

    def create_reexecuted_run(self, *, parent_run: dg.DagsterRun, **parts: Any) -> dg.DagsterRun:
        """Make a run that repeats another, without what was found out about that one."""
        parent = parent_run.with_tags(drop_results(parent_run.tags))
        return super().create_reexecuted_run(parent_run=parent, **parts)

    def add_backfill(self, partition_backfill: PartitionBackfill) -> None:
        """Store a backfill. Dagster gives one that is launched again the tags of the first, and
        does not ask who launches it: so it names nobody."""
        tags = partition_backfill.tags
        if PARENT_BACKFILL_ID_TAG in tags:
            kept = {name: tags[name] for name in tags if name not in USER_TAGS}
            partition_backfill = partition_backfill._replace(tags=kept)
        super().add_backfill(partition_backfill)


class PostgresStorage(DagsterPostgresStorage):
    """dagster-postgres at D2_ASSETS_DATABASE_URL; no part of the address is configuration."""

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """No configuration."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "PostgresStorage":
        """The storage, its tables made where there are none; click's error where it is not to
        be had."""
        with _told_by_commands():
            return cls._open()

    @classmethod
    def _open(cls) -> "PostgresStorage":
        url = read_database_url()
        if url is None:
            raise ConfigurationError(
                f"The environment variable {DATABASE_VARIABLE} is not set in this process, "
                "but was where Dagster was started.",
                remedy="Set it alike for webserver, daemon and code servers.",
            )
        check_database(url)
        try:
            return cls(url.render_as_string(hide_password=False))
        except DBAPIError as error:
            raise _word(error, url) from None


def check_database(url: URL, sleep: Callable[[float], None] = time.sleep) -> None:
    """Sign in once; TransientError with host and database where that cannot be done.

    ``sleep`` pauses for so many seconds before the next attempt.
    """
    query = {"connect_timeout": _CONNECT_SECONDS, **url.query}
    engine = sqlalchemy.create_engine(url.set(query=query), poolclass=sqlalchemy.NullPool)
    for pause in (*_PAUSES, None):
        try:
            engine.connect().close()
            return
        except DBAPIError as error:
            if pause is None or not isinstance(error, OperationalError):
                raise _word(error, url) from None
            sleep(pause)


def _word(error: DBAPIError, url: URL) -> D2AssetsError:
    """What PostgreSQL said, without the SQL that SQLAlchemy adds."""
    reason = (str(error.orig).strip().splitlines() or ["it gave no reason"])[0]
    what = f"Dagster cannot use the {describe_database(url)} ({DATABASE_VARIABLE}): {reason}."
    if getattr(error.orig, "pgcode", None) == _INSUFFICIENT_PRIVILEGE:
        remedy = "Make this account the owner of the database: Dagster makes its tables there."
        return ConfigurationError(what, remedy=remedy)
    return TransientError(
        what,
        remedy=f"See that the server runs and lets the account in, or mend {DATABASE_VARIABLE}.",
    )


@contextmanager
def _told_by_commands() -> Iterator[None]:
    """Dagster's programs are click commands: they tell its error in words, without a traceback."""
    try:
        yield
    except D2AssetsError as error:
        raise click.ClickException(str(error)) from None
