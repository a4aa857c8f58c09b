"""What the sandbox holds of tracker, and the edits that users of its apps make.

It lives in the file of ``Store`` and is reached as ``store.tracker``. An edit of an event moves the
``updatedAt`` of its tracked entity and leaves that of the enrollment alone [seen].
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from d2_assets.sandbox.stored_tracker import Body, StoredObject, TrackerKind, upsert_objects
from d2_assets.sandbox.stored_tracker_reads import (
    TrackerQuery,
    count_objects,
    find_holders,
    find_objects,
    select_objects,
)
from d2_assets.sandbox.tracker_edits import (
    bump_entities,
    delete_tree,
    format_ms,
    set_value,
)

Writing = Callable[[], AbstractContextManager[sqlite3.Connection]]


class TrackerStore:
    """Tracker objects of one instance. ``connect`` opens a connection to read on."""

    def __init__(
        self, writing: Writing, connect: Callable[[], sqlite3.Connection], now_ms: Callable[[], int]
    ) -> None:
        self.writing = writing
        self._connect = connect
        self.now_ms = now_ms

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own, which sees one state of the file for as long as it lasts."""
        connection = self._connect()
        try:
            connection.execute("BEGIN")
            yield connection
        finally:
            connection.close()

    def put(self, objects: Iterable[StoredObject]) -> None:
        """Store objects over what is there, without any check."""
        now = self.now_ms()
        with self.writing() as connection:
            upsert_objects(connection, (_stamp(item, now) for item in objects))

    def find(self, kind: TrackerKind, uid: str) -> StoredObject | None:
        """One object, deleted or not."""
        with self.reading() as connection:
            return find_objects(connection, kind, [uid]).get(uid)

    def select(self, query: TrackerQuery) -> list[StoredObject]:
        """The objects of a query, in its order."""
        with self.reading() as connection:
            return list(select_objects(connection, query))

    def count(self, query: TrackerQuery) -> int:
        """How many objects a query has, whatever its limit."""
        with self.reading() as connection:
            return count_objects(connection, query)

    def objects(self, kind: TrackerKind, *, include_deleted: bool = True) -> list[StoredObject]:
        """All objects of a kind; for tests, so keep the store small."""
        return self.select(TrackerQuery(kind, include_deleted=include_deleted))

    def find_holders(self, attribute: str, value: str) -> list[str]:
        """The UIDs of the tracked entities that hold a value."""
        with self.reading() as connection:
            return find_holders(connection, attribute, value)

    # Edits of users

    def edit_event(
        self,
        uid: str,
        data_element: str,
        value: str | None,
        *,
        at: datetime | None = None,
        by: str = "admin",
    ) -> StoredObject:
        """Enter a value in an event; None removes it. LookupError for an unknown event."""
        return self._edit("event", uid, "dataValues", "dataElement", data_element, value, at, by)

    def edit_attribute(
        self,
        uid: str,
        attribute: str,
        value: str | None,
        *,
        at: datetime | None = None,
        by: str = "admin",
    ) -> StoredObject:
        """Enter an attribute of a tracked entity; None removes it. LookupError when unknown."""
        return self._edit("trackedEntity", uid, "attributes", "attribute", attribute, value, at, by)

    def _edit(
        self,
        kind: TrackerKind,
        uid: str,
        member: str,
        key: str,
        name: str,
        value: str | None,
        at: datetime | None,
        by: str,
    ) -> StoredObject:
        now = self._read_time(at)
        old = self._get(kind, uid)
        values = set_value(old.body.get(member) or [], key, name, value, format_ms(now), by)
        return self._save(old, old.body | {member: values, "updatedBy": by}, now)

    def change(
        self, kind: TrackerKind, uid: str, *, at: datetime | None = None, **members: Any
    ) -> StoredObject:
        """Change members of an object's own body; None removes one. LookupError when unknown."""
        old = self._get(kind, uid)
        body = {name: value for name, value in (old.body | members).items() if value is not None}
        return self._save(old, body, self._read_time(at))

    def complete_enrollment(
        self, uid: str, *, at: datetime | None = None, by: str = "admin"
    ) -> StoredObject:
        """Complete an enrollment as a user does. LookupError for an unknown one."""
        when = format_ms(self._read_time(at))
        return self.change(
            "enrollment", uid, at=at, status="COMPLETED", completedAt=when, completedBy=by
        )

    def delete_event(self, uid: str, *, at: datetime | None = None) -> None:
        """Mark an event as deleted, with its relationships."""
        self.delete("event", [uid], at=at)

    def delete_enrollment(self, uid: str, *, at: datetime | None = None) -> None:
        """Mark an enrollment as deleted, with its events."""
        self.delete("enrollment", [uid], at=at)

    def delete_entity(self, uid: str, *, at: datetime | None = None) -> None:
        """Mark a tracked entity as deleted, with all that hangs on it."""
        self.delete("trackedEntity", [uid], at=at)

    def delete_relationship(self, uid: str, *, at: datetime | None = None) -> None:
        """Mark a relationship as deleted."""
        self.delete("relationship", [uid], at=at)

    def delete(self, kind: TrackerKind, uids: Iterable[str], *, at: datetime | None = None) -> None:
        """Mark objects as deleted, as DHIS2 does."""
        with self.writing() as connection:
            delete_tree(connection, kind, list(uids), self._read_time(at))

    def forget(self, kind: TrackerKind, uids: Iterable[str]) -> None:
        """Remove objects without a trace; what hangs on them stays."""
        with self.writing() as connection:
            connection.executemany(
                "DELETE FROM tracked WHERE kind=? AND uid=?", ((kind, uid) for uid in uids)
            )

    def _get(self, kind: TrackerKind, uid: str) -> StoredObject:
        found = self.find(kind, uid)
        if found is None:
            raise LookupError(f"The sandbox has no {kind} {uid!r}.")
        return found

    def _save(self, old: StoredObject, body: Body, now: int) -> StoredObject:
        new = replace(old.with_body(body), updated_at=now)
        with self.writing() as connection:
            upsert_objects(connection, [new])
            if new.tracked_entity:
                bump_entities(connection, [new.tracked_entity], now)
        return new

    def _read_time(self, at: datetime | None) -> int:
        return self.now_ms() if at is None else int(at.astimezone(UTC).timestamp() * 1000)


def _stamp(item: StoredObject, now: int) -> StoredObject:
    created = now if item.created_at is None else item.created_at
    updated = created if item.updated_at is None else item.updated_at
    return replace(item, created_at=created, updated_at=updated)
