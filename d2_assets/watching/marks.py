"""How far a source was looked at: a stamp on its own clock, and what was met around it.

A change may be stored after a later one was seen: its transaction was open longer. So each look
reaches back before the mark by an overlap, and ``seen`` tells what was met there already. Few items
are remembered one by one; of many, which a bulk import leaves, each month has a number and a sum.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from struct import pack, unpack
from typing import Self

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.system import get_system_info
from d2_assets.stamps import SECOND, read_stamp, write_stamp
from d2_assets.watching.clock import find_repeated_hour, read_clock, to_local
from d2_assets.watching.facts import SourceFacts
from d2_assets.watching.sighting import Items

#: Items that are remembered one by one; the state of a pair holds this for each of its resources.
MOST_REMEMBERED = 128

_SUMS = 1 << 64
_HOUR = 3_600 * SECOND
#: Seconds that a clock may seem to go back by the time that requests take.
_DRIFT = 5.0


@dataclass(frozen=True, slots=True)
class Mark:
    """``stamp``: the newest change met, on the source's own clock ("2026-11-22T20:44:05.119"), and
    never beyond that clock's present; ``seen``: what was met since the overlap before it."""

    stamp: str
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """``items``: fingerprints of what was met; None where they were too many: ``months`` then holds
    number and sum of those of each month, up to the stamp ``newest``."""

    items: frozenset[int] | None = frozenset()
    newest: int = 0
    months: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def write(self) -> str:
        """As text; empty for nothing."""
        if self.items is not None:
            packed = pack(f">{len(self.items)}Q", *sorted(self.items))
            return urlsafe_b64encode(packed).decode()
        months = (f"{month}.{rows}.{total:x}" for month, (rows, total) in self.months.items())
        return f"{self.newest}:{','.join(months)}"

    @classmethod
    def read(cls, text: str) -> Self:
        """What ``write`` gave."""
        newest, is_sum, months = text.partition(":")
        if not is_sum:
            packed = urlsafe_b64decode(text)
            return cls(frozenset(unpack(f">{len(packed) // 8}Q", packed)))
        parts = (part.split(".") for part in months.split(",") if part)
        sums = {month: (int(rows), int(total, 16)) for month, rows, total in parts}
        return cls(None, int(newest), sums)


def sum_months(
    sighting: Iterable[Items], counts: Callable[[int], bool]
) -> dict[str, tuple[int, int]]:
    """Number and sum of the items of each month whose stamp counts."""
    sums: dict[str, tuple[int, int]] = {}
    for some in sighting:
        for item, stamp, month in zip(some.items, some.stamps, some.months, strict=True):
            if counts(stamp):
                rows, total = sums.get(month, (0, 0))
                sums[month] = rows + 1, (total + item) % _SUMS
    return sums


def begin(client: DHIS2Client, facts: SourceFacts, look_back_hours: float) -> Mark:
    """Where the first look starts: so many hours before the source's present, which it is asked."""
    return Mark(write_stamp(ask_time(client, facts) - round(look_back_hours * _HOUR)))


def ask_time(client: DHIS2Client, facts: SourceFacts) -> int:
    """The source's clock now, as it tells it."""
    told = get_system_info(client.session).server_date
    return to_local(read_clock(told, facts.zone, facts.read_at), facts.zone)


def find_floor(stamp: int, facts: SourceFacts, overlap_seconds: float) -> int:
    """The earliest stamp of a look that starts from a mark's, a whole second: some servers tell no
    more of it. It never falls as marks rise."""
    floor = find_repeated_hour(stamp, facts.zone) - round(overlap_seconds * 1000)
    return floor // SECOND * SECOND


def follow_clock(marks: Iterable[Mark], before: SourceFacts, now: SourceFacts) -> list[Mark]:
    """The marks after the facts were renewed. Where the source's clock was set back in between,
    what changed since ``before`` may bear stamps before the marks: these go back as far."""
    is_back = now.clock_error < before.clock_error - _DRIFT or now.time_zone != before.time_zone
    if not is_back:
        return list(marks)
    back = now.tell_time(before.read_at)
    return [Mark(write_stamp(min(read_stamp(one.stamp), back)), one.seen) for one in marks]
