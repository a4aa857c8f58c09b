"""The hash of a month's tracker objects, as the source gave them.

What counts is what a plan compares: the canonical body (no stamps, no authors) and which notes
there are. A relationship counts once in each month in which one of its ends stands, whatever other
months are read with it: the month that it travels with depends on those.
"""

from collections.abc import Iterable, Mapping

from d2_assets.ledger.month_hashes import NO_CONTENT, ContentHash, hash_item
from d2_assets.tracker.objects import Kind, TrackerObject
from d2_assets.tracker.shape import encode_compared, list_notes


class MonthHashes:
    """The sums so far, by month."""

    def __init__(self) -> None:
        self._sums: dict[str, ContentHash] = {}
        self._related: set[tuple[str, str]] = set()

    def add(self, item: TrackerObject) -> None:
        """One object as it was read, with the month that it was met in; each comes once, but for
        relationships."""
        if item.kind is Kind.RELATIONSHIP:
            if (item.month, item.id) in self._related:
                return
            self._related.add((item.month, item.id))
        self._sums[item.month] = self._sums.get(item.month, NO_CONTENT) + hash_object(item)

    def note(self, items: Iterable[TrackerObject]) -> list[TrackerObject]:
        """Add them all; gives them as they are."""
        noted = list(items)
        for item in noted:
            self.add(item)
        return noted

    def by_month(self) -> Mapping[str, ContentHash]:
        """The hash of each month; months without objects are not there."""
        return dict(self._sums)


def hash_object(item: TrackerObject) -> ContentHash:
    """The hash of one object."""
    return hash_item(
        item.kind,
        item.id,
        "deleted" if item.deleted else "live",
        encode_compared(item.body),
        *sorted(list_notes(item.body)),
    )
