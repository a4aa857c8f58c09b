"""Which object at the destination stands for which at the source, where their UIDs differ.

Two servers that were filled apart hold the same thing under different UIDs: the default category
objects of a package, a data element known by its code. A crosswalk holds only the rows that
differ; whatever it does not name keeps its UID.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

#: How two objects were found to be the same.
How = Literal["uid", "table", "code", "name", "username", "options"]


@dataclass(frozen=True, slots=True)
class Match:
    """One object on both sides, of the class ``plural``; ``how`` tells by what it was found."""

    plural: str
    source: str
    destination: str
    how: How
    name: str = ""


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """UIDs of the destination by class and UID of the source; only those that differ."""

    matches: tuple[Match, ...] = ()
    _by_class: Mapping[str, Mapping[str, str]] = field(init=False)
    _back: Mapping[str, Mapping[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        by_class: dict[str, dict[str, str]] = {}
        back: dict[str, dict[str, str]] = {}
        for match in self.matches:
            if match.source != match.destination:
                by_class.setdefault(match.plural, {})[match.source] = match.destination
                back.setdefault(match.plural, {})[match.destination] = match.source
        object.__setattr__(self, "_by_class", by_class)
        object.__setattr__(self, "_back", back)

    def get(self, plural: str, uid: str) -> str:
        """The UID at the destination; the same UID when the crosswalk does not name it."""
        return self._by_class.get(plural, {}).get(uid, uid)

    def back(self, plural: str, uid: str) -> str:
        """The UID at the source of what the destination knows by ``uid``."""
        return self._back.get(plural, {}).get(uid, uid)

    def of_class(self, plural: str) -> Mapping[str, str]:
        """The differing UIDs of one class, source to destination."""
        return self._by_class.get(plural, {})

    @property
    def rows(self) -> tuple[Match, ...]:
        """The matches whose UIDs differ."""
        return tuple(match for match in self.matches if match.source != match.destination)

    def __iter__(self) -> Iterator[Match]:
        return iter(self.matches)


def join_crosswalks(crosswalks: Iterable[Crosswalk]) -> Crosswalk:
    """All of them as one; of two matches of one object the later one counts."""
    found = {(match.plural, match.source): match for crosswalk in crosswalks for match in crosswalk}
    return Crosswalk(tuple(found.values()))


#: Of two servers that give everything the same UID.
NO_CROSSWALK = Crosswalk()
