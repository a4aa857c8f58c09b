"""Stored tracker objects as ``/api/tracker`` shows them, by version.

What is stored once is shown with what other objects say: persons, names of units and attributes.
Attributes of a program are shown to who asks for that program, and on its enrollments.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

from d2_assets.identifiers import generate_uid
from d2_assets.sandbox.instance import Instance
from d2_assets.sandbox.stored_tracker import Body, StoredObject
from d2_assets.sandbox.stored_tracker_reads import TrackerQuery, select_objects
from d2_assets.sandbox.stored_values import DEFAULT_OPTION_COMBO
from d2_assets.sandbox.tracker_edits import format_ms
from d2_assets.sandbox.tracker_versions import find_tracker_facts


def find_hidden_enrollment(program: str) -> str:
    """The enrollment that 2.42 shows on events of a program without registration [seen]."""
    return generate_uid(Random(f"enrollment of {program}"))


class Below:
    """What hangs on the objects of one page, read at once."""

    def __init__(self, connection: sqlite3.Connection, include_deleted: bool) -> None:
        self._connection = connection
        self._include_deleted = include_deleted
        self.enrollments: dict[str, list[StoredObject]] = {}
        self.events: dict[str, list[StoredObject]] = {}
        self.relationships: dict[str, list[StoredObject]] = {}
        self.entities: dict[str, StoredObject] = {}

    def read_enrollments(self, entities: Iterable[str]) -> list[StoredObject]:
        """Enrollments, by tracked entity."""
        query = TrackerQuery(
            "enrollment",
            tracked_entities=list(entities),
            include_deleted=self._include_deleted,
        )
        found = list(select_objects(self._connection, query))
        for item in found:
            self.enrollments.setdefault(item.tracked_entity, []).append(item)
        return found

    def read_events(self, enrollments: Iterable[str]) -> list[StoredObject]:
        """Events, by enrollment."""
        query = TrackerQuery(
            "event", enrollments=list(enrollments), include_deleted=self._include_deleted
        )
        found = list(select_objects(self._connection, query))
        for item in found:
            self.events.setdefault(item.enrollment, []).append(item)
        return found

    def read_relationships(self, ends: Iterable[str], both_ways: Mapping[str, bool]) -> None:
        """Relationships, by their first end, and by the other where they go both ways [read]."""
        query = TrackerQuery("relationship", ends=list(ends))
        for item in select_objects(self._connection, query):
            self.relationships.setdefault(item.from_uid, []).append(item)
            if both_ways.get(item.type) and item.to_uid != item.from_uid:
                self.relationships.setdefault(item.to_uid, []).append(item)

    def read_entities(self, uids: Iterable[str]) -> None:
        """Tracked entities that hold the attributes of enrollments."""
        query = TrackerQuery("trackedEntity", uids=list(uids), include_deleted=True)
        self.entities |= {item.uid: item for item in select_objects(self._connection, query)}


class Renderer:
    """Writes objects as the version does; ``program`` is the one that was asked for."""

    def __init__(self, instance: Instance, below: Below, program: str = "") -> None:
        self._facts = find_tracker_facts(instance.facts.line)
        self._metadata = instance.tracker_metadata
        self._program = program
        self._below = below
        store = instance.store
        self._zone = store.zone
        self._people = {
            user.get("username"): _shape_person(user) for user in store.metadata("users")
        }
        self._units = {unit["id"]: unit.get("name") for unit in store.metadata("organisationUnits")}
        self._attributes = {body["id"]: body for body in store.metadata("trackedEntityAttributes")}
        self._types = {body["id"]: body for body in store.metadata("relationshipTypes")}

    def render(self, item: StoredObject) -> Body:
        """An object with all that hangs on it, as far as that was read."""
        if item.kind == "trackedEntity":
            return self._render_entity(item)
        if item.kind == "enrollment":
            return self._render_enrollment(item)
        return self._render_event(item) if item.kind == "event" else self._render_relation(item)

    def _render_entity(self, item: StoredObject) -> Body:
        enrollments = [
            enrollment
            for enrollment in self._below.enrollments.get(item.uid, ())
            if self._program in ("", enrollment.program)
        ]
        self._below.entities[item.uid] = item
        owners = dict.fromkeys((one.program, one.org_unit) for one in enrollments)
        return self._start(item) | {
            "attributes": self._render_attributes(item, self._list_shown(item.type)),
            "enrollments": [self._render_enrollment(one) for one in enrollments],
            "programOwners": [
                {"orgUnit": unit, "trackedEntity": item.uid, "program": program}
                for program, unit in owners
            ],
        }

    def _list_shown(self, type_: str) -> set[str]:
        shown = set(self._metadata.types.get(type_, ()))
        program = self._metadata.programs.get(self._program)
        return shown | set(program.attributes) if program else shown

    def _render_attributes(self, item: StoredObject | None, shown: Iterable[str]) -> list[Body]:
        wanted = set(shown)
        given = item.body.get("attributes") or () if item else ()
        return [self._render_attribute(one) for one in given if one["attribute"] in wanted]

    def _render_attribute(self, given: Body) -> Body:
        described = self._attributes.get(given["attribute"], {})
        body: Body = {"attribute": given["attribute"]}
        if described.get("code"):
            body["code"] = described["code"]
        body["displayName"] = described.get("name")
        body |= {name: given.get(name) for name in ("createdAt", "updatedAt")}
        body |= self._tell_keeper(given)
        return body | {"valueType": described.get("valueType"), "value": given["value"]}

    def _render_enrollment(self, item: StoredObject) -> Body:
        program = self._metadata.programs.get(item.program)
        body = self._start(item) | self._name_unit(item)
        if self._facts.shows_stored_by == "all":
            body["attributeOptionCombo"] = DEFAULT_OPTION_COMBO
        events = self._below.events.get(item.uid, ())
        holder = self._below.entities.get(item.tracked_entity)
        return body | {
            "events": [self._render_event(event) for event in events],
            "attributes": self._render_attributes(holder, program.attributes if program else ()),
            "notes": [self._render_note(note) for note in item.body.get("notes") or ()],
        }

    def _render_event(self, item: StoredObject) -> Body:
        body = self._start(item) | self._name_unit(item)
        if not self._facts.reads_new:
            body["followup"] = body.pop("followUp", False)
            body["assignedUser"] = body.get("assignedUser", {})
        if body.get("assignedUser"):
            body["assignedUser"] = self._complete_person(body["assignedUser"])
        if self._facts.shows_inner_enrollment and not item.enrollment:
            body["enrollment"] = find_hidden_enrollment(item.program)
        values = item.body.get("dataValues") or ()
        return body | {
            "dataValues": [self._render_value(value) for value in values],
            "notes": [self._render_note(note) for note in item.body.get("notes") or ()],
        }

    def _render_value(self, value: Body) -> Body:
        persons = ("createdBy", "updatedBy")
        body = {name: given for name, given in value.items() if name not in persons}
        body.setdefault("providedElsewhere", False)
        if not self._facts.reads_new:
            return body
        body["storedBy"] = value.get("updatedBy")
        return body | {name: self._find_person(value.get(name)) for name in persons}

    def _render_note(self, note: Body) -> Body:
        person = self._find_person(note.get("createdBy"))
        if self._facts.reads_new:
            name = f"{person.get('firstName')} {person.get('surname')}"
            person = person | {"displayName": name}
        body = {name: note[name] for name in ("note", "storedAt", "value") if name in note}
        body["createdBy"] = person
        is_untold = self._facts.shows_stored_by == "values"
        return body if is_untold else body | {"storedBy": note.get("storedBy")}

    def _render_relation(self, item: StoredObject) -> Body:
        described = self._types.get(item.type, {})
        return self._start(item) | {
            "relationshipName": described.get("name"),
            "bidirectional": bool(described.get("bidirectional")),
        }

    def _start(self, item: StoredObject) -> Body:
        """The own members, the stamps, the persons."""
        body = dict(item.body)
        body |= {
            "createdAt": format_ms(item.created_at or 0, self._zone),
            "updatedAt": format_ms(item.updated_at or 0, self._zone),
            "createdBy": self._find_person(body.get("createdBy")),
            "updatedBy": self._find_person(body.get("updatedBy")),
        }
        if item.kind == "relationship":
            return body
        body |= {"deleted": item.deleted, "relationships": self._list_relations(item)}
        if item.kind in ("event", "enrollment"):
            body |= self._tell_keeper(item.body)
        return body

    def _list_relations(self, item: StoredObject) -> list[Body]:
        return [self._render_relation(one) for one in self._below.relationships.get(item.uid, ())]

    def _tell_keeper(self, body: Mapping[str, Any]) -> Body:
        """``storedBy``, where the version shows it on all."""
        keeper = body.get("updatedBy") or body.get("createdBy")
        is_shown = self._facts.shows_stored_by == "all" and keeper
        return {"storedBy": keeper} if is_shown else {}

    def _name_unit(self, item: StoredObject) -> Body:
        return {"orgUnitName": self._units.get(item.org_unit)} if not self._facts.reads_new else {}

    def _find_person(self, username: Any) -> Body:
        return self._people.get(username) or {"username": username}

    def _complete_person(self, given: Mapping[str, Any]) -> Body:
        by_uid = (one for one in self._people.values() if one["uid"] == given.get("uid"))
        known = self._people.get(given.get("username")) or next(by_uid, None)
        return known or dict(given)


def read_below(
    instance: Instance,
    connection: sqlite3.Connection,
    objects: Sequence[StoredObject],
    members: frozenset[str],
    include_deleted: bool,
) -> Below:
    """What hangs on objects, as far as the members are asked for."""
    below = Below(connection, include_deleted)
    shown = list(objects)
    enrollments = [item for item in objects if item.kind == "enrollment"]
    if "enrollments" in members:
        uids = [item.uid for item in objects if item.kind == "trackedEntity"]
        enrollments += below.read_enrollments(uids)
        shown += enrollments
    if "events" in members and enrollments:
        shown += below.read_events(item.uid for item in enrollments)
    if "attributes" in members:
        below.read_entities(item.tracked_entity for item in objects if item.kind == "enrollment")
    if "relationships" in members and shown:
        both = instance.tracker_metadata.relationship_types
        below.read_relationships(
            (item.uid for item in shown), {uid: both[uid].is_bidirectional for uid in both}
        )
    return below


def _shape_person(user: Mapping[str, Any]) -> Body:
    return {
        "uid": user["id"],
        "username": user.get("username"),
        "firstName": user.get("firstName"),
        "surname": user.get("surname"),
    }
