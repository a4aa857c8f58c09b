"""What must be known of a source before it can be looked at, so that a look is one request.

Whoever looks keeps the facts and renews them now and then: a version, a time zone or a list of
data sets seldom changes, and asking for it with every look would double the requests.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Self

from d2_assets.dhis2.changes import list_classes, list_ids, list_program_types
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.dialects import Dialect, find_dialect
from d2_assets.dhis2.system import get_system_info
from d2_assets.errors import ConfigurationError
from d2_assets.mapping.hierarchy import find_visible_roots
from d2_assets.settings import Pair
from d2_assets.watching.clock import find_zone, read_clock, to_local


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """``read_at``: when they were read, by our clock, in seconds since the epoch; ``clock_error``:
    the seconds that the source's clock was ahead of ours then. ``roots``: the org units that data
    values are asked for at. ``programs``: those of events without registration; ``types``: tracked
    entity types; ``type_of_program``: of programs with registration. Lists of what the pair does
    not move are empty."""

    version: str
    time_zone: str
    clock_error: float
    read_at: float
    classes: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    data_sets: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    type_of_program: Mapping[str, str] = field(default_factory=dict)

    @property
    def zone(self) -> tzinfo:
        """The time zone of the source's clock."""
        return find_zone(self.time_zone)

    @property
    def dialect(self) -> Dialect:
        """What the source's version does."""
        return find_dialect(self.version)[0]

    def tell_time(self, now: float) -> int:
        """The source's clock when ours says ``now``, in milliseconds, as far as is known."""
        return to_local(now + self.clock_error, self.zone)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "version": self.version,
            "time_zone": self.time_zone,
            "clock_error": self.clock_error,
            "read_at": self.read_at,
            "classes": list(self.classes),
            "roots": list(self.roots),
            "data_sets": list(self.data_sets),
            "programs": list(self.programs),
            "types": list(self.types),
            "type_of_program": dict(self.type_of_program),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """What ``to_json`` gave; KeyError or TypeError for anything else."""
        return cls(
            version=str(content["version"]),
            time_zone=str(content["time_zone"]),
            clock_error=float(content["clock_error"]),
            read_at=float(content["read_at"]),
            classes=tuple(content["classes"]),
            roots=tuple(content["roots"]),
            data_sets=tuple(content["data_sets"]),
            programs=tuple(content["programs"]),
            types=tuple(content["types"]),
            type_of_program=dict(content["type_of_program"]),
        )


def read_facts(client: DHIS2Client, pair: Pair, clock: Callable[[], float]) -> SourceFacts:
    """Ask the source, as far as the pair moves it. ConfigurationError names what the pair's filters
    name and the source does not show."""
    session, filters = client.session, pair.filters
    asked = clock()
    info = get_system_info(session)
    now = (asked + clock()) / 2
    moves_values = pair.moves("data_values")
    moves_tracker = pair.moves("events") or pair.moves("tracker")
    data_sets = list_ids(session, "dataSets") if moves_values else ()
    programs = list_program_types(session) if moves_tracker else {}
    _require(filters.data_sets if moves_values else (), data_sets, "data set", client.name)
    _require(filters.programs if moves_tracker else (), programs, "program", client.name)
    return SourceFacts(
        version=info.version,
        time_zone=info.time_zone,
        clock_error=read_clock(info.server_date, find_zone(info.time_zone), now) - now,
        read_at=now,
        classes=list_classes(session) if pair.moves("metadata") else (),
        roots=(filters.org_units or find_visible_roots(client)) if moves_values else (),
        data_sets=data_sets,
        programs=tuple(uid for uid, type_ in programs.items() if not type_),
        types=list_ids(session, "trackedEntityTypes") if pair.moves("tracker") else (),
        type_of_program={uid: type_ for uid, type_ in programs.items() if type_},
    )


def _require(
    wanted: tuple[str, ...], known: tuple[str, ...] | Mapping[str, Any], what: str, server: str
) -> None:
    missing = [uid for uid in wanted if uid not in known]
    if missing:
        raise ConfigurationError(
            f"{server} has no {what} {', '.join(missing)}, or its account may not read it.",
            remedy="Mend the pair's filters, or let the account read it there.",
            key=f"filters.{what.replace(' ', '_')}s",
        )
