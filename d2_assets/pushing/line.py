"""The way to a destination, and what a push over it came to.

A size that was too large or too slow for the server, or for a proxy before it, makes the requests
of all writers smaller; what stands there after a lost answer is looked at after a while only.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import CancelledError, D2AssetsError, OutcomeUnknownError, RejectedError
from d2_assets.ledger.journal import Journal
from d2_assets.pushing.pace import Pace

#: Seconds between two looks at the destination after an answer was lost.
STILL_STORING = 10.0

#: What comes back when a request had more rows than could be stored in time: a gateway's answer,
#: or none.
_TOO_SLOW = frozenset({0, 502, 504})
_TOO_LARGE = 413

_Report = TypeVar("_Report")


@dataclass(frozen=True, slots=True)
class Line:
    """The way to the destination: who asks, how much at a time, and who keeps the journal.

    ``stop`` is set when nothing more may be sent; ``clock`` gives seconds.
    """

    client: DHIS2Client
    journal: Journal
    pace: Pace
    writers: int
    stop: threading.Event
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    def time(self, rows: int, post: Callable[[], _Report]) -> _Report:
        """Post a request of so many rows; the pace learns from how it went."""
        began = self.clock()
        try:
            report = post()
        except (RejectedError, OutcomeUnknownError) as error:
            too_large = error.status == _TOO_LARGE
            if too_large or (isinstance(error, OutcomeUnknownError) and error.status in _TOO_SLOW):
                self.pace.fail(rows, too_large=too_large)
            raise
        self.pace.succeed(rows, self.clock() - began)
        return report

    def pause(self) -> None:
        """Wait: behind a proxy that gave up, the server may still be storing."""
        with suppress(CancelledError):  # a cancelled run, too, looks where its rows are
            self.sleep(STILL_STORING)


@dataclass(slots=True)
class PushResult:
    """Rows sent, rows refused for good, chunks and requests, and what stopped the push."""

    sent: int = 0
    refused: int = 0
    chunks: int = 0
    requests: int = 0
    error: D2AssetsError | None = None
