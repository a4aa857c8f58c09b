"""Payloads: what changed, nested where the parent changes too; and back again."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.dhis2.dialects import DIALECTS, Dialect
from d2_assets.tracker.adaptations import Adaptations
from d2_assets.tracker.nest import Change, adapt_to, for_delete, nest
from d2_assets.tracker.objects import Body, Kind, TrackerObject
from d2_assets.tracker.shape import flatten_entity
from d2_assets_tests.tracker.trees import trees

OLD, NEW = DIALECTS[1], DIALECTS[3]


def to_change(item: TrackerObject, old_body: Body | None = None) -> Change:
    return Change(item.kind, item.id, item.root, item.parent, item.body, old_body)


def flatten(tree: Body) -> list[TrackerObject]:
    return flatten_entity(tree, Adaptations())


def read_back(payload: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[TrackerObject]:
    (tree,) = payload["trackedEntities"]
    return flatten({"enrollments": [], **tree})


def spell_the_old_way(tree: Body) -> Body:
    """The same tree as servers up to 2.40 give it."""
    return {
        **tree,
        "enrollments": [
            {**one, "events": [{**event, "followup": event.get("followUp"), "followUp": None}
                               for event in one["events"]]}
            for one in tree["enrollments"]
        ],
    }  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.version)
@given(tree=trees, is_old=st.booleans())
def test_what_is_written_is_read_as_it_was(dialect: Dialect, tree: Body, is_old: bool) -> None:
    given_tree = spell_the_old_way(tree) if is_old else tree
    objects = [adapt_to(item, dialect, Adaptations()) for item in flatten(given_tree)]
    payload = nest([to_change(item) for item in objects], dialect)
    assert set(payload) == {"trackedEntities"}
    assert {(item.kind, item.id): item.body for item in read_back(payload)} == {
        (item.kind, item.id): item.body for item in objects
    }


@given(trees)
def test_no_attribute_is_written_on_an_enrollment(tree: Body) -> None:
    payload = nest([to_change(item) for item in flatten(tree)], NEW)
    for enrollment in payload["trackedEntities"][0].get("enrollments", ()):
        assert "attributes" not in enrollment


def make(kind: Kind, uid: str, parent: str = "", **body: Any) -> Change:
    return Change(kind, uid, "root", parent, {str(kind): uid, **body})


def test_a_child_whose_parent_does_not_change_goes_flat() -> None:
    payload = nest(
        [
            make(Kind.ENROLLMENT, "enr1", "tei1"),
            make(Kind.EVENT, "evt1", "enr1"),
            make(Kind.EVENT, "evt2", "enr2"),
        ],
        NEW,
    )
    assert [one["enrollment"] for one in payload["enrollments"]] == ["enr1"]
    assert [one["event"] for one in payload["enrollments"][0]["events"]] == ["evt1"]
    assert [one["event"] for one in payload["events"]] == ["evt2"]


def test_the_mark_of_an_event_is_spelt_as_the_destination_does() -> None:
    event = make(Kind.EVENT, "evt1", followUp=True)
    assert nest([event], OLD)["events"][0]["followup"] is True
    assert nest([event], NEW)["events"][0]["followUp"] is True


def test_a_value_that_is_gone_is_sent_as_null_unless_the_pair_merges() -> None:
    old = {"event": "evt1", "dataValues": [{"dataElement": "de1", "value": "1"}]}
    change = Change(Kind.EVENT, "evt1", "evt1", "", {"event": "evt1"}, old)
    assert nest([change], NEW)["events"][0]["dataValues"] == [{"dataElement": "de1", "value": None}]
    assert "dataValues" not in nest([change], NEW, merge=True)["events"][0]


def test_a_delete_names_the_object_alone() -> None:
    assert for_delete(Kind.TRACKED_ENTITY, ["tei1"]) == {
        "trackedEntities": [{"trackedEntity": "tei1"}]
    }


def test_a_member_that_the_destination_does_not_know_is_left_out_and_told() -> None:
    body = {"enrollment": "enr1", "attributeOptionCombo": "HllvX50cXC0"}
    item = TrackerObject(Kind.ENROLLMENT, "enr1", "tei1", "tei1", body)
    told = Adaptations()
    assert adapt_to(item, OLD, told).body == {"enrollment": "enr1"}
    assert [row.member for row in told.rows()] == ["attributeOptionCombo"]
    assert adapt_to(item, NEW, Adaptations()) == item


@given(trees)
def test_every_object_is_written_or_named_as_left_out(tree: Body) -> None:
    told = Adaptations()
    objects = flatten(tree)
    adapted = [adapt_to(item, OLD, told) for item in objects]
    named = {(row.kind, row.member) for row in told.rows()}
    for before, after in zip(objects, adapted, strict=True):
        left_out = before.body.keys() - after.body.keys()
        assert {(before.kind, name) for name in left_out} <= named


def test_a_pair_that_merges_keeps_what_only_the_destination_has() -> None:
    """The importer empties members that a body leaves out; values it keeps itself."""
    old = {
        "event": "evt1",
        "status": "ACTIVE",
        "completedAt": "2026-03-10T00:00:00.000",
        "dataValues": [{"dataElement": "de1", "value": "1"}],
    }
    change = Change(Kind.EVENT, "evt1", "evt1", "", {"event": "evt1", "status": "COMPLETED"}, old)
    (merged,) = nest([change], NEW, merge=True)["events"]
    assert merged == {
        "event": "evt1",
        "status": "COMPLETED",
        "completedAt": "2026-03-10T00:00:00.000",
    }
    assert "completedAt" not in nest([change], NEW)["events"][0]


def test_only_notes_that_are_new_are_sent() -> None:
    first, second = ({"note": uid, "value": uid} for uid in ("note1", "note2"))
    body = {"event": "evt1", "notes": [first, second]}
    change = Change(Kind.EVENT, "evt1", "evt1", "", body, {"event": "evt1", "notes": [first]})
    assert nest([change], NEW)["events"][0]["notes"] == [second]
    known = Change(Kind.EVENT, "evt1", "evt1", "", body, body)
    assert "notes" not in nest([known], NEW)["events"][0]


def test_relationships_are_a_list_of_their_own() -> None:
    entity, relation = make(Kind.TRACKED_ENTITY, "tei1"), make(Kind.RELATIONSHIP, "rel1")
    payload = nest([entity, relation], NEW)
    assert [one["relationship"] for one in payload["relationships"]] == ["rel1"]
    assert payload["trackedEntities"] == [{"trackedEntity": "tei1"}]
