"""The source's objects in the destination's words: every UID of metadata that differs there.

UIDs of the objects themselves are the same on both servers. Codes of options stay: they are values.
A value that is the UID of an org unit is exchanged like the org unit itself; values that name a
tracked entity or a user stay as they are. Users are matched by their names.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from typing import Any

from d2_assets.mapping.crosswalk import Crosswalk
from d2_assets.tracker.adaptations import LEFT_OUT
from d2_assets.tracker.identities import (
    ATTRIBUTES,
    CLASSES,
    DATA_ELEMENTS,
    OPTION_COMBOS,
    ORG_UNITS,
    PROGRAMS,
    RELATIONSHIP_TYPES,
    STAGES,
    TYPES,
)
from d2_assets.tracker.objects import Adaptation, Body, Kind, TrackerObject
from d2_assets.tracker.scope import Scope

#: Class of the object that a member of a body names.
_MEMBERS: Mapping[str, str] = {
    "program": PROGRAMS,
    "programStage": STAGES,
    "orgUnit": ORG_UNITS,
    "trackedEntityType": TYPES,
    "attributeOptionCombo": OPTION_COMBOS,
    "relationshipType": RELATIONSHIP_TYPES,
}
#: Lists of values: the member that names what a value is of, and the class of that.
_VALUES: Mapping[str, tuple[str, str]] = {
    "attributes": ("attribute", ATTRIBUTES),
    "dataValues": ("dataElement", DATA_ELEMENTS),
}
_UNKNOWN_USER = (
    "The destination has no user of that name that its account may see. Create the user there, or "
    "let the account see users."
)
_NAMELESS_USER = "The source names the user by a UID only, which is another user's elsewhere."

Exchange = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Translated:
    """An object in the destination's words, and what of it had to stay behind."""

    object: TrackerObject
    adaptations: tuple[Adaptation, ...] = ()


def translate_whole(item: TrackerObject, scope: Scope) -> Translated:
    """Metadata by the crosswalk, and users by their names."""
    translated = translate_object(item, scope.crosswalk, scope.facts.unit_values)
    return assign_user(translated, scope.users.find)


def translate_object(
    item: TrackerObject, crosswalk: Crosswalk, unit_values: Container[str] = frozenset()
) -> TrackerObject:
    """The object with the destination's UIDs of metadata; UIDs that are alike stay.

    ``unit_values``: data elements and attributes, by the destination's UIDs, whose values are UIDs
    of org units.
    """
    if not _differs(crosswalk):
        return item
    return _exchange_all(item, crosswalk.get, lambda _, new: new in unit_values)


def restore_object(
    item: TrackerObject, crosswalk: Crosswalk, unit_values: Container[str] = frozenset()
) -> TrackerObject:
    """The way back: an object of the destination with the source's UIDs."""
    if not _differs(crosswalk):
        return item
    return _exchange_all(item, crosswalk.back, lambda old, _: old in unit_values)


def assign_user(item: TrackerObject, find_user: Callable[[str], str | None]) -> Translated:
    """The event with the destination's UID of the user that it is assigned to, or without one."""
    user = item.body.get("assignedUser") if item.kind is Kind.EVENT else None
    if not user:
        return Translated(item)
    username = user.get("username") if isinstance(user, Mapping) else None
    uid = find_user(username) if username else None
    if uid is None:
        body = {name: value for name, value in item.body.items() if name != "assignedUser"}
        why = _UNKNOWN_USER if username else _NAMELESS_USER
        told = Adaptation(item.kind, "assignedUser", LEFT_OUT, why)
        return Translated(replace(item, body=body), (told,))
    body = {**item.body, "assignedUser": {"uid": uid, "username": username}}
    return Translated(replace(item, body=body))


def _differs(crosswalk: Crosswalk) -> bool:
    """Asked for every object: the rows of a crosswalk are too many to be listed each time."""
    return any(crosswalk.of_class(plural) for plural in CLASSES)


def _exchange_all(
    item: TrackerObject, exchange: Exchange, is_unit: Callable[[str, str], bool]
) -> TrackerObject:
    type_class = RELATIONSHIP_TYPES if item.kind is Kind.RELATIONSHIP else TYPES
    return replace(
        item,
        program=_exchange(exchange, PROGRAMS, item.program),
        stage=_exchange(exchange, STAGES, item.stage),
        org_unit=_exchange(exchange, ORG_UNITS, item.org_unit),
        type=_exchange(exchange, type_class, item.type),
        body=_exchange_body(item.body, exchange, is_unit),
    )


def _exchange_body(
    body: Body, exchange: Exchange, is_unit: Callable[[str, str], bool]
) -> dict[str, Any]:
    exchanged = dict(body)
    for member in body.keys() & _MEMBERS.keys():
        exchanged[member] = _exchange(exchange, _MEMBERS[member], body[member])
    for member in body.keys() & _VALUES.keys():
        key, plural = _VALUES[member]
        values = []
        for value in body[member]:
            old = value[key]
            new = exchange(plural, old)
            value = {**value, key: new}
            if is_unit(old, new):
                value["value"] = exchange(ORG_UNITS, value["value"])
            values.append(value)
        exchanged[member] = sorted(values, key=lambda value: value[key])
    return exchanged


def _exchange(exchange: Exchange, plural: str, uid: str) -> str:
    return exchange(plural, uid) if uid else uid
