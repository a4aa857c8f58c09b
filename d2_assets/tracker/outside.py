"""Events that no partition holds: older than the first month, in the future, or without a date.

They are counted and shown per pair and program, never passed over; a count costs the server a
moment for each program, so it is done once a day. Of tracked entities none can be outside: the
first month holds everything older, and no stamp is of the future.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.tracker import EventQuery
from d2_assets.disk import name_disk_errors
from d2_assets.periods import parse_month
from d2_assets.tracker.scope import Scope

#: Seconds after which the events are counted anew.
_KEEP = 24 * 3600


@dataclass(frozen=True, slots=True)
class ProgramOutside:
    """Live events of one program (by name) that no partition holds."""

    before_first_month: int = 0
    in_the_future: int = 0
    without_date: int = 0

    @property
    def total(self) -> int:
        return self.before_first_month + self.in_the_future + self.without_date


@dataclass(frozen=True, slots=True)
class Outside:
    """Live events of the pair that no partition holds. ``counted_at`` is in seconds (epoch).

    ``of`` stands for what was counted: another source, filter or first month is another count.
    """

    of: str = ""
    programs: Mapping[str, ProgramOutside] = field(default_factory=dict)
    counted_at: float = 0.0

    @property
    def before_first_month(self) -> int:
        return sum(one.before_first_month for one in self.programs.values())

    @property
    def in_the_future(self) -> int:
        return sum(one.in_the_future for one in self.programs.values())

    @property
    def without_date(self) -> int:
        return sum(one.without_date for one in self.programs.values())

    @property
    def total(self) -> int:
        return sum(one.total for one in self.programs.values())


#: Of tracked entities.
NOTHING_OUTSIDE = Outside()


def count_outside(
    source: DHIS2Client, scope: Scope, first_month: str, today: date, kept: Path, now: float
) -> Outside:
    """Count at the source, or give the count kept in ``kept`` when it is fresh."""
    if scope.is_registration:
        return NOTHING_OUTSIDE
    stages = {uid: scope.stages_asked(uid) for uid in scope.programs}
    counted = repr((source.url, first_month, sorted(stages.items()), sorted(scope.source_roots)))
    of = hashlib.sha256(counted.encode()).hexdigest()
    fresh = _read_kept(kept, now)
    if fresh is not None and fresh.of == of:
        return fresh
    programs = {
        f"{program.name} ({uid})": _count(source, scope, uid, first_month, today)
        for uid, program in scope.programs.items()
    }
    outside = Outside(of, {name: one for name, one in programs.items() if one.total}, now)
    written = kept.with_name(f"{kept.name}.part")
    with name_disk_errors(kept):
        written.write_text(json.dumps(asdict(outside)), encoding="utf-8")
        written.replace(kept)
    return outside


def _count(
    source: DHIS2Client, scope: Scope, program: str, first_month: str, today: date
) -> ProgramOutside:
    """All events less those of the partitions, which end with this month. What has no date is in
    no window."""
    opening = parse_month(first_month).start
    closing = parse_month(f"{today:%Y%m}").end
    day = timedelta(days=1)

    def count(after: date | None, before: date | None) -> int:
        return sum(
            source.count_events(
                EventQuery(
                    program,
                    stage,
                    root,
                    str(after or ""),
                    str(before or ""),
                    include_deleted=False,
                )
            )
            for stage in scope.stages_asked(program)
            for root in scope.source_roots
        )

    whole, before, later = count(None, None), count(None, opening - day), count(closing + day, None)
    inside = count(opening, closing)
    return ProgramOutside(before, later, max(0, whole - before - inside - later))


def _read_kept(kept: Path, now: float) -> Outside | None:
    try:
        content = json.loads(kept.read_text(encoding="utf-8"))
        programs = {name: ProgramOutside(**one) for name, one in content.pop("programs").items()}
        outside = Outside(**content, programs=programs)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return outside if 0 <= now - outside.counted_at < _KEEP else None
