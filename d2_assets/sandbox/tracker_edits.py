"""Changes of stored tracker objects that reach beyond the object itself."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo

from d2_assets.sandbox.stored_tracker import Body, TrackerKind

_IN = "IN (SELECT value FROM json_each(?))"
#: What goes with a deleted object: kind -> (kind below, column that names the object).
_BELOW: dict[TrackerKind, tuple[tuple[TrackerKind, str], ...]] = {
    "trackedEntity": (("enrollment", "tracked_entity"), ("event", "tracked_entity")),
    "enrollment": (("event", "enrollment"),),
    "event": (),
    "relationship": (),
}


def format_ms(milliseconds: int, zone: tzinfo = UTC) -> str:
    """A time of the server as bodies write it: "2026-11-22T20:45:25.546"."""
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%dT%H:%M:%S.") + f"{rest:03d}"


def set_value(
    values: Iterable[Body], key: str, name: str, value: str | None, now: str, by: str
) -> list[Body]:
    """Data values or attributes with one of them set, or taken out by None."""
    kept = [dict(given) for given in values]
    place = next((index for index, given in enumerate(kept) if given.get(key) == name), None)
    if value is None or value == "":
        return kept if place is None else kept[:place] + kept[place + 1 :]
    if place is None:
        stamps = {"createdAt": now, "updatedAt": now, "createdBy": by, "updatedBy": by}
        return [*kept, {key: name, "value": value, **stamps}]
    if kept[place].get("value") != value:
        kept[place] |= {"value": value, "updatedAt": now, "updatedBy": by}
    return kept


def bump_entities(connection: sqlite3.Connection, uids: Sequence[str], now: int) -> None:
    """Let tracked entities be changed now, because of something below them."""
    connection.execute(
        f"UPDATE tracked SET updated_at=? WHERE kind='trackedEntity' AND uid {_IN}",
        (now, json.dumps(list(uids))),
    )


def delete_tree(
    connection: sqlite3.Connection, kind: TrackerKind, uids: Sequence[str], now: int
) -> None:
    """Mark objects as deleted, with what hangs on them; their tracked entity is changed by it."""
    gone: dict[TrackerKind, list[str]] = {kind: list(uids)}
    for below, column in _BELOW[kind]:
        sql = f"SELECT uid FROM tracked WHERE kind=? AND {column} {_IN} AND deleted=0"
        gone[below] = [uid for (uid,) in connection.execute(sql, (below, json.dumps(list(uids))))]
    if kind != "relationship":
        ends = json.dumps([uid for named in gone.values() for uid in named])
        sql = (
            f"SELECT uid FROM tracked WHERE deleted=0 AND from_uid {_IN} UNION "
            f"SELECT uid FROM tracked WHERE deleted=0 AND to_uid {_IN}"
        )
        gone["relationship"] = [uid for (uid,) in connection.execute(sql, (ends, ends))]
    above = (
        f"SELECT DISTINCT tracked_entity FROM tracked WHERE kind=? AND uid {_IN} "
        "AND tracked_entity != ''"
    )
    parents = [uid for (uid,) in connection.execute(above, (kind, json.dumps(list(uids))))]
    for of_kind, named in gone.items():
        connection.execute(
            f"UPDATE tracked SET deleted=1, updated_at=? WHERE kind=? AND uid {_IN}",
            (now, of_kind, json.dumps(named)),
        )
    if kind == "trackedEntity":
        connection.execute(
            f"DELETE FROM attribute_value WHERE tracked_entity {_IN}", (json.dumps(list(uids)),)
        )
    bump_entities(connection, parents, now)
