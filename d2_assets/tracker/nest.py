"""Payloads of ``POST /api/tracker``: what changed, nested where the parent changes too.

An importer keeps the values and attributes that a body leaves out, and empties other members
[read]: a value that is gone at the source is sent as null, and a pair that merges sends the other
members that only the destination has. Attributes of enrollments are never written (see ``shape``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from d2_assets.dhis2.dialects import Dialect
from d2_assets.tracker.adaptations import LEFT_OUT, Adaptations
from d2_assets.tracker.members import MEMBERS, PART_KEYS
from d2_assets.tracker.objects import Body, Kind, TrackerObject
from d2_assets.tracker.shape import list_notes

Payload = Mapping[str, Sequence[Mapping[str, Any]]]

_CHILDREN = {Kind.ENROLLMENT: "enrollments", Kind.EVENT: "events"}
_VALUES = ("attributes", "dataValues")


@dataclass(frozen=True, slots=True)
class Change:
    """An object to be written; ``old_body``: what stands there, of an update."""

    kind: Kind
    id: str
    root: str
    parent: str
    body: Body
    old_body: Body | None = None


def nest(changes: Iterable[Change], dialect: Dialect, *, merge: bool = False) -> Payload:
    """One request of these changes; parents come before their children."""
    payload: dict[str, list[dict[str, Any]]] = {}
    written: dict[tuple[Kind, str], dict[str, Any]] = {}
    for change in changes:
        wire = _write(change, dialect, merge=merge)
        written[change.kind, change.id] = wire
        parent = written.get((_parent_kind(change.kind), change.parent))
        holder = payload if parent is None else parent
        name = change.kind.plural if parent is None else _CHILDREN[change.kind]
        holder.setdefault(name, []).append(wire)
    return payload


def for_delete(kind: Kind, ids: Iterable[str]) -> Payload:
    """One request that deletes objects of a kind."""
    return {kind.plural: [{str(kind): uid} for uid in ids]}


def adapt_to(item: TrackerObject, dialect: Dialect, told: Adaptations) -> TrackerObject:
    """The object without members that the destination's version does not know."""
    table = MEMBERS[item.kind]
    strange = [
        name
        for name in item.body
        if (member := table.get(name)) and member.since and _is_before(dialect, member.since)
    ]
    for name in strange:
        told.tell(item.kind, name, LEFT_OUT, f"DHIS2 {dialect.version} does not know it.")
    if not strange:
        return item
    body = {name: value for name, value in item.body.items() if name not in strange}
    return replace(item, body=body)


def _write(change: Change, dialect: Dialect, *, merge: bool) -> dict[str, Any]:
    old_body = change.old_body or {}
    kept = {name: old_body[name] for name in old_body if merge and name not in PART_KEYS}
    wire = {**kept, **change.body}
    if change.kind is Kind.EVENT and not dialect.spells_follow_up and "followUp" in wire:
        wire["followup"] = wire.pop("followUp")
    if notes := _find_new_notes(wire, old_body):
        wire["notes"] = notes
    else:
        wire.pop("notes", None)
    for name in () if merge else _VALUES:
        if gone := _find_gone(name, change.body, old_body):
            wire[name] = [*wire.get(name, ()), *gone]
    return wire


def _find_new_notes(body: Body, old_body: Body) -> list[Mapping[str, Any]]:
    """Notes are only ever added: those that stand there are refused with a warning [read]."""
    there = set(list_notes(old_body))
    return [note for note in body.get("notes") or () if note["note"] not in there]


def _find_gone(name: str, body: Body, old_body: Body) -> list[dict[str, Any]]:
    key = PART_KEYS[name]
    kept = {part[key] for part in body.get(name) or ()}
    return [
        {key: part[key], "value": None}
        for part in old_body.get(name) or ()
        if part[key] not in kept
    ]


def _parent_kind(kind: Kind) -> Kind:
    return Kind.TRACKED_ENTITY if kind is Kind.ENROLLMENT else Kind.ENROLLMENT


def _is_before(dialect: Dialect, version: str) -> bool:
    return [int(part) for part in dialect.version.split(".")] < [
        int(part) for part in version.split(".")
    ]
