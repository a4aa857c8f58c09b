"""Where Dagster keeps its history: in the PostgreSQL that one variable names, else in SQLite.

The address holds a password, so it is handled as a SQLAlchemy URL, which never prints it, and no
message here quotes what was given.
"""

import os
from collections.abc import Mapping

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from d2_assets.errors import ConfigurationError

#: The environment variable; unset or empty means SQLite under DAGSTER_HOME.
DATABASE_VARIABLE = "D2_ASSETS_DATABASE_URL"

#: SQLAlchemy's name of PostgreSQL with the driver that is installed.
_DRIVER = "postgresql+psycopg2"
_SPELLINGS = frozenset({"postgresql", "postgres", _DRIVER})
_EXAMPLE = "Write it like postgresql://user:password@db.example.org:5432/dagster."


def read_database_url(environ: Mapping[str, str] = os.environ) -> URL | None:
    """The PostgreSQL that D2_ASSETS_DATABASE_URL names; None where it is not set.

    ConfigurationError where it is no such address. A URL without password is fine: PostgreSQL's
    client library then looks into PGPASSWORD or ~/.pgpass.
    """
    text = environ.get(DATABASE_VARIABLE, "").strip()
    if not text:
        return None
    if text.count("@") > 1:
        # The parser would take the end of the password for the beginning of the host.
        raise _refuse("holds more than one @", "Write an @ of user name or password as %40.")
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise _refuse("cannot be read as the address of a database") from None
    if url.drivername not in _SPELLINGS:
        raise _refuse("is not the address of a PostgreSQL")
    if not url.database:
        raise _refuse("names no database")
    return url.set(drivername=_DRIVER)


def describe_database(url: URL) -> str:
    """Host, port and database in words; never user name or password."""
    host = url.host or url.query.get("host") or "this machine"
    place = host if isinstance(host, str) else ", ".join(host)
    return f'database "{url.database}" at {place}{f":{url.port}" if url.port else ""}'


def _refuse(what: str, remedy: str = "") -> ConfigurationError:
    return ConfigurationError(
        f"The environment variable {DATABASE_VARIABLE} {what}.",
        remedy=remedy or f"{_EXAMPLE} Without the variable Dagster keeps its history in SQLite.",
    )
