"""One tracker object on its way: a tracked entity, enrollment, event or relationship.

A server nests them; here each is a row of its own with its own outcome, and its body holds what is
its own: no children, no stamps of the server. Rows of one ``root`` (a tracked entity or an event of
a program without registration) travel together. Names are those of ``/api/tracker``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pyarrow as pa

Body = Mapping[str, Any]


class Kind(StrEnum):
    """The four kinds; the value is the member that holds an object's own UID."""

    TRACKED_ENTITY = "trackedEntity"
    ENROLLMENT = "enrollment"
    EVENT = "event"
    RELATIONSHIP = "relationship"

    @property
    def plural(self) -> str:
        """The list of that kind in a payload."""
        return "trackedEntities" if self is Kind.TRACKED_ENTITY else f"{self.value}s"

    @property
    def tracker_type(self) -> str:
        """What import reports call it."""
        return self.name


@dataclass(frozen=True, slots=True)
class TrackerObject:
    """``body`` is canonical (see ``shape``): the UID, what is the object's own, lists in order.

    ``root``: the tracked entity, or the event itself; of a relationship the root of its ``from``
    side. ``parent``: an enrollment's tracked entity, an event's enrollment; else empty.
    ``type``: tracked entity type or relationship type. ``updated_at``: as the server writes it, in
    its own time zone. ``month``: of the partition that it belongs to ("202511").
    """

    kind: Kind
    id: str
    root: str
    parent: str
    body: Body
    program: str = ""
    stage: str = ""
    org_unit: str = ""
    type: str = ""
    updated_at: str = ""
    deleted: bool = False
    month: str = ""


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What happened to one member of objects of a kind, and why, in words to act on.

    ``objects`` counts them: one line for each cause, not for each object.
    """

    kind: Kind
    member: str
    what: str
    why: str
    objects: int = 1


#: Staged objects of one side. ``digest``: fingerprint of the body without its notes; ``notes``:
#: their UIDs (servers only add notes). ``verdict`` and ``reason``: why a row does not travel; NULL
#: where it is fit, and always at the destination. ``body``: canonical JSON.
STAGED_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("month", pa.string()),
        ("kind", pa.string()),
        ("id", pa.string()),
        ("root", pa.string()),
        ("parent", pa.string()),
        ("program", pa.string()),
        ("stage", pa.string()),
        ("org_unit", pa.string()),
        ("type", pa.string()),
        ("updated_at", pa.string()),
        ("deleted", pa.bool_()),
        ("digest", pa.uint64()),
        ("notes", pa.list_(pa.string())),
        ("verdict", pa.string()),
        ("reason", pa.string()),
        ("body", pa.binary()),
    ]
)
