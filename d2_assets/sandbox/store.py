"""The state of one stand-in server in SQLite: data values, metadata, tracker and the rest.

One file an instance. Many threads read (WAL), one writes at a time. Data values stay in the file;
metadata and passwords are small and are kept in memory as well, because every answer asks for them.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from d2_assets.sandbox.stored_files import FileStore
from d2_assets.sandbox.stored_tables import TABLES
from d2_assets.sandbox.stored_tracker import TRACKER_TABLES
from d2_assets.sandbox.stored_values import (
    Key,
    Registration,
    Row,
    StoredValue,
    ValueQuery,
    find_row,
    mark_deleted,
    remove_rows,
    select_periods,
    select_rows,
    to_value,
    upsert_rows,
)
from d2_assets.sandbox.tracker_store import TrackerStore

Clock = Callable[[], datetime]


class Store:
    """State of one instance at ``path``; created when absent."""

    def __init__(self, path: Path, clock: Clock) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._clock = clock
        #: Where the server stands: its times without an offset are of this zone.
        self.zone: tzinfo = UTC
        self._lock = threading.RLock()
        self._writer = self._connect()
        self._writer.executescript(TABLES + TRACKER_TABLES)
        self._metadata: dict[str, dict[str, dict[str, Any]]] = {}
        for plural, uid, body in self._writer.execute("SELECT plural, id, body FROM metadata"):
            self._metadata.setdefault(plural, {})[uid] = json.loads(body)
        self._passwords = dict(self._writer.execute("SELECT username, body FROM password"))
        #: Grows with every change of metadata, so that what is derived from it can be kept.
        self.metadata_revision = 0
        #: Tracked entities, enrollments, events and relationships.
        self.tracker = TrackerStore(self.writing, self._connect, self.now_ms)
        self.files = FileStore(self.writing, self._connect)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA busy_timeout=30000")
        return connection

    def set_clock(self, clock: Clock) -> None:
        """Let the server's clock be another from now on."""
        self._clock = clock

    def now(self) -> datetime:
        """The server's clock, in its time zone."""
        return self._clock().astimezone(self.zone)

    def now_ms(self) -> int:
        """The server's clock in milliseconds."""
        return int(self.now().timestamp() * 1000)

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._writer.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The one writing connection, in a transaction that is undone if the block fails."""
        with self._lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    # Data values

    def put_data_values(self, rows: Iterable[StoredValue]) -> None:
        """Store rows over what is there, without any check."""
        now = self.now_ms()
        stamped = (
            replace(
                row,
                created=now if row.created is None else row.created,
                last_updated=now if row.last_updated is None else row.last_updated,
            )
            for row in rows
        )
        with self.writing() as connection:
            upsert_rows(connection, (astuple(row) for row in stamped))

    def delete_data_values(self, rows: Iterable[StoredValue], *, forever: bool = False) -> None:
        """Mark rows as deleted, as DHIS2 does; ``forever`` removes them."""
        now = self.now_ms()
        with self.writing() as connection:
            if forever:
                remove_rows(connection, rows)
            else:
                mark_deleted(connection, rows, now)

    def find_value(self, key: Key) -> StoredValue | None:
        """One row by its key, deleted or not; the key is ``StoredValue.key``."""
        with self._lock:
            row = find_row(self._writer, key)
        return to_value(row) if row else None

    def edit_value(
        self,
        key: Key,
        value: str | None,
        *,
        at: datetime | None = None,
        stored_by: str = "admin",
    ) -> StoredValue:
        """Enter a value as a user of the data entry app does, and give it as it is stored.

        A row that is there keeps its comment and follow-up mark, and is no longer deleted. ``at``
        is the time of entering; None is the server's clock.
        """
        period, org_unit, data_element, category, attribute = key
        new = StoredValue(data_element, period, org_unit, category, attribute)
        now = self.now_ms() if at is None else int(at.timestamp() * 1000)
        with self._lock:
            old = self.find_value(key) or replace(new, created=now)
            edited = replace(old, value=value, deleted=False, stored_by=stored_by, last_updated=now)
            self.put_data_values([edited])
        return edited

    def data_values(self, *, include_deleted: bool = True) -> list[StoredValue]:
        """All rows in key order; for tests, so keep the store small."""
        query = ValueQuery(include_deleted=include_deleted)
        return [to_value(row) for batch in self.iterate_rows(query) for row in batch]

    def iterate_rows(self, query: ValueQuery, batch: int = 2000) -> Iterator[list[Row]]:
        """Rows in batches, in the order of ``StoredValue``'s fields; memory stays at one batch."""
        connection = self._connect()
        try:
            cursor = select_rows(connection, query)
            while rows := cursor.fetchmany(batch):
                yield rows
        finally:
            connection.close()

    def list_periods(self) -> list[str]:
        """The ids of all periods that hold a data value."""
        with self._lock:
            return select_periods(self._writer)

    # Metadata, settings, tokens

    def metadata(self, plural: str) -> list[dict[str, Any]]:
        """The objects of a class ("dataElements"), as stored; empty when there are none."""
        return list(self._metadata.get(plural, {}).values())

    def get_object(self, plural: str, uid: str) -> dict[str, Any] | None:
        """One object by its UID."""
        return self._metadata.get(plural, {}).get(uid)

    @property
    def plurals(self) -> list[str]:
        """The classes that hold an object."""
        return [plural for plural, objects in self._metadata.items() if objects]

    def put_metadata(self, plural: str, objects: Iterable[Mapping[str, Any]]) -> None:
        """Store objects over those with the same id."""
        self.change_metadata({plural: {body["id"]: body for body in objects}}, {})

    def delete_metadata(self, plural: str, uids: Iterable[str]) -> None:
        """Forget objects."""
        self.change_metadata({}, {plural: uids})

    def change_metadata(
        self,
        puts: Mapping[str, Mapping[str, Mapping[str, Any]]],
        deletes: Mapping[str, Iterable[str]],
    ) -> None:
        """Store objects (class -> UID -> body) and forget others, in one transaction."""
        with self.writing() as connection:
            for plural, bodies in puts.items():
                kept = self._metadata.setdefault(plural, {})
                kept.update({uid: dict(body) for uid, body in bodies.items()})
                connection.executemany(
                    "INSERT OR REPLACE INTO metadata VALUES (?,?,?)",
                    ((plural, uid, json.dumps(body)) for uid, body in bodies.items()),
                )
            for plural, uids in deletes.items():
                for uid in uids:
                    self._metadata.get(plural, {}).pop(uid, None)
                    key = (plural, uid)
                    connection.execute("DELETE FROM metadata WHERE plural=? AND id=?", key)
            self.metadata_revision += 1

    def has_data_values(self, column: str, uid: str) -> bool:
        """Whether a data value names the UID in a column, deleted ones included."""
        with self._lock:
            query = f"SELECT 1 FROM data_value WHERE {column}=? LIMIT 1"
            return self._writer.execute(query, (uid,)).fetchone() is not None

    def prune_data_values(self, column: str, uid: str) -> None:
        """Remove every data value that names the UID in a column, for good."""
        with self.writing() as connection:
            connection.execute(f"DELETE FROM data_value WHERE {column}=?", (uid,))

    def settings(self) -> dict[str, Any]:
        """System settings by name, as ``/api/systemSettings`` shows them."""
        with self._lock:
            rows = self._writer.execute("SELECT name, body FROM setting").fetchall()
        return {name: json.loads(body) for name, body in rows}

    def put_setting(self, name: str, value: Any) -> None:
        """Store one system setting; ``keyCalendar`` is the calendar of ``/api/system/info``."""
        with self.writing() as connection:
            connection.execute("REPLACE INTO setting VALUES (?,?)", (name, json.dumps(value)))

    def put_token(self, key: str, username: str) -> None:
        """Remember a personal access token."""
        with self.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO token VALUES (?,?)", (key, username))

    def delete_token(self, key: str) -> None:
        """Forget a personal access token."""
        with self.writing() as connection:
            connection.execute("DELETE FROM token WHERE key=?", (key,))

    def put_password(self, username: str, password: str) -> None:
        """Remember the password of one account."""
        with self.writing() as connection:
            connection.execute("REPLACE INTO password VALUES (?,?)", (username, password))
            self._passwords[username] = password

    def find_password(self, username: str) -> str | None:
        """The password of an account's own; None when it was not given one."""
        return self._passwords.get(username)

    def find_token_user(self, key: str) -> str | None:
        """The user name behind a token."""
        with self._lock:
            row = self._writer.execute("SELECT username FROM token WHERE key=?", (key,)).fetchone()
        return row[0] if row else None

    # Completeness

    def put_registrations(self, registrations: Iterable[Registration]) -> None:
        """Store registrations over those with the same key."""
        with self.writing() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO registration VALUES (?,?,?,?,?,?,?)",
                (astuple(row) for row in registrations),
            )

    def delete_registrations(self, registrations: Iterable[Registration]) -> None:
        """Remove registrations by their key."""
        with self.writing() as connection:
            connection.executemany(
                "DELETE FROM registration WHERE data_set=? AND period=? AND org_unit=? "
                "AND attribute_option_combo=?",
                (astuple(row)[:4] for row in registrations),
            )

    def registrations(self, data_sets: Iterable[str] | None = None) -> list[Registration]:
        """The registrations of some data sets, or all, in key order."""
        wanted = "" if data_sets is None else " WHERE data_set IN (SELECT value FROM json_each(?))"
        values = [] if data_sets is None else [json.dumps(list(data_sets))]
        with self._lock:
            rows = self._writer.execute(f"SELECT * FROM registration{wanted}", values).fetchall()
        return [Registration(*row[:6], completed=bool(row[6])) for row in rows]
