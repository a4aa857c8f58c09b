"""Trees of tracked entities as servers give them: generated with everything that they may hold, and
found in recorded answers."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from d2_assets.tracker.objects import Body, Kind

_CHARACTERS = "ABCDEFGHabcdefgh0123456789"
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
days = st.dates().map(lambda day: f"{day.isoformat()}T00:00:00.000")
stamps = st.datetimes().map(lambda time: f"{time.isoformat(timespec='milliseconds')}")
people = st.fixed_dictionaries({"uid": st.just("M5zQapPyTZI"), "username": st.just("admin")})
numbers = st.decimals(-180, 180, allow_nan=False, places=8)


def uids(prefix: str) -> st.SearchStrategy[str]:
    tail = st.text(_CHARACTERS, min_size=8, max_size=8)
    return tail.map(lambda text: f"{prefix}{text}"[:11])


def maybe(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Each member present or not, or null."""
    return st.fixed_dictionaries(
        {}, optional={name: st.one_of(st.none(), value) for name, value in members.items()}
    )


_STAMPS = maybe(createdAt=stamps, updatedAt=stamps, createdBy=people, updatedBy=people)
_POINT = st.tuples(numbers, numbers).map(
    lambda pair: {"type": "Point", "coordinates": [Decimal(one) for one in pair]}
)
_NOTES = st.lists(
    st.fixed_dictionaries({"note": uids("nnn"), "value": texts.filter(bool)}),
    max_size=3,
    unique_by=lambda note: note["note"],
)


def _values(key: str, prefix: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    one = st.builds(
        lambda own, stamp: {**stamp, **own},
        st.fixed_dictionaries({key: uids(prefix), "value": texts}),
        _STAMPS,
    )
    return st.lists(one, max_size=4, unique_by=lambda part: part[key])


def _build(
    required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda own, more, stamp: {**stamp, **more, **own},
        st.fixed_dictionaries(required),
        maybe(**optional),
        _STAMPS,
    )


events = _build(
    {
        "event": uids("evt"),
        "program": st.just("prChild0001"),
        "programStage": st.just("stVisit0001"),
        "orgUnit": uids("org"),
        "status": st.sampled_from(["ACTIVE", "COMPLETED", "SCHEDULE"]),
        "dataValues": _values("dataElement", "del"),
        "notes": _NOTES,
    },
    occurredAt=days,
    scheduledAt=days,
    completedAt=stamps,
    followUp=st.booleans(),
    attributeOptionCombo=st.just("HllvX50cXC0"),
    attributeCategoryOptions=st.just("xYerKDKCefk"),
    assignedUser=people,
    geometry=_POINT,
    orgUnitName=texts,
    deleted=st.just(False),
)
enrollments = _build(
    {
        "enrollment": uids("enr"),
        "program": st.just("prChild0001"),
        "orgUnit": uids("org"),
        "status": st.sampled_from(["ACTIVE", "COMPLETED", "CANCELLED"]),
        "enrolledAt": days,
        "events": st.lists(events, max_size=3, unique_by=lambda event: event["event"]),
        "attributes": _values("attribute", "att"),
        "notes": _NOTES,
    },
    occurredAt=days,
    completedAt=stamps,
    followUp=st.booleans(),
    geometry=_POINT,
    attributeOptionCombo=st.just("HllvX50cXC0"),
)
trees = _build(
    {
        "trackedEntity": uids("tei"),
        "trackedEntityType": st.just("tyPerson001"),
        "orgUnit": uids("org"),
        "attributes": _values("attribute", "att"),
        "enrollments": st.lists(enrollments, max_size=2, unique_by=lambda one: one["enrollment"]),
        "relationships": st.just([]),
    },
    inactive=st.booleans(),
    potentialDuplicate=st.booleans(),
    geometry=_POINT,
    programOwners=st.just([{"program": "prChild0001", "orgUnit": "ouClinic001"}]),
)

_ends = st.sampled_from(["trackedEntity", "enrollment", "event"]).flatmap(
    lambda kind: uids("end").map(
        lambda uid: {kind: {kind: uid, "orgUnit": "ouClinic001", "deleted": False}}
    )
)
relationships = st.lists(
    _build(
        {
            "relationship": uids("rel"),
            "relationshipType": st.just("rtMother001"),
            "from": _ends,
            "to": _ends,
        },
        relationshipName=texts,
        bidirectional=st.booleans(),
    ),
    max_size=4,
    unique_by=lambda one: one["relationship"],
)


def find_trees(body: Any) -> Iterator[tuple[str, Body]]:
    """Every outermost object of a recorded answer, with the member that names it."""
    if isinstance(body, list):
        for one in body:
            yield from find_trees(one)
    elif isinstance(body, dict):
        if "trackedEntityType" in body and isinstance(body.get("trackedEntity"), str):
            yield "trackedEntity", body
        elif isinstance(body.get("enrollment"), str) and "enrolledAt" in body:
            yield "enrollment", body
        elif isinstance(body.get("event"), str) and "status" in body:
            yield "event", body
        else:
            for one in body.values():
                yield from find_trees(one)


def list_bodies(tree: Body) -> list[tuple[Kind, str, Body]]:
    """The bodies of a tree's own objects, relationships apart."""
    bodies = [(Kind.TRACKED_ENTITY, tree["trackedEntity"], tree)]
    for one in tree["enrollments"]:
        bodies.append((Kind.ENROLLMENT, one["enrollment"], one))
        bodies += [(Kind.EVENT, event["event"], event) for event in one["events"]]
    return bodies
