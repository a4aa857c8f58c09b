"""Events and tracked entities as callers get them, whatever the version calls things."""

from typing import Any

import pytest

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.dialects import DIALECTS, find_dialect
from d2_assets.dhis2.tracker import (
    LONE_ATTRIBUTES,
    EntityQuery,
    EntityStamp,
    EventQuery,
    pick_names,
)
from d2_assets.errors import ConfigurationError, ContractError
from d2_assets_tests.dhis2.fakes import FakeSession, Params
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchange

QUERY = EventQuery("p", occurred_after="2026-02-28", occurred_before="2026-04-01")


def _serve(version: str, answer: Any) -> tuple[DHIS2Client, FakeSession]:
    def respond(path: str, params: Params) -> Any:
        if path == "api/system/info":
            return {"version": version, "serverDate": "2026-11-24T00:00:00.000"}
        return answer(path, params) if callable(answer) else answer

    session: Any = FakeSession(respond)
    client = DHIS2Client("national", session)
    assert client.dialect
    session.asked.clear()
    return client, session


def test_events_come_page_by_page_with_all_their_members():
    body = {"pager": {"total": 1, "pageCount": 1}, "events": [{"event": "a", "status": "ACTIVE"}]}
    client, session = _serve("2.42.4", body)
    assert list(client.iterate_events(QUERY, 7)) == [[{"event": "a", "status": "ACTIVE"}]]
    assert session.asked == [
        (
            "api/tracker/events",
            {
                "program": "p",
                "orgUnitMode": "ACCESSIBLE",
                "occurredAfter": "2026-02-28",
                "occurredBefore": "2026-04-01",
                "includeDeleted": "true",
                "fields": "*",
                "order": "updatedAt:asc",
                "page": 1,
                "pageSize": 7,
                "totalPages": "true",
            },
        )
    ]


def test_events_are_counted_with_one_small_request():
    client, session = _serve("2.40.9", {"page": 1, "total": 204, "pageCount": 204, "instances": []})
    assert client.count_events(QUERY) == 204
    ((path, params),) = session.asked
    assert (path, params["pageSize"], params["fields"]) == ("api/tracker/events", 1, "event")


def test_events_by_uid_come_in_the_order_asked_and_those_that_are_not_there_are_missing():
    there = {f"e{number:010}": {"event": f"e{number:010}"} for number in range(300)}

    def answer(path: str, params: Params) -> Any:
        asked = str(params["event"]).split(";")
        return {"instances": [there[uid] for uid in reversed(asked) if uid in there]}

    client, session = _serve("2.38.7", answer)
    ids = ["gone0000000", *there]
    assert client.list_events("p", ids) == list(there.values())
    assert [params["pageSize"] for _, params in session.asked] == [200, 101]
    assert client.list_events("p", []) == []


def test_stamps_tell_when_an_entity_changed_and_whether_it_is_deleted():
    bodies = [
        {"trackedEntity": "a", "updatedAt": "2026-03-01T00:00:00.000", "orgUnit": "u"},
        {"trackedEntity": "b", "updatedAt": "2026-03-02T00:00:00.000", "deleted": True},
    ]
    answer = {"pager": {"total": 2, "pageCount": 1}, "trackedEntities": bodies}
    client, session = _serve("2.43.1", answer)
    pages = list(client.iterate_entity_stamps(EntityQuery("t", "u", "2026-03-01")))
    assert pages == [
        [
            EntityStamp("a", "2026-03-01T00:00:00.000", False, "u"),
            EntityStamp("b", "2026-03-02T00:00:00.000", True, ""),
        ]
    ]
    ((_, params),) = session.asked
    assert params["orgUnits"] == "u"
    assert params["fields"] == "trackedEntity,updatedAt,deleted,orgUnit"


def test_an_entity_that_belongs_to_no_month_is_an_error_and_not_left_out():
    answer = {"pager": {"total": 1, "pageCount": 1}, "trackedEntities": [{"trackedEntity": "a"}]}
    client, _ = _serve("2.43.1", answer)
    with pytest.raises(ContractError, match="no updatedAt of the tracked entity a"):
        list(client.iterate_entity_stamps(EntityQuery("t")))


def _answer_trees(path: str, params: Params) -> Any:
    own = {"attribute": "own", "value": "1"}
    match params.get("program"):
        case None:
            bodies = [
                {"trackedEntity": "a", "attributes": [own], "relationships": [{}]},
                {"trackedEntity": "b"},
            ]
        case "p1":
            bodies = [
                {
                    "trackedEntity": "a",
                    "attributes": [own, {"attribute": "p1s", "value": "2"}],
                    "enrollments": [
                        {"enrollment": "e1", "program": "p1", "events": [{"event": "v1"}]},
                        {"enrollment": "e3", "program": "p3"},
                    ],
                }
            ]
        case _:
            bodies = [
                {
                    "trackedEntity": "a",
                    "attributes": [{"attribute": "p2s", "value": "3"}],
                    "enrollments": [{"enrollment": "e2", "program": "p2"}],
                },
                {"trackedEntity": "stranger", "enrollments": []},
            ]
    return {"trackedEntities": bodies}


def test_an_entity_in_two_programs_is_one_tree_with_the_attributes_of_both():
    client, session = _serve("2.42.4", _answer_trees)
    first, second = client.read_entities("t", ["b", "a", "c"], ["p1", "p2"])
    assert (first["trackedEntity"], second["trackedEntity"]) == ("b", "a")
    assert first["enrollments"] == []
    assert [item["attribute"] for item in second["attributes"]] == ["own", "p1s", "p2s"]
    assert second["relationships"] == [{}]
    assert [item["enrollment"] for item in second["enrollments"]] == ["e1", "e2"]
    assert [params["fields"] for _, params in session.asked] == ["*,!enrollments", "*", "*"]


def test_attributes_of_deleted_enrollments_alone_stand_apart():
    def answer(path: str, params: Params) -> Any:
        shown = {None: ["own"], "p1": ["own", "both", "gone"], "p2": ["own", "both"]}
        program = params.get("program")
        enrollments = [{"enrollment": "e", "program": program, "deleted": program == "p1"}]
        body = {
            "trackedEntity": "a",
            "attributes": [{"attribute": name, "value": "1"} for name in shown[program]],
            "enrollments": enrollments if program else [],
        }
        return {"trackedEntities": [body]}

    client, _ = _serve("2.42.4", answer)
    (tree,) = client.read_entities("t", ["a"], ["p1", "p2"])
    assert [item["attribute"] for item in tree["attributes"]] == ["own", "both"]
    assert [item["attribute"] for item in tree[LONE_ATTRIBUTES]] == ["gone"]
    (tree,) = client.read_entities("t", ["a"], ["p2"])
    assert LONE_ATTRIBUTES not in tree


def test_enrollments_of_programs_that_nobody_asked_for_are_left_out():
    client, _ = _serve("2.42.4", _answer_trees)
    tree = client.read_entities("t", ["a"], ["p1"])[0]
    assert [item["program"] for item in tree["enrollments"]] == ["p1"]


def test_programs_are_asked_only_about_entities_that_are_there():
    client, session = _serve("2.42.4", _answer_trees)
    client.read_entities("t", ["a", "c"], ["p1"])
    assert session.asked[1][1]["trackedEntities"] == "a,b"


def test_entities_are_found_by_a_value():
    client, session = _serve("2.40.9", {"instances": [{"trackedEntity": "a"}]})
    assert client.find_entities_by_value("t", "x", "0000049") == ["a"]
    assert session.asked[0][1]["filter"] == "x:eq:0000049"
    assert client.find_entities_by_value("t", "x", "1:2") == []
    assert len(session.asked) == 1


def test_old_endpoints_are_read_under_their_own_names_and_give_the_new_members():
    def answer(path: str, params: Params) -> Any:
        assert path == "api/events"
        events = [{"event": "a", "eventDate": "2026-03-01", "lastUpdated": "2026-03-02"}]
        return {"pager": {"total": 1, "pageCount": 1}, "events": events}

    client, session = _serve("2.40.9", answer)
    old = client.reading_old_tracker()
    assert list(old.iterate_events(QUERY)) == [
        [{"event": "a", "occurredAt": "2026-03-01", "updatedAt": "2026-03-02"}]
    ]
    params = session.asked[-1][1]
    assert (params["startDate"], params["endDate"]) == ("2026-02-28", "2026-04-01")
    assert client.uses_old_tracker is False


def test_old_trees_are_united_like_new_ones():
    def answer(path: str, params: Params) -> Any:
        body: dict[str, Any] = {"trackedEntityInstance": "a", "attributes": []}
        if "program" in params:
            body["enrollments"] = [{"enrollment": "e", "program": "p", "enrollmentDate": "2026"}]
        return {"trackedEntityInstances": [body]}

    client, session = _serve("2.38.7", answer)
    (tree,) = client.reading_old_tracker().read_entities("t", ["a"], ["p"])
    assert tree["trackedEntity"] == "a"
    assert tree["enrollments"] == [{"enrollment": "e", "program": "p", "enrolledAt": "2026"}]
    assert session.asked[-1][1]["trackedEntityInstance"] == "a"


def test_old_stamps_are_read_too():
    body = {"trackedEntityInstance": "a", "lastUpdated": "2026-03-01", "orgUnit": "u"}
    answer = {"pager": {"total": 1, "pageCount": 1}, "trackedEntityInstances": [body]}
    client, _ = _serve("2.38.7", answer)
    old = client.reading_old_tracker()
    assert list(old.iterate_entity_stamps(EntityQuery("t"))) == [
        [EntityStamp("a", "2026-03-01", False, "u")]
    ]


@pytest.mark.parametrize("version", ["2.42.4", "2.43.1"])
def test_old_endpoints_are_refused_where_they_are_gone(version):
    client, _ = _serve(version, {})
    with pytest.raises(ConfigurationError, match=r"older ones end with 2\.40") as caught:
        client.reading_old_tracker()
    assert "tracker.old_endpoints" in caught.value.remedy
    assert caught.value.key == "tracker.old_endpoints"


def test_names_are_the_dialects_unless_the_old_ones_are_wanted():
    dialect, _ = find_dialect("2.40.9")
    assert pick_names(dialect, use_old_tracker=False) is dialect.tracker
    assert pick_names(dialect, use_old_tracker=True) is dialect.old_tracker


@needs_recordings
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda item: item.version)
def test_old_endpoints_are_where_they_were_recorded(dialect):
    there = read_exchange(dialect.version, "legacy-events").status == 200
    assert there == (dialect.old_tracker is not None)
    assert there == (not dialect.spells_follow_up)


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_events_spell_their_mark_as_the_table_says(version):
    dialect, _ = find_dialect(VERSIONS[version])
    body = read_exchange(version, "tr-events-page").body
    events = [item for item in body.get("instances", body.get("events")) if isinstance(item, dict)]
    mark = "followUp" if dialect.spells_follow_up else "followup"
    assert all(mark in event for event in events)
