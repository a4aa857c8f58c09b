"""Trees become canonical objects: nothing is lost, and what is left out is told."""

from decimal import Decimal

import pytest
from hypothesis import given

from d2_assets.tracker.adaptations import Adaptations
from d2_assets.tracker.members import MEMBERS, PARTS, Fate
from d2_assets.tracker.objects import Body, Kind, TrackerObject
from d2_assets.tracker.shape import (
    decode_body,
    digest,
    encode_body,
    find_end,
    flatten_entity,
    flatten_event,
    is_empty,
    list_notes,
    normalise_date,
)
from d2_assets_tests.tracker.trees import events, list_bodies, relationships, trees


def flatten(tree: Body) -> list[TrackerObject]:
    return flatten_entity(tree, Adaptations())


def by_kind(objects: list[TrackerObject], kind: Kind) -> list[TrackerObject]:
    return [item for item in objects if item.kind is kind]


@given(trees)
def test_every_object_of_a_tree_is_one_row(tree: Body) -> None:
    objects = flatten(tree)
    assert [item.id for item in by_kind(objects, Kind.TRACKED_ENTITY)] == [tree["trackedEntity"]]
    assert [item.id for item in by_kind(objects, Kind.ENROLLMENT)] == [
        one["enrollment"] for one in tree["enrollments"]
    ]
    assert [item.id for item in by_kind(objects, Kind.EVENT)] == [
        event["event"] for one in tree["enrollments"] for event in one["events"]
    ]
    assert {item.root for item in objects} == {tree["trackedEntity"]}


@given(trees)
def test_every_member_travels_or_is_told(tree: Body) -> None:
    told = Adaptations()
    objects = flatten_entity(tree, told)
    named = {(row.kind, row.member) for row in told.rows()}
    bodies = {(item.kind, item.id): item.body for item in objects}
    for kind, uid, given_body in list_bodies(tree):
        for name, value in given_body.items():
            member = MEMBERS[kind].get(name)
            if is_empty(value) or (member and member.fate is Fate.CHILD) or name in PARTS:
                continue
            assert name in bodies[kind, uid] or (kind, name) in named, name


@given(trees)
def test_values_of_an_entity_and_its_enrollments_stand_on_the_entity(tree: Body) -> None:
    (entity,) = by_kind(flatten(tree), Kind.TRACKED_ENTITY)
    found = {part["attribute"]: part["value"] for part in entity.body.get("attributes") or ()}
    listed = [*(part for one in tree["enrollments"] for part in one["attributes"]),
              *tree["attributes"]]  # fmt: skip
    expected = {part["attribute"]: part["value"] for part in listed if part["value"]}
    assert found == expected
    assert list(found) == sorted(found)


@given(events)
def test_a_body_is_written_and_read_as_it_was(event: Body) -> None:
    item, *_ = flatten_event(event, Adaptations())
    assert decode_body(encode_body(item.body)) == item.body
    assert digest(decode_body(encode_body(item.body))) == digest(item.body)


@given(events)
def test_the_order_of_members_and_stamps_is_no_difference(event: Body) -> None:
    turned: Body = {
        **dict(reversed(list(event.items()))),
        "dataValues": event["dataValues"][::-1],
        "updatedAt": "2031-01-01T00:00:00.000",
        "storedBy": "someone",
    }
    (one, *_), (other, *_) = (flatten_event(body, Adaptations()) for body in (event, turned))
    assert one.body == other.body


def test_what_is_false_null_or_empty_is_not_there() -> None:
    bare = {"event": "EventNumbr1", "status": "ACTIVE"}
    more = bare | {"followUp": False, "geometry": None, "dataValues": [], "assignedUser": {}}
    (one, *_), (other, *_) = (flatten_event(body, Adaptations()) for body in (bare, more))
    assert one.body == other.body == bare


def test_the_mark_of_an_event_is_one_however_it_is_spelt() -> None:
    for name in ("followup", "followUp"):
        item, *_ = flatten_event({"event": "EventNumbr1", name: True}, Adaptations())
        assert item.body["followUp"] is True


def test_a_deleted_object_keeps_only_what_identifies_it() -> None:
    body = {"event": "EventNumbr1", "program": "prChild0001", "status": "ACTIVE", "deleted": True}
    item, *_ = flatten_event(body, Adaptations())
    assert (item.body, item.program, item.deleted) == (
        {"event": "EventNumbr1"},
        "prChild0001",
        True,
    )


def test_a_member_that_nobody_knows_is_told() -> None:
    told = Adaptations()
    flatten_event({"event": "EventNumbr1", "colour": "red", "dataValues": [
        {"dataElement": "DataElemnt1", "value": "1", "unit": "kg"}]}, told)  # fmt: skip
    assert {row.member for row in told.rows()} == {"colour", "dataValues.unit"}


def test_a_relationship_that_both_ends_show_is_one() -> None:
    relation = {
        "relationship": "Relation001",
        "relationshipType": "rtMother001",
        "bidirectional": True,
        "from": {"trackedEntity": {"trackedEntity": "tei00000001", "orgUnit": "x"}},
        "to": {"event": {"event": "evt00000001", "enrollment": "enr00000001"}},
    }
    tree = {
        "trackedEntity": "tei00000001",
        "relationships": [relation],
        "enrollments": [
            {
                "enrollment": "enr00000001",
                "events": [{"event": "evt00000001", "relationships": [relation]}],
            }
        ],
    }
    (found,) = by_kind(flatten(tree), Kind.RELATIONSHIP)
    assert find_end(found.body, "from") == (Kind.TRACKED_ENTITY, "tei00000001")
    assert find_end(found.body, "to") == (Kind.EVENT, "evt00000001")
    assert found.type == "rtMother001"


@pytest.mark.parametrize(
    ("given_text", "normal"),
    [
        ("2026-03-10", "2026-03-10T00:00:00.000"),
        ("2026-03-10T08:15:00", "2026-03-10T08:15:00.000"),
        ("2026-03-10T08:15:00.250", "2026-03-10T08:15:00.250"),
        ("2026-03-10T08:15:00.250Z", "2026-03-10T08:15:00.250Z"),
    ],
)
def test_dates_have_one_form_and_keep_their_day(given_text: str, normal: str) -> None:
    assert normalise_date(given_text) == normal


def test_numbers_of_a_place_compare_by_value_and_are_sent_as_they_were_read() -> None:
    def place(number: str) -> Body:
        return {"geometry": {"type": "Point", "coordinates": [Decimal(number), Decimal("9.5")]}}

    assert digest(place("10")) == digest(place("10.0"))
    assert digest(place("0")) == digest(place("-0.00"))
    assert digest(place("10")) != digest(place("10.00000000000000001"))
    assert digest(place("1" * 40)) != digest(place("1" * 39 + "2"))
    long = "-13.23456789012345678901"
    assert long.encode() in encode_body(place(long))
    assert decode_body(encode_body(place(long))) == place(long)


def test_notes_are_no_part_of_the_fingerprint() -> None:
    noted = {"event": "EventNumbr1", "notes": [{"note": "NoteNumber1", "value": "a"}]}
    assert digest(noted) == digest({"event": "EventNumbr1"})
    assert list_notes(noted) == ["NoteNumber1"]


def test_of_one_value_read_at_two_times_the_later_counts() -> None:
    def read(value: str, hour: int) -> Body:
        return {"attribute": "att1", "value": value, "updatedAt": f"2026-03-10T{hour:02}:00:00.000"}

    for of_entity, of_enrollment in ((9, 8), (8, 9)):
        tree = {
            "trackedEntity": "tei00000001",
            "attributes": [read(f"at {of_entity}", of_entity)],
            "enrollments": [
                {
                    "enrollment": "enr00000001",
                    "attributes": [read(f"at {of_enrollment}", of_enrollment)],
                }
            ],
        }
        entity, enrollment = flatten(tree)
        assert entity.body["attributes"] == [{"attribute": "att1", "value": "at 9"}]
        assert "attributes" not in enrollment.body


def test_of_a_deleted_object_nothing_is_told() -> None:
    told = Adaptations()
    flatten_event({"event": "EventNumbr1", "deleted": True, "orgUnitName": "A place"}, told)
    assert told.rows() == ()


def test_an_inner_enrollment_of_an_event_without_registration_is_left_out_and_told() -> None:
    told = Adaptations()
    item, *_ = flatten_event({"event": "EventNumbr1", "enrollment": "wtj7CekANq1"}, told)
    assert (item.body, item.parent) == ({"event": "EventNumbr1"}, "")
    assert [row.member for row in told.rows()] == ["enrollment"]


@pytest.mark.parametrize(
    ("user", "kept"),
    [
        ({"uid": "M5zQapPyTZI", "username": "admin", "surname": "A"},
         {"uid": "M5zQapPyTZI", "username": "admin"}),
        ({"uid": None, "username": ""}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_of_an_assigned_user_only_what_identifies_is_kept(user: Body, kept: Body | None) -> None:
    item, *_ = flatten_event({"event": "EventNumbr1", "assignedUser": user}, Adaptations())
    assert item.body.get("assignedUser") == kept


@given(relationships, relationships)
def test_relationships_stand_once_with_both_ends_bare(ours: list[Body], theirs: list[Body]) -> None:
    tree = {
        "trackedEntity": "tei00000001",
        "relationships": ours,
        "enrollments": [{"enrollment": "enr00000001", "relationships": [*theirs, *ours]}],
    }
    found = by_kind(flatten(tree), Kind.RELATIONSHIP)
    assert [item.id for item in found] == list(
        dict.fromkeys(one["relationship"] for one in (*ours, *theirs))
    )
    first = {one["relationship"]: one for one in (*theirs, *ours)}
    for item in found:
        for side in ("from", "to"):
            ((kind, named),) = first[item.id][side].items()
            assert item.body[side] == {kind: {kind: named[kind]}}


def test_what_a_deleted_enrollment_alone_shows_stays_behind_and_is_told() -> None:
    def value(uid: str) -> Body:
        return {"attribute": uid, "value": uid}

    tree = {
        "trackedEntity": "entity",
        "attributes": [value("own")],
        "attributesOfDeletedEnrollments": [value("lone")],
        "enrollments": [
            {"enrollment": "dead", "deleted": True, "attributes": [value("own"), value("gone")]},
            {"enrollment": "live", "attributes": [value("seen")]},
        ],
    }
    told = Adaptations()
    entity = flatten_entity(tree, told)[0]
    assert [one["attribute"] for one in entity.body["attributes"]] == ["own", "seen"]
    members = {one.member for one in told.rows()}
    assert "attributesOfDeletedEnrollments" in members
