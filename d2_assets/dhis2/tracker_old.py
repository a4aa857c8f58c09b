"""Bodies of the endpoints before ``/api/tracker``, given the members that they have now.

``/api/trackedEntityInstances`` and ``/api/events`` are there up to 2.40; their bodies say the same
in other words. A member that is not named here keeps its name.
"""

from collections.abc import Callable, Mapping
from typing import Any

Body = dict[str, Any]
_Change = Callable[[Any], Any]

_STAMPS = {
    "created": "createdAt",
    "lastUpdated": "updatedAt",
    "createdAtClient": "createdAtClient",
    "lastUpdatedAtClient": "updatedAtClient",
    "createdByUserInfo": "createdBy",
    "lastUpdatedByUserInfo": "updatedBy",
}
_ENTITY = _STAMPS | {"trackedEntityInstance": "trackedEntity"}
_ENROLLMENT = _ENTITY | {
    "enrollmentDate": "enrolledAt",
    "incidentDate": "occurredAt",
    "completedDate": "completedAt",
    "followup": "followUp",
}
_EVENT = _ENTITY | {
    "eventDate": "occurredAt",
    "dueDate": "scheduledAt",
    "completedDate": "completedAt",
}
_NOTE = {"storedDate": "storedAt", "lastUpdated": "updatedAt", "lastUpdatedBy": "createdBy"}
_OWNER = {"ownerOrgUnit": "orgUnit", "trackedEntityInstance": "trackedEntity"}
#: What a body tells of other objects, and of the form that held it: the new bodies do not have it.
_ASIDE = frozenset({"programType", "featureType", "coordinate", "coordinates", "href"})
_USER_MEMBERS = {
    "assignedUserUsername": "username",
    "assignedUserFirstName": "firstName",
    "assignedUserSurname": "surname",
}


def rename_entity(body: Mapping[str, Any]) -> Body:
    """A tracked entity instance as a tracked entity, with all that is inside it."""
    return _rename(
        body,
        _ENTITY,
        attributes=_each(_rename_stamped),
        enrollments=_each(_rename_enrollment),
        relationships=_each(rename_relationship),
        programOwners=_each(lambda owner: _rename(owner, _OWNER)),
    )


def rename_event(body: Mapping[str, Any]) -> Body:
    """An event with the members that ``/api/tracker`` gives it up to 2.40."""
    event = _rename(
        body,
        _EVENT,
        dataValues=_each(_rename_stamped),
        notes=_each(_rename_note),
        relationships=_each(rename_relationship),
    )
    event.pop("trackedEntityType", None)
    event.pop("assignedUserDisplayName", None)
    names = {new: event.pop(old, None) for old, new in _USER_MEMBERS.items()}
    if isinstance(user := event.pop("assignedUser", None), str) and user:
        known = {member: name for member, name in names.items() if name}
        event["assignedUser"] = {"uid": user} | known
    return event


def rename_relationship(body: Mapping[str, Any]) -> Body:
    """A relationship: both ends name their object in a small body of its own."""
    renamed = _rename(body, _STAMPS)
    for side in ("from", "to"):
        if isinstance(renamed.get(side), Mapping):
            renamed[side] = _rename_end(renamed[side])
    return renamed


def _rename_end(end: Mapping[str, Any]) -> Body:
    """``{trackedEntityInstance: {trackedEntityInstance: uid}}`` and the like, as now; an end may
    also be the bare UID."""
    renamed: Body = {}
    for old, new in (
        ("trackedEntityInstance", "trackedEntity"),
        ("enrollment", "enrollment"),
        ("event", "event"),
    ):
        held = end.get(old)
        uid = held.get(old) if isinstance(held, Mapping) else held
        if uid:
            renamed[new] = {new: uid}
    return renamed


def _rename_enrollment(body: Mapping[str, Any]) -> Body:
    enrollment = _rename(
        body,
        _ENROLLMENT,
        attributes=_each(_rename_stamped),
        events=_each(rename_event),
        notes=_each(_rename_note),
        relationships=_each(rename_relationship),
    )
    enrollment.pop("trackedEntityType", None)
    return enrollment


def _rename_stamped(body: Mapping[str, Any]) -> Body:
    return _rename(body, _STAMPS)


def _rename_note(body: Mapping[str, Any]) -> Body:
    return _rename(body, _NOTE)


def _rename(body: Mapping[str, Any], words: Mapping[str, str], **changes: _Change) -> Body:
    """The members under their new names, those of ``changes`` with their content changed."""
    return {
        words.get(member, member): changes[member](value) if member in changes else value
        for member, value in body.items()
        if member not in _ASIDE
    }


def _each(change: Callable[[Mapping[str, Any]], Body]) -> _Change:
    return lambda items: [change(item) for item in items or ()]
