"""The months of a run as days to ask for, and the month that an object belongs to.

An object belongs to the month that its server writes in its stamp, in the server's own time zone.
A server may compare days in another zone, so a window is asked for with a day more at each end
and what came along is cut off by the text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from d2_assets.periods import parse_month

#: Days that are asked for more: one for time zones, and one since versions differ in whether the
#: last day of a window belongs to it.
_PADDING = 2


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days to ask for ("2026-03-01"), both included; empty: open."""

    after: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """The months of one piece of work ("202511"), in order.

    ``takes_older``: the first month of all, ``first_month``, also holds everything older.
    ``start`` and ``end`` are the pair's dates, both included.
    """

    months: tuple[str, ...]
    first_month: str
    takes_older: bool = False
    start: date | None = None
    end: date | None = None

    def find_month(self, stamp: str) -> str:
        """The month that an object with that stamp belongs to; empty when it is none of these."""
        day = stamp[:10]
        if not day or (self.start and day < self.start.isoformat()):
            return ""
        if self.end and day > self.end.isoformat():
            return ""
        month = day[:4] + day[5:7]
        if self.takes_older and month < self.first_month:
            month = self.first_month
        return month if month in self.months else ""

    @property
    def ranges(self) -> tuple[DayRange, ...]:
        """What to ask for: months that follow each other are one range."""
        return tuple(self._pad(run[0], run[-1]) for run in _find_runs(self.months))

    def _pad(self, first: str, last: str) -> DayRange:
        opening, closing = parse_month(first).start, parse_month(last).end
        if self.start:
            opening = max(opening, self.start)
        if self.end:
            closing = min(closing, self.end)
        is_open = self.takes_older and first == self.first_month and not self.start
        return DayRange(
            "" if is_open else str(opening - timedelta(days=_PADDING)),
            str(max(opening, closing) + timedelta(days=_PADDING)),
        )


def _find_runs(months: Sequence[str]) -> Iterator[list[str]]:
    run: list[str] = []
    for month in sorted(months):
        if run and parse_month(run[-1]).end + timedelta(days=1) != parse_month(month).start:
            yield run
            run = []
        run.append(month)
    if run:
        yield run
