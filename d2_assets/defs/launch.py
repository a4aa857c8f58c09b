"""What is chosen in the Launchpad: fields of the resource ``launch`` in the run configuration.

All are empty by default. Dagster checks only their types; words, UIDs and days are checked here,
all at once, before anything is asked of a server.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import cast, get_args

import dagster as dg
from pydantic import Field

from d2_assets.errors import ConfigurationError
from d2_assets.identifiers import is_uid
from d2_assets.metadata.families import FAMILIES
from d2_assets.settings import Moved
from d2_assets.sync.narrowing import Narrowing

_DATA_TYPES: tuple[str, ...] = get_args(Moved)
_WHERE = "resources.launch.config"
_UIDS = ("data_sets", "programs", "program_stages", "org_units")

_PARTIAL = (
    "A run with this filter is partial: it records observations and marks no partition as "
    "materialised."
)


class LaunchResource(dg.ConfigurableResource):
    """Which assets of the run, and which part of their months, are moved; empty fields choose
    nothing."""

    families: list[str] = Field(
        default=[],
        description="The metadata families to move. The other families of the run do nothing. "
        f"Known: {', '.join(FAMILIES)}. Data are not concerned.",
    )
    data_types: list[str] = Field(
        default=[],
        description="The kinds of data to move. The other assets of the run do nothing. Known: "
        f"{', '.join(_DATA_TYPES)}.",
    )
    data_sets: list[str] = Field(
        default=[],
        description="UIDs of the data sets to move, among those of the pair. Without programs, "
        f"events and tracked entities are left out. {_PARTIAL}",
    )
    programs: list[str] = Field(
        default=[],
        description="UIDs of the programs to move, among those of the pair. Without data_sets, "
        f"data values are left out. {_PARTIAL}",
    )
    program_stages: list[str] = Field(
        default=[],
        description="UIDs of the program stages to move: no events of other stages, and nothing "
        f"of programs without one of them. {_PARTIAL}",
    )
    org_units: list[str] = Field(
        default=[],
        description="UIDs of organisation units of the source, each with everything below it. "
        "What is moved lies there and within the pair's own. Metadata and stock are left out. "
        f"{_PARTIAL}",
    )
    start_date: str = Field(
        default="",
        description="The first day that belongs, as 2025-11-30: periods of data values that touch "
        f"it or end later, and events that occurred since. {_PARTIAL}",
    )
    end_date: str = Field(
        default="",
        description=f"The last day that belongs, as 2025-11-30. {_PARTIAL}",
    )
    changed_only: bool = Field(
        default=False,
        description="Months of data values, events and tracked entities whose content at the "
        "source is what was last moved are passed over. This finds what no date of change shows.",
    )

    def read(self) -> Narrowing:
        """The choices. ConfigurationError names each field that cannot be used, and its mend."""
        if mistakes := list(self._find_mistakes()):
            raise ConfigurationError(
                f"What was chosen at launch cannot be used: {' '.join(mistakes)}",
                remedy=f"Mend it under {_WHERE} in the Launchpad, and launch again.",
                key=_WHERE,
            )
        return Narrowing(
            families=_clean(self.families),
            data_types=cast(tuple[Moved, ...], _clean(self.data_types)),
            data_sets=_clean(self.data_sets),
            programs=_clean(self.programs),
            program_stages=_clean(self.program_stages),
            org_units=_clean(self.org_units),
            start_date=_read_day(self.start_date),
            end_date=_read_day(self.end_date),
            changed_only=self.changed_only,
        )

    def _find_mistakes(self) -> Iterator[str]:
        yield from _find_unknown("families", self.families, tuple(FAMILIES))
        yield from _find_unknown("data_types", self.data_types, _DATA_TYPES)
        for name in _UIDS:
            for uid in _clean(getattr(self, name)):
                if not is_uid(uid):
                    yield f"{name}: {uid!r} is not a DHIS2 UID (11 letters and digits)."
        days = [("start_date", self.start_date), ("end_date", self.end_date)]
        wrong = [name for name, text in days if not _is_day(text)]
        for name in wrong:
            yield f"{name}: {getattr(self, name)!r} is not a day; write it as 2025-11-30."
        start, end = ("", "") if wrong else (text.strip() for _, text in days)
        if start and end and end < start:
            yield f"end_date: {end} lies before start_date {start}."


def _find_unknown(name: str, chosen: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    for word in _clean(chosen):
        if word not in known:
            yield f"{name}: there is no {word!r}; choose among {', '.join(known)}."


def _clean(words: Iterable[str]) -> tuple[str, ...]:
    """Each once, in order, without the spaces that come along when they are copied."""
    return tuple(dict.fromkeys(word.strip() for word in words))


def _is_day(text: str) -> bool:
    try:
        _read_day(text)
    except ValueError:
        return False
    return True


def _read_day(text: str) -> date | None:
    """As 2025-11-30 alone: ``date.fromisoformat`` takes weeks and days without signs, too."""
    wanted = text.strip()
    if not wanted:
        return None
    day = date.fromisoformat(wanted)
    if day.isoformat() != wanted:
        raise ValueError(wanted)
    return day
