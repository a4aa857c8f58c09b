"""One look at one resource of a source: what changed there since its mark, by months.

An item is new when it was not seen around the mark before, whatever its stamp: a change that was
stored late is found within the overlap, and one from the future is not found twice. What is stored
later than that, or stamped in the past, is the sweep's to find.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.ledger.written import OwnWrites, find_written
from d2_assets.settings import Pair
from d2_assets.stamps import SECOND, read_stamp, write_stamp
from d2_assets.watching.facts import SourceFacts
from d2_assets.watching.marks import (
    MOST_REMEMBERED,
    Mark,
    Seen,
    ask_time,
    find_floor,
    sum_months,
)
from d2_assets.watching.questions import Question
from d2_assets.watching.resources import Resource, find_assets
from d2_assets.watching.sighting import OUTSIDE, Items, Sighting, open_sighting

#: Seconds more than the overlap by which a mark follows the clock while nothing changes, so that
#: what is asked for again does not stay what a bulk import left: our idea of the clock may be off.
_QUIET_LAG = 60


@dataclass(frozen=True, slots=True)
class Look:
    """``months``: items that changed, by the month ("202611") whose partition moves them, without
    those that stand there because we wrote them, which ``own`` counts; ``outside``: those of no
    month that can be moved now. ``mark``: where the next look starts."""

    months: Mapping[str, int]
    own: int
    outside: int
    mark: Mark


def look(
    client: DHIS2Client,
    resource: Resource,
    facts: SourceFacts,
    mark: Mark,
    *,
    pair: Pair,
    overlap_seconds: float,
    own_writes: OwnWrites,
    today: date,
    first_month: str,
    folder: Path,
    clock: Callable[[], float] = time.time,
) -> Look:
    """Ask the source for what changed since the mark: one request where nothing did.

    ``folder`` takes what is downloaded, and is left as it was. ``clock`` gives seconds since the
    epoch. Errors are the client's; the mark is then still good.
    """
    now = facts.tell_time(clock())
    floor = find_floor(read_stamp(mark.stamp), facts, overlap_seconds)
    question = Question(client, resource, facts, pair, floor, today, first_month, folder)
    with open_sighting(folder, f"{resource.kind}-{resource.id}") as sighting:
        for some in question.ask():
            sighting.add(some)
        sighting.close()
        months, own = _count_new(sighting, Seen.read(mark.seen), resource, own_writes)
        quiet = now - round((overlap_seconds + _QUIET_LAG) * SECOND)
        stamp = max(read_stamp(mark.stamp), sighting.newest, quiet)
        if stamp > now:  # or else our idea of the source's clock is off
            stamp = min(stamp, ask_time(client, facts))
        seen = _remember(sighting, find_floor(stamp, facts, overlap_seconds))
    outside = months.pop(OUTSIDE, 0)
    return Look(dict(sorted(months.items())), own, outside, Mark(write_stamp(stamp), seen.write()))


def _count_new(
    sighting: Sighting, seen: Seen, resource: Resource, own_writes: OwnWrites
) -> tuple[Counter[str], int]:
    """Items that were not seen before, by month, without our own; and how many those are."""
    months: Counter[str] = Counter()
    own, written = 0, None
    for new in _iterate_new(sighting, seen):
        if written is None:
            written = own_writes.read(_find_folder(resource), sighting.oldest_written)
        ours = find_written(new.items, written)
        own += sum(ours)
        months.update(month for month, is_own in zip(new.months, ours, strict=True) if not is_own)
    return months, own


def _iterate_new(sighting: Sighting, seen: Seen) -> Iterator[Items]:
    changed: set[str] = set()
    if seen.items is None:
        sums = sum_months(sighting, lambda stamp: stamp <= seen.newest)
        changed = {month for month, found in sums.items() if found != seen.months.get(month)}
    for some in sighting:
        new = [
            number
            for number, (item, stamp, month) in enumerate(
                zip(some.items, some.stamps, some.months, strict=True)
            )
            if (
                item not in seen.items
                if seen.items is not None
                else stamp > seen.newest or month in changed
            )
        ]
        if new:
            yield some.take(new)


def _remember(sighting: Sighting, floor: int) -> Seen:
    """What the next look meets again if nothing changes."""
    items: set[int] = set()
    for some in sighting:
        items.update(
            item for item, stamp in zip(some.items, some.stamps, strict=True) if stamp >= floor
        )
        if len(items) > MOST_REMEMBERED:
            sums = sum_months(sighting, lambda stamp: stamp >= floor)
            return Seen(None, sighting.newest, sums)
    return Seen(frozenset(items))


def _find_folder(resource: Resource) -> str:
    """Under which name our own writes of such a resource are kept."""
    return find_assets(resource).removeprefix("data/") if resource.kind != "class" else "metadata"
