"""A crosswalk between two servers as they are now, with as few requests as it takes.

Nothing of it is kept: a match that was right last month may be wrong today.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from threading import Event

from d2_assets.both_sides import ask_both, heed
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.metadata_objects import Identity
from d2_assets.mapping.crosswalk import Crosswalk, join_crosswalks
from d2_assets.mapping.matching import By, Matched, match_identities
from d2_assets.mapping.option_combos import PLURAL as OPTION_COMBOS
from d2_assets.mapping.option_combos import match_option_combos

#: What an option combo is made of.
_PARTS = ("categoryCombos", "categoryOptions")
#: Several org units of a country may have one name.
_NAMES_REPEAT = frozenset({"organisationUnits"})


def read_crosswalk(
    source: DHIS2Client,
    destination: DHIS2Client,
    plurals: Collection[str],
    *,
    explicit: Mapping[str, Mapping[str, str]],
    by: Sequence[By],
    page_size: int,
    stop: Event | None = None,
) -> Crosswalk:
    """Match the objects of the classes; option combos by what they are made of.

    An object that could be more than one is not matched: it keeps its UID, and the check says that
    the destination does not know it.
    """
    stop = stop or Event()
    wanted = set(plurals) | (set(_PARTS) if OPTION_COMBOS in plurals else set())
    classes = sorted(wanted - {OPTION_COMBOS})
    theirs, ours = ask_both(
        lambda: _list_each(source, classes, page_size, stop),
        lambda: _list_each(destination, classes, page_size, stop),
        stop,
    )
    matched = [
        match_identities(
            plural,
            theirs[plural],
            ours[plural],
            explicit=explicit.get(plural),
            by=[one for one in by if one != "name" or plural not in _NAMES_REPEAT],
        )
        for plural in classes
    ]
    crosswalk = join(matched)
    if OPTION_COMBOS not in plurals:
        return crosswalk
    their_combos, our_combos = ask_both(
        lambda: source.list_option_combos(page_size),
        lambda: destination.list_option_combos(page_size),
        stop,
    )
    combos = match_option_combos(their_combos, our_combos, crosswalk)
    named = explicit.get(OPTION_COMBOS, {})
    by_hand = match_identities(
        OPTION_COMBOS,
        [Identity(one.id, one.code, one.name) for one in their_combos if one.id in named],
        [Identity(one.id, one.code, one.name) for one in our_combos],
        explicit=named,
        by=(),
    )
    return join([*matched, combos, by_hand])


def join(parts: Iterable[Matched]) -> Crosswalk:
    """The matches of several classes as one crosswalk; the later one of two counts."""
    return join_crosswalks(Crosswalk(part.matches) for part in parts)


def _list_each(
    client: DHIS2Client, classes: Iterable[str], page_size: int, stop: Event
) -> dict[str, list[Identity]]:
    found: dict[str, list[Identity]] = {}
    for plural in classes:
        heed(stop)
        found[plural] = client.list_identities(plural, page_size)
    return found
