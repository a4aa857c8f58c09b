"""Category option combos are the same when they belong to the same combo and hold the same options.

Servers make them by themselves, each under UIDs of its own, and their names follow from the
options: neither a UID nor a name tells as much as what they are made of.
"""

from collections.abc import Iterable

from d2_assets.dhis2.metadata_objects import OptionCombo
from d2_assets.mapping.crosswalk import Crosswalk, Match
from d2_assets.mapping.matching import Ambiguity, Matched

PLURAL = "categoryOptionCombos"

_Parts = tuple[str, frozenset[str]]


def match_option_combos(
    source: Iterable[OptionCombo], destination: Iterable[OptionCombo], crosswalk: Crosswalk
) -> Matched:
    """Match by combo and options, both as the crosswalk names them at the destination.

    Of two at the destination that are made of the same, the one with the source's own UID counts;
    without it neither does. One whose combo or options are unknown there is matched by its UID.
    """
    ours: dict[_Parts, list[str]] = {}
    there: dict[str, OptionCombo] = {}
    for one in destination:
        ours.setdefault(_parts(one, Crosswalk()), []).append(one.id)
        there[one.id] = one
    matches: list[Match] = []
    ambiguous: list[Ambiguity] = []
    taken: dict[str, str] = {}
    for one in sorted(source, key=lambda item: (item.id not in there, item.id)):
        found = ours.get(_parts(one, crosswalk), [])
        target = one.id if one.id in found else found[0] if len(found) == 1 else ""
        if not target and len(found) > 1:
            words = f"The destination has {len(found)} with the same options: {', '.join(found)}."
            ambiguous.append(_doubt(one, f"{words} Remove those that nothing uses."))
        elif target in taken:
            words = f"{taken[target]} of the source has the same options, and is {target}."
            ambiguous.append(_doubt(one, f"{words} Remove one of the two at the source."))
        elif target:
            taken[target] = one.id
            how = "uid" if target == one.id else "options"
            matches.append(Match(PLURAL, one.id, target, how, one.name))
    return Matched(tuple(matches), tuple(ambiguous))


def _doubt(one: OptionCombo, words: str) -> Ambiguity:
    return Ambiguity(PLURAL, one.id, one.name, words)


def _parts(one: OptionCombo, crosswalk: Crosswalk) -> _Parts:
    options = frozenset(crosswalk.get("categoryOptions", uid) for uid in one.category_options)
    return crosswalk.get("categoryCombos", one.category_combo), options
