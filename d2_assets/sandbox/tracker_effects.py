"""What a tracker import leaves in the store.

A body replaces an object's own members, but data values and attributes that it leaves out stay, and
null or "" removes one; notes are only added [read]. Stamps are the server's, never the payload's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from d2_assets.identifiers import generate_uid
from d2_assets.sandbox.stored_tracker import (
    Body,
    StoredObject,
    TrackerKind,
    pad_date,
)
from d2_assets.sandbox.stored_values import DEFAULT_OPTION_COMBO
from d2_assets.sandbox.tracker_edits import set_value
from d2_assets.sandbox.tracker_known import Known, read_end
from d2_assets.sandbox.tracker_metadata import Typed
from d2_assets.sandbox.tracker_requests import Sent
from d2_assets.sandbox.tracker_value_checks import read_value
from d2_assets.sandbox.wire_values import normalise_value

DEFAULT_OPTION = "xYerKDKCefk"
_CLIENT_STAMPS = ("createdAtClient", "updatedAtClient")
_MEMBERS: Mapping[TrackerKind, tuple[str, ...]] = {
    "trackedEntity": ("trackedEntityType", "orgUnit", "geometry", *_CLIENT_STAMPS),
    "enrollment": (
        "trackedEntity", "program", "orgUnit", "enrolledAt", "occurredAt", "geometry",
        *_CLIENT_STAMPS,
    ),
    "event": (
        "program", "programStage", "orgUnit", "enrollment", "trackedEntity", "occurredAt",
        "scheduledAt", "geometry", *_CLIENT_STAMPS,
    ),
    "relationship": ("relationshipType", "createdAtClient"),
}  # fmt: skip
_DATES = ("enrolledAt", "occurredAt", "scheduledAt", *_CLIENT_STAMPS)


@dataclass(slots=True)
class Shaper:
    """Makes objects for the store; ``now`` is the server's time as text, ``now_ms`` as a number."""

    known: Known
    now: str
    now_ms: int
    random: Random

    def shape(self, sent: Sent) -> StoredObject:
        """The object as it will be stored."""
        old = self.known.stored[sent.kind].get(sent.uid)
        body = self._shape_body(sent, old.body if old else {})
        return StoredObject(
            sent.kind,
            sent.uid,
            created_at=old.created_at if old else self.now_ms,
            updated_at=self.now_ms,
        ).with_body(body)

    def _shape_body(self, sent: Sent, old: Body) -> Body:
        body: Body = {sent.kind: sent.uid}
        for name in _MEMBERS[sent.kind]:
            value = sent.body.get(name)
            if value not in (None, ""):
                body[name] = pad_date(value) if name in _DATES else value
        user = self.known.account.username
        body |= {"createdBy": old.get("createdBy", user), "updatedBy": user}
        if sent.kind == "trackedEntity":
            body |= self._shape_entity(sent, old)
        elif sent.kind == "relationship":
            body |= _shape_relationship(sent)
        else:
            body |= self._shape_status(sent, old)
            body["followUp"] = bool(sent.body.get("followUp", sent.body.get("followup")))
            body["notes"] = self._add_notes(sent, old.get("notes") or [])
            body |= self._shape_event(sent, old) if sent.kind == "event" else {}
        return body

    def _shape_entity(self, sent: Sent, old: Body) -> Body:
        kept = old.get("attributes") or []
        return {
            "inactive": bool(sent.body.get("inactive")),
            "potentialDuplicate": bool(sent.body.get("potentialDuplicate")),
            "attributes": self.merge_attributes(kept, sent.body.get("attributes") or ()),
        }

    def merge_attributes(
        self, kept: Iterable[Body], given: Iterable[Mapping[str, Any]]
    ) -> list[Body]:
        """Attributes with those that were sent over them."""
        return self._merge(kept, given, "attribute", self.known.metadata.attributes)

    def _merge(
        self,
        kept: Iterable[Body],
        given: Iterable[Mapping[str, Any]],
        key: str,
        typed: Mapping[str, Typed],
    ) -> list[Body]:
        values, user = list(kept), self.known.account.username
        for row in given:
            value, name = read_value(row), str(row.get(key))
            if value is not None:
                value = normalise_value(value, typed[name].value_type if name in typed else "TEXT")
            values = set_value(values, key, name, value, self.now, user)
            if key == "dataElement":
                _mark_provided(values, row)
        return values

    def _shape_event(self, sent: Sent, old: Body) -> Body:
        given, kept = sent.body.get("dataValues") or (), old.get("dataValues") or []
        merged = self._merge(kept, given, "dataElement", self.known.metadata.elements)
        body: Body = {"dataValues": merged}
        combo, options = self._find_combo(sent)
        body |= {"attributeOptionCombo": combo, "attributeCategoryOptions": options}
        assigned = sent.body.get("assignedUser")
        if assigned and (assigned.get("uid") or assigned.get("username")):
            body["assignedUser"] = assigned
        enrollment = sent.tell("enrollment")
        if enrollment:
            body["trackedEntity"] = self.known.tell("enrollment", enrollment, "trackedEntity")
        return body

    def _find_combo(self, sent: Sent) -> tuple[str, str]:
        combos = self.known.metadata.combos
        combo = sent.tell("attributeOptionCombo")
        program = self.known.metadata.programs[sent.tell("program")]
        given = sent.tell("attributeCategoryOptions").replace(";", ",")
        options = ",".join(sorted(part for part in given.split(",") if part))
        if not combo and options:
            fitting = (program.category_combo, options)
            combo = next((uid for uid, named in combos.items() if named == fitting), "")
        combo = combo or self.known.metadata.default_combos.get(program.category_combo, "")
        combo = combo or DEFAULT_OPTION_COMBO
        return combo, combos.get(combo, ("", ""))[1] or DEFAULT_OPTION

    def _shape_status(self, sent: Sent, old: Body) -> Body:
        status = sent.tell("status") or "ACTIVE"
        if status != "COMPLETED":
            return {"status": status}
        again = old.get("status") == "COMPLETED"
        when = pad_date(sent.body.get("completedAt")) or (old.get("completedAt") if again else "")
        who = sent.tell("completedBy") or (old.get("completedBy") if again else "")
        return {
            "status": status,
            "completedAt": when or self.now,
            "completedBy": who or self.known.account.username,
        }

    def _add_notes(self, sent: Sent, old: list[Body]) -> list[Body]:
        notes, there = list(old), {note["note"] for note in old}
        for given in sent.body.get("notes") or ():
            uid = str(given.get("note") or generate_uid(self.random))
            if not given.get("value") or uid in there:
                continue
            user = self.known.account.username
            stored_by = str(given.get("storedBy") or user)
            notes.append(
                {
                    "note": uid,
                    "value": given["value"],
                    "storedAt": self.now,
                    "storedBy": stored_by,
                    "createdBy": user,
                }
            )
            there.add(uid)
        return notes

    def with_enrolled(
        self, entity: StoredObject, given: Iterable[Mapping[str, Any]]
    ) -> StoredObject:
        """A tracked entity with the attributes that came with one of its enrollments."""
        merged = self.merge_attributes(entity.body.get("attributes") or [], given)
        body = entity.body | {"attributes": merged}
        return replace(entity, body=body, updated_at=self.now_ms)


def _mark_provided(values: Iterable[Body], row: Mapping[str, Any]) -> None:
    for value in values:
        if value["dataElement"] == row.get("dataElement"):
            value["providedElsewhere"] = bool(row.get("providedElsewhere"))


def _shape_relationship(sent: Sent) -> Body:
    ends = {}
    for side in ("from", "to"):
        end = read_end(sent, side)
        if end is not None:
            kind, uid = end
            ends[side] = {kind: {kind: uid}}
    return ends
