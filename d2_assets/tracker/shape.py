"""From the trees that servers give to canonical objects: each with what is its own, in order.

Program attributes go to the tracked entity, which is where every version takes them: 2.38 crashes
on an update whose enrollment carries a unique one [seen]. False, null and empty members are left
out, since servers differ in what they write down. Numbers of geometries are decimals from end to
end; they are compared by value (10 and 10.0 are one) and sent as they were read.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from decimal import MAX_PREC, Context, Decimal
from typing import Any

import orjson

from d2_assets.tracker.adaptations import LEFT_OUT, UNKNOWN, Adaptations
from d2_assets.tracker.members import DATES, MEMBERS, PART_KEYS, PARTS, Table
from d2_assets.tracker.objects import Body, Kind, TrackerObject

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_EXACT = Context(prec=MAX_PREC)
_ENDS = ("trackedEntity", "enrollment", "event")
_LONE = "attributesOfDeletedEnrollments"
_NO_ENROLLMENT = "Events of programs without registration have none; 2.42 shows an inner one."


def flatten_entity(tree: Body, told: Adaptations) -> list[TrackerObject]:
    """A tracked entity, its enrollments, their events, and the relationships met on them."""
    entity = tree["trackedEntity"]
    enrollments = tree.get("enrollments") or ()
    objects = [_make_entity(tree, enrollments, told)]
    related = [(entity, tree)]
    for enrollment in enrollments:
        objects.append(_make_enrollment(enrollment, entity, told))
        related.append((entity, enrollment))
        for event in enrollment.get("events") or ():
            objects.append(_make_event(event, entity, enrollment["enrollment"], told))
            related.append((entity, event))
    return [*objects, *_make_relationships(related, told)]


def flatten_event(body: Body, told: Adaptations) -> list[TrackerObject]:
    """An event of a program without registration, and the relationships met on it."""
    if body.get("enrollment"):
        told.tell(Kind.EVENT, "enrollment", LEFT_OUT, _NO_ENROLLMENT)
    event = _make_event(body, body["event"], "", told)
    return [event, *_make_relationships([(body["event"], body)], told)]


def digest(body: Body) -> int:
    """The fingerprint of an object without its notes: 64 bits, for good."""
    return int.from_bytes(hashlib.blake2b(encode_compared(body), digest_size=8).digest(), "big")


def encode_compared(body: Body) -> bytes:
    """What a fingerprint stands for: the body without its notes, numbers by their value."""
    compared = {
        name: _by_value(value) if name == "geometry" else value
        for name, value in body.items()
        if name != "notes"
    }
    return encode_body(compared)


def list_notes(body: Body) -> list[str]:
    """The UIDs of its notes."""
    return [note["note"] for note in body.get("notes") or ()]


def encode_body(body: Body) -> bytes:
    """Canonical JSON; decimals as they were read."""
    return orjson.dumps(body, default=_write_decimal, option=orjson.OPT_SORT_KEYS)


def decode_body(text: bytes) -> dict[str, Any]:
    """What ``encode_body`` wrote; only geometries hold fractions, and those stay decimal."""
    if b'"geometry"' in text:
        return json.loads(text, parse_float=Decimal)
    return orjson.loads(text)


def normalise_date(text: str) -> str:
    """A date or time as servers write it, of the same day: "2026-03-10T00:00:00.000"."""
    if _DAY.fullmatch(text):
        return f"{text}T00:00:00.000"
    return f"{text}.000" if _SECOND.fullmatch(text) else text


def is_empty(value: Any) -> bool:
    """Whether a member may as well not be there."""
    return value is None or value is False or value == "" or value == [] or value == {}


def _make_entity(tree: Body, enrollments: Iterable[Body], told: Adaptations) -> TrackerObject:
    """Where two parts of the tree were read at different times, the later value counts. Values that
    a deleted enrollment alone shows stay behind: no other server would show them."""
    listed, lone = list[Body](), list[Body](tree.get(_LONE) or ())
    for one in enrollments:
        (lone if one.get("deleted") else listed).extend(one.get("attributes") or ())
    listed += tree.get("attributes") or ()
    listed.sort(key=lambda attribute: attribute.get("updatedAt") or "")
    known = {attribute["attribute"] for attribute in listed}
    lone = [attribute for attribute in lone if attribute["attribute"] not in known]
    own = _keep(Kind.TRACKED_ENTITY, {**tree, "attributes": listed, _LONE: lone}, told)
    return _make(Kind.TRACKED_ENTITY, tree, own, root=tree["trackedEntity"], parent="")


def _make_enrollment(body: Body, entity: str, told: Adaptations) -> TrackerObject:
    own = _keep(Kind.ENROLLMENT, {**body, "trackedEntity": entity}, told)
    return _make(Kind.ENROLLMENT, body, own, root=entity, parent=entity)


def _make_event(body: Body, root: str, enrollment: str, told: Adaptations) -> TrackerObject:
    follows = body.get("followUp") or body.get("followup")
    body = {name: value for name, value in body.items() if name != "followup"}
    own = _keep(Kind.EVENT, body | {"followUp": follows, "enrollment": enrollment}, told)
    if user := own.pop("assignedUser", None):
        known = {name: user[name] for name in ("uid", "username") if not is_empty(user.get(name))}
        own |= {"assignedUser": known} if known else {}
    return _make(Kind.EVENT, body, own, root=root, parent=enrollment)


def _make_relationships(
    related: Iterable[tuple[str, Body]], told: Adaptations
) -> list[TrackerObject]:
    """Each once, though both of its ends show it; its root is the one that it was met under."""
    found: dict[str, TrackerObject] = {}
    for root, holder in related:
        for body in holder.get("relationships") or ():
            uid = body["relationship"]
            if uid not in found:
                own = _keep(Kind.RELATIONSHIP, body, told)
                own |= {side: _point(own[side]) for side in ("from", "to") if side in own}
                found[uid] = _make(Kind.RELATIONSHIP, body, own, root=root, parent="")
    return list(found.values())


def _point(end: Body) -> dict[str, Any]:
    """One end as the importer takes it: the deepest object that it names."""
    for kind in reversed(_ENDS):
        if named := end.get(kind):
            uid = named[kind] if isinstance(named, Mapping) else named
            return {kind: {kind: uid}}
    return dict(end)


def find_end(body: Body, side: str) -> tuple[Kind, str]:
    """Kind and UID of one end ("from", "to") of a canonical relationship."""
    ((kind, named),) = body[side].items()
    return Kind(kind), named[kind]


def _make(kind: Kind, body: Body, own: Body, *, root: str, parent: str) -> TrackerObject:
    """Of a deleted object only the UID is left: that is all a delete needs."""
    return TrackerObject(
        kind=kind,
        id=body[kind],
        root=root,
        parent=parent,
        body=own,
        program=body.get("program") or "",
        stage=body.get("programStage") or "",
        org_unit=body.get("orgUnit") or "",
        type=body.get("trackedEntityType" if kind is Kind.TRACKED_ENTITY else "relationshipType")
        or "",
        updated_at=body.get("updatedAt") or "",
        deleted=bool(body.get("deleted")),
    )


def _keep(kind: Kind, body: Body, told: Adaptations) -> dict[str, Any]:
    """The members that travel; all others that hold something are told."""
    if body.get("deleted"):
        return {str(kind): body[kind]}
    kept: dict[str, Any] = {}
    for name, value in body.items():
        if is_empty(value) or not _travels(kind, name, MEMBERS[kind], name, told):
            continue
        if name in PARTS:
            kept |= {name: parts} if (parts := _keep_parts(kind, name, value, told)) else {}
        else:
            kept[name] = normalise_date(value) if name in DATES else value
    return kept


def _keep_parts(
    kind: Kind, name: str, parts: Iterable[Body], told: Adaptations
) -> list[dict[str, Any]]:
    """Values by their key, in order; what has no value is not there. The last one counts."""
    key, table = PART_KEYS[name], PARTS[name]
    found = {
        part[key]: {
            member: value
            for member, value in part.items()
            if not is_empty(value) and _travels(kind, member, table, f"{name}.{member}", told)
        }
        for part in parts
        if not is_empty(part.get("value"))
    }
    return [found[uid] for uid in sorted(found)]


def _travels(kind: Kind, name: str, table: Table, shown: str, told: Adaptations) -> bool:
    member = table.get(name)
    if member is None:
        told.tell(kind, shown, LEFT_OUT, UNKNOWN)
        return False
    if not member.travels and member.why:
        told.tell(kind, shown, LEFT_OUT, member.why)
    return member.travels


def _by_value(value: Any) -> Any:
    """Numbers as the text of their value."""
    if isinstance(value, Mapping):
        return {name: _by_value(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_by_value(member) for member in value]
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        # Plus: -0 is 0.
        return f"{_EXACT.plus(Decimal(value).normalize(_EXACT)):f}"
    return value


def _write_decimal(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(type(value).__name__)
