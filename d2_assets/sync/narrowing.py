"""What a person chose at launch: which of a pair's assets run, and which part of each.

A choice only ever narrows: what a pair leaves out by its own filters cannot be asked for. Where
that takes the tree of org units or the programs of a server to tell, the choices of a domain carry
what was asked for beside the pair's own filters, and the reading of the scope joins the two.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from d2_assets.errors import ConfigurationError
from d2_assets.settings import Moved, Pair

#: The filters that name objects: they say what is moved, and not only where and when.
_OBJECTS = frozenset({"data_sets", "programs", "program_stages"})

#: What of the filters has a meaning for what moves; metadata and stock travel whole.
_MEANING: Mapping[Moved, frozenset[str]] = {
    "metadata": frozenset(),
    "data_values": frozenset({"data_sets", "org_units", "start_date", "end_date"}),
    "events": frozenset({"programs", "program_stages", "org_units", "start_date", "end_date"}),
    "tracker": frozenset({"programs", "program_stages", "org_units"}),
    "stock": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The choices of one launch; what is empty chooses nothing, and the pair decides.

    ``families`` and ``data_types`` choose assets; the others are filters, and a run with any of
    them is partial. UIDs are the source's. ``end_date`` is the last day that belongs.
    ``changed_only``: months whose content at the source is what was last moved are passed over.
    """

    families: tuple[str, ...] = ()
    data_types: tuple[Moved, ...] = ()
    data_sets: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    program_stages: tuple[str, ...] = ()
    org_units: tuple[str, ...] = ()
    start_date: date | None = None
    end_date: date | None = None
    changed_only: bool = False

    @property
    def filters(self) -> Mapping[str, str]:
        """The filters that were given, by name, each in words."""
        listed = {
            "data_sets": ", ".join(self.data_sets),
            "programs": ", ".join(self.programs),
            "program_stages": ", ".join(self.program_stages),
            "org_units": ", ".join(self.org_units),
            "start_date": str(self.start_date or ""),
            "end_date": str(self.end_date or ""),
        }
        return {name: words for name, words in listed.items() if words}

    @property
    def is_partial(self) -> bool:
        """Whether a filter was given: then no partition is moved whole."""
        return bool(self.filters)

    def describe(self, moved: Moved) -> str:
        """The filters that have a meaning for what moves, in words."""
        meant = _MEANING[moved]
        return "; ".join(f"{name}: {words}" for name, words in self.filters.items()
                         if name in meant)  # fmt: skip


#: Nothing was chosen: the pair decides all.
WHOLE = Narrowing()


def find_reason_to_pass_over(moved: Moved, family: str, narrowing: Narrowing) -> str:
    """Why an asset was left out at launch; empty when it was not.

    ``families`` choose among the families, and say nothing of data. A filter that names objects
    leaves out what has no such objects, whatever else was given.
    """
    types, families = narrowing.data_types, narrowing.families
    if types and moved not in types:
        return f"the data_types are {', '.join(types)}."
    if family and families and family not in families:
        return f"the families are {', '.join(families)}."
    given = narrowing.filters.keys()
    if not given or (family and family in families):
        return ""
    deciding = (given & _OBJECTS) or given
    if not deciding & _MEANING[moved]:
        return f"{' and '.join(sorted(deciding))} say nothing of {moved}."
    return ""


def narrow_pair(pair: Pair, narrowing: Narrowing) -> Pair:
    """The pair with what was chosen of it: never wider than it was, and itself where nothing was.

    A narrowed pair does not mirror: what was not read is not missing at the source. Org units and
    program stages stay as they are: ``choices`` carry those. ConfigurationError names a data set or
    a program outside the pair, and days that leave none.
    """
    if not narrowing.is_partial:
        return pair
    own = pair.filters
    start = _latest(own.start_date, narrowing.start_date)
    end = _earliest(own.end_date, narrowing.end_date)
    if start is not None and end is not None and end < start:
        raise _refuse(
            "start_date and end_date",
            f"The days chosen at launch leave none of the pair {pair.name}: from {start} to {end}.",
            "Choose days within the pair's own filters.start_date and filters.end_date.",
        )
    changes = {
        "data_sets": _narrow(pair.name, "data_sets", own.data_sets, narrowing.data_sets),
        "programs": _narrow(pair.name, "programs", own.programs, narrowing.programs),
        "start_date": start,
        "end_date": end,
    }
    return pair.model_copy(
        update={
            "filters": own.model_copy(update=changes),
            "deletes": pair.deletes.model_copy(update={"mirror": False}),
        }
    )


def _narrow(pair: str, name: str, own: Sequence[str], asked: Sequence[str]) -> tuple[str, ...]:
    if not asked:
        return tuple(own)
    outside = [uid for uid in asked if own and uid not in own]
    if outside:
        raise _refuse(
            name,
            f"The pair {pair} does not move {', '.join(outside)}: filters.{name} of the pair do "
            "not name it.",
            f"Choose {name} among {', '.join(own)}, or add it to filters.{name} of the pair.",
        )
    return tuple(dict.fromkeys(asked))


def _refuse(key: str, message: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(message, remedy=remedy, key=f"resources.launch.config.{key}")


def _latest(*days: date | None) -> date | None:
    return max(_given(days), default=None)


def _earliest(*days: date | None) -> date | None:
    return min(_given(days), default=None)


def _given(days: Iterable[date | None]) -> Iterator[date]:
    return (day for day in days if day is not None)
