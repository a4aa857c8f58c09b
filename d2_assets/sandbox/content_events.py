"""Generated events of the program without registration.

Deterministic for a seed; more of them leave the earlier ones as they are. Every value type of the
version occurs, files and images too; some events are deleted, some lead to another.
"""

import hashlib
from collections.abc import Iterator
from random import Random
from typing import Any

from d2_assets.identifiers import generate_uid
from d2_assets.sandbox.content_bodies import Body
from d2_assets.sandbox.content_span import (
    Span,
    Values,
    make_note,
    make_point,
    pick_author,
    stamp_values,
)
from d2_assets.sandbox.store import Store
from d2_assets.sandbox.stored_tracker import StoredObject, to_stored
from d2_assets.sandbox.tracker_edits import format_ms

#: Only so many events hold files: each is content of its own.
_MOST_FILES = 24
_FILES = {"FILE_RESOURCE": ("text/plain", "rapport.txt"), "IMAGE": ("image/png", "photo.png")}
_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001000501270d0a0000000049454e44ae426082"
)
_STAGE = "OUTBREAK_REPORT"


class EventMaker:
    """Makes the events of a seed; ``uids`` are those made, deleted ones left out."""

    def __init__(self, store: Store, values: Values, span: Span, seed: int) -> None:
        self._store = store
        self._values = values
        self._span = span
        self._rng = Random(f"{seed}/events")
        self._names = Random(f"{seed}/event uids")
        self._elements = values.list_elements(_STAGE)
        self._places = values.list_places("OUTBREAK")
        self._combos = _list_combos(values)
        self._files = 0
        country = values.country
        self._program = country.uid("programs/OUTBREAK")
        self._stage = country.uid(f"programStages/{_STAGE}")
        self._cases = country.uid("dataElements/EVENT_INTEGER")
        self._chain = country.uid("relationshipTypes/CHAIN")
        self._people = {
            body["username"]: body["id"] for body in country.metadata["users"] if "username" in body
        }
        self.uids: list[str] = []

    def iterate(self, count: int) -> Iterator[StoredObject]:
        """So many events, and the relationships between them."""
        for number in range(count):
            event = self._make(number)
            yield event
            if event.deleted:
                continue
            if number % 40 == 39 and self.uids:
                yield self._relate(self.uids[-1], event)
            self.uids.append(event.uid)

    def _make(self, number: int) -> StoredObject:
        rng, span = self._rng, self._span
        uid, note = generate_uid(self._names), generate_uid(self._names)
        day = span.draw_day(rng)
        created = span.stamp(day, rng, 3)
        updated = created if rng.random() < 0.7 else span.stamp(day, rng, 25)
        updated, author = max(created, updated), pick_author(rng)
        combo, options = self._combos[int(rng.random() * len(self._combos))]
        body: Body = {
            "event": uid,
            "program": self._program,
            "programStage": self._stage,
            "orgUnit": self._places[int(rng.random() * len(self._places))],
            "occurredAt": f"{day.isoformat()}T00:00:00.000",
            "attributeOptionCombo": combo,
            "attributeCategoryOptions": options,
            "followUp": number % 20 == 11,
            "createdBy": author,
            "updatedBy": author,
            "dataValues": stamp_values(
                "dataElement", self._draw_values(number, uid, updated), created, author
            ),
            "notes": [make_note(note, f"Vérifié, n° {number} — تم التحقق", updated, author)]
            if number % 17 == 3
            else [],
        } | self._draw_status(number, created, author)
        if number % 5 == 2:
            body["geometry"] = make_point(rng)
        if number % 13 == 6:
            person = "clerk" if number % 2 else "supervisor"
            body["assignedUser"] = {"uid": self._people[person], "username": person}
        deleted = number % 50 == 29
        return to_stored("event", body, created_at=created, updated_at=updated, deleted=deleted)

    def _draw_status(self, number: int, created: int, author: str) -> Body:
        if number % 10 in (4, 8):
            return {"status": "ACTIVE"}
        return {
            "status": "COMPLETED",
            "completedAt": format_ms(created),
            "completedBy": author,
        }

    def _draw_values(self, number: int, event: str, at: int) -> list[tuple[str, str]]:
        """The compulsory value and some more, all of them in each 50th event."""
        rng, rest = self._rng, self._elements[1:]
        start = int(rng.random() * len(rest))
        chosen = rest if number % 50 == 0 else (rest[start:] + rest[:start])[:5]
        drawn = [(self._elements[0], self._values.make(self._elements[0], rng))]
        for element in chosen:
            kind = self._values.types[element]
            if kind in _FILES and self._files < _MOST_FILES:
                drawn.append((element, self._store_file(kind, event, at)))
            elif element == self._cases:
                # Reports without a case are refused by a rule: a few, to see them refused.
                drawn.append((element, "0" if number % 97 == 5 else str(1 + number % 60)))
            elif self._values.can_make(element):
                drawn.append((element, self._values.make(element, rng)))
        return drawn

    def _store_file(self, kind: str, event: str, at: int) -> str:
        self._files += 1
        uid = generate_uid(Random(f"{event}/{kind}"))
        content_type, name = _FILES[kind]
        text = f"Rapport de l'événement {event}\n".encode()
        # A PNG may be followed by anything.
        content = _PNG + text if kind == "IMAGE" else text
        stamp = format_ms(at)
        facts: dict[str, Any] = {
            "id": uid,
            "name": name,
            "created": stamp,
            "lastUpdated": stamp,
            "contentType": content_type,
            "contentLength": len(content),
            "contentMd5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            "domain": "DATA_VALUE",
            "storageStatus": "STORED",
            "hasMultipleStorageFiles": False,
        }
        self._store.files.put(facts, content, owner=event)
        return uid

    def _relate(self, source: str, target: StoredObject) -> StoredObject:
        uid = generate_uid(Random(f"{source}/{target.uid}"))
        body: Body = {
            "relationship": uid,
            "relationshipType": self._chain,
            "from": {"event": {"event": source}},
            "to": {"event": {"event": target.uid}},
            "createdBy": "admin",
            "updatedBy": "admin",
        }
        stamps = {"created_at": target.updated_at, "updated_at": target.updated_at}
        return to_stored("relationship", body, **stamps)


def _list_combos(values: Values) -> list[tuple[str, str]]:
    """The attribute option combos of the program, each with its options."""
    combos = values.country.list_option_combos("PARTNERS")
    bodies = {body["id"]: body for body in values.country.metadata["categoryOptionCombos"]}
    return [
        (uid, ",".join(sorted(option["id"] for option in bodies[uid]["categoryOptions"])))
        for uid in combos
    ]
