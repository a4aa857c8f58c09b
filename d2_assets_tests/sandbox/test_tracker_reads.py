"""Tracker lists take the names of their version, and show what belongs to what was asked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from d2_assets.sandbox import ContentSpec, Sandbox, start_sandbox
from d2_assets.sandbox.accounts import read_password, set_org_units
from d2_assets.sandbox.stored_tracker_reads import TrackerQuery
from d2_assets_tests.sandbox.tracking import Field, find_field

OLD = ("2.38", "2.40")
VERSIONS = ("2.38", "2.40", "2.42", "2.43")
EVENTS, ENTITIES = 120, 60


@pytest.fixture(scope="module", params=VERSIONS)
def sandbox(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Sandbox]:
    path: Path = tmp_path_factory.mktemp("tracked") / "sandbox.db"
    content = ContentSpec(values=1, events=EVENTS, entities=ENTITIES)
    with start_sandbox(request.param, path, content=content) as started:
        yield started


@pytest.fixture(scope="module")
def field(sandbox: Sandbox) -> Field:
    return find_field(sandbox)


def is_old(sandbox: Sandbox) -> bool:
    return sandbox.version.startswith(OLD)


def get(sandbox: Sandbox, path: str, username: str = "admin", **params: Any) -> requests.Response:
    url = f"{sandbox.url}/api/{path}"
    return requests.get(url, params=params, auth=(username, read_password()), timeout=60)


def read(sandbox: Sandbox, plural: str, username: str = "admin", **params: Any) -> list[Any]:
    """The objects of a list, whatever the version's shape."""
    answer = get(sandbox, f"tracker/{plural}", username, **params)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return body["instances"] if is_old(sandbox) else body[plural]


def everywhere(sandbox: Sandbox) -> dict[str, str]:
    return {"ouMode" if is_old(sandbox) else "orgUnitMode": "ACCESSIBLE"}


def whole(sandbox: Sandbox) -> dict[str, str]:
    return {"skipPaging": "true"} if is_old(sandbox) else {"paging": "false"}


def test_pages_in_order_hold_each_event_once(sandbox: Sandbox, field: Field) -> None:
    asked = {"program": field.outbreak, "order": "updatedAt:asc", "includeDeleted": "true"}
    pages = [
        read(sandbox, "events", page=page, pageSize=50, fields="event,updatedAt", **asked)
        for page in (1, 2, 3)
    ]
    events = [event for page in pages for event in page]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert len({event["event"] for event in events}) == EVENTS
    stamps = [event["updatedAt"] for event in events]
    assert stamps == sorted(stamps)


def test_deleted_events_are_shown_to_who_asks_for_them(sandbox: Sandbox, field: Field) -> None:
    asked = {"program": field.outbreak, "fields": "event,deleted"} | whole(sandbox)
    alive = read(sandbox, "events", **asked)
    everything = read(sandbox, "events", includeDeleted="true", **asked)
    assert not any(event["deleted"] for event in alive)
    assert len(everything) == EVENTS
    assert sum(event["deleted"] for event in everything) == len(everything) - len(alive) > 0


def test_names_of_another_version_are_passed_over(sandbox: Sandbox, field: Field) -> None:
    uids = [item.uid for item in sandbox.store.tracker.objects("event")[:3]]
    old, new = {"event": ";".join(uids)}, {"events": ",".join(uids)}
    right, wrong = (old, new) if is_old(sandbox) else (new, old)
    asked = {"program": field.outbreak, "includeDeleted": "true", "fields": "event"}
    found = read(sandbox, "events", **asked, **right)
    assert {event["event"] for event in found if event["event"] in uids} == {
        event["event"] for event in found
    }
    assert len(read(sandbox, "events", **asked, **wrong)) == 50


def test_a_month_holds_what_occurred_in_it_to_its_last_day(sandbox: Sandbox, field: Field) -> None:
    query = TrackerQuery("event", program=field.outbreak)
    days = sorted(item.occurred_at[:10] for item in sandbox.store.tracker.select(query))
    first, last = days[10], days[60]
    asked = {"occurredAfter": first, "occurredBefore": last, "fields": "occurredAt"}
    found = read(sandbox, "events", program=field.outbreak, **asked, **whole(sandbox))
    assert len(found) == sum(first <= day <= last for day in days)


def test_without_a_program_an_entity_shows_the_attributes_of_its_type(
    sandbox: Sandbox, field: Field
) -> None:
    asked = {"fields": "*", "includeDeleted": "true"} | everywhere(sandbox) | whole(sandbox)
    by_type = read(sandbox, "trackedEntities", trackedEntityType=field.person, **asked)
    by_program = read(sandbox, "trackedEntities", program=field.child, **asked)
    shown = {entity["trackedEntity"]: len(entity["attributes"]) for entity in by_type}
    assert all(entity["enrollments"] for entity in by_program)
    assert any(not entity["enrollments"] for entity in by_type)
    assert any(len(entity["enrollments"]) == 2 for entity in by_type)
    for entity in by_program:
        assert {one["program"] for one in entity["enrollments"]} == {field.child}
        assert len(entity["attributes"]) == shown[entity["trackedEntity"]] + 2


def test_an_entity_can_be_read_by_itself_and_found_by_a_value(
    sandbox: Sandbox, field: Field
) -> None:
    item = sandbox.store.tracker.select(TrackerQuery("trackedEntity", type=field.person))[0]
    value = next(
        one["value"] for one in item.body["attributes"] if one["attribute"] == field.national_id
    )
    alone = get(sandbox, f"tracker/trackedEntities/{item.uid}", fields="trackedEntity").json()
    found = read(
        sandbox, "trackedEntities", trackedEntityType=field.person, fields="trackedEntity",
        filter=f"{field.national_id}:eq:{value}", **everywhere(sandbox),
    )  # fmt: skip
    assert found == [alone] == [{"trackedEntity": item.uid}]
    assert get(sandbox, "tracker/trackedEntities/NoSuchEntit").status_code == 404


def test_an_account_sees_what_is_below_its_units(sandbox: Sandbox, field: Field) -> None:
    query = TrackerQuery("event", program=field.outbreak)
    stored = sandbox.store.tracker.select(query)
    set_org_units("viewer", [stored[0].org_unit], sandbox.store)
    asked = {"program": field.outbreak, "fields": "event,orgUnit"} | whole(sandbox)
    found = read(sandbox, "events", "viewer", **asked, **everywhere(sandbox))
    assert {event["orgUnit"] for event in found} == {stored[0].org_unit}
    assert len(found) == sum(item.org_unit == stored[0].org_unit for item in stored)


def test_relationships_are_shown_at_their_ends(sandbox: Sandbox, field: Field) -> None:
    relation = next(
        item
        for item in sandbox.store.tracker.objects("relationship", include_deleted=False)
        if item.type == field.mother
    )
    both = everywhere(sandbox) | {"trackedEntityType": field.person, "fields": "*"}
    entities = {
        entity["trackedEntity"]: entity["relationships"]
        for entity in read(sandbox, "trackedEntities", **both, **whole(sandbox))
    }
    for end in (relation.from_uid, relation.to_uid):
        assert relation.uid in [one["relationship"] for one in entities[end]]
    listed = read(sandbox, "relationships", trackedEntity=relation.from_uid)
    assert relation.uid in [one["relationship"] for one in listed]


def test_old_endpoints_give_the_same_objects_and_end_with_2_40(
    sandbox: Sandbox, field: Field
) -> None:
    asked = {"program": field.child, "ouMode": "ACCESSIBLE", "pageSize": 100, "fields": "*"}
    answer = get(sandbox, "trackedEntityInstances", **asked)
    if not is_old(sandbox):
        assert answer.status_code == 404
        return
    old = {one["trackedEntityInstance"]: one for one in answer.json()["trackedEntityInstances"]}
    new = read(
        sandbox, "trackedEntities", program=field.child, ouMode="ACCESSIBLE", pageSize=100,
        fields="*",
    )  # fmt: skip
    assert set(old) == {entity["trackedEntity"] for entity in new}
    for entity in new:
        same = old[entity["trackedEntity"]]
        assert same["lastUpdated"] == entity["updatedAt"]
        assert [one["enrollmentDate"] for one in same["enrollments"]] == [
            one["enrolledAt"] for one in entity["enrollments"]
        ]
