"""Every chunk is noted before it is sent and again when it is settled, so that a run that was
killed is continued and not repeated.

One file a pair and month, a line of JSON for each event, durable before the next step is taken::

    {"event": "begin", "run": …, "destination": …, "at": …}
    {"event": "sent", "chunk": 7, "rows": 5000, "digests": …, "at": …}
    {"event": "settled", "chunk": 7, "ended": [{"outcome": …, "code": …, "rows": [3, 8]}], "at": …}
    {"event": "reconciled", "run": …, "at": …}

After ``reconciled`` the month's ledger holds what came of every row, and the next run begins the
file anew. Without it the run was cut short, unless it still works on it: a journal that is written
to is locked by the operating system, which lets go when the process ends, however it ends.
"""

import base64
import os
import threading
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock, Timeout

from d2_assets.disk import flush_to_disk, name_disk_errors
from d2_assets.errors import ContractError, TransientError


@dataclass(frozen=True, slots=True)
class Ended:
    """How some rows of a chunk ended, those (by their place in it) that were not simply taken."""

    outcome: str
    code: str
    words: str
    attempts: int
    rows: Sequence[int]


class Journal:
    """The open journal of a month; safe for several writers at once. See ``open_journal``.

    Its methods raise ConfigurationError when the disk is full or the folder closed to us.
    """

    def __init__(self, path: Path, run: str, destination: str, clock: Callable[[], float]) -> None:
        self.path = path
        self._run = run
        self._destination = destination
        self._clock = clock
        self._lock = threading.Lock()
        self._chunk = 0
        self._has_begun = False

    def send(self, digests: Sequence[int], **about: str) -> int:
        """Note that rows with these fingerprints go out now; gives the chunk's number."""
        with self._lock:
            if not self._has_begun:
                self._begin()
            self._chunk += 1
            text = base64.b64encode(array("Q", digests).tobytes()).decode("ascii")
            self._write("sent", chunk=self._chunk, rows=len(digests), **about, digests=text)
            return self._chunk

    def settle(self, chunk: int, ended: Iterable[Ended]) -> None:
        """Note how a chunk ended; rows that ``ended`` does not name were taken."""
        with self._lock:
            self._write("settled", chunk=chunk, ended=[asdict(item) for item in ended])

    def finish(self) -> None:
        """Note that the ledger now holds what came of every row of the month."""
        with self._lock:
            if self._has_begun or not is_finished(read_journal(self.path)):
                self._write("reconciled", run=self._run)

    def _begin(self) -> None:
        """Take up a journal that was cut short at this destination, or begin it anew."""
        entries = list(read_journal(self.path))
        if is_finished(entries) or not is_of(entries, self._destination):
            self.path.unlink(missing_ok=True)
        else:
            self._chunk = max((entry.get("chunk", 0) for entry in entries), default=0)
            _cut_torn_line(self.path)
        self._has_begun = True
        self._write("begin", run=self._run, destination=self._destination)
        flush_to_disk(self.path.parent)  # a power cut must not take the file's name

    def _write(self, event: str, **members: Any) -> None:
        line = orjson.dumps({"event": event, "at": self._clock(), **members}) + b"\n"
        with name_disk_errors(self.path), self.path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def open_journal(
    path: Path, run: str, destination: str, clock: Callable[[], float]
) -> Iterator[Journal]:
    """The journal of a month for one run at a time; nothing is written before the first chunk.

    ``destination`` is the server's URL. TransientError when another run writes to it.
    """
    lock = _lock_of(path)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise TransientError(
            f"Another run writes to the journal {path} now.",
            remedy="Launch this run again when that one has ended.",
        ) from error
    try:
        yield Journal(path, run, destination, clock)
    finally:
        lock.release()


def read_journal(path: Path) -> Iterator[Mapping[str, Any]]:
    """The events of a journal, oldest first; a last line that was torn was never there.

    ContractError names a line in the middle that is no event.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise ContractError(
                    f"Line {number} of the journal {path} is damaged.",
                    remedy="Delete the file and launch the partition again: both servers are read "
                    "and compared, and only what differs is sent.",
                ) from error


def decode_digests(entry: Mapping[str, Any]) -> Sequence[int]:
    """The fingerprints of a ``sent`` event."""
    return array("Q", base64.b64decode(entry["digests"]))


def is_finished(entries: Iterable[Mapping[str, Any]]) -> bool:
    """Whether there is nothing to continue: no event at all, or ``reconciled`` as the last one."""
    last = deque(entries, maxlen=1)
    return not last or last[0]["event"] == "reconciled"


def is_of(entries: Iterable[Mapping[str, Any]], destination: str) -> bool:
    """Whether the journal is of that server: a pair may be given another destination."""
    return all(entry["destination"] == destination for entry in entries if "destination" in entry)


def _cut_torn_line(path: Path) -> None:
    content = path.read_bytes()
    if not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)


def is_live(path: Path) -> bool:
    """Whether a run that still works writes to the journal."""
    lock = _lock_of(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _lock_of(path: Path) -> FileLock:
    return FileLock(path.with_suffix(".lock"))
