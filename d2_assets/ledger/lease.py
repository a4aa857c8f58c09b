"""As many writers per destination as it may have: a lease that every push takes, however its run
was launched.

Command-line runs pass Dagster's queue by, so order in the queue is not enough. The lock is the
operating system's own: it ends with the process that holds it, so it survives no crash.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from d2_assets.disk import name_disk_errors
from d2_assets.errors import ConfigurationError, TransientError
from d2_assets.identifiers import make_slug

_PAUSE_SECONDS = 0.05


@contextmanager
def hold_lease(
    folder: Path,
    destination: str,
    holder: str,
    *,
    places: int = 1,
    wait_seconds: float = 600,
    log: Callable[[str], None] = lambda words: None,
) -> Iterator[None]:
    """Work on ``destination`` (the URL of a server, or a folder's name) as ``holder``, with
    ``places`` - 1 others at most.

    Waits up to ``wait_seconds`` and logs who holds the lease; then TransientError.
    """
    if not os.access(folder, os.W_OK):
        raise ConfigurationError(
            f"The folder of leases {folder} is not writable.",
            remedy="Give the account that runs d2_assets write access to it.",
            key="home",
        )
    slug = make_slug(destination)
    # The first place has the name that a lease of one place has: the number may change meanwhile.
    names = (slug, *(f"{slug}~{place}" for place in range(1, places)))
    locks = [FileLock(folder / f"{name}.lock") for name in names]
    lock = _take_one(locks)
    if lock is None:
        log(f"Waiting for {_list_holders(locks)}, which works on {destination} now.")
        lock = _wait_for_one(locks, wait_seconds)
    if lock is None:
        raise TransientError(
            f"{_list_holders(locks)} still works on {destination} "
            f"after {wait_seconds:.0f} seconds of waiting.",
            remedy="Launch this run again when that one has ended.",
        )
    try:
        note = _note_of(lock)
        with name_disk_errors(note):
            words = json.dumps({"holder": holder, "process": os.getpid()})
            note.write_text(words, encoding="utf-8")
        yield
    finally:
        lock.release()


def _take_one(locks: Sequence[FileLock]) -> FileLock | None:
    """The first place that is free, taken; None where all are held."""
    for lock in locks:
        try:
            with name_disk_errors(Path(lock.lock_file)):
                lock.acquire(timeout=0)
        except Timeout:
            continue
        return lock
    return None


def _wait_for_one(locks: Sequence[FileLock], seconds: float) -> FileLock | None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(min(_PAUSE_SECONDS, seconds))
        lock = _take_one(locks)
        if lock is not None:
            return lock
    return None


def _note_of(lock: FileLock) -> Path:
    """The file that says who holds the place."""
    return Path(lock.lock_file).with_suffix(".json")


def _list_holders(locks: Sequence[FileLock]) -> str:
    return " and ".join(_read_holder(_note_of(lock)) for lock in locks)


def _read_holder(note: Path) -> str:
    try:
        content = json.loads(note.read_text(encoding="utf-8"))
        return f"{content['holder']} (process {content['process']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another run"
