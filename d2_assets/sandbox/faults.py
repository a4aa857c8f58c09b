"""Misbehaviour on order, and the log of what was asked.

Real servers lose answers in more ways than they refuse requests: a proxy gives up after the rows
were stored, a connection ends in the middle, a login page comes with status 200.
"""

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

FaultKind = Literal["cut", "status_503", "slow", "stored_504", "html", "not_json"]
FAULT_KINDS = ("cut", "status_503", "slow", "stored_504", "html", "not_json")


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, and with which requests.

    ``after`` matching requests are answered well first, then ``times`` are not (None: all).
    ``seconds`` is for slow; ``retry_after`` is the header of a 503; ``framing`` is how the length
    of a cut answer was announced.
    """

    kind: FaultKind
    path_prefix: str = "/api"
    method: str = ""
    times: int | None = 1
    after: int = 0
    seconds: float = 1.0
    retry_after: int | None = None
    framing: Literal["chunked", "content_length"] = "chunked"


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request as it was answered. ``rows`` are the data values of a write."""

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

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that this request meets; counts the request for every fault that it fits."""
        with self._lock:
            met = None
            for ordered in self._ordered:
                fault = ordered.fault
                if fault.method not in ("", method) or not path.startswith(fault.path_prefix):
                    continue
                ordered.matched += 1
                turn = ordered.matched - fault.after
                if turn > 0 and (fault.times is None or turn <= fault.times):
                    met = met or fault
            return met


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
