"""Which object of the destination is which of the source: by table, UID, code, name.

Two servers may hold the same thing under different UIDs, and different things under one name. So
each object at the destination is taken at most once, what is said by hand comes before what is
found, a UID before a code, a code before a name; and where two answers are possible none is
given: the object waits, with words for whoever can tell.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from d2_assets.dhis2.metadata_objects import Identity
from d2_assets.mapping.crosswalk import Match

By = Literal["uid", "code", "name", "username"]

#: The classes in which every server has one object that is called default, under a fixed UID or
#: under one of its own [seen: packages bring their own].
_WITH_DEFAULT = frozenset({"categories", "categoryCombos", "categoryOptions"})
DEFAULT = "default"
_MEND = "Name the right one in the pair's table of matches, or change one of them."


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """An object of the source that could be more than one of the destination, and why."""

    plural: str
    source: str
    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Matched:
    """Objects found on both sides. Those of neither tuple are only at the source."""

    matches: tuple[Match, ...] = ()
    ambiguous: tuple[Ambiguity, ...] = ()


def match_identities(
    plural: str,
    source: Iterable[Identity],
    destination: Iterable[Identity],
    *,
    explicit: Mapping[str, str] | None = None,
    by: Sequence[By] = ("uid", "code", "name"),
) -> Matched:
    """Match the objects of one class. ``explicit``: UIDs of the destination by UID of the source.

    The default category objects are always matched by their name or code.
    """
    matching = _Matching(plural, list(source), list(destination))
    matching.take_explicit(explicit or {})
    if plural in _WITH_DEFAULT:
        matching.take_default()
    for number, member in enumerate(by):
        matching.take_by(member, by[number + 1 :])
    return Matched(tuple(matching.matches), tuple(matching.ambiguous))


class _Matching:
    def __init__(
        self, plural: str, source: Sequence[Identity], destination: Sequence[Identity]
    ) -> None:
        self._plural = plural
        self._left = {one.id: one for one in source}
        self._free = {one.id: one for one in destination}
        self.matches: list[Match] = []
        self.ambiguous: list[Ambiguity] = []

    def take_explicit(self, explicit: Mapping[str, str]) -> None:
        wanted = {uid: explicit[uid] for uid in self._left if uid in explicit}
        times = Counter(wanted.values())
        for uid, target in wanted.items():
            if times[target] > 1:
                self._doubt(uid, f"The table of matches gives {target} to several objects.")
            elif target not in self._free:
                self._doubt(
                    uid,
                    f"The table of matches says that it is {target}, and the destination has no "
                    f"such object of {self._plural}.",
                )
            else:
                self._match(uid, target, "table")

    def take_default(self) -> None:
        """Each server's own default object, by its name or code."""
        theirs = [uid for uid, one in self._left.items() if _is_default(one)]
        ours = [uid for uid, one in self._free.items() if _is_default(one)]
        if len(theirs) == 1 and len(ours) == 1:
            self._match(theirs[0], ours[0], "name")

    def take_by(self, member: By, weaker: Sequence[By]) -> None:
        """Match what is left by one member; a code is doubted where names say otherwise."""
        free = _index(self._free, member)
        wanted = {
            uid: free.get(_text(one, member), ()) if _text(one, member) else ()
            for uid, one in self._left.items()
        }
        times = Counter(found[0] for found in wanted.values() if len(found) == 1)
        by_code = member == "code" and "name" in weaker
        doubted = self._find_contradictions(wanted) if by_code else frozenset()
        for uid, found in wanted.items():
            if len(found) > 1 or (found and times[found[0]] > 1):
                self._doubt(uid, _say_several(member, self._left[uid], found))
            elif uid in doubted:
                self._doubt(
                    uid,
                    f"By the code «{self._left[uid].code}» it is {found[0]} at the destination, "
                    "and by their names it is not.",
                )
            elif found:
                self._match(uid, found[0], member)

    def _find_contradictions(self, wanted: Mapping[str, Sequence[str]]) -> frozenset[str]:
        """Those whose own name, or that of what they would be, belongs to another object."""
        theirs, ours = _index(self._left, "name"), _index(self._free, "name")

        def contradicts(uid: str, target: str) -> bool:
            here = ours.get(self._left[uid].name, (target,))
            there = theirs.get(self._free[target].name, (uid,))
            return target not in here or uid not in there

        return frozenset(
            uid for uid, found in wanted.items() if len(found) == 1 and contradicts(uid, found[0])
        )

    def _match(self, uid: str, target: str, how: By | Literal["table"]) -> None:
        name = self._left.pop(uid).name
        self._free.pop(target)
        self.matches.append(Match(self._plural, uid, target, how, name))

    def _doubt(self, uid: str, words: str) -> None:
        name = self._left.pop(uid).name
        self.ambiguous.append(Ambiguity(self._plural, uid, name, f"{words} {_MEND}"))


def _index(objects: Mapping[str, Identity], member: By) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for uid, one in objects.items():
        if text := _text(one, member):
            found.setdefault(text, []).append(uid)
    return found


def _text(one: Identity, member: By) -> str:
    return one.id if member == "uid" else str(getattr(one, member))


def _is_default(one: Identity) -> bool:
    return DEFAULT in (one.name, one.code)


def _say_several(member: By, one: Identity, found: Sequence[str]) -> str:
    if len(found) > 1:
        return f"The destination has {len(found)} objects of its {member}: {', '.join(found)}."
    return f"Several objects of the source have the {member} «{_text(one, member)}» of {found[0]}."
