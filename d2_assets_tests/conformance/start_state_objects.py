"""The tracked entities and events that the recorded tracker exchanges are about.

What the recordings show is taken as it is: one tracked entity whole, others as a UID and a unit.
The rest of their totals are copies.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from d2_assets.dhis2.tracker_old import rename_event
from d2_assets.identifiers import generate_uid
from d2_assets.sandbox import Store
from d2_assets.sandbox.stored_tracker import StoredObject, TrackerKind, to_stored
from d2_assets_tests.conformance.recorded_bodies import (
    DEFAULTS,
    Body,
    drop_cuts,
)
from d2_assets_tests.conformance.start_state_tracker import UNIQUE, list_events, read_tree
from d2_assets_tests.recordings import read_exchange

#: Objects that the exchanges create themselves.
_CREATED = frozenset({"U9f5tC6GNCR", "iK2bypDoAns", "bOmeyo4160e", "ews89iT3hg3"})
_PAST = "2026-11-22T18:00:00.000"


def put_tracker_objects(store: Store, version: str) -> None:
    """Store the tracked entities and events that are there before the first exchange."""
    entities = list(_iterate_entities(version))
    # From 2.42 on lists begin with what was made last [seen].
    entities = entities if version in ("2.38", "2.40") else entities[::-1]
    store.tracker.put(item for group in entities for item in group)
    store.tracker.put(_iterate_events(version))


def _iterate_entities(version: str) -> Iterator[list[StoredObject]]:
    """Each tracked entity with what hangs on it, in the order in which lists show them."""
    tree = read_tree(version)
    yield _flatten(tree)
    window = drop_cuts(_read_list(version, "tr-te-enrolled-window"))
    seen = {tree["trackedEntity"]}
    others: list[tuple[str, str, str]] = []
    for shown in drop_cuts(_read_list(version, "tr-te-new-params")) or drop_cuts(
        _read_list(version, "tr-te-old-params")
    ):
        others.append((shown["trackedEntity"], shown["orgUnit"], "2025-09-01"))
    others += [(shown["trackedEntity"], tree["orgUnit"], "2025-03-10") for shown in window]
    if len(window) > 1:
        # There was a next page.
        others.append((generate_uid(Random("window")), tree["orgUnit"], "2025-03-11"))
    total = _read_total(version, "tr-te-full")
    old_event = _find_old_event(version)
    if old_event is not None:
        day = old_event["occurredAt"][:10]
        others.append((generate_uid(Random("old event")), old_event["orgUnit"], day))
    for number in range(total):
        others.append((generate_uid(Random(f"entity {number}")), tree["orgUnit"], "2025-09-01"))
    for uid, unit, day in others:
        if uid not in seen and len(seen) < total:
            seen.add(uid)
            holds_it = old_event is not None and unit == old_event["orgUnit"]
            yield _copy_entity(tree, uid, unit, day, old_event if holds_it else None)


def _find_old_event(version: str) -> Body | None:
    """The event of another tracked entity that an old endpoint shows."""
    body = read_exchange(version, "legacy-events").response.get("json")
    shown = rename_event(drop_cuts(body)["events"][0]) if isinstance(body, dict) else None
    known = {event["event"] for event in list_events(read_tree(version))}
    return shown if shown and shown["event"] not in known else None


def _read_list(version: str, name: str) -> list[Any]:
    body = read_exchange(version, name).response.get("json") or {}
    return body.get("instances") or body.get("trackedEntities") or []


def _read_total(version: str, name: str) -> int:
    body = read_exchange(version, name).body
    return int(body.get("pager", body)["total"])


def _flatten(tree: Body) -> list[StoredObject]:
    entity, enrollments = tree, tree["enrollments"]
    objects = [_store("trackedEntity", entity)]
    for enrollment in enrollments:
        own = {name: value for name, value in enrollment.items() if name != "attributes"}
        objects.append(_store("enrollment", own))
        for event in enrollment["events"]:
            parents = {"trackedEntity": tree["trackedEntity"]}
            objects.append(_store("event", event | parents))
    return objects


def _copy_entity(
    tree: Body, uid: str, unit: str, day: str, old_event: Body | None
) -> list[StoredObject]:
    enrollment = generate_uid(Random(f"enrollment {uid}"))
    places = {"trackedEntity": uid, "orgUnit": unit}
    shared = [value for value in tree["attributes"] if value["attribute"] != UNIQUE]
    enrolled = {"enrollment": enrollment, "enrolledAt": f"{day}T00:00:00.000"}
    objects = [
        _store("trackedEntity", tree | places | {"attributes": shared}),
        _store("enrollment", tree["enrollments"][0] | places | enrolled | {"attributes": None}),
    ]
    if old_event is not None:
        kept = {"attributeCategoryOptions": DEFAULTS["categoryOptions"], "notes": []}
        objects.append(_store("event", old_event | places | {"enrollment": enrollment} | kept))
    return objects


def _iterate_events(version: str) -> Iterator[StoredObject]:
    """Copies of the events that are there before the exchanges make theirs."""
    page = read_exchange(version, "tr-events-page").body
    template = (page.get("instances") or page.get("events"))[0]
    for number in range(_read_total(version, "tr-events-page") - len(_CREATED)):
        uid = generate_uid(Random(f"event {number}"))
        body = template | {"event": uid, "occurredAt": f"2026-0{number % 2 + 1}-15T00:00:00.000"}
        yield _store("event", body | {"createdAt": _PAST, "updatedAt": _PAST})


def _store(kind: TrackerKind, shown: Body) -> StoredObject:
    """An object from what a server showed of it."""
    body = drop_cuts({name: value for name, value in shown.items() if value is not None})
    for name in ("orgUnitName", "programOwners", "storedBy", "followup"):
        body.pop(name, None)
    if kind in ("event", "enrollment"):
        body["followUp"] = bool(shown.get("followUp", shown.get("followup")))
        body.setdefault("notes", [])
    body = {name: value for name, value in _name_persons(body).items() if value != {}}
    for member in ("dataValues", "attributes"):
        if member in body:
            body[member] = [_strip_value(value) for value in body[member]]
    item = to_stored(kind, body)
    created, updated = (_read_ms(shown.get(name)) for name in ("createdAt", "updatedAt"))
    return replace(item, created_at=created, updated_at=updated)


def _strip_value(value: Body) -> Body:
    persons = {"createdBy": "admin", "updatedBy": "admin"}
    dropped = ("storedBy", "code", "displayName", "valueType")
    kept = {name: item for name, item in value.items() if name not in dropped}
    return kept | persons


def _name_persons(body: Body) -> Body:
    return {
        name: value["username"] if name in ("createdBy", "updatedBy") else value
        for name, value in ({"createdBy": _ADMIN, "updatedBy": _ADMIN} | body).items()
    }


_ADMIN = {"username": "admin"}


def _read_ms(text: str | None) -> int:
    moment = datetime.fromisoformat(text or _PAST).replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)
