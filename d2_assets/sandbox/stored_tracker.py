"""Tracked entities, enrollments, events and relationships as the sandbox's SQLite file holds them.

One table for the four kinds: they are asked for alike. ``body`` holds the object's own members
under the names of the new API, without what it contains of other kinds and without ``createdAt``,
``updatedAt`` and ``deleted``, which are columns. Times of the server are whole milliseconds since
1970 in UTC; dates of the payload are texts of one length, so that they compare as texts.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import orjson

TrackerKind = Literal["trackedEntity", "enrollment", "event", "relationship"]
Body = dict[str, Any]

#: Kind -> member of a payload that lists it, in the order in which the importer takes them.
PAYLOAD_MEMBERS: Mapping[TrackerKind, str] = {
    "trackedEntity": "trackedEntities",
    "enrollment": "enrollments",
    "event": "events",
    "relationship": "relationships",
}
_OWNED_ELSEWHERE = ("enrollments", "events", "relationships", "createdAt", "updatedAt", "deleted")
TRACKER_TABLES = """
CREATE TABLE IF NOT EXISTS tracked (
  number INTEGER PRIMARY KEY, kind TEXT NOT NULL, uid TEXT NOT NULL,
  type TEXT NOT NULL, program TEXT NOT NULL, stage TEXT NOT NULL, org_unit TEXT NOT NULL,
  tracked_entity TEXT NOT NULL, enrollment TEXT NOT NULL,
  from_uid TEXT NOT NULL, to_uid TEXT NOT NULL, occurred_at TEXT NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, deleted INTEGER NOT NULL,
  body BLOB NOT NULL, UNIQUE (kind, uid)
);
CREATE INDEX IF NOT EXISTS tracked_by_type ON tracked (kind, type, updated_at);
CREATE INDEX IF NOT EXISTS tracked_by_program ON tracked (kind, program, occurred_at);
CREATE INDEX IF NOT EXISTS tracked_by_change ON tracked (kind, program, updated_at);
CREATE INDEX IF NOT EXISTS tracked_by_entity ON tracked (tracked_entity) WHERE tracked_entity != '';
CREATE INDEX IF NOT EXISTS tracked_by_enrollment ON tracked (enrollment) WHERE enrollment != '';
CREATE INDEX IF NOT EXISTS tracked_by_from ON tracked (from_uid) WHERE from_uid != '';
CREATE INDEX IF NOT EXISTS tracked_by_to ON tracked (to_uid) WHERE to_uid != '';
CREATE TABLE IF NOT EXISTS attribute_value (
  attribute TEXT NOT NULL, value TEXT NOT NULL, tracked_entity TEXT NOT NULL,
  PRIMARY KEY (attribute, value, tracked_entity)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS attribute_value_by_entity ON attribute_value (tracked_entity);
CREATE TABLE IF NOT EXISTS file_resource (
  uid TEXT PRIMARY KEY, body TEXT NOT NULL, content BLOB NOT NULL, owner TEXT NOT NULL
) WITHOUT ROWID;
"""
COLUMNS = (
    "kind, uid, type, program, stage, org_unit, tracked_entity, enrollment, from_uid, to_uid, "
    "occurred_at, created_at, updated_at, deleted, body"
)
_UPSERT = (
    f"INSERT INTO tracked ({COLUMNS}) VALUES ({','.join('?' * 15)}) "
    "ON CONFLICT (kind, uid) DO UPDATE SET "
    + ", ".join(f"{name}=excluded.{name}" for name in COLUMNS.split(", ")[2:])
)
_NAMES = (*COLUMNS.split(", "), "number")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object as the server holds it; ``find_columns`` fills what the body tells.

    ``type`` is the type of a tracked entity or of a relationship; ``occurred_at`` is the date of an
    event (else when it is due) and the date of an enrollment. Times that are None become the time
    of storing. ``number`` is the server's own, in the order of creation.
    """

    kind: TrackerKind
    uid: str
    body: Body = field(default_factory=dict)
    type: str = ""
    program: str = ""
    stage: str = ""
    org_unit: str = ""
    tracked_entity: str = ""
    enrollment: str = ""
    from_uid: str = ""
    to_uid: str = ""
    occurred_at: str = ""
    created_at: int | None = None
    updated_at: int | None = None
    deleted: bool = False
    number: int = 0

    def with_body(self, body: Body) -> "StoredObject":
        """The object with another body, and the columns that follow from it."""
        return replace(self, body=body, **find_columns(self.kind, body))


def pad_date(text: Any) -> str:
    """A date of a payload in the one length that is stored: "2026-03-10T00:00:00.000"."""
    if not isinstance(text, str) or not text:
        return ""
    day, _, clock = text.removesuffix("Z").partition("T")
    return f"{day}T{(clock + '00:00:00.000'[len(clock) :])[:12]}"


def find_columns(kind: TrackerKind, body: Mapping[str, Any]) -> dict[str, str]:
    """The columns that say again what a body says."""

    def tell(name: str) -> str:
        return str(body.get(name) or "")

    if kind == "relationship":
        return {
            "type": tell("relationshipType"),
            "from_uid": find_end(body.get("from")),
            "to_uid": find_end(body.get("to")),
        }
    columns = {"org_unit": tell("orgUnit")}
    if kind == "trackedEntity":
        return columns | {"type": tell("trackedEntityType")}
    columns |= {"program": tell("program"), "tracked_entity": tell("trackedEntity")}
    if kind == "enrollment":
        return columns | {"occurred_at": pad_date(body.get("enrolledAt"))}
    when = body.get("occurredAt") or body.get("scheduledAt")
    return columns | {
        "stage": tell("programStage"),
        "enrollment": tell("enrollment"),
        "occurred_at": pad_date(when),
    }


def find_end(item: Any) -> str:
    """The UID at one end of a relationship: {"trackedEntity": {"trackedEntity": UID}} or flat."""
    for kind in ("trackedEntity", "enrollment", "event"):
        found = item.get(kind) if isinstance(item, Mapping) else None
        if found:
            return str(found.get(kind) or "") if isinstance(found, Mapping) else str(found)
    return ""


def to_stored(kind: TrackerKind, body: Mapping[str, Any], **members: Any) -> StoredObject:
    """An object from a body of the new API; what it contains of other kinds is left out."""
    own = {name: value for name, value in body.items() if name not in _OWNED_ELSEWHERE}
    return StoredObject(kind, str(body[kind]), own, **find_columns(kind, own), **members)


def upsert_objects(connection: sqlite3.Connection, objects: Iterable[StoredObject]) -> None:
    """Store complete objects over those of the same kind and UID, with their attribute values."""
    kept = list(objects)
    connection.executemany(_UPSERT, (_to_row(item) for item in kept))
    entities = [item for item in kept if item.kind == "trackedEntity"]
    connection.executemany(
        "DELETE FROM attribute_value WHERE tracked_entity=?",
        ((item.uid,) for item in entities),
    )
    connection.executemany(
        "INSERT OR IGNORE INTO attribute_value VALUES (?,?,?)",
        (
            (given["attribute"], str(given["value"]), item.uid)
            for item in entities
            if not item.deleted
            for given in item.body.get("attributes") or ()
            if given.get("value") is not None
        ),
    )


def _to_row(item: StoredObject) -> tuple[Any, ...]:
    return (
        item.kind, item.uid, item.type, item.program, item.stage, item.org_unit,
        item.tracked_entity, item.enrollment, item.from_uid, item.to_uid, item.occurred_at,
        item.created_at, item.updated_at, int(item.deleted), orjson.dumps(item.body),
    )  # fmt: skip


def to_object(row: Sequence[Any]) -> StoredObject:
    columns = dict(zip(_NAMES, row, strict=True))
    columns |= {"body": orjson.loads(columns["body"]), "deleted": bool(columns["deleted"])}
    return StoredObject(**columns)
