"""Which months a schedule asks for: whole months before the moment it is due, and the current one.

The moment counts in the schedule's own time zone. Partitions begin by UTC: in a place east of it
the current month has none for the first hours, and is left to the next time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

from d2_assets.settings import Pair, SweepSettings


@dataclass(frozen=True, slots=True)
class Span:
    """Months from first to last (inclusive). ``tracker_alone``: of tracked entities only."""

    first: str
    last: str
    tracker_alone: bool = False


def list_spans(pair: Pair, due: datetime, first_month: str) -> tuple[Span, ...]:
    """The months that a pair's schedule asks for at ``due`` (with a time zone), a span for each
    run. Those before ``first_month`` are left out, so there may be no span."""
    schedule = pair.schedule
    here = _number(due, ZoneInfo(schedule.time_zone))
    if find_current(pair) == "all":
        return _clip(here - schedule.months, here, due, first_month)
    whole = _clip(here - schedule.months, here - 1, due, first_month)
    if find_current(pair) == "none":
        return whole
    current = _clip(here, here, due, first_month)
    return (*whole, *(Span(one.first, one.last, tracker_alone=True) for one in current))


def list_sweep_spans(sweep: SweepSettings, due: datetime, first_month: str) -> tuple[Span, ...]:
    """The last so many months of a sweep, the current one among them: one span, or none."""
    here = _number(due, ZoneInfo(sweep.time_zone))
    return _clip(here - sweep.months + 1, here, due, first_month)


def find_current(pair: Pair) -> Literal["all", "tracker", "none"]:
    """Of what a pair's schedule takes the month that still runs: all, tracked entities, nothing."""
    schedule = pair.schedule
    if schedule.current_month is not None:
        return "all" if schedule.current_month else "none"
    # Nothing else is asked for with months 0; and tracked entities alone join into one range.
    if schedule.every != "month" or schedule.months == 0 or pair.sync_type == "tracker":
        return "all"
    return "tracker" if pair.moves("tracker") else "none"


def _clip(first: int, last: int, due: datetime, first_month: str) -> tuple[Span, ...]:
    """The months that have partitions, as one span; none where there is no such month."""
    first = max(first, int(first_month[:4]) * 12 + int(first_month[4:]) - 1)
    last = min(last, _number(due, UTC))
    return (Span(_text(first), _text(last)),) if first <= last else ()


def _number(due: datetime, zone: tzinfo) -> int:
    """Months since the year 0."""
    local = due.astimezone(zone)
    return local.year * 12 + local.month - 1


def _text(number: int) -> str:
    return f"{number // 12:04}{number % 12 + 1:02}"
