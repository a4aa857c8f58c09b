"""Every byte that a run leaves behind, searched for secrets in all the ways they may be written."""

import base64
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq

#: All that Python logs, of all libraries, becomes part of the event log, as far down as it goes.
_EVERYTHING = {"python_logs": {"managed_python_loggers": ["root"], "python_log_level": "DEBUG"}}


@contextmanager
def open_instance(folder: Path) -> Iterator[dg.DagsterInstance]:
    """A Dagster on disk (SQLite, compute logs) that keeps the log of every library."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    folder.mkdir()
    try:
        with dg.DagsterInstance.local_temp(str(folder), overrides=_EVERYTHING) as instance:
            yield instance
    finally:
        root.setLevel(level)


def list_needles(*secrets: str, username: str = "admin") -> list[bytes]:
    """What to look for: of each secret the part that no spelling changes, and its base64.

    A secret of these tests begins with at least 12 letters and digits that stand nowhere else.
    """
    needles = []
    for secret in secrets:
        core = secret[:12]
        assert core.isascii()
        assert core.isalnum() or core.startswith(("d2p_", "d2pat_"))
        pair = base64.b64encode(f"{username}:{secret}".encode())
        alone = base64.b64encode(secret.encode())
        needles += [secret[6:18].encode(), core.encode(), pair[8:20], alone[:12]]
    return [needle.lower() for needle in needles]


def find_secrets(needles: Iterable[bytes], folders: Iterable[Path], texts: Iterable[str]) -> list:
    """Where a secret stands: files below the folders (tables as text too), and texts by number."""
    needles = list(needles)
    places = [(str(path), content.lower()) for path, content in _iterate_files(folders)]
    places += [(f"text {number}", text.encode().lower()) for number, text in enumerate(texts)]
    return [(name, needle) for name, content in places for needle in needles if needle in content]


def _iterate_files(folders: Iterable[Path]) -> Iterator[tuple[Path, bytes]]:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                yield path, path.read_bytes()
            if path.suffix == ".parquet":
                yield path, str(pq.read_table(path).to_pydict()).encode()
