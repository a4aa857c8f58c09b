"""What is planned is sent, chunk by chunk, by one writer: what is needed first goes first.

A family travels in one request where it fits. A push that is cancelled lets the request under way
end and sends nothing more; every run plans anew by comparing, so the next one goes on from there.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.metadata_reports import MetadataReport
from d2_assets.errors import CancelledError, OutcomeUnknownError, RejectedError
from d2_assets.metadata.chunks import Circle, Sending, group_classes, iterate_chunks, order_circles
from d2_assets.metadata.compare import Comparison
from d2_assets.metadata.objects import Key
from d2_assets.metadata.readback import read_back
from d2_assets.metadata.settle import settle_chunk
from d2_assets.metadata.settlement import Settlement

#: Seconds between two looks at the destination after an answer was lost.
_STILL_STORING = 10.0

#: What comes back when a request had more objects than could be stored in time.
_TOO_SLOW = frozenset({0, 502, 504})
_TOO_LARGE = 413

#: Told while sending: objects that are settled so far.
Report = Callable[[Settlement], None]


@dataclass(frozen=True, slots=True)
class Line:
    """The way to the destination. ``stop`` is set when nothing more may be sent; ``sleep`` raises
    CancelledError then; ``chunk_size`` is the most objects a request, ``page_size`` a page;
    ``before`` are the stamps of the objects that are updated, as they were read."""

    client: DHIS2Client
    comparison: Comparison
    stop: threading.Event
    sleep: Callable[[float], None]
    chunk_size: int = 1000
    page_size: int = 500
    before: Mapping[Key, str] = field(default_factory=dict)


class _Post:
    """The destination as the chunks of one push see it."""

    def __init__(self, line: Line, strategy: str) -> None:
        self._line = line
        self._strategy = strategy
        self._size = line.chunk_size

    @property
    def most_objects(self) -> int:
        return self._size

    @property
    def is_stopped(self) -> bool:
        return self._line.stop.is_set()

    def post(self, sendings: Sequence[Sending]) -> MetadataReport:
        try:
            return self._line.client.post_metadata(
                group_classes(sendings), strategy=self._strategy, atomic_mode="ALL"
            )
        except (RejectedError, OutcomeUnknownError) as error:
            slow = isinstance(error, OutcomeUnknownError) and error.status in _TOO_SLOW
            if error.status == _TOO_LARGE or slow:
                self._size = max(1, min(self._size, len(sendings)) // 2)
            raise

    def validate(self, sending: Sending) -> MetadataReport:
        return self._line.client.post_metadata(
            group_classes([sending]), strategy=self._strategy, validate_only=True
        )

    def find_missing(self, sendings: Sequence[Sending]) -> frozenset[Key]:
        found = read_back(
            self._line.client, [sending.key for sending in sendings], self._line.page_size
        )
        if self._strategy == "DELETE":
            return frozenset(found)
        return frozenset(one.key for one in sendings if not self._has_landed(one, found))

    def _has_landed(self, sending: Sending, found: Mapping[Key, Mapping[str, Any]]) -> bool:
        """A new object is there; one that was to be changed is as sent, or was stamped since: the
        server may keep a value of its own."""
        body = found.get(sending.key)
        if body is None:
            return False
        before = self._line.before.get(sending.key)
        if before is None or before != str(body.get("lastUpdated") or ""):
            return True
        return self._line.comparison.is_equal(sending.key[0], sending.body, body)

    def pause(self) -> None:
        with suppress(CancelledError):  # a cancelled run, too, looks where its objects are
            self._line.sleep(_STILL_STORING)


def push_objects(
    line: Line,
    sendings: Sequence[Sending],
    report: Report = lambda settlement: None,
) -> Settlement:
    """Create and update the objects; what stopped the push is in the settlement's ``error``."""
    return _push(line, "CREATE_AND_UPDATE", order_circles(sendings), report)


def delete_objects(
    line: Line, sendings: Sequence[Sending], report: Report = lambda settlement: None
) -> Settlement:
    """Delete the objects, what needs others before what is needed."""
    circles = [
        [replace(sending, body={"id": sending.key[1]}, needs=frozenset()) for sending in circle]
        for circle in reversed(order_circles(sendings))
    ]
    return _push(line, "DELETE", circles, report)


def _push(line: Line, strategy: str, circles: Sequence[Circle], report: Report) -> Settlement:
    settlement, post = Settlement(), _Post(line, strategy)

    def send() -> None:
        for chunk in iterate_chunks(circles, lambda: post.most_objects):
            if settlement.error is not None:
                return
            settle_chunk(post, chunk, settlement)

    _run_beside(line.stop, send, settlement, report)
    return settlement


def _run_beside(
    stop: threading.Event, send: Callable[[], None], settlement: Settlement, report: Report
) -> None:
    """Send in a thread of its own: an interruption must not cut a request in two."""
    with ThreadPoolExecutor(1, thread_name_prefix="writer") as pool:
        running = pool.submit(send)
        try:
            while not wait([running], 0.5).done:
                report(settlement)
            running.result()
        except Exception:
            stop.set()
            raise
        except BaseException as interruption:  # noqa: BLE001 - raised again by defs.runs
            stop.set()
            wait([running])
            settlement.error = CancelledError(interruption)
    report(settlement)
