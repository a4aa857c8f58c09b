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
    matching.doubt_displaced()
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
        """Match what is left by one member, where both ends have it once; ``weaker`` ones must
        not say otherwise, at neither end."""
        theirs, ours = _index(self._left, member), _index(self._free, member)
        names = ("name" in weaker and member == "code") and (
            _index(self._left, "name"),
            _index(self._free, "name"),
        )
        for text in sorted(theirs.keys() & ours.keys()):
            here, there = theirs[text], ours[text]
            if len(here) > 1 or len(there) > 1:
                words = _say_several(member, text, here, there)
            else:
                words = self._contradict(here[0], there[0], *names) if names else ""
            if words:
                self._doubt_all(here, there, words)
            else:
                self._match(here[0], there[0], member)

    def doubt_displaced(self) -> None:
        """What is left under a UID that another object has at the destination by now must not
        travel under it: it would be written over that one."""
        taken = {match.destination: match for match in self.matches}
        for uid in [uid for uid in self._left if uid in taken]:
            match = taken[uid]
            self._doubt(
                uid,
                f"At the destination its UID is that of {match.source} «{match.name}», matched by "
                f"{match.how}.",
            )

    def _contradict(
        self,
        uid: str,
        target: str,
        theirs: Mapping[str, Sequence[str]],
        ours: Mapping[str, Sequence[str]],
    ) -> str:
        """Words, where the name of either points at another object; else empty."""
        one, other = self._left[uid], self._free[target]
        named = ours.get(one.name, ())
        naming = theirs.get(other.name, ())
        if named and target not in named:
            found = f"its name «{one.name}» is that of {', '.join(named)}"
        elif naming and uid not in naming:
            found = f"the name «{other.name}» there is that of {', '.join(naming)} at the source"
        else:
            return ""
        return f"By the code «{one.code}» it is {target} at the destination, but {found}."

    def _doubt_all(self, here: Iterable[str], there: Iterable[str], words: str) -> None:
        """None of these is matched any more, at either end: by a weaker member it would be a
        guess."""
        for uid in here:
            self._doubt(uid, words)
        for target in there:
            self._free.pop(target)

    def _match(self, uid: str, target: str, how: By | Literal["table"]) -> None:
        name = self._left.pop(uid).name
        self._free.pop(target)
        self.matches.append(Match(self._plural, uid, target, how, name))

    def _doubt(self, uid: str, words: str) -> None:
        name = self._left.pop(uid).name
        self.ambiguous.append(Ambiguity(self._plural, uid, name, f"{words} {_MEND}"))


def _index(objects: Mapping[str, Identity], member: By) -> Mapping[str, Sequence[str]]:
    """UIDs by the text of a member; empty texts say nothing."""
    found: dict[str, list[str]] = {}
    for uid, one in objects.items():
        text = uid if member == "uid" else str(getattr(one, member))
        if text:
            found.setdefault(text, []).append(uid)
    return found


def _is_default(one: Identity) -> bool:
    return DEFAULT in (one.name, one.code)


def _say_several(member: By, text: str, here: Sequence[str], there: Sequence[str]) -> str:
    def count(uids: Sequence[str], where: str) -> str:
        return f"{len(uids)} at the {where} ({', '.join(uids)})"

    return (
        f"The {member} «{text}» is that of {count(here, 'source')} and "
        f"{count(there, 'destination')}."
    )
