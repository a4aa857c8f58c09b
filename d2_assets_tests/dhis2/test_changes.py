"""Changes are asked for in one request where few are, and whole where many are."""

from typing import Any, cast

import pytest

from d2_assets.dhis2.changes import (
    iterate_changed_entities,
    iterate_changed_events,
    iterate_changed_objects,
    list_classes,
    list_program_types,
)
from d2_assets.dhis2.dialects import DIALECTS, find_dialect
from d2_assets.dhis2.tracker_parameters import ChangeQuery
from d2_assets.errors import ContractError
from d2_assets.http.session import HttpSession
from d2_assets.stamps import read_stamp
from d2_assets_tests.dhis2.fakes import FakeSession
from d2_assets_tests.recordings import (
    VERSIONS,
    drop_cuts,
    needs_recordings,
    read_exchange,
    read_schemas,
)

DAY = "2026-11-22T"
SINCE = read_stamp(f"{DAY}12:00:00.000")


def _list(stamps: list[str], asked: list[Any], **more: Any) -> list[str]:
    """UIDs that are given of objects with these stamps, newest first where that is asked."""
    bodies = [
        {"id": f"u{number}", "lastUpdated": DAY + stamp, **more}
        for number, stamp in enumerate(stamps)
    ]

    def answer(path: str, params: dict[str, Any]) -> Any:
        asked.append(params)
        name, _, direction = params["order"].partition(":")
        found = sorted(bodies, key=lambda body: body[name], reverse=direction == "desc")
        page, size = params["page"], params["pageSize"]
        pager = {"total": len(found), "pageCount": -(-len(found) // size)}
        return {"pager": pager, "users": found[(page - 1) * size : page * size]}

    session = cast(HttpSession, FakeSession(answer))
    pages = iterate_changed_objects(session, "users", SINCE, page_size=2)
    return sorted(one.id for page in pages for one in page)


@pytest.mark.parametrize(
    ("stamps", "found", "requests"),
    [
        ([], [], 1),
        (["11:59:59.999"], [], 1),
        (["12:00:00.000"], ["u0"], 1),
        # the first page ends with what is too old: so do all that follow
        (["10:00:00.000", "13:00:00.000", "09:00:00.000"], ["u1"], 1),
        (["13:00:00.000", "14:00:00.000", "12:30:00.000"], ["u0", "u1", "u2"], 3),
    ],
)
def test_a_class_is_asked_once_unless_more_than_a_page_changed(
    stamps: list[str], found: list[str], requests: int
) -> None:
    asked: list[Any] = []
    assert _list(stamps, asked) == found
    assert len(asked) == requests
    assert all(one["filter"] == ["lastUpdated:ge:2026-11-21T12:00:00.000"] for one in asked)


def test_a_stamp_that_a_login_wrote_is_no_change() -> None:
    login = {"lastLogin": f"{DAY}12:30:00.000"}
    assert _list(["12:30:00.016"], [], **login) == []
    assert _list(["12:29:00.000"], [], **login) == ["u0"]
    assert _list(["12:31:00.000"], [], **login) == ["u0"]


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_real_servers_stamp_a_user_with_each_login(version: str) -> None:
    """As recorded: the account that asks was changed when it logged in to ask."""
    answer = drop_cuts(read_exchange(version, "list-users").body)
    session = cast(HttpSession, FakeSession(lambda path, params: answer))
    since = read_stamp(answer["users"][0]["lastLogin"]) - 1
    pages = list(iterate_changed_objects(session, "users", since))
    assert answer["users"][0]["lastUpdated"] >= answer["users"][0]["lastLogin"]
    assert pages == [[]]


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_lists_by_change_are_read_whole(version: str) -> None:
    """Newest first and changed since, of classes; changed since, of tracker objects. Asked with the
    page sizes of the recordings, so that a full first page shows."""
    newest = drop_cuts(read_exchange(version, "list-ordered-by-lastUpdated").body)
    session = cast(HttpSession, FakeSession(lambda path, params: newest))
    (one,) = newest["dataElements"]
    later = read_stamp(one["lastUpdated"]) + 1
    assert list(iterate_changed_objects(session, "dataElements", later, page_size=1)) == [[]]

    nothing = read_exchange(version, "list-changed-since-future").body
    session = cast(HttpSession, FakeSession(lambda path, params: nothing))
    assert list(iterate_changed_objects(session, "dataElements", SINCE, page_size=2)) == [[]]

    names = find_dialect(VERSIONS[version])[0].tracker
    for name, found in (("tr-events-order-updated", 1), ("tr-events-updated-after", 0)):
        answer = read_exchange(version, name).body
        session = cast(HttpSession, FakeSession(lambda path, params, said=answer: said))
        query = ChangeQuery(0, program="TP01C129Or9")
        (page,) = iterate_changed_events(session, names, query, page_size=50)
        assert len(page) == found
        bodies = answer.get("events", answer.get("instances"))
        assert [(one.id, one.updated_at) for one in page] == [
            (body["event"], body["updatedAt"]) for body in bodies
        ]

    answer = read_exchange(version, "tr-te-updated-window").body
    session = cast(HttpSession, FakeSession(lambda path, params: answer))
    query = ChangeQuery(0, program="Xh88p1nyefp")
    (page,) = iterate_changed_entities(session, names, query, page_size=50)
    bodies = answer.get("trackedEntities", answer.get("instances"))
    assert len(bodies) == 2
    assert [(one.id, one.updated_at) for one in page] == [
        (body["trackedEntity"], body["updatedAt"]) for body in bodies
    ]


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_schemas_list_the_classes_that_are_watched(version: str) -> None:
    listed = {"schemas": read_schemas(version)}
    session = cast(HttpSession, FakeSession(lambda path, params: listed))
    classes = set(list_classes(session))
    assert {"dataElements", "organisationUnits", "programs", "users", "dataSets"} <= classes


def test_an_object_without_a_stamp_is_an_error_and_not_unchanged() -> None:
    answer = {"pager": {"total": 1, "pageCount": 1}, "sections": [{"id": "u0"}]}
    session = cast(HttpSession, FakeSession(lambda path, params: answer))
    with pytest.raises(ContractError, match="lastUpdated"):
        list(iterate_changed_objects(session, "sections", SINCE))


def test_a_list_that_cannot_be_ordered_by_change_is_read_whole() -> None:
    """The entities of the older endpoints: what is on the first page says nothing of the others."""
    names = DIALECTS[0].old_tracker
    assert names is not None
    stamps = ["10:00:00.000", "09:00:00.000", "13:00:00.000"]
    bodies = [
        {"trackedEntityInstance": f"u{number}", "lastUpdated": DAY + stamp}
        for number, stamp in enumerate(stamps)
    ]

    def answer(path: str, params: dict[str, Any]) -> Any:
        assert params["order"] == "created:asc"
        page, size = params["page"], params["pageSize"]
        return {
            "pager": {"total": 3, "pageCount": 2},
            "trackedEntityInstances": bodies[(page - 1) * size : page * size],
        }

    session = cast(HttpSession, FakeSession(answer))
    pages = iterate_changed_entities(session, names, ChangeQuery(SINCE, type="t"), page_size=2)
    assert [one.id for page in pages for one in page] == ["u2"]


def test_classes_and_programs_are_listed_by_what_can_be_asked() -> None:
    schemas = [
        {"plural": "dataElements", "relativeApiEndpoint": "/dataElements"},
        {"plural": "expressionDimensionItems"},
        {"plural": "dataSetElements"},
    ]
    session = cast(HttpSession, FakeSession(lambda path, params: {"schemas": schemas}))
    assert list_classes(session) == ("dataElements", "expressionDimensionItems")
    programs = [
        {"id": "a", "programType": "WITH_REGISTRATION", "trackedEntityType": {"id": "t"}},
        {"id": "b", "programType": "WITHOUT_REGISTRATION"},
    ]
    session = cast(HttpSession, FakeSession(lambda path, params: {"programs": programs}))
    assert list_program_types(session) == {"a": "t", "b": ""}
