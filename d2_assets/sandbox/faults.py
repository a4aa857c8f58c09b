"""Misbehaviour on order, and the log of what was asked.

Real servers lose answers in more ways than they refuse requests: a proxy gives up after the rows
were stored, a connection ends in the middle, a login page comes with status 200, a success is
reported of rows that were never stored.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import orjson

FaultKind = Literal[
    "cut",
    "cut_gzip",
    "html",
    "not_json",
    "reset",
    "slow",
    "status_401",
    "status_413",
    "status_502",
    "status_503",
    "stored_504",
    "stored_slow",
    "success_lost",
]
FAULT_KINDS: tuple[str, ...] = get_args(FaultKind)
_LOSSY = {"/api/metadata": ("metadata",), "/api/tracker": ("tracker",)}
_DATA_VALUES = ("dataValueSets", "dataValueSets.json")


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, and with which requests.

    ``after`` matching requests are answered well first, then ``times`` are not (None: all).
    ``seconds`` is for slow and stored_slow; ``retry_after`` is the header of a 503; ``framing`` is
    how the length of a cut answer was announced; ``stored`` tells of a reset whether the request
    was carried out. A status_413 meets only writes of more than ``max_rows`` rows or ``max_bytes``
    bytes as sent (both None: every write). A success_lost meets only writes of data values and
    loses the last ``max_rows`` (None: all) of those that would have changed something; with the
    ``path_prefix`` "/api/metadata" or "/api/tracker" it meets imports there and loses their last
    objects.
    """

    kind: FaultKind
    path_prefix: str = "/api"
    method: str = ""
    times: int | None = 1
    after: int = 0
    seconds: float = 1.0
    retry_after: int | None = None
    framing: Literal["chunked", "content_length"] = "chunked"
    max_rows: int | None = None
    max_bytes: int | None = None
    stored: bool = False


@dataclass(frozen=True, slots=True)
class RequestSize:
    """``bytes`` as sent; ``rows`` are data values, or the items of another write."""

    rows: int
    bytes: int


def measure_request(sent: bytes, unpacked: bytes) -> RequestSize:
    """The size of a body, before and after its compression was undone."""
    try:
        content = orjson.loads(unpacked) if unpacked else []
    except orjson.JSONDecodeError:
        return RequestSize(rows=1, bytes=len(sent))
    return RequestSize(rows=_count_items(content), bytes=len(sent))


def _count_items(content: Any) -> int:
    if isinstance(content, list):
        return len(content)
    members = content.values() if isinstance(content, dict) else ()
    lists = [member for member in members if isinstance(member, list)]
    return sum(map(len, lists)) if lists else 1


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request as it was answered. ``rows`` are the data values of a write.

    ``status`` 0 is no answer at all: the connection was reset.
    """

    method: str
    path: str
    query: str
    username: str
    rows: int
    status: int
    fault: str


@dataclass(slots=True)
class _Ordered:
    fault: Fault
    matched: int = 0


@dataclass(slots=True)
class FaultPlan:
    """The faults in force; safe to change while requests run."""

    _ordered: list[_Ordered] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        """Order a fault."""
        with self._lock:
            self._ordered.append(_Ordered(fault))

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._ordered.clear()

    def take(self, method: str, path: str, measure: Callable[[], RequestSize]) -> Fault | None:
        """The fault that this request meets; counts the request for every fault that it fits.

        ``measure`` reads the body, so it is called only when a fault asks for the size.
        """
        with self._lock:
            met = None
            for ordered in self._ordered:
                fault = ordered.fault
                if not _fits(fault, method, path, measure):
                    continue
                ordered.matched += 1
                turn = ordered.matched - fault.after
                if turn > 0 and (fault.times is None or turn <= fault.times):
                    met = met or fault
            return met


def _fits(fault: Fault, method: str, path: str, measure: Callable[[], RequestSize]) -> bool:
    if fault.method not in ("", method) or not path.startswith(fault.path_prefix):
        return False
    if fault.kind == "success_lost":
        lossy = _LOSSY.get(fault.path_prefix, _DATA_VALUES)
        return method == "POST" and path.rpartition("/")[2] in lossy
    return fault.kind != "status_413" or _is_too_large(fault, measure())


def _is_too_large(fault: Fault, size: RequestSize) -> bool:
    if fault.max_rows is None and fault.max_bytes is None:
        return size.bytes > 0
    return (fault.max_rows is not None and size.rows > fault.max_rows) or (
        fault.max_bytes is not None and size.bytes > fault.max_bytes
    )


class RequestLog:
    """The last 100,000 requests."""

    def __init__(self) -> None:
        self._records: deque[RequestRecord] = deque(maxlen=100_000)

    def add(self, record: RequestRecord) -> None:
        """Note a request."""
        self._records.append(record)

    def list_records(self) -> list[RequestRecord]:
        """Oldest first."""
        return list(self._records)

    def clear(self) -> None:
        """Forget."""
        self._records.clear()
