"""Category option combos are the same when they belong to the same combo and hold the same options.

Servers make them by themselves, each under UIDs of its own, and their names follow from the
options: neither a UID nor a name tells as much as what they are made of.
"""

from collections.abc import Iterable, Mapping, Sequence

from d2_assets.dhis2.metadata_objects import Identity, OptionCombo
from d2_assets.mapping.crosswalk import NO_CROSSWALK, Crosswalk, Match
from d2_assets.mapping.matching import Ambiguity, Matched, match_identities

PLURAL = "categoryOptionCombos"

_Parts = tuple[str, frozenset[str]]


def match_option_combos(
    source: Iterable[OptionCombo],
    destination: Iterable[OptionCombo],
    crosswalk: Crosswalk,
    explicit: Mapping[str, str] | None = None,
) -> Matched:
    """Match by table, then by combo and options, both as the crosswalk names them there.

    Of two at the destination that are made of the same, the one with the source's own UID counts;
    without it neither does. One that stands for other options there under the same UID is told:
    its values would come under the wrong head.
    """
    theirs, ours = list(source), list(destination)
    by_hand = match_identities(
        PLURAL, map(_identify, theirs), map(_identify, ours), explicit=explicit, by=()
    )
    told = {one.source for one in (*by_hand.matches, *by_hand.ambiguous)}
    given = {match.destination: match.source for match in by_hand.matches}
    matching = _Matching([one for one in ours if one.id not in given], crosswalk, given)
    # Those that keep their UID come first: no other one may take it.
    left = [one for one in theirs if one.id not in told]
    for one in sorted(left, key=lambda item: (not matching.is_there(item), item.id)):
        matching.take(one)
    return Matched((*by_hand.matches, *matching.matches), (*by_hand.ambiguous, *matching.ambiguous))


class _Matching:
    def __init__(
        self, destination: Iterable[OptionCombo], crosswalk: Crosswalk, taken: Mapping[str, str]
    ) -> None:
        self._crosswalk = crosswalk
        self._taken = dict(taken)
        self._made_of: dict[_Parts, list[str]] = {}
        self._there: dict[str, _Parts] = {}
        for one in destination:
            parts = _parts(one, NO_CROSSWALK)
            self._made_of.setdefault(parts, []).append(one.id)
            self._there[one.id] = parts
        self.matches: list[Match] = []
        self.ambiguous: list[Ambiguity] = []

    def is_there(self, one: OptionCombo) -> bool:
        """Whether the destination knows it by the same UID and the same parts."""
        return self._there.get(one.id) == _parts(one, self._crosswalk)

    def take(self, one: OptionCombo) -> None:
        found = self._made_of.get(_parts(one, self._crosswalk), [])
        target = one.id if one.id in found else found[0] if len(found) == 1 else ""
        words = self._find_doubt(one, target, found)
        if words:
            self.ambiguous.append(Ambiguity(PLURAL, one.id, one.name, words))
        elif target:
            self._taken[target] = one.id
            how = "uid" if target == one.id else "options"
            self.matches.append(Match(PLURAL, one.id, target, how, one.name))

    def _find_doubt(self, one: OptionCombo, target: str, found: Sequence[str]) -> str:
        if not target and found:
            return (
                f"The destination has {len(found)} with the same options: {', '.join(found)}. "
                "Remove those that nothing uses."
            )
        if target in self._taken:
            return (
                f"{self._taken[target]} of the source is {target} of the destination already, and "
                "has the same options. Remove one of the two at the source."
            )
        if not target and one.id in self._taken:
            return f"At the destination its UID is that of {self._taken[one.id]} of the source."
        if not target and self._says_otherwise(one):
            return (
                "At the destination its UID stands for other options. Name the right one in the "
                "pair's table of matches."
            )
        return ""

    def _says_otherwise(self, one: OptionCombo) -> bool:
        """Options that an account may not see are no contradiction."""
        _, here = _parts(one, self._crosswalk)
        _, there = self._there.get(one.id, ("", frozenset()))
        return not (here <= there or there <= here)


def _identify(one: OptionCombo) -> Identity:
    return Identity(one.id, one.code, one.name)


def _parts(one: OptionCombo, crosswalk: Crosswalk) -> _Parts:
    options = frozenset(crosswalk.get("categoryOptions", uid) for uid in one.category_options)
    return crosswalk.get("categoryCombos", one.category_combo), options
