"""Nothing is sent that would land damaged: each reference must be there, or be sent with it.

A server takes an object whose optional reference is unknown WITHOUT it, or fails the whole request
without a report [seen 2.38-2.43]; so an object that refers to what is neither at the destination
nor among what is sent waits in quarantine, and what needs it waits with it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from d2_assets.dhis2.schemas import Schemas
from d2_assets.metadata.event_visualizations import CHARTS, EVENT_VISUALIZATIONS, REPORTS
from d2_assets.metadata.objects import (
    Adaptation,
    Key,
    MetadataObject,
    Refusal,
    adapt,
    name_of,
    refuse,
)
from d2_assets.metadata.references import Reference, iterate_references

MISSING_REFERENCE = "missing_reference"
NEEDS_REFUSED = "needs_refused"
NEEDS_HELD = "needs_held"

_VIEWS = (EVENT_VISUALIZATIONS, REPORTS, CHARTS)


def views_of(plural: str) -> tuple[str, ...]:
    """The classes under which a server lists an object of the class: event reports, charts and
    visualizations are one."""
    return _VIEWS if plural in _VIEWS else (plural,)


@dataclass(frozen=True, slots=True)
class Known:
    """What an object may refer to.

    ``present``: UIDs at the destination by class (those that a preview promises among them).
    ``names``: names at the source, by class and UID at the destination.
    """

    present: Mapping[str, Set[str]]
    names: Mapping[Key, str] = field(default_factory=dict)

    def has(self, key: Key) -> bool:
        return any(key[1] in self.present.get(plural, ()) for plural in views_of(key[0]))

    def say(self, key: Key) -> str:
        """An object in words: its class, its name at the source where it has one, its UID."""
        plural, uid = key
        name = self.names.get(key)
        return f"{uid} of {plural} (at the source: «{name}»)" if name else f"{uid} of {plural}"


@dataclass(frozen=True, slots=True)
class Checked:
    """Objects that may be sent, with the objects of the same push that each needs to be there.

    ``deferred`` names members that a later family sets.
    """

    objects: tuple[MetadataObject, ...]
    needs: Mapping[Key, frozenset[Key]]
    refusals: tuple[Refusal, ...]
    deferred: tuple[tuple[Key, str], ...] = ()


@dataclass(slots=True)
class _Found:
    """What the references of one object come to."""

    missing: list[Reference] = field(default_factory=list)
    needs: set[Key] = field(default_factory=set)
    later: set[str] = field(default_factory=set)


def check_references(
    objects: Sequence[MetadataObject],
    known: Known,
    schemas: Schemas,
    *,
    later: Collection[tuple[str, str]] = (),
    set_aside: Mapping[Key, str] = {},
    held: Collection[Key] = (),
) -> Checked:
    """Split objects (rewritten for the destination) by whether all they refer to is there.

    ``later``: class and member that a later family sets; such a member is left out where what it
    refers to is not there yet. ``set_aside``: objects of the family that were refused before, with
    the reason; ``held``: those that the strategy keeps back, by their keys at the destination.
    """
    coming = {item.destination_key for item in objects} - set(held)
    refused: dict[Key, Refusal] = {}
    found: dict[Key, _Found] = {}
    for item in objects:
        one = _look_up(item, known, coming, schemas, later)
        found[item.destination_key] = one
        if one.missing:
            refused[item.destination_key] = refuse_missing(
                item, one.missing, known, set_aside, held
            )
    _follow(objects, found, refused, known)
    return Checked(
        objects=tuple(
            _leave_out(item, found[item.destination_key].later)
            for item in objects
            if item.destination_key not in refused
        ),
        needs={key: frozenset(one.needs) for key, one in found.items() if key not in refused},
        refusals=tuple(refused.values()),
        deferred=tuple(
            (key, name)
            for key, one in found.items()
            if key not in refused
            for name in sorted(one.later)
        ),
    )


def _look_up(
    item: MetadataObject,
    known: Known,
    coming: Set[Key],
    schemas: Schemas,
    later: Collection[tuple[str, str]],
) -> _Found:
    one = _Found()
    for reference in iterate_references(item.body, item.plural, schemas):
        key = reference.plural, reference.id
        if reference.is_principal or key == item.destination_key or known.has(key):
            continue
        needed = next((each for each in _other_names(key) if each in coming), None)
        if needed == item.destination_key:
            continue
        if needed is not None:
            one.needs.add(needed)
        elif (item.plural, reference.property) in later:
            one.later.add(reference.property)
        else:
            one.missing.append(reference)
    return one


def _other_names(key: Key) -> list[Key]:
    return [(plural, key[1]) for plural in views_of(key[0])]


def _follow(
    objects: Sequence[MetadataObject],
    found: Mapping[Key, _Found],
    refused: dict[Key, Refusal],
    known: Known,
) -> None:
    """What needs a refused object is refused, too, and names its cause; so on to the end."""
    needed_by: dict[Key, list[MetadataObject]] = {}
    for item in objects:
        for need in found[item.destination_key].needs:
            needed_by.setdefault(need, []).append(item)
    waiting = list(refused)
    while waiting:
        need = waiting.pop()
        for item in needed_by.get(need, ()):
            if item.destination_key not in refused:
                refused[item.destination_key] = refuse(
                    item,
                    NEEDS_REFUSED,
                    f"It needs {known.say(need)}, which waits: {refused[need].reason}",
                )
                waiting.append(item.destination_key)


def refuse_missing(
    item: MetadataObject,
    missing: Sequence[Reference],
    known: Known,
    set_aside: Mapping[Key, str] = {},
    held: Collection[Key] = (),
) -> Refusal:
    """The refusal of an object by the first thing that it lacks; the others are named after it."""
    references = {(one.plural, one.id): one for one in reversed(missing)}
    for key, one in references.items():
        waits = next((each for each in _other_names(key) if each in set_aside), None)
        if waits is not None:
            words = f"{one.path} needs {known.say(waits)}, which waits: {set_aside[waits]}"
            return refuse(item, NEEDS_REFUSED, words)
        if key in held:
            words = (
                f"{one.path} needs {known.say(key)}, which the import strategy of the pair does "
                "not create."
            )
            return refuse(item, NEEDS_HELD, words)
    named = [f"{one.path}: {known.say(key)}" for key, one in list(references.items())[::-1]]
    more = f", and {len(named) - 3} more" if len(named) > 3 else ""
    return refuse(
        item,
        MISSING_REFERENCE,
        f"What it refers to is not at the destination and is not sent: {'; '.join(named[:3])}"
        f"{more}.",
    )


def _leave_out(item: MetadataObject, members: Set[str]) -> MetadataObject:
    if not members:
        return item
    body = {name: value for name, value in item.body.items() if name not in members}
    return MetadataObject(item.plural, item.id, body)


def warn_of_expression(item: MetadataObject, member: str, key: Key, known: Known) -> Adaptation:
    """A UID that stands only in an expression and that the destination does not have: the object
    travels, and this is said."""
    return adapt(
        item,
        member,
        "kept as it is",
        f"The expression names {known.say(key)}, which is not at the destination: it has no "
        "result there until that is.",
    )


def name_objects(objects: Iterable[MetadataObject]) -> dict[Key, str]:
    """Names by class and UID at the destination."""
    return {item.destination_key: name_of(item.body) for item in objects}
