"""What the stand-in server keeps of a tracker import, and what edits of users change."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from d2_assets.sandbox import Sandbox
from d2_assets.sandbox.stored_tracker import TrackerKind
from d2_assets_tests.sandbox.tracking import (
    attributes,
    codes,
    find_field,
    post,
    stats,
    values,
)

LATER = datetime(2026, 11, 16, 9, tzinfo=UTC)
Serve = Callable[..., Sandbox]


def stored(sandbox: Sandbox, kind: TrackerKind, uid: str) -> dict[str, Any]:
    found = sandbox.store.tracker.find(kind, uid)
    assert found is not None
    return found.body


def updated(sandbox: Sandbox, kind: TrackerKind, uid: str) -> int:
    found = sandbox.store.tracker.find(kind, uid)
    assert found is not None
    return found.updated_at or 0


def test_values_that_a_body_leaves_out_stay_and_null_removes_one(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    field = find_field(sandbox)
    post(sandbox, {"events": [field.report_event()]})
    only = [{"dataElement": field.text, "value": "measles"}]
    assert codes(post(sandbox, {"events": [field.report_event(dataValues=only)]})) == []
    assert values(sandbox, "ReportEvnt1") == {field.text: "measles", field.number: "3.5"}
    gone = [{"dataElement": field.number, "value": None}]
    post(sandbox, {"events": [field.report_event(dataValues=gone)]})
    assert values(sandbox, "ReportEvnt1") == {field.text: "measles"}


def test_attributes_of_an_enrollment_sit_on_the_entity(serve: Serve) -> None:
    sandbox = serve("2.42", with_data=False)
    field = find_field(sandbox)
    given = [{"attribute": field.national_id, "value": "17"}]
    tree = field.entity(enrollments=[field.enrollment(attributes=given)])
    post(sandbox, {"trackedEntities": [tree]})
    assert attributes(sandbox, "TrackedOne1") == {field.first_name: "Awa", field.national_id: "17"}


def test_completion_is_stamped_by_the_server_once(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    field = find_field(sandbox)
    post(sandbox, {"events": [field.report_event()]})
    first = stored(sandbox, "event", "ReportEvnt1")
    assert (first["completedAt"], first["completedBy"]) == ("2026-11-15T12:00:00.000", "admin")
    sandbox.set_clock(lambda: LATER)
    post(sandbox, {"events": [field.report_event()]})
    assert stored(sandbox, "event", "ReportEvnt1")["completedAt"] == first["completedAt"]
    post(sandbox, {"events": [field.report_event(status="ACTIVE")]})
    assert "completedAt" not in stored(sandbox, "event", "ReportEvnt1")


def test_notes_are_only_added(serve: Serve) -> None:
    sandbox = serve("2.40", with_data=False)
    field = find_field(sandbox)
    for uid, text in (("NoteNumber1", "one"), ("NoteNumber1", "changed"), ("NoteNumber2", "two")):
        note = {"note": uid, "value": text, "storedBy": "field"}
        post(sandbox, {"events": [field.report_event(notes=[note])]})
    notes = stored(sandbox, "event", "ReportEvnt1")["notes"]
    assert [(note["note"], note["value"]) for note in notes] == [
        ("NoteNumber1", "one"),
        ("NoteNumber2", "two"),
    ]


@pytest.mark.parametrize("name", ["followup", "followUp"])
def test_the_mark_for_follow_up_is_taken_in_both_spellings(serve: Serve, name: str) -> None:
    sandbox = serve("2.40", with_data=False)
    field = find_field(sandbox)
    post(sandbox, {"events": [field.report_event(**{name: True})]})
    assert stored(sandbox, "event", "ReportEvnt1")["followUp"] is True


def test_stamps_of_the_payload_are_not_kept(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    field = find_field(sandbox)
    old = {"createdAt": "2020-01-01T00:00:00.000", "updatedAt": "2020-01-01T00:00:00.000"}
    post(sandbox, {"trackedEntities": [field.tree(**old, createdAtClient="2020-01-01")]})
    found = sandbox.store.tracker.find("trackedEntity", "TrackedOne1")
    assert found is not None
    assert found.created_at == found.updated_at == sandbox.store.now_ms()
    assert found.body["createdAtClient"] == "2020-01-01T00:00:00.000"


def test_a_changed_event_changes_its_entity_and_not_its_enrollment(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    field = find_field(sandbox)
    post(sandbox, {"trackedEntities": [field.tree()]})
    before = sandbox.store.now_ms()
    sandbox.set_clock(lambda: LATER)
    post(sandbox, {"events": [field.visit_event()]})
    assert updated(sandbox, "trackedEntity", "TrackedOne1") == sandbox.store.now_ms()
    assert updated(sandbox, "event", "VisitEvent1") == sandbox.store.now_ms()
    assert updated(sandbox, "enrollment", "EnrolledOn1") == before


def test_users_edit_complete_and_delete(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    field = find_field(sandbox)
    post(sandbox, {"trackedEntities": [field.tree()]})
    tracker = sandbox.store.tracker
    tracker.edit_event("VisitEvent1", field.text, "ill", at=LATER)
    tracker.edit_attribute("TrackedOne1", field.first_name, "Binta")
    assert values(sandbox, "VisitEvent1") == {field.text: "ill"}
    assert attributes(sandbox, "TrackedOne1") == {field.first_name: "Binta"}
    assert tracker.find_holders(field.first_name, "Binta") == ["TrackedOne1"]
    assert tracker.complete_enrollment("EnrolledOn1").body["completedBy"] == "admin"
    tracker.delete_enrollment("EnrolledOn1")
    gone = [tracker.find("enrollment", "EnrolledOn1"), tracker.find("event", "VisitEvent1")]
    assert [item is not None and item.deleted for item in gone] == [True, True]
    with pytest.raises(LookupError, match="no event"):
        tracker.edit_event("NoSuchEvent", field.text, "x")


def test_a_rule_refuses_what_it_computes_otherwise(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    field = find_field(sandbox)
    given = [{"attribute": field.sex, "value": "F"}]
    post(sandbox, {"trackedEntities": [field.tree(attributes=given)]})
    light = [{"dataElement": field.number, "value": "2"}]
    wrong = [*light, {"dataElement": field.integer, "value": "3"}]
    event = field.visit_event(dataValues=wrong)
    refused = post(sandbox, {"events": [event]}, skipRuleEngine="false")
    assert codes(refused) == [("E1307", "VisitEvent1")]
    assert "`2000`" in refused.json()["validationReport"]["errorReports"][0]["message"]
    assert stats(post(sandbox, {"events": [event]})) == {"updated": 1}


def test_a_rule_fills_in_what_was_not_sent(serve: Serve) -> None:
    sandbox = serve("2.42", with_data=False)
    field = find_field(sandbox)
    given = [{"attribute": field.sex, "value": "F"}]
    post(sandbox, {"trackedEntities": [field.tree(attributes=given)]})
    event = field.visit_event(dataValues=[{"dataElement": field.number, "value": "2.4"}])
    assert codes(post(sandbox, {"events": [event]}, skipRuleEngine="false")) == []
    assert values(sandbox, "VisitEvent1")[field.integer] == "2400"
