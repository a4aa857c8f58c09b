"""One writer per destination: a lease that every push takes, however its run was launched.

Command-line runs pass Dagster's queue by, so order in the queue is not enough. The lock is the
operating system's own: it ends with the process that holds it, so it survives no crash.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from d2_assets.disk import name_disk_errors
from d2_assets.errors import ConfigurationError, TransientError
from d2_assets.identifiers import make_slug


@contextmanager
def hold_lease(
    folder: Path,
    destination: str,
    holder: str,
    *,
    wait_seconds: float = 600,
    log: Callable[[str], None] = lambda words: None,
) -> Iterator[None]:
    """Work on ``destination`` (the URL of a server, or a folder's name) alone, as ``holder``.

    Waits up to ``wait_seconds`` and logs who holds the lease; then TransientError.
    """
    path = folder / f"{make_slug(destination)}.lock"
    lock, note = FileLock(path), path.with_suffix(".json")
    if not os.access(folder, os.W_OK):
        raise ConfigurationError(
            f"The folder of leases {folder} is not writable.",
            remedy="Give the account that runs d2_assets write access to it.",
            key="home",
        )
    if not _try_lock(lock, 0):
        log(f"Waiting for {_read_holder(note)}, which works on {destination} now.")
        if not _try_lock(lock, wait_seconds):
            raise TransientError(
                f"{_read_holder(note)} still works on {destination} "
                f"after {wait_seconds:.0f} seconds of waiting.",
                remedy="Launch this run again when that one has ended.",
            )
    try:
        with name_disk_errors(note):
            words = json.dumps({"holder": holder, "process": os.getpid()})
            note.write_text(words, encoding="utf-8")
        yield
    finally:
        lock.release()


def _try_lock(lock: FileLock, seconds: float) -> bool:
    try:
        with name_disk_errors(Path(lock.lock_file)):
            lock.acquire(timeout=seconds)
    except Timeout:
        return False
    return True


def _read_holder(note: Path) -> str:
    try:
        content = json.loads(note.read_text(encoding="utf-8"))
        return f"{content['holder']} (process {content['process']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another run"
