"""A real PostgreSQL that the tests start themselves and end again.

It listens on loopback, asks for passwords, and lies in a folder that goes with it. PostgreSQL
refuses to run as root: started by root it runs as another account of the machine.
"""

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql
from sqlalchemy.engine import URL

from d2_assets.serve import LOOPBACK, find_free_port

OLDEST = 15
_WHERE = (Path("/usr/lib/postgresql"), Path("/usr/pgsql"), Path("/usr/local/pgsql"))
_ADMIN = "admin"
#: Accounts that may exist to run a server for root.
_ACCOUNTS = ("postgres", "nobody")
_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server that runs. ``admin`` may do all."""

    admin: URL

    def create_database(self, name: str, password: str) -> URL:
        """A new database that belongs to a new account of the same name; its address."""
        account = sql.Identifier(name)
        self.execute(
            sql.SQL("create role {} login password {}").format(account, sql.Literal(password))
        )
        self.execute(sql.SQL("create database {} owner {}").format(account, account))
        return self.admin.set(username=name, password=password, database=name)

    def execute(self, statement: str | sql.Composable, database: str = "") -> list[tuple[Any, ...]]:
        """What one statement returns, done as ``admin``."""
        return query(self.admin.set(database=database or self.admin.database), statement)


def query(url: URL, statement: str | sql.Composable) -> list[tuple[Any, ...]]:
    """What one statement returns in the database of ``url``."""
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg2.connect(plain, connect_timeout=5)) as connection:
        connection.autocommit = True  # a database is not created in a transaction
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for the session; tests make databases of their own in it."""
    with run_postgres() as server:
        yield server


@contextmanager
def run_postgres() -> Iterator[PostgresServer]:
    """A server in a new folder; skips the test where PostgreSQL is not installed."""
    programs = find_postgres()
    if programs is None:
        pytest.skip(f"PostgreSQL {OLDEST} or later is not installed (Debian package: postgresql).")
    folder = Path(tempfile.mkdtemp(prefix="d2-assets-postgres-"))
    try:
        password = _make_cluster(programs, folder)
        port = find_free_port(20_000 + os.getpid() % 20_000)
        url = URL.create("postgresql+psycopg2", _ADMIN, password, LOOPBACK, port, "postgres")
        with _run_server(programs, folder, url):
            yield PostgresServer(url)
    finally:
        shutil.rmtree(folder)


def find_postgres() -> Path | None:
    """The folder with initdb and postgres of the newest version that is new enough."""
    found = [file.parent for where in _WHERE for file in where.glob("*/bin/initdb")]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    versions = {folder: _version(folder) for folder in found if (folder / "postgres").exists()}
    fit = [folder for folder, version in versions.items() if version >= OLDEST]
    return max(fit, key=lambda folder: versions[folder], default=None)


def _version(programs: Path) -> int:
    command = [programs / "postgres", "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else 0


def _make_cluster(programs: Path, folder: Path) -> str:
    """Make the files of a server in ``folder``; the password of ``admin``."""
    password = secrets.token_urlsafe(12)
    file = folder / "password"
    file.write_text(password, encoding="utf-8")
    account = _account()
    if account is not None:
        for path in (folder, file):
            os.chown(path, account.pw_uid, account.pw_gid)
    command = [
        *(programs / "initdb", "--pgdata", folder / "data", "--username", _ADMIN),
        *("--pwfile", file, "--auth", "scram-sha-256", "--encoding", "UTF8"),
        *("--locale", "C", "--no-sync"),
    ]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, **_as_account()
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return password


@contextmanager
def _run_server(programs: Path, folder: Path, url: URL) -> Iterator[None]:
    command: Sequence[str | Path] = [
        *(programs / "postgres", "-D", folder / "data", "-k", folder),
        *("-h", LOOPBACK, "-p", str(url.port), "-c", "fsync=off"),
    ]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, **_as_account()
        ) as process,
    ):
        try:
            _wait(process, url, folder / "log")
            yield
        finally:
            process.send_signal(signal.SIGINT)  # open connections are ended
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)


def _wait(process: "subprocess.Popen[Any]", url: URL, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            query(url, "select 1")
            return
        except psycopg2.OperationalError:
            ended = process.poll() is not None or time.monotonic() > deadline
            assert not ended, log.read_text(encoding="utf-8")
            time.sleep(0.1)


def _account() -> pwd.struct_passwd | None:
    """The account that runs the server; None is this one."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next(known[name] for name in _ACCOUNTS if name in known)


def _as_account() -> dict[str, Any]:
    account = _account()
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
