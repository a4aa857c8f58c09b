"""Classes of the source with objects that no family owns: named, never passed over in silence."""

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import CancelledError, D2AssetsError
from d2_assets.metadata.families import NEVER_TRAVELS, find_not_carried
from d2_assets.sync.family import NotCarried


def count_not_carried(client: DHIS2Client) -> tuple[NotCarried, ...]:
    """Those classes of a server of which it has objects, each with the reason.

    A class that does not even give its number (tracked data want a program and an org unit) is
    named when nobody knows why it should stay.
    """
    unowned = {one.plural: one.reason for one in find_not_carried(client.schemas)}
    counts = {plural: _count(client, plural) for plural in unowned}
    return tuple(
        NotCarried(plural, counts[plural] or 0, reason)
        for plural, reason in unowned.items()
        if counts[plural] or (counts[plural] is None and plural not in NEVER_TRAVELS)
    )


def _count(client: DHIS2Client, plural: str) -> int | None:
    try:
        return client.count_objects(plural)
    except CancelledError:
        raise
    except D2AssetsError:  # a list that fails says nothing of the family's own classes
        return None
