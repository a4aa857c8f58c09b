"""A server's events and tracked entities in memory, behind what ``DHIS2Client`` asks for them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from d2_assets.dhis2.dialects import Dialect, find_dialect
from d2_assets.dhis2.programs import RelationshipType
from d2_assets.dhis2.tracker import EntityQuery, EntityStamp, EventQuery
from d2_assets.tracker.following import list_ends
from d2_assets.tracker.objects import Kind
from d2_assets_tests.tracker.fake_metadata import (
    BIRTH,
    CASE,
    CHILD,
    CLINIC,
    MALARIA,
    NAME,
    PERSON,
    WEIGHT,
    FakeServer,
)

Key = tuple[Kind, str]
NOVEMBER = "2025-11-05T08:00:00.000"
_ENDS = {
    Kind.TRACKED_ENTITY: "TRACKED_ENTITY_INSTANCE",
    Kind.ENROLLMENT: "PROGRAM_INSTANCE",
    Kind.EVENT: "PROGRAM_STAGE_INSTANCE",
}


def _name_type(one: Kind, other: Kind) -> str:
    return f"rt{one.name[:4]}{other.name[:4]}"


@dataclass
class FakeClient(FakeServer):
    """``stored``: bodies without children, by kind and UID; ``calls``: what was asked, in words."""

    url: str = "https://server.test"
    relationship_types: list[RelationshipType] = field(
        default_factory=lambda: [
            RelationshipType(_name_type(one, other), "Joined", entity, other_entity)
            for one, entity in _ENDS.items()
            for other, other_entity in _ENDS.items()
        ]
    )
    version: str = "2.42.4"
    stored: dict[Key, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    @property
    def dialect(self) -> Dialect:
        return find_dialect(self.version)[0]

    def put(self, kind: Kind, uid: str, **members: Any) -> None:
        """Store an object anew, or change members of one."""
        known = self.stored.get((kind, uid), {"updatedAt": NOVEMBER, "deleted": False})
        self.stored[kind, uid] = {**known, str(kind): uid, **members}

    def put_event(self, uid: str, occurred: str = "2025-11-03", **members: Any) -> None:
        """An event without registration."""
        self.put(
            Kind.EVENT,
            uid,
            **{
                "program": MALARIA,
                "programStage": CASE,
                "orgUnit": CLINIC,
                "status": "ACTIVE",
                "occurredAt": f"{occurred}T00:00:00.000",
                **members,
            },
        )

    def put_entity(self, uid: str, name: str = "Anna", **members: Any) -> None:
        attributes = [{"attribute": NAME, "value": name}]
        self.put(
            Kind.TRACKED_ENTITY,
            uid,
            **{
                "trackedEntityType": PERSON,
                "orgUnit": CLINIC,
                "attributes": attributes,
                **members,
            },
        )

    def put_enrollment(self, uid: str, entity: str, **members: Any) -> None:
        self.put(
            Kind.ENROLLMENT,
            uid,
            **{
                "trackedEntity": entity,
                "program": CHILD,
                "orgUnit": CLINIC,
                "status": "ACTIVE",
                "enrolledAt": "2025-11-01T00:00:00.000",
                **members,
            },
        )

    def put_child_event(self, uid: str, enrollment: str, value: str = "3", **members: Any) -> None:
        """An event of an enrollment."""
        self.put_event(
            uid,
            **{
                "program": CHILD,
                "programStage": BIRTH,
                "enrollment": enrollment,
                "dataValues": [{"dataElement": WEIGHT, "value": value}],
                **members,
            },
        )

    def put_relationship(self, uid: str, start: Key, end: Key, **members: Any) -> None:
        sides = {
            side: {str(kind): {str(kind): one}}
            for side, (kind, one) in (("from", start), ("to", end))
        }
        type_ = _name_type(start[0], end[0])
        self.put(Kind.RELATIONSHIP, uid, **{"relationshipType": type_, **sides, **members})

    def delete(self, kind: Kind, uid: str) -> None:
        """With everything that belongs to it, as servers do."""
        self.put(kind, uid, deleted=True)
        for (other, one), body in list(self.stored.items()):
            if body["deleted"] or other is kind:
                continue
            is_child = kind is not Kind.EVENT and body.get(str(kind)) == uid
            if is_child or (other is Kind.RELATIONSHIP and (kind, uid) in list_ends(body)):
                self.delete(other, one)

    def iterate_events(
        self, query: EventQuery, page_size: int = 500
    ) -> Iterator[list[dict[str, Any]]]:
        self.calls.append(f"events {query.occurred_after}..{query.occurred_before}")
        yield [self._show(Kind.EVENT, uid) for uid in self._find_events(query)]

    def count_events(self, query: EventQuery) -> int:
        return len(self._find_events(query))

    def list_events(self, program: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        self.calls.append(f"events by UID: {','.join(ids)}")
        found = [uid for uid in ids if (Kind.EVENT, uid) in self.stored]
        bodies = [self._show(Kind.EVENT, uid) for uid in found]
        return [body for body in bodies if body["program"] == program]

    def iterate_entity_stamps(
        self, query: EntityQuery, page_size: int = 500
    ) -> Iterator[list[EntityStamp]]:
        self.calls.append(f"entities {query.updated_after}..{query.updated_before}")
        yield [
            EntityStamp(body["trackedEntity"], body["updatedAt"], body["deleted"], body["orgUnit"])
            for (kind, _), body in sorted(self.stored.items())
            if kind is Kind.TRACKED_ENTITY
            and body["trackedEntityType"] == query.type
            and query.updated_after <= body["updatedAt"][:10] <= (query.updated_before or "9")
        ]

    def read_entities(
        self, type: str, ids: Sequence[str], programs: Sequence[str]
    ) -> list[dict[str, Any]]:
        self.calls.append(f"entities by UID: {','.join(ids)}")
        return [
            self._show_tree(uid, programs)
            for uid in ids
            if self.stored.get((Kind.TRACKED_ENTITY, uid), {}).get("trackedEntityType") == type
        ]

    def _find_events(self, query: EventQuery) -> list[str]:
        return [
            uid
            for (kind, uid), body in sorted(self.stored.items())
            if kind is Kind.EVENT
            and "enrollment" not in body
            and body["program"] == query.program
            and query.stage in ("", body["programStage"])
            and (query.include_deleted or not body["deleted"])
            and _is_inside(body.get("occurredAt") or "", query)
        ]

    def _show_tree(self, uid: str, programs: Sequence[str]) -> dict[str, Any]:
        enrollments = [
            {
                **self._show(Kind.ENROLLMENT, one),
                "events": [
                    self._show(Kind.EVENT, event)
                    for (kind, event), inner in self.stored.items()
                    if kind is Kind.EVENT and inner.get("enrollment") == one
                ],
            }
            for (kind, one), body in self.stored.items()
            if kind is Kind.ENROLLMENT
            and body["trackedEntity"] == uid
            and body["program"] in programs
        ]
        return {**self._show(Kind.TRACKED_ENTITY, uid), "enrollments": enrollments}

    def _show(self, kind: Kind, uid: str) -> dict[str, Any]:
        related = [
            body
            for (one, _), body in self.stored.items()
            if one is Kind.RELATIONSHIP and (kind, uid) in list_ends(body)
        ]
        return {**self.stored[kind, uid], "relationships": related}


def _is_inside(stamp: str, query: EventQuery) -> bool:
    if not (query.occurred_after or query.occurred_before):
        return True
    day = stamp[:10]
    return bool(day) and query.occurred_after <= day <= (query.occurred_before or "9")
