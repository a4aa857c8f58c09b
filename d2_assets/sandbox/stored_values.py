"""Data values and completeness registrations as the sandbox's SQLite file holds them.

A row of the table is a tuple in the order of ``StoredValue``'s fields, because imports and reads
handle many of them. Times are whole milliseconds since 1970 in UTC.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Row = tuple[Any, ...]
Key = tuple[str, str, str, str, str]

DEFAULT_CATEGORY_COMBO = "bjDvmb4bfuf"
DEFAULT_OPTION_COMBO = "HllvX50cXC0"

_UPSERT = (
    "INSERT INTO data_value VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "
    "value=excluded.value, comment=excluded.comment, followup=excluded.followup, "
    "deleted=excluded.deleted, stored_by=excluded.stored_by, last_updated=excluded.last_updated"
)
_KEY = (
    "period=? AND org_unit=? AND data_element=? "
    "AND category_option_combo=? AND attribute_option_combo=?"
)
#: All period ids that are stored, by seeks: DISTINCT would walk every row.
_PERIODS = """
WITH RECURSIVE seen(id) AS (
  SELECT min(period) FROM data_value
  UNION ALL
  SELECT (SELECT min(period) FROM data_value WHERE period > id) FROM seen WHERE id NOT NULL
) SELECT id FROM seen WHERE id NOT NULL
"""


@dataclass(frozen=True, slots=True)
class StoredValue:
    """One data value as the server holds it. Times that are None become the time of storing."""

    data_element: str
    period: str
    org_unit: str
    category_option_combo: str = DEFAULT_OPTION_COMBO
    attribute_option_combo: str = DEFAULT_OPTION_COMBO
    value: str | None = None
    comment: str | None = None
    followup: bool = False
    deleted: bool = False
    stored_by: str | None = "admin"
    created: int | None = None
    last_updated: int | None = None

    @property
    def key(self) -> Key:
        """Period, org unit, data element, category and attribute option combo."""
        return (
            self.period,
            self.org_unit,
            self.data_element,
            self.category_option_combo,
            self.attribute_option_combo,
        )


@dataclass(frozen=True, slots=True)
class Registration:
    """One completeness registration; ``date`` is a day, "2026-11-22"."""

    data_set: str
    period: str
    org_unit: str
    attribute_option_combo: str
    date: str
    stored_by: str | None
    completed: bool


@dataclass(frozen=True, slots=True)
class ValueQuery:
    """Which data values to read; None takes all."""

    data_elements: Sequence[str] | None = None
    periods: Sequence[str] | None = None
    org_units: Sequence[str] | None = None
    attribute_option_combos: Sequence[str] | None = None
    updated_since: int | None = None
    include_deleted: bool = False
    limit: int | None = None


def to_value(row: Row) -> StoredValue:
    """A row of the table as a value."""
    followup, deleted, *rest = row[7:]
    return StoredValue(*row[:7], followup=bool(followup), deleted=bool(deleted), **_name(rest))


def _name(rest: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(("stored_by", "created", "last_updated"), rest, strict=True))


def find_row(connection: sqlite3.Connection, key: Sequence[str]) -> Row | None:
    """One stored row by period, org unit, data element and the two option combos."""
    return connection.execute(f"SELECT * FROM data_value WHERE {_KEY}", key).fetchone()


def upsert_rows(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Store complete rows; ``created`` of a row that is there is kept."""
    connection.executemany(_UPSERT, rows)


def select_rows(connection: sqlite3.Connection, query: ValueQuery) -> sqlite3.Cursor:
    """The rows of a query. A unary plus keeps SQLite from seeking every combination of keys."""
    conditions, values = [], []
    few_units = query.org_units is not None and len(query.org_units) <= 50
    for column, wanted in (
        ("period", query.periods),
        ("org_unit" if few_units else "+org_unit", query.org_units),
        ("+data_element", query.data_elements),
        ("+attribute_option_combo", query.attribute_option_combos),
    ):
        if wanted is not None:
            conditions.append(f"{column} IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(list(wanted)))
    if query.updated_since is not None:
        conditions.append("last_updated >= ?")
        values.append(query.updated_since)
    if not query.include_deleted:
        conditions.append("deleted = 0")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    limit = f" LIMIT {query.limit}" if query.limit else ""
    return connection.execute(f"SELECT * FROM data_value{where}{limit}", values)


def select_periods(connection: sqlite3.Connection) -> list[str]:
    """The ids of all periods that hold a row."""
    return [period for (period,) in connection.execute(_PERIODS)]


def mark_deleted(connection: sqlite3.Connection, rows: Iterable[StoredValue], now: int) -> None:
    """Soft-delete rows, as DHIS2 does."""
    connection.executemany(
        f"UPDATE data_value SET deleted=1, last_updated=? WHERE {_KEY}",
        ((now, *row.key) for row in rows),
    )


def remove_rows(connection: sqlite3.Connection, rows: Iterable[StoredValue]) -> None:
    """Remove rows without a trace."""
    connection.executemany(f"DELETE FROM data_value WHERE {_KEY}", (row.key for row in rows))
