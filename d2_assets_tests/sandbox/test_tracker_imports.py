"""What the stand-in server takes and refuses of tracker, by version."""

import gzip
import json
import time
from collections.abc import Callable

import pytest
import requests

from d2_assets.sandbox import Fault, Sandbox
from d2_assets.sandbox.accounts import read_password
from d2_assets_tests.sandbox.tracking import codes, find_field, post, stats

LINES = ("2.38", "2.40", "2.42", "2.43")
Serve = Callable[..., Sandbox]


@pytest.mark.parametrize("line", LINES)
def test_a_nested_tree_and_a_report_land(serve: Serve, line: str) -> None:
    sandbox = serve(line, with_data=False)
    field = find_field(sandbox)
    answer = post(sandbox, {"trackedEntities": [field.tree()], "events": [field.report_event()]})
    assert (answer.status_code, codes(answer)) == (200, [])
    assert stats(answer) == {"created": 4}
    event = sandbox.store.tracker.find("event", "VisitEvent1")
    assert event is not None
    assert (event.tracked_entity, event.enrollment) == ("TrackedOne1", "EnrolledOn1")


@pytest.mark.parametrize("line", LINES)
def test_the_same_tree_sent_flat_is_an_update(serve: Serve, line: str) -> None:
    sandbox = serve(line, with_data=False)
    field = find_field(sandbox)
    post(sandbox, {"trackedEntities": [field.tree()]})
    answer = post(
        sandbox,
        {
            "events": [field.visit_event()],
            "enrollments": [field.enrollment()],
            "trackedEntities": [field.entity()],
        },
    )
    assert stats(answer) == {"updated": 3}


def test_what_exists_is_not_created_and_what_does_not_is_not_updated(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    field = find_field(sandbox)
    tree = {"trackedEntities": [field.tree()]}
    assert codes(post(sandbox, tree, importStrategy="UPDATE")) == [
        ("E1063", "TrackedOne1"),
        ("E1081", "EnrolledOn1"),
        ("E1032", "VisitEvent1"),
    ]
    post(sandbox, tree)
    assert codes(post(sandbox, tree, importStrategy="CREATE")) == [
        ("E1002", "TrackedOne1"),
        ("E1080", "EnrolledOn1"),
        ("E1030", "VisitEvent1"),
    ]


def test_all_or_nothing_stores_nothing(serve: Serve) -> None:
    sandbox = serve("2.40", with_data=False)
    field = find_field(sandbox)
    events = [field.report_event(), field.report_event("ReportEvnt2", program="WPwdJQcfN5c")]
    answer = post(sandbox, {"events": events}, atomicMode="ALL")
    assert (answer.status_code, answer.json()["status"]) == (409, "ERROR")
    assert (codes(answer), stats(answer)) == ([("E1010", "ReportEvnt2")], {"ignored": 2})
    assert sandbox.store.tracker.objects("event") == []


def test_a_unique_value_is_taken_once_and_refuses_what_hangs_on_it(serve: Serve) -> None:
    sandbox = serve("2.42", with_data=False)
    field = find_field(sandbox)
    number = {"attributes": [{"attribute": field.national_id, "value": "17"}]}
    post(sandbox, {"trackedEntities": [field.entity("TrackedTwo1", **number)]})
    tree = field.tree(**number)
    assert codes(post(sandbox, {"trackedEntities": [tree]})) == [
        ("E5000", "EnrolledOn1"),
        ("E5000", "VisitEvent1"),
        ("E1064", "TrackedOne1"),
    ]


def test_the_oldest_version_fails_on_a_child_of_a_refused_parent(serve: Serve) -> None:
    sandbox = serve("2.38", with_data=False)
    field = find_field(sandbox)
    number = {"attributes": [{"attribute": field.national_id, "value": "17"}]}
    post(sandbox, {"trackedEntities": [field.entity("TrackedTwo1", **number)]})
    answer = post(sandbox, {"trackedEntities": [field.tree(**number)]})
    assert answer.status_code == 409
    assert "stats" not in answer.json()
    assert answer.json()["message"].endswith("(EnrolledOn1) failed to persist.")


def test_the_oldest_version_fails_on_a_unique_value_in_an_enrollment(serve: Serve) -> None:
    sandbox = serve("2.38", with_data=False)
    field = find_field(sandbox)
    post(sandbox, {"trackedEntities": [field.tree()]})
    given = [{"attribute": field.national_id, "value": "17"}]
    answer = post(sandbox, {"enrollments": [field.enrollment(attributes=given)]})
    assert (answer.status_code, codes(answer)) == (409, [])
    assert "organisationUnit" in answer.json()["message"]
    entity = {"trackedEntities": [field.entity(attributes=given)]}
    assert stats(post(sandbox, entity)) == {"updated": 1}


@pytest.mark.parametrize("line", LINES)
def test_a_deleted_object_stays_deleted_with_all_that_hangs_on_it(serve: Serve, line: str) -> None:
    sandbox = serve(line, with_data=False)
    field = find_field(sandbox)
    post(sandbox, {"trackedEntities": [field.tree()]})
    entity = {"trackedEntities": [{"trackedEntity": "TrackedOne1"}]}
    assert stats(post(sandbox, entity, importStrategy="DELETE")) == {"deleted": 1}
    again = post(sandbox, entity, importStrategy="DELETE")
    assert codes(again) == [("E1114", "TrackedOne1")]
    assert codes(post(sandbox, {"trackedEntities": [field.tree()]})) == [
        ("E1114", "TrackedOne1"),
        ("E1113", "EnrolledOn1"),
        ("E1082", "VisitEvent1"),
    ]
    stored = sandbox.store.tracker.find("event", "VisitEvent1")
    assert stored is not None
    assert stored.deleted


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"program": "WPwdJQcfN5c"}, "E1010"),
        ({"programStage": "WPwdJQcfN5c"}, "E1013"),
        ({"orgUnit": "WPwdJQcfN5c"}, "E1011"),
        ({"occurredAt": None}, "E1031"),
        ({"status": "SCHEDULE", "dataValues": []}, "E1050"),
        ({"status": "SCHEDULE", "scheduledAt": "2027-01-01"}, "E1315"),
        ({"status": "ACTIVE", "completedAt": "2026-03-11"}, "E1051"),
        ({"attributeOptionCombo": "WPwdJQcfN5c"}, "E1115"),
        ({"attributeOptionCombo": "HllvX50cXC0"}, "E1054"),
        ({"attributeOptionCombo": None}, "E1055"),
        ({"dataValues": []}, "E1303"),
        ({"assignedUser": {"username": "nobody"}}, "E1118"),
        ({"event": "short"}, "E1048"),
    ],
)
def test_an_event_is_refused_for(serve: Serve, members: dict[str, object], code: str) -> None:
    sandbox = serve("2.43", with_data=False)
    field = find_field(sandbox)
    answer = post(sandbox, {"events": [field.report_event(**members)]})
    assert [named for named, _ in codes(answer)] == [code]


@pytest.mark.parametrize(("line", "expected"), [("2.40", ["E1303"]), ("2.43", [])])
def test_older_versions_ask_for_compulsory_values_again(
    serve: Serve, line: str, expected: list[str]
) -> None:
    sandbox = serve(line, with_data=False)
    field = find_field(sandbox)
    post(sandbox, {"events": [field.report_event()]})
    answer = post(sandbox, {"events": [field.report_event(dataValues=[])]})
    assert [code for code, _ in codes(answer)] == expected


def test_a_compulsory_value_is_not_removed_and_a_held_event_is_not_scheduled(
    serve: Serve,
) -> None:
    sandbox = serve("2.43", with_data=False)
    field = find_field(sandbox)
    post(sandbox, {"events": [field.report_event()]})
    gone = field.report_event(dataValues=[{"dataElement": field.text, "value": None}])
    assert codes(post(sandbox, {"events": [gone]})) == [("E1076", "ReportEvnt1")]
    back = field.report_event(status="SCHEDULE", scheduledAt="2027-01-01", dataValues=[])
    assert codes(post(sandbox, {"events": [back]})) == [("E1316", "ReportEvnt1")]


def test_an_enrollment_is_refused_for_its_entity_and_for_a_second_one(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    field = find_field(sandbox)
    alone = post(sandbox, {"enrollments": [field.enrollment()]})
    assert codes(alone) == [("E1068", "EnrolledOn1")]
    post(sandbox, {"trackedEntities": [field.tree()]})
    second = post(sandbox, {"enrollments": [field.enrollment("EnrolledTw1")]})
    assert codes(second) == [("E1015", "EnrolledTw1"), ("E1016", "EnrolledTw1")]
    future = post(sandbox, {"enrollments": [field.enrollment(enrolledAt="2027-01-01")]})
    assert codes(future) == [("E1020", "EnrolledOn1")]


def test_an_account_without_the_unit_writes_nothing(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    field = find_field(sandbox)
    sandbox.set_org_units("sync", [field.units[1]])
    answer = post(sandbox, {"trackedEntities": [field.entity()]}, username="sync")
    assert codes(answer) == [("E1000", "TrackedOne1")]


def test_relationships_need_their_type_and_both_ends(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    field = find_field(sandbox)
    end = {"trackedEntity": {"trackedEntity": "TrackedOne1"}}
    other = {"trackedEntity": {"trackedEntity": "TrackedTwo1"}}
    link = {
        "relationship": "Relation001",
        "relationshipType": field.mother,
        "from": end,
        "to": other,
    }
    post(sandbox, {"trackedEntities": [field.tree()]})
    missing = post(sandbox, {"relationships": [link]})
    assert codes(missing) == [("E4012", "Relation001")]
    unknown = post(sandbox, {"relationships": [link | {"relationshipType": "WPwdJQcfN5c"}]})
    assert codes(unknown) == [("E4006", "Relation001")]
    itself = post(sandbox, {"relationships": [link | {"to": end}]})
    assert codes(itself) == [("E4000", "Relation001")]
    both = {"trackedEntities": [field.entity("TrackedTwo1")], "relationships": [link]}
    assert stats(post(sandbox, both)) == {"created": 2}
    assert stats(post(sandbox, {"relationships": [link]})) == {"ignored": 1}
    double = post(sandbox, {"relationships": [link | {"relationship": "Relation002"}]})
    assert codes(double) == [("E4018", "Relation002")]


def test_a_validation_stores_and_counts_nothing(serve: Serve) -> None:
    sandbox = serve("2.42", with_data=False)
    field = find_field(sandbox)
    answer = post(sandbox, {"events": [field.report_event()]}, importMode="VALIDATE")
    assert (answer.status_code, stats(answer)) == (200, {})
    assert sandbox.store.tracker.objects("event") == []


def test_packed_bodies_are_not_unpacked(serve: Serve) -> None:
    sandbox = serve("2.42", with_data=False)
    answer = requests.post(
        f"{sandbox.url}/api/tracker",
        data=gzip.compress(json.dumps({"events": []}).encode()),
        headers={"Content-Encoding": "gzip", "Content-Type": "application/json"},
        auth=("admin", read_password()),
        timeout=30,
    )
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("JSON parse error")


@pytest.mark.parametrize("line", LINES)
def test_a_job_is_asked_for_and_reports(serve: Serve, line: str) -> None:
    sandbox = serve(line, with_data=False)
    field = find_field(sandbox)
    answer = post(sandbox, {"events": [field.report_event()]}, **{"async": "true"})
    address = f"{sandbox.url}/api/tracker/jobs/{answer.json()['response']['id']}"
    deadline = time.monotonic() + 10
    while True:
        steps = requests.get(address, auth=("admin", read_password()), timeout=30).json()
        if (steps and steps[0]["completed"]) or time.monotonic() > deadline:
            break
        time.sleep(0.02)
    report = requests.get(f"{address}/report", auth=("admin", read_password()), timeout=30)
    assert stats(report) == {"created": 1}


def test_objects_can_be_told_as_stored_and_be_lost(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    field = find_field(sandbox)
    sandbox.add_fault(Fault("success_lost", path_prefix="/api/tracker", max_rows=1))
    events = [field.report_event(), field.report_event("ReportEvnt2")]
    assert stats(post(sandbox, {"events": events})) == {"created": 2}
    assert [item.uid for item in sandbox.store.tracker.objects("event")] == ["ReportEvnt1"]
    assert sandbox.requests()[-1].rows == 2
