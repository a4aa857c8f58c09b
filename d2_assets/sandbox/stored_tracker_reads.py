"""Reads of tracker objects: a query becomes SQL, rows become objects."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from d2_assets.sandbox.stored_tracker import COLUMNS, StoredObject, TrackerKind, to_object


@dataclass(frozen=True, slots=True)
class TrackerQuery:
    """Which objects of a kind to read; None and "" take all.

    Times are in milliseconds, both ends included; dates are texts, the first included and the last
    not. ``enrolled_in`` is for tracked entities: those with an enrollment in the program.
    ``ends`` are the UIDs at either end of a relationship. ``order`` names columns, and whether
    they go down; the server's own number breaks ties.
    """

    kind: TrackerKind
    uids: Sequence[str] | None = None
    type: str = ""
    program: str = ""
    stage: str = ""
    org_units: Sequence[str] | None = None
    tracked_entities: Sequence[str] | None = None
    enrollments: Sequence[str] | None = None
    ends: Sequence[str] | None = None
    updated_from: int | None = None
    updated_to: int | None = None
    occurred_from: str = ""
    occurred_before: str = ""
    enrolled_in: str = ""
    enrolled_from: str = ""
    enrolled_before: str = ""
    attribute_values: Mapping[str, str] = field(default_factory=dict)
    include_deleted: bool = False
    order: Sequence[tuple[str, bool]] = ()
    limit: int | None = None
    offset: int = 0


def find_objects(
    connection: sqlite3.Connection, kind: TrackerKind, uids: Iterable[str]
) -> dict[str, StoredObject]:
    """Objects by their UIDs, deleted ones too."""
    found = select_objects(connection, TrackerQuery(kind, list(uids), include_deleted=True))
    return {item.uid: item for item in found}


def select_objects(connection: sqlite3.Connection, query: TrackerQuery) -> Iterator[StoredObject]:
    """The objects of a query, in its order."""
    where, values = _write_condition(query)
    order = ", ".join(
        [f"{name}{' DESC' if down else ''}" for name, down in query.order] + ["number"]
    )
    if query.limit or query.offset:
        # Whole bodies are not sorted for the sake of one page of them.
        page = f"LIMIT {query.limit or -1} OFFSET {query.offset}"
        where = f"number IN (SELECT number FROM tracked WHERE {where} ORDER BY {order} {page})"
    sql = f"SELECT {COLUMNS}, number FROM tracked WHERE {where} ORDER BY {order}"
    return map(to_object, connection.execute(sql, values))


def count_objects(connection: sqlite3.Connection, query: TrackerQuery) -> int:
    """How many objects a query has, whatever its limit."""
    where, values = _write_condition(query)
    return connection.execute(f"SELECT count(*) FROM tracked WHERE {where}", values).fetchone()[0]


def find_holders(connection: sqlite3.Connection, attribute: str, value: str) -> list[str]:
    """The UIDs of the tracked entities that hold a value, deleted ones left out."""
    sql = "SELECT tracked_entity FROM attribute_value WHERE attribute=? AND value=?"
    return [uid for (uid,) in connection.execute(sql, (attribute, value))]


def _write_condition(query: TrackerQuery) -> tuple[str, list[Any]]:
    # As below: what hangs on few objects is found by them, not by its kind.
    by_others = (query.tracked_entities, query.enrollments, query.ends)
    is_few = any(listed is not None for listed in by_others)
    parts: list[tuple[str, Any]] = [("+kind = ?" if is_few else "kind = ?", query.kind)]
    for column, listed in (
        ("uid", query.uids),
        ("org_unit", query.org_units),
        ("tracked_entity", query.tracked_entities),
        ("enrollment", query.enrollments),
    ):
        if listed is not None:
            # A unary plus keeps SQLite from seeking by units where a better index is at hand.
            name = f"+{column}" if column == "org_unit" else column
            # The indexes of parents hold the rows that have one: SQLite must be told that these do.
            has_one = f" AND {column} != ''" if column in ("tracked_entity", "enrollment") else ""
            within = f"{name} IN (SELECT value FROM json_each(?)){has_one}"
            parts.append((within, json.dumps(list(listed))))
    for condition, value in (
        ("type = ?", query.type),
        ("program = ?", query.program),
        ("stage = ?", query.stage),
        ("updated_at >= ?", query.updated_from),
        ("updated_at <= ?", query.updated_to),
        ("occurred_at >= ?", query.occurred_from),
        ("occurred_at < ?", query.occurred_before),
    ):
        if value not in ("", None):
            parts.append((condition, value))
    if not query.include_deleted:
        parts.append(("deleted = ?", 0))
    words = [condition for condition, _ in parts]
    values = [value for _, value in parts]
    for write in (_write_ends, _write_enrolled, _write_attributes):
        more, given = write(query)
        words += more
        values += given
    return " AND ".join(words), values


def _write_ends(query: TrackerQuery) -> tuple[list[str], list[Any]]:
    if query.ends is None:
        return [], []
    listed = json.dumps(list(query.ends))
    within = "IN (SELECT value FROM json_each(?))"
    sql = (
        f"SELECT number FROM tracked WHERE from_uid {within} AND from_uid != '' UNION "
        f"SELECT number FROM tracked WHERE to_uid {within} AND to_uid != ''"
    )
    return [f"number IN ({sql})"], [listed, listed]


def _write_enrolled(query: TrackerQuery) -> tuple[list[str], list[Any]]:
    if not query.enrolled_in:
        return [], []
    sql = "SELECT tracked_entity FROM tracked WHERE kind = 'enrollment' AND program = ?"
    values = [query.enrolled_in]
    if query.enrolled_from:
        sql += " AND occurred_at >= ?"
        values.append(query.enrolled_from)
    if query.enrolled_before:
        sql += " AND occurred_at < ?"
        values.append(query.enrolled_before)
    # Enrollments that were deleted count only where deleted entities are asked for.
    sql += "" if query.include_deleted else " AND deleted = 0"
    return [f"uid IN ({sql})"], values


def _write_attributes(query: TrackerQuery) -> tuple[list[str], list[Any]]:
    sql = "uid IN (SELECT tracked_entity FROM attribute_value WHERE attribute=? AND value=?)"
    pairs = query.attribute_values.items()
    return [sql] * len(pairs), [part for pair in pairs for part in pair]
