"""What a family refers to is looked up at both servers, by as few requests as will do.

An object whose UID both servers know is the same one, whatever else there is: so where few UIDs are
referred to, just these are asked for. When the destination lacks one of them it may be there under
another UID, and both lists are read whole.
"""

from collections.abc import Callable, Mapping, Set
from threading import Event

from d2_assets.both_sides import ask_both
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.metadata.choices import MetadataChoices
from d2_assets.metadata.identities import Catalogue, read_catalogue
from d2_assets.metadata.option_combos import OPTION_COMBOS

#: Up to so many UIDs are named; beyond, a list takes hardly more requests.
_NAMED = 400


def look_up(
    source: DHIS2Client,
    destination: DHIS2Client,
    wanted: Mapping[str, Set[str]],
    choices: MetadataChoices,
    stop: Event,
) -> tuple[Catalogue, Catalogue]:
    """What both servers know of the UIDs, by class."""

    def ask(classes: Mapping[str, Set[str]]) -> tuple[Catalogue, Catalogue]:
        read: Callable[[DHIS2Client], Catalogue] = lambda client: read_catalogue(  # noqa: E731
            client, classes, choices.page_size
        )
        return ask_both(lambda: read(source), lambda: read(destination), stop)

    named = {plural: uids for plural, uids in wanted.items() if _may_name(plural, uids, choices)}
    theirs, ours = ask(named)
    unlike = {plural for plural in named if theirs.lacks(ours, plural)}
    whole = (wanted.keys() - named.keys()) | unlike
    if not whole:
        return theirs, ours
    more, others = ask({plural: frozenset() for plural in whole})
    return theirs.join(more), ours.join(others)


def _may_name(plural: str, uids: Set[str], choices: MetadataChoices) -> bool:
    explicit = choices.explicit.get(plural, {})
    return plural != OPTION_COMBOS and 0 < len(uids) <= _NAMED and uids.isdisjoint(explicit)
