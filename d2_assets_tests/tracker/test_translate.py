from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.mapping.crosswalk import NO_CROSSWALK, Crosswalk, Match
from d2_assets.tracker.identities import (
    ATTRIBUTES,
    CLASSES,
    DATA_ELEMENTS,
    OPTION_COMBOS,
    ORG_UNITS,
    PROGRAMS,
    RELATIONSHIP_TYPES,
    STAGES,
    TYPES,
)
from d2_assets.tracker.objects import Kind, TrackerObject
from d2_assets.tracker.translate import assign_user, restore_object, translate_object

UIDS: tuple[str, ...] = ("a", "b", "c", "d", "e", "f")


def _walk(**classes: Mapping[str, str]) -> Crosswalk:
    return Crosswalk(
        tuple(
            Match(plural, old, new, "code")
            for plural, walk in classes.items()
            for old, new in walk.items()
        )
    )


def _make_event(**body: Any) -> TrackerObject:
    own = {"event": "ev1", "program": "p", "programStage": "s", "orgUnit": "o"}
    return TrackerObject(
        Kind.EVENT, "ev1", "ev1", "", {**own, **body}, program="p", stage="s", org_unit="o"
    )


@st.composite
def crosswalks(draw: st.DrawFn) -> Crosswalk:
    """Of each class any exchange of the UIDs, one to one."""
    classes: dict[str, dict[str, str]] = {
        plural: dict(zip(UIDS, draw(st.permutations(UIDS)), strict=True)) for plural in CLASSES
    }
    return _walk(**classes)


@st.composite
def values(draw: st.DrawFn, key: str) -> list[dict[str, str]]:
    found = draw(st.dictionaries(st.sampled_from(UIDS), st.sampled_from(UIDS), max_size=5))
    return [{key: uid, "value": found[uid]} for uid in sorted(found)]


@st.composite
def objects(draw: st.DrawFn) -> TrackerObject:
    uids = st.sampled_from(UIDS)
    kind = draw(st.sampled_from(list(Kind)))
    program, stage, unit, type_ = (draw(uids) for _ in range(4))
    body: dict[str, Any] = {str(kind): "a"}
    match kind:
        case Kind.TRACKED_ENTITY:
            body |= {"trackedEntityType": type_, "orgUnit": unit}
            body |= {"attributes": draw(values("attribute"))}
        case Kind.ENROLLMENT:
            body |= {"program": program, "orgUnit": unit, "trackedEntity": draw(uids)}
        case Kind.EVENT:
            body |= {"program": program, "programStage": stage, "orgUnit": unit}
            body |= {"dataValues": draw(values("dataElement")), "attributeOptionCombo": draw(uids)}
        case Kind.RELATIONSHIP:
            end = {"trackedEntity": {"trackedEntity": draw(uids)}}
            body |= {"relationshipType": type_, "from": end, "to": end}
    return TrackerObject(kind, "a", "a", "", body, program, stage, unit, type_)


@given(objects(), crosswalks(), st.sets(st.sampled_from(UIDS)))
def test_there_and_back_is_the_same_object(
    item: TrackerObject, crosswalk: Crosswalk, unit_values: set[str]
) -> None:
    there = translate_object(item, crosswalk, unit_values)

    assert restore_object(there, crosswalk, unit_values) == item


@given(objects(), crosswalks())
def test_uids_of_the_objects_themselves_never_change(
    item: TrackerObject, crosswalk: Crosswalk
) -> None:
    there = translate_object(item, crosswalk)

    assert (there.kind, there.id, there.root, there.parent) == (
        item.kind,
        item.id,
        item.root,
        item.parent,
    )
    for member in ("trackedEntity", "enrollment", "event", "relationship", "from", "to"):
        assert there.body.get(member) == item.body.get(member)


@given(objects(), crosswalks())
def test_columns_and_body_say_the_same(item: TrackerObject, crosswalk: Crosswalk) -> None:
    there = translate_object(item, crosswalk)

    for member, column in (
        ("program", there.program),
        ("programStage", there.stage),
        ("orgUnit", there.org_unit),
        ("trackedEntityType", there.type),
        ("relationshipType", there.type),
    ):
        assert there.body.get(member, column) == column


def test_without_a_difference_the_object_stays_itself() -> None:
    item = _make_event()

    assert translate_object(item, NO_CROSSWALK) is item


def test_an_event_goes_by_the_destinations_metadata() -> None:
    crosswalk = _walk(
        **{
            PROGRAMS: {"p": "P"},
            STAGES: {"s": "S"},
            ORG_UNITS: {"o": "O"},
            OPTION_COMBOS: {"c": "C"},
            DATA_ELEMENTS: {"a": "z", "b": "B"},
        }
    )
    item = _make_event(
        attributeOptionCombo="c",
        dataValues=[
            {"dataElement": "a", "value": "o", "providedElsewhere": True},
            {"dataElement": "b", "value": "o"},
        ],
    )

    there = translate_object(item, crosswalk, {"B"})

    assert (there.program, there.stage, there.org_unit) == ("P", "S", "O")
    assert there.body == {
        "event": "ev1",
        "program": "P",
        "programStage": "S",
        "orgUnit": "O",
        "attributeOptionCombo": "C",
        # In the order of the new UIDs; only the value of an org unit's element is exchanged.
        "dataValues": [
            {"dataElement": "B", "value": "O"},
            {"dataElement": "z", "value": "o", "providedElsewhere": True},
        ],
    }


@pytest.mark.parametrize(
    ("kind", "member", "plural"),
    [
        (Kind.TRACKED_ENTITY, "trackedEntityType", TYPES),
        (Kind.RELATIONSHIP, "relationshipType", RELATIONSHIP_TYPES),
    ],
)
def test_the_type_is_looked_up_in_the_class_of_its_kind(
    kind: Kind, member: str, plural: str
) -> None:
    crosswalk = _walk(
        **{TYPES: {"t": "wrong"}, RELATIONSHIP_TYPES: {"t": "wrong"}, plural: {"t": "T"}}
    )
    item = TrackerObject(kind, "x", "x", "", {str(kind): "x", member: "t"}, type="t")

    there = translate_object(item, crosswalk)

    assert (there.type, there.body[member]) == ("T", "T")


def test_attributes_of_an_entity_are_exchanged() -> None:
    body = {"trackedEntity": "x", "attributes": [{"attribute": "a", "value": "o"}]}
    item = TrackerObject(Kind.TRACKED_ENTITY, "x", "x", "", body)

    there = translate_object(item, _walk(**{ATTRIBUTES: {"a": "A"}, ORG_UNITS: {"o": "O"}}), {"A"})

    assert there.body["attributes"] == [{"attribute": "A", "value": "O"}]


def test_a_deleted_object_keeps_only_its_uid_and_its_columns_are_exchanged() -> None:
    item = TrackerObject(Kind.EVENT, "ev1", "ev1", "", {"event": "ev1"}, program="p", deleted=True)

    there = translate_object(item, _walk(**{PROGRAMS: {"p": "P"}}))

    assert (there.program, there.body) == ("P", {"event": "ev1"})


def test_a_user_is_found_by_name() -> None:
    item = _make_event(assignedUser={"uid": "theirs", "username": "anna"})

    found = assign_user(item, {"anna": "ours"}.get)

    assert found.object.body["assignedUser"] == {"uid": "ours", "username": "anna"}
    assert found.adaptations == ()


@pytest.mark.parametrize("user", [{"uid": "theirs", "username": "anna"}, {"uid": "theirs"}])
def test_an_unknown_user_is_left_out_and_told(user: dict[str, str]) -> None:
    found = assign_user(_make_event(assignedUser=user), {}.get)

    assert "assignedUser" not in found.object.body
    (told,) = found.adaptations
    assert (told.kind, told.member, told.objects) == (Kind.EVENT, "assignedUser", 1)
    assert "user" in told.why


def test_an_event_of_nobody_asks_for_no_users() -> None:
    def refuse(_: str) -> str | None:
        raise AssertionError("asked")

    item = _make_event()

    assert assign_user(item, refuse).object is item
