"""The endpoints before ``/api/tracker``, gone with 2.42: the same objects in other words.

Without ``fields`` a list is short: tracked entities come without what is in them [seen].
"""

from collections.abc import Callable, Mapping
from typing import Any

from d2_assets.sandbox.fields import Field
from d2_assets.sandbox.stored_tracker import Body, TrackerKind
from d2_assets.sandbox.tracker_metadata import TrackerMetadata

#: Path -> kind; the path is also what lists the objects.
OLD_PATHS: Mapping[str, TrackerKind] = {
    "trackedEntityInstances": "trackedEntity",
    "enrollments": "enrollment",
    "events": "event",
}
_STAMPS = {
    "createdAt": "created",
    "updatedAt": "lastUpdated",
    "createdAtClient": "createdAtClient",
    "updatedAtClient": "lastUpdatedAtClient",
    "createdBy": "createdByUserInfo",
    "updatedBy": "lastUpdatedByUserInfo",
}
_ENTITY = _STAMPS | {"trackedEntity": "trackedEntityInstance"}
_ENROLLMENT = _ENTITY | {
    "enrolledAt": "enrollmentDate",
    "occurredAt": "incidentDate",
    "completedAt": "completedDate",
    "followUp": "followup",
}
_EVENT = _ENTITY | {
    "occurredAt": "eventDate",
    "scheduledAt": "dueDate",
    "completedAt": "completedDate",
}
_SHORT: Mapping[TrackerKind, frozenset[str]] = {
    "event": frozenset({
        "programStage", "programType", "orgUnit", "program", "event", "status", "orgUnitName",
        "eventDate", "created", "lastUpdated", "followup", "deleted", "attributeOptionCombo",
        "dataValues",
    }),
    "enrollment": frozenset({
        "lastUpdated", "trackedEntityType", "created", "orgUnit", "program", "enrollment",
        "trackedEntityInstance", "orgUnitName", "followup", "enrollmentDate", "incidentDate",
        "status",
    }),
}  # fmt: skip
_EMPTY_ENTITY: Body = {"programOwners": [], "enrollments": [], "relationships": []}
_NEW_ENDS = {"trackedEntity": "trackedEntityInstance", "enrollment": "enrollment", "event": "event"}


class OldBodies:
    """Bodies of ``/api/tracker`` in the words of the endpoints before it."""

    def __init__(self, metadata: TrackerMetadata) -> None:
        self._metadata = metadata

    def rename(self, kind: TrackerKind, body: Body) -> Body:
        """One object with all that is in it."""
        rename: Callable[[Body], Body] = {
            "trackedEntity": self._rename_entity,
            "enrollment": self._rename_enrollment,
            "event": self._rename_event,
        }[kind]
        return rename(body)

    def _rename_entity(self, body: Body) -> Body:
        renamed = _rename(body, _ENTITY) | {"featureType": "NONE"}
        return renamed | {
            "attributes": [_rename(item, _STAMPS) for item in body["attributes"]],
            "enrollments": [self._rename_enrollment(item) for item in body["enrollments"]],
            "relationships": [_rename_relationship(item) for item in body["relationships"]],
            "programOwners": [
                {
                    "ownerOrgUnit": item["orgUnit"],
                    "program": item["program"],
                    "trackedEntityInstance": item["trackedEntity"],
                }
                for item in body["programOwners"]
            ],
        }

    def _rename_enrollment(self, body: Body) -> Body:
        program = self._metadata.programs.get(str(body.get("program")))
        return _rename(body, _ENROLLMENT) | {
            "trackedEntityType": program.type if program else "",
            "attributes": [_rename(item, _STAMPS) for item in body["attributes"]],
            "events": [self._rename_event(item) for item in body["events"]],
            "relationships": [_rename_relationship(item) for item in body["relationships"]],
            "notes": [_rename_note(item) for item in body["notes"]],
        }

    def _rename_event(self, body: Body) -> Body:
        program = self._metadata.programs.get(str(body.get("program")))
        registers = bool(program and program.is_registration)
        renamed = _rename(body, _EVENT) | {
            "programType": "WITH_REGISTRATION" if registers else "WITHOUT_REGISTRATION",
            "dataValues": [_rename(item, _STAMPS) for item in body["dataValues"]],
            "relationships": [_rename_relationship(item) for item in body["relationships"]],
            "notes": [_rename_note(item) for item in body["notes"]],
        }
        user = renamed.pop("assignedUser", None)
        if user:
            renamed["assignedUser"] = user.get("uid", "")
            renamed["assignedUserUsername"] = user.get("username", "")
        return renamed


def shorten(kind: TrackerKind, body: Body) -> Body:
    """A body as a list gives it that was asked for no ``fields``."""
    if kind == "trackedEntity":
        return body | _EMPTY_ENTITY
    return {name: value for name, value in body.items() if name in _SHORT[kind]}


def wants_inside(fields: tuple[Field, ...]) -> bool:
    """Whether old fields ask for what is in an object, so that it must be read."""
    names = {field.name for field in fields}
    return bool(names & {"*", ":all", "enrollments", "events", "relationships", "programOwners"})


def _rename_relationship(body: Body) -> Body:
    renamed = _rename(body, _STAMPS)
    for side in ("from", "to"):
        end = body.get(side) or {}
        renamed[side] = {
            old: {old: end[new][new]} for new, old in _NEW_ENDS.items() if end.get(new)
        }
    return renamed


def _rename_note(body: Body) -> Body:
    return _rename(body, {"storedAt": "storedDate", "updatedAt": "lastUpdated"})


def _rename(body: Mapping[str, Any], words: Mapping[str, str]) -> Body:
    return {words.get(name, name): value for name, value in body.items()}
