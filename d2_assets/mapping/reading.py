"""A crosswalk between two servers as they are now, with as few requests as it takes.

Nothing of it is kept: a match that was right last month may be wrong today.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from threading import Event

from d2_assets.both_sides import ask_both, heed
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.metadata_objects import Identity
from d2_assets.mapping.crosswalk import Crosswalk
from d2_assets.mapping.matching import Ambiguity, By, match_identities
from d2_assets.mapping.option_combos import PLURAL as OPTION_COMBOS
from d2_assets.mapping.option_combos import match_option_combos

#: What an option combo is made of.
_PARTS = ("categoryCombos", "categoryOptions")
#: The classes, of those that data refer to, in which several objects may have one name.
_NAMES_REPEAT = frozenset({"organisationUnits", "dataSets", "programStages"})


def read_crosswalk(
    source: DHIS2Client,
    destination: DHIS2Client,
    plurals: Collection[str],
    *,
    explicit: Mapping[str, Mapping[str, str]],
    by: Sequence[By],
    page_size: int,
    stop: Event | None = None,
) -> tuple[Crosswalk, tuple[Ambiguity, ...]]:
    """Match the objects of the classes; option combos by what they are made of.

    Also gives the objects that could be more than one: what refers to them must wait.
    """
    stop = stop or Event()
    with_combos = OPTION_COMBOS in plurals
    classes = sorted((set(plurals) | set(_PARTS if with_combos else ())) - {OPTION_COMBOS})
    theirs, ours = ask_both(
        lambda: _list_each(source, classes, page_size, stop),
        lambda: _list_each(destination, classes, page_size, stop),
        stop,
    )
    parts = [
        match_identities(
            plural,
            theirs[plural],
            ours[plural],
            explicit=explicit.get(plural),
            by=[one for one in by if one != "name" or plural not in _NAMES_REPEAT],
        )
        for plural in classes
    ]
    if with_combos:
        their_combos, our_combos = ask_both(
            lambda: source.list_option_combos(page_size),
            lambda: destination.list_option_combos(page_size),
            stop,
        )
        crosswalk = Crosswalk(tuple(match for part in parts for match in part.matches))
        named = explicit.get(OPTION_COMBOS)
        parts.append(match_option_combos(their_combos, our_combos, crosswalk, named))
    return (
        Crosswalk(tuple(match for part in parts for match in part.matches)),
        tuple(one for part in parts for one in part.ambiguous),
    )


def _list_each(
    client: DHIS2Client, classes: Iterable[str], page_size: int, stop: Event
) -> dict[str, list[Identity]]:
    found: dict[str, list[Identity]] = {}
    for plural in classes:
        heed(stop)
        found[plural] = client.list_identities(plural, page_size)
    return found
