"""Dagster's storage: PostgreSQL where D2_ASSETS_DATABASE_URL is set, SQLite where it is not.

``dagster.yaml`` names ``Instance``, so one file serves both. Dagster's own ``{env: ...}`` cannot:
a variable that it names must exist, also for commands that need no database. The choice is made
once, when a program opens its instance, and handed to the processes it starts; the address itself
each of them reads anew, so that it stands in no argument and no record.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
import dagster as dg
import sqlalchemy
from dagster._config.config_schema import UserConfigSchema
from dagster._core.instance.ref import InstanceRef
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError

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


class Instance(dg.DagsterInstance):
    """A Dagster instance whose storage, where dagster.yaml names none, is chosen as above."""

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
