"""Two servers say the same thing in several ways; what means something else is a difference."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.metadata.compare import Comparison
from d2_assets_tests.metadata.classes import SCHEMAS, klass, make_schemas, text

ELEMENT = {
    "id": "fbfJHSPpUQD",
    "name": "ANC 1st visit",
    "shortName": "ANC 1",
    "code": "DE_1",
    "valueType": "NUMBER",
    "zeroIsSignificant": False,
    "factor": 1,
    "categoryCombo": {"id": "bjDvmb4bfuf"},
    "legendSets": [{"id": "fqs276KXCXi"}, {"id": "OrkEzxZEH4X"}],
    "translations": [
        {"property": "NAME", "locale": "fr", "value": "CPN 1"},
        {"property": "NAME", "locale": "pt", "value": "CPN 1ª"},
    ],
    "sharing": {"owner": "M5zQapPyTZI", "public": "rw------", "external": False, "users": {}},
}
SET = {
    "id": "lyLU2wR22tC",
    "name": "ANC",
    "periodType": "Monthly",
    "version": 3,
    "openingDate": "2010-01-01T00:00:00.000",
    "dataSetElements": [
        {"dataSet": {"id": "lyLU2wR22tC"}, "dataElement": {"id": "fbfJHSPpUQD"}},
        {"dataSet": {"id": "lyLU2wR22tC"}, "dataElement": {"id": "cYeuwXTCPkU"}},
    ],
}


def compare(plural: str, wanted: dict[str, Any], found: dict[str, Any], **more: Any) -> list[str]:
    comparison = Comparison(SCHEMAS, SCHEMAS, **more)
    return [one.property for one in comparison.find_differences(plural, "source", wanted, found)]


@pytest.mark.parametrize(
    "change",
    [
        {"lastUpdated": "2026-01-01T00:00:00.000", "created": "2020-01-01T00:00:00.000"},
        {"factor": 1.0},
        {"zeroIsSignificant": None},
        {"description": ""},
        {"description": None, "optionSet": None},
        {"translations": ELEMENT["translations"][::-1]},
        {"categoryCombo": {"id": "bjDvmb4bfuf", "name": "default", "code": "default"}},
        {"sharing": {**ELEMENT["sharing"], "userGroups": {}, "users": None}},
        {"displayName": "ANC 1st visit", "access": {"read": True}, "href": "https://x"},
        {"someMemberThatNoSchemaKnows": 7},
    ],
    ids=lambda change: ",".join(change),
)
def test_what_means_the_same_is_no_difference(change: dict[str, Any]) -> None:
    assert compare("dataElements", ELEMENT, {**ELEMENT, **change}) == []
    assert compare("dataElements", {**ELEMENT, **change}, ELEMENT) == []


@pytest.mark.parametrize(
    "change",
    [
        {"name": "ANC first visit"},
        {"factor": 2},
        {"factor": 0},
        {"zeroIsSignificant": True},
        {"categoryCombo": {"id": "ZdovqLTp1p2"}},
        {"legendSets": ELEMENT["legendSets"][::-1]},
        {"legendSets": ELEMENT["legendSets"][:1]},
        {"translations": ELEMENT["translations"][:1]},
        {"sharing": {**ELEMENT["sharing"], "public": "--------"}},
        {"sharing": {**ELEMENT["sharing"], "owner": "other123456"}},
        {"code": None},
        {"description": "Visits"},
    ],
    ids=lambda change: ",".join(change),
)
def test_what_means_something_else_is_named_by_its_member(change: dict[str, Any]) -> None:
    assert compare("dataElements", ELEMENT, {**ELEMENT, **change}) == list(change)


def test_parts_of_a_set_are_known_by_their_content_and_have_no_order() -> None:
    parts = [
        {**part, "id": f"part{n}", "created": "x"} for n, part in enumerate(SET["dataSetElements"])
    ]
    assert compare("dataSets", SET, {**SET, "dataSetElements": parts[::-1]}) == []
    assert compare("dataSets", SET, {**SET, "dataSetElements": parts[:1]}) == ["dataSetElements"]
    combo = [{**parts[0], "categoryCombo": {"id": "ZdovqLTp1p2"}}, parts[1]]
    assert compare("dataSets", SET, {**SET, "dataSetElements": combo}) == ["dataSetElements"]


def test_a_version_that_the_server_counts_up_is_not_compared() -> None:
    assert compare("dataSets", SET, {**SET, "version": 99}) == []


@pytest.mark.parametrize(
    "written", ["2010-01-01", "2010-01-01T00:00:00", "2010-01-01T00:00:00.000+0000"]
)
def test_a_day_is_a_day_however_it_is_written(written: str) -> None:
    assert compare("dataSets", SET, {**SET, "openingDate": written}) == []
    assert compare("dataSets", SET, {**SET, "openingDate": "2010-01-02"}) == ["openingDate"]


def test_a_path_follows_from_the_parent() -> None:
    unit = {"id": "a", "name": "A", "path": "/r/a", "parent": {"id": "r"}}
    assert compare("organisationUnits", unit, {**unit, "path": "/x/r/a"}) == []
    assert compare("organisationUnits", unit, {**unit, "parent": {"id": "s"}}) == ["parent"]


def test_a_place_keeps_the_order_of_its_coordinates() -> None:
    unit = {"id": "a", "name": "A", "geometry": {"type": "Point", "coordinates": [11.4, 8.2]}}
    other = {"type": "Point", "coordinates": [8.2, 11.4]}
    assert compare("organisationUnits", unit, {**unit, "geometry": other}) == ["geometry"]


def test_sharing_that_names_no_owner_does_not_ask_for_another() -> None:
    wanted = {**ELEMENT, "sharing": {"public": "rw------"}}
    assert compare("dataElements", wanted, ELEMENT) == []


def test_merging_leaves_alone_what_the_source_leaves_empty() -> None:
    found = {**ELEMENT, "description": "Visits", "code": "OTHER"}
    assert compare("dataElements", {**ELEMENT, "code": None}, found, merge=True) == []
    assert compare("dataElements", ELEMENT, found, merge=True) == ["code"]


def test_an_update_keeps_what_only_the_destination_knows() -> None:
    older = make_schemas(klass("dataElement", "dataElements", text("shortName")))
    newer = make_schemas(klass("dataElement", "dataElements", text("shortName"), text("colour")))
    wanted = {"id": "a", "name": "A", "shortName": "A"}
    found = {**wanted, "name": "B", "colour": "#ff0000", "code": "OLD", "created": "2020-01-01"}
    comparison = Comparison(newer, older)
    assert [one.property for one in comparison.find_differences("dataElements", "a", wanted, found)]
    body = comparison.keep_unknown("dataElements", wanted, found)
    assert body == {**wanted, "colour": "#ff0000", "created": "2020-01-01"}


def test_an_update_of_a_user_leaves_the_ways_to_sign_in_as_they_are() -> None:
    schemas = make_schemas(klass("user", "users", text("openId"), text("phone"), text("avatar")))
    comparison = Comparison(schemas, schemas)
    found = {"id": "a", "openId": "ann@example.org", "phone": "1", "avatar": "x"}
    wanted = {"id": "a", "code": "ANN"}
    differences = comparison.find_differences("users", "a", wanted, found)
    assert [one.property for one in differences] == ["code", "phone"]
    body = comparison.keep_unknown("users", wanted, found)
    assert body == {**wanted, "openId": "ann@example.org", "avatar": "x"}


def test_an_update_that_merges_is_sent_whole_since_a_server_erases_what_is_missing() -> None:
    found = {**ELEMENT, "description": "Visits"}
    comparison = Comparison(SCHEMAS, SCHEMAS, merge=True)
    wanted = {**ELEMENT, "code": "", "name": "New"}
    body = comparison.keep_unknown("dataElements", wanted, found)
    assert body == {**ELEMENT, "name": "New", "description": "Visits"}


def test_differences_are_told_in_words_that_fit_on_a_screen() -> None:
    comparison = Comparison(SCHEMAS, SCHEMAS)
    found = {**ELEMENT, "legendSets": [{"id": "fqs276KXCXi"}], "description": "x" * 999}
    told = {
        one.property: (one.source, one.destination)
        for one in comparison.find_differences("dataElements", "source", ELEMENT, found)
    }
    assert told["legendSets"] == ("OrkEzxZEH4X", "")
    assert told["description"][0] == ""
    assert len(told["description"][1]) == 300


BODIES = st.fixed_dictionaries(
    {"id": st.just("fbfJHSPpUQD"), "name": st.text(min_size=1)},
    optional={
        "code": st.none() | st.text(),
        "shortName": st.text(),
        "zeroIsSignificant": st.none() | st.booleans(),
        "factor": st.none() | st.integers() | st.floats(allow_nan=False),
        "categoryCombo": st.fixed_dictionaries({"id": st.text(min_size=1)}),
        "legendSets": st.lists(st.fixed_dictionaries({"id": st.text(min_size=1)})),
        "translations": st.lists(st.dictionaries(st.text(), st.text())),
        "sharing": st.fixed_dictionaries(
            {}, optional={"public": st.text(), "users": st.dictionaries(st.text(), st.just({}))}
        ),
    },
)


@given(BODIES)
def test_an_object_differs_in_nothing_from_itself(body: dict[str, Any]) -> None:
    assert compare("dataElements", body, body) == []
    assert compare("dataElements", body, dict(reversed(list(body.items())))) == []


@given(BODIES, BODIES)
def test_what_differs_one_way_differs_the_other_way(
    left: dict[str, Any], right: dict[str, Any]
) -> None:
    theirs, ours = compare("dataElements", left, right), compare("dataElements", right, left)
    assert set(theirs) - {"sharing"} == set(ours) - {"sharing"}


@given(BODIES, BODIES)
def test_an_object_that_was_set_as_wanted_differs_no_more(
    wanted: dict[str, Any], found: dict[str, Any]
) -> None:
    comparison = Comparison(SCHEMAS, SCHEMAS)
    body = comparison.keep_unknown("dataElements", wanted, found)
    assert comparison.is_equal("dataElements", wanted, body)
