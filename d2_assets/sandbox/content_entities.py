"""Generated tracked entities with their enrollments, events and relationships.

Deterministic for a seed; more of them leave the earlier ones as they are. There is what replication
gets wrong: entities without an enrollment and in two programs, some older than the first month,
deleted ones at each level, scheduled visits, and values that a program rule computes otherwise, so
that a replay is refused unless rules are skipped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

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
from d2_assets.sandbox.stored_tracker import StoredObject, to_stored
from d2_assets.sandbox.stored_values import DEFAULT_OPTION_COMBO
from d2_assets.sandbox.tracker_edits import format_ms

_DEFAULT_OPTION = "xYerKDKCefk"
#: How long before the first month the oldest entities are.
_OLDER_DAYS = 200
_NAMES = ("Amina", "Béatrice", "Chidi", "Đorđe", "Émile", "Fatou", "مريم", "Grace")
_FAMILIES = ("Kaboré-Nuñez", "Okafor", "Müller", "O'Brien", "Traoré", "Nzeyimana", "Da Silva")
#: Program -> what its entities have attributes of, beside those of their type.
_ATTRIBUTES = {"CHILD": ("BIRTH_DATE", "WEIGHT"), "NUTRITION": ("VILLAGE", "PHONE")}


@dataclass(frozen=True, slots=True)
class _Visit:
    """What an event of an enrollment is about."""

    number: int
    stage: str
    day: date
    is_planned: bool = False


class EntityMaker:
    """Makes the tracked entities of a seed; ``events`` are single events to relate them to."""

    def __init__(self, values: Values, span: Span, seed: int, events: Sequence[str]) -> None:
        self._values = values
        self._span = span
        self._seed = seed
        self._events = events
        self._rng = Random(f"{seed}/entities")
        self._uids = Random(f"{seed}/entity uids")
        self._places = values.list_places("CHILD")
        self._elements = {
            stage: values.list_elements(stage)
            for stage in ("CHILD_BIRTH", "CHILD_VISIT", "NUTRITION_CHECK")
        }
        #: The last child that was made and not deleted.
        self._child = ""

    def iterate(self, count: int) -> Iterator[StoredObject]:
        """So many tracked entities, each followed by what hangs on it."""
        for number in range(count):
            yield from self._make(number)

    def _make(self, number: int) -> Iterator[StoredObject]:
        rng, span = self._rng, self._span
        uid, author = generate_uid(self._uids), pick_author(rng)
        deleted = number % 90 == 44
        day = span.draw_day(rng)
        if number % 20 == 9:
            day = span.first - timedelta(days=1 + int(rng.random() * _OLDER_DAYS))
        place = self._places[int(rng.random() * len(self._places))]
        programs = _choose_programs(number)
        created = span.stamp(day, rng, 1)
        updated = max(created, span.stamp(day, rng, 3))
        body: Body = {
            "trackedEntity": uid,
            "trackedEntityType": self._uid(f"trackedEntityTypes/{_choose_type(number)}"),
            "orgUnit": place,
            "inactive": number % 60 == 33,
            "potentialDuplicate": number % 70 == 12,
            "createdBy": author,
            "updatedBy": author,
            "attributes": stamp_values(
                "attribute", self._draw_attributes(number, programs), created, author
            ),
        }
        if number % 6 == 1:
            body["geometry"] = make_point(rng)
        stamps = {"created_at": created, "updated_at": updated, "deleted": deleted}
        yield to_stored("trackedEntity", body, **stamps)
        for program in programs:
            yield from self._enroll(number, program, uid, place, day, stamps, author)
        yield from self._relate(number, uid, programs, stamps)

    def _draw_attributes(self, number: int, programs: Sequence[str]) -> list[tuple[str, str]]:
        rng = self._rng
        drawn = {"NATIONAL_ID": f"{self._seed}-{number:07d}"}
        if _choose_type(number) == "PERSON":
            drawn |= {
                "FIRST_NAME": _NAMES[int(rng.random() * len(_NAMES))],
                "FAMILY_NAME": _FAMILIES[int(rng.random() * len(_FAMILIES))],
                "SEX": "F" if rng.random() < 0.5 else "M",
            }
        for program in programs:
            for key in _ATTRIBUTES[program]:
                drawn[key] = self._values.make(self._uid(f"trackedEntityAttributes/{key}"), rng)
        return [(self._uid(f"trackedEntityAttributes/{key}"), drawn[key]) for key in drawn]

    def _enroll(
        self,
        number: int,
        program: str,
        entity: str,
        place: str,
        day: date,
        stamps: dict[str, int],
        author: str,
    ) -> Iterator[StoredObject]:
        uid, note = generate_uid(self._uids), generate_uid(self._uids)
        status = "COMPLETED" if number % 7 == 2 else "CANCELLED" if number % 30 == 14 else "ACTIVE"
        at = format_ms(stamps["updated_at"])
        body: Body = {
            "enrollment": uid,
            "trackedEntity": entity,
            "program": self._uid(f"programs/{program}"),
            "orgUnit": place,
            "enrolledAt": _midnight(day),
            "occurredAt": _midnight(day - timedelta(days=number % 9)),
            "status": status,
            "followUp": number % 18 == 4,
            "createdBy": author,
            "updatedBy": author,
            "notes": [make_note(note, "Transféré — à suivre", stamps["updated_at"], author)]
            if number % 23 == 8
            else [],
        }
        if status == "COMPLETED":
            body |= {"completedAt": at, "completedBy": author}
        gone = bool(stamps["deleted"]) or (program == "NUTRITION" and number % 64 == 3)
        mine = stamps | {"deleted": gone}
        yield to_stored("enrollment", body, **mine)
        for visit in _list_visits(number, program, day):
            yield self._visit(visit, body, mine, author)

    def _visit(
        self, visit: _Visit, enrollment: Body, stamps: dict[str, int], author: str
    ) -> StoredObject:
        body: Body = {
            "event": generate_uid(self._uids),
            "program": enrollment["program"],
            "programStage": self._uid(f"programStages/{visit.stage}"),
            "enrollment": enrollment["enrollment"],
            "trackedEntity": enrollment["trackedEntity"],
            "orgUnit": enrollment["orgUnit"],
            "scheduledAt": _midnight(visit.day),
            "attributeOptionCombo": DEFAULT_OPTION_COMBO,
            "attributeCategoryOptions": _DEFAULT_OPTION,
            "followUp": False,
            "createdBy": author,
            "updatedBy": author,
            "dataValues": [],
            "notes": [],
        }
        if visit.is_planned:
            body["status"] = "SCHEDULE"
        else:
            drawn = self._draw_values(visit.stage)
            created = stamps["created_at"]
            body |= {
                "status": "COMPLETED",
                "occurredAt": _midnight(visit.day),
                "completedAt": format_ms(created),
                "completedBy": author,
                "dataValues": stamp_values("dataElement", drawn, created, author),
            }
        deleted = bool(stamps["deleted"]) or (visit.stage != "CHILD_BIRTH" and visit.number == 35)
        return to_stored("event", body, **(stamps | {"deleted": deleted}))

    def _draw_values(self, stage: str) -> list[tuple[str, str]]:
        """All values of a stage: the weight first, which a program rule looks at."""
        return [(uid, self._values.make(uid, self._rng)) for uid in self._elements[stage]]

    def _relate(
        self, number: int, uid: str, programs: Sequence[str], stamps: dict[str, int]
    ) -> Iterator[StoredObject]:
        if stamps["deleted"] or _choose_type(number) != "PERSON":
            return
        if number % 12 == 5 and self._child:
            yield self._make_relationship("MOTHER", uid, self._child, "trackedEntity", stamps)
        if number % 25 == 11 and "CHILD" in programs and self._events:
            event = self._events[number % len(self._events)]
            yield self._make_relationship("CONTACT", uid, event, "event", stamps)
        self._child = uid if "CHILD" in programs else self._child

    def _make_relationship(
        self, key: str, source: str, target: str, kind: str, stamps: dict[str, int]
    ) -> StoredObject:
        body: Body = {
            "relationship": generate_uid(Random(f"{key}/{source}/{target}")),
            "relationshipType": self._uid(f"relationshipTypes/{key}"),
            "from": {"trackedEntity": {"trackedEntity": source}},
            "to": {kind: {kind: target}},
            "createdBy": "admin",
            "updatedBy": "admin",
        }
        return to_stored("relationship", body, **stamps)

    def _uid(self, key: str) -> str:
        return self._values.country.uid(key)


def _choose_type(number: int) -> str:
    return "NET" if number % 15 == 7 else "PERSON"


def _choose_programs(number: int) -> tuple[str, ...]:
    """Most are in one program, some in two, some in none."""
    if _choose_type(number) == "NET" or number % 20 == 16:
        return ()
    return ("CHILD", "NUTRITION") if number % 8 == 3 else ("CHILD",)


def _list_visits(number: int, program: str, day: date) -> Iterator[_Visit]:
    if program == "NUTRITION":
        yield _Visit(number, "NUTRITION_CHECK", day)
        return
    yield _Visit(number, "CHILD_BIRTH", day)
    for visit in range(number % 3):
        yield _Visit(number, "CHILD_VISIT", day + timedelta(days=visit))
    if number % 11 == 6:
        yield _Visit(number, "CHILD_VISIT", day + timedelta(days=30), is_planned=True)


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00.000"
