"""File resources as the sandbox's SQLite file holds them, and which object each belongs to."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

Writing = Callable[[], AbstractContextManager[sqlite3.Connection]]


class FileStore:
    """File resources of one instance; ``connect`` opens a connection to read on."""

    def __init__(self, writing: Writing, connect: Callable[[], sqlite3.Connection]) -> None:
        self._writing = writing
        self._connect = connect

    def put(self, facts: dict[str, Any], content: bytes, owner: str = "") -> None:
        """Store a file resource; ``facts`` are its members as the server shows them."""
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO file_resource VALUES (?,?,?,?)",
                (facts["id"], json.dumps(facts), content, owner),
            )

    def find(self, uid: str) -> tuple[dict[str, Any], bytes] | None:
        """Members and content of a file resource."""
        row = self._read("SELECT body, content FROM file_resource WHERE uid=?", uid)
        return (json.loads(row[0]), bytes(row[1])) if row else None

    def find_owner(self, uid: str) -> str | None:
        """The object that a file resource belongs to; "" for none yet, None for no such file."""
        row = self._read("SELECT owner FROM file_resource WHERE uid=?", uid)
        return row[0] if row else None

    @staticmethod
    def claim(connection: sqlite3.Connection, uid: str, owner: str) -> None:
        """Let a file resource belong to an object, within a transaction."""
        connection.execute("UPDATE file_resource SET owner=? WHERE uid=?", (owner, uid))

    def _read(self, query: str, uid: str) -> Any:
        connection = self._connect()
        try:
            return connection.execute(query, (uid,)).fetchone()
        finally:
            connection.close()
