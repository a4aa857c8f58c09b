"""Relationships are met on both of their ends, and stand once: with the later end's month.

They are kept until all objects of a side are read, since only then it is known which ends are of
the run. They are few beside the objects that they join.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from d2_assets.tracker.following import describe, list_ends
from d2_assets.tracker.objects import Kind, TrackerObject
from d2_assets.tracker.verdicts import Verdict, decide

_SIDES = ("from", "to")


class Relations:
    """The relationships that one side showed, and the months of its other objects."""

    def __init__(self) -> None:
        self._months: dict[str, str] = {}
        self._found: dict[str, TrackerObject] = {}

    def __len__(self) -> int:
        return len(self._found)

    def note(self, item: TrackerObject) -> None:
        """That an object of the run is there."""
        self._months[item.id] = item.month

    def add(self, item: TrackerObject) -> None:
        """A relationship, as it was met on an object of ``item.month``."""
        known = self._found.get(item.id)
        if known is None:
            self._found[item.id] = item
        elif item.month > known.month:
            self._found[item.id] = replace(known, month=item.month)

    def has(self, uid: str) -> bool:
        """Whether an object is of the run."""
        return uid in self._months

    def list_strange_events(self) -> list[str]:
        """Events that are ends of relationships and not of the run."""
        return [
            uid
            for item in self._found.values()
            for kind, uid in list_ends(item.body)
            if kind is Kind.EVENT and uid not in self._months
        ]

    def drain(self) -> Iterator[TrackerObject]:
        """All of them with their months, by UID; they are forgotten."""
        for uid in sorted(self._found):
            item = self._found.pop(uid)
            months = (self._months.get(end, "") for _, end in list_ends(item.body))
            yield replace(item, month=max(item.month, *months, ""))


def find_elsewhere(item: TrackerObject, is_ours: Callable[[str], bool]) -> Verdict | None:
    """Why a relationship that was met on an event without registration is not of asset ``events``:
    one end is something else. ``is_ours`` tells whether an event may be of that asset."""
    for side, (kind, uid) in zip(_SIDES, list_ends(item.body), strict=False):
        if kind is not Kind.EVENT or not is_ours(uid):
            return decide("relationship_elsewhere", side=side, end=describe(kind, uid))
    return None
