"""Bodies of the older endpoints, held to the same objects as /api/tracker gave them."""

from typing import Any

import pytest

from d2_assets.dhis2.tracker_old import rename_entity, rename_event, rename_relationship
from d2_assets_tests.recordings import drop_cuts, needs_recordings, read_exchange

#: What the recordings differ in: time passed between them, lists are cut, and the older endpoints
#: were asked without ``fields``, which leaves out what is nested.
_MOVED = {"updatedAt", "attributes", "dataValues", "enrollments", "events", "programOwners"}


def _find_new_entity(version: str) -> dict[str, Any]:
    return drop_cuts(read_exchange(version, "tr-te-full").body["instances"][0])


def _hold(renamed: dict[str, Any], new: dict[str, Any]) -> None:
    """Every member of the renamed body is one of the new body, with the same content."""
    for member, value in renamed.items():
        if member not in _MOVED:
            assert new[member] == value, member
    assert set(renamed) <= set(new)


@needs_recordings
@pytest.mark.parametrize("version", ["2.38", "2.40"])
def test_a_recorded_entity_says_the_same_as_under_api_tracker(version):
    body = read_exchange(version, "legacy-trackedEntityInstances").body
    old = drop_cuts(body["trackedEntityInstances"][0])
    new = _find_new_entity(version)
    renamed = rename_entity(old)
    _hold(renamed, new)
    first, *_ = renamed["attributes"]
    assert first == next(
        item for item in new["attributes"] if item["attribute"] == first["attribute"]
    )


@needs_recordings
@pytest.mark.parametrize("version", ["2.38", "2.40"])
def test_a_recorded_enrollment_says_the_same_as_under_api_tracker(version):
    old = read_exchange(version, "legacy-enrollments").body["enrollments"][0]
    (renamed,) = rename_entity({"enrollments": [old]})["enrollments"]
    new = next(
        item
        for item in _find_new_entity(version)["enrollments"]
        if item["enrollment"] == renamed["enrollment"]
    )
    _hold(renamed, new)


@needs_recordings
@pytest.mark.parametrize("version", ["2.38", "2.40"])
def test_a_recorded_event_has_only_members_that_api_tracker_has(version):
    old = drop_cuts(read_exchange(version, "legacy-events").body["events"][0])
    renamed = rename_event(old)
    enrollment = _find_new_entity(version)["enrollments"][0]
    events = enrollment["events"]
    assert set(renamed) <= set(events[0])
    same = [item for item in events if item["event"] == renamed["event"]]
    for new in same:
        _hold(renamed, new)
    assert set(renamed["dataValues"][0]) <= set(events[0]["dataValues"][0])


def test_every_member_with_an_old_name_gets_its_new_one():
    event = rename_event(
        {
            "event": "e",
            "trackedEntityInstance": "t",
            "eventDate": "1",
            "dueDate": "2",
            "completedDate": "3",
            "created": "4",
            "createdAtClient": "5",
            "lastUpdatedAtClient": "6",
            "storedBy": "ann",
            "followup": True,
            "geometry": {"type": "Point", "coordinates": [1, 2]},
            "coordinate": {"latitude": 2, "longitude": 1},
            "createdByUserInfo": {"uid": "u"},
            "notes": [{"note": "n", "value": "v", "storedDate": "7", "storedBy": "ann"}],
        }
    )
    assert event == {
        "event": "e",
        "trackedEntity": "t",
        "occurredAt": "1",
        "scheduledAt": "2",
        "completedAt": "3",
        "createdAt": "4",
        "createdAtClient": "5",
        "updatedAtClient": "6",
        "storedBy": "ann",
        "followup": True,
        "geometry": {"type": "Point", "coordinates": [1, 2]},
        "createdBy": {"uid": "u"},
        "notes": [{"note": "n", "value": "v", "storedAt": "7", "storedBy": "ann"}],
    }


def test_an_assigned_user_becomes_one_body():
    event = rename_event(
        {
            "event": "e",
            "assignedUser": "u",
            "assignedUserUsername": "ann",
            "assignedUserSurname": "B",
        }
    )
    assert event == {"event": "e", "assignedUser": {"uid": "u", "username": "ann", "surname": "B"}}
    assert rename_event({"event": "e"}) == {"event": "e"}


def test_both_ends_of_a_relationship_name_their_object():
    renamed = rename_relationship(
        {
            "relationship": "r",
            "relationshipType": "rt",
            "from": {"trackedEntityInstance": {"trackedEntityInstance": "a", "programOwners": []}},
            "to": {"event": {"event": "b"}},
            "created": "1",
            "bidirectional": False,
        }
    )
    assert renamed == {
        "relationship": "r",
        "relationshipType": "rt",
        "from": {"trackedEntity": {"trackedEntity": "a"}},
        "to": {"event": {"event": "b"}},
        "createdAt": "1",
        "bidirectional": False,
    }


def test_owners_and_nested_objects_are_renamed_too():
    tree = rename_entity(
        {
            "trackedEntityInstance": "t",
            "programOwners": [{"ownerOrgUnit": "u", "program": "p", "trackedEntityInstance": "t"}],
            "enrollments": [
                {
                    "enrollment": "n",
                    "incidentDate": "1",
                    "followup": True,
                    "trackedEntityType": "x",
                    "events": [{"event": "e", "eventDate": "2"}],
                }
            ],
        }
    )
    assert tree == {
        "trackedEntity": "t",
        "programOwners": [{"orgUnit": "u", "program": "p", "trackedEntity": "t"}],
        "enrollments": [
            {
                "enrollment": "n",
                "occurredAt": "1",
                "followUp": True,
                "events": [{"event": "e", "occurredAt": "2"}],
            }
        ],
    }
