"""References in objects of every class: found, exchanged, and nothing else touched."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from d2_assets.dhis2.schemas import Schemas, parse_schemas
from d2_assets.mapping.crosswalk import Crosswalk, Match
from d2_assets.metadata.expressions import iterate_body_ids, rewrite_body
from d2_assets.metadata.families import family_of
from d2_assets.metadata.references import iterate_references, rewrite_references
from d2_assets.sandbox.content_metadata import Country, Extent
from d2_assets.sandbox.versions import VERSIONS as SANDBOX_VERSIONS
from d2_assets_tests.recordings import SHARED, VERSIONS, needs_recordings, read_schemas

Body = dict[str, Any]

every_version = pytest.mark.parametrize("version", VERSIONS)
_UID = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9]{10}(?![A-Za-z0-9])")
#: Dashboards call some event visualizations event reports or charts, which are other classes.
_OTHER_NAMES = {("dashboards", "dashboardItems")}


@cache
def _schemas(version: str) -> Schemas:
    return parse_schemas({"schemas": read_schemas(version)})


@cache
def _packages() -> dict[str, dict[str, list[Body]]]:
    return {
        path.stem: json.loads(path.read_text("utf-8"))
        for path in sorted((SHARED / "packages").glob("*.json"))
    }


@cache
def _country(version: str) -> dict[str, list[Body]]:
    return dict(Country(2026, SANDBOX_VERSIONS[version], Extent(20, "2024-01-01")).metadata)


def _iterate_objects(metadata: dict[str, Any], schemas: Schemas) -> Iterator[tuple[str, Body]]:
    for plural, bodies in metadata.items():
        schema = schemas.get(plural)
        if family_of(plural) and schema:
            for body in bodies:
                # As a server gives it: older packages also hold what others own, or derived.
                yield plural, {name: body[name] for name in body if name in schema.properties}


@cache
def _samples() -> list[tuple[str, str, Body]]:
    """Version, class and body of all kinds of objects."""
    found = [
        (version, plural, body)
        for version in VERSIONS
        for plural, body in _iterate_objects(_country(version), _schemas(version))
    ]
    packages = [
        ("2.40", plural, body)
        for metadata in _packages().values()
        for plural, body in _iterate_objects(metadata, _schemas("2.40"))
    ]
    return found + packages[::7]


def _iterate_texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield path, name
            yield from _iterate_texts(member, f"{path}.{name}")
    elif isinstance(value, list):
        for item in value:
            yield from _iterate_texts(item, path)
    elif isinstance(value, str):
        yield path, value


def _find_overlooked(metadata: dict[str, Any], version: str) -> set[tuple[str, str]]:
    """Class and first member of UIDs that stay when every object gets another one."""
    schemas = _schemas(version)
    objects = list(_iterate_objects(metadata, schemas))
    crosswalk = Crosswalk(
        tuple(
            Match(plural, body["id"], _turn_round(body["id"]), "table") for plural, body in objects
        )
    )
    known = {body["id"] for _, body in objects}
    overlooked = set()
    for plural, body in objects:
        moved = rewrite_references(body, plural, schemas, crosswalk)
        moved = rewrite_body(moved, plural, crosswalk)
        for path, text in _iterate_texts(moved):
            if not known.isdisjoint(_UID.findall(text)):
                overlooked.add((plural, path.split(".")[1]))
    return overlooked


def _turn_round(uid: str) -> str:
    return "X" + uid[:0:-1]


@needs_recordings
@every_version
def test_no_uid_of_another_object_is_overlooked_in_the_real_packages(version: str) -> None:
    for metadata in _packages().values():
        assert _find_overlooked(metadata, version) == set()


@needs_recordings
@every_version
def test_no_uid_of_another_object_is_overlooked_in_a_country_with_every_class(
    version: str,
) -> None:
    found = _find_overlooked(_country(version), version)
    assert found - _OTHER_NAMES == set()


@needs_recordings
@every_version
def test_what_is_referred_to_has_the_class_that_the_reference_says(version: str) -> None:
    metadata = _country(version)
    classes = {body["id"]: plural for plural, bodies in metadata.items() for body in bodies}
    wrong = {
        (plural, one.path, one.plural, classes[one.id])
        for plural, body in _iterate_objects(metadata, _schemas(version))
        for one in iterate_references(body, plural, _schemas(version))
        if one.id in classes
        and classes[one.id] != one.plural
        # Event reports and charts are event visualizations under another name.
        and one.plural not in ("eventReports", "eventCharts")
    }
    assert wrong == set()


@st.composite
def _moved_objects(draw: st.DrawFn) -> tuple[str, str, Body, Crosswalk]:
    """An object, and a crosswalk that gives some of what it refers to, and it, other UIDs."""
    version, plural, body = draw(st.sampled_from(_samples()))
    schemas = _schemas(version)
    told = {(one.plural, one.id) for one in iterate_references(body, plural, schemas)}
    told |= {key for _, key in iterate_body_ids(body, plural)} | {(plural, body["id"])}
    chosen = draw(st.sets(st.sampled_from(sorted(told))))
    matches = tuple(
        Match(target, uid, f"Z{number:010}", "table")
        for number, (target, uid) in enumerate(sorted(chosen))
    )
    return version, plural, body, Crosswalk(matches)


def _turn(crosswalk: Crosswalk) -> Crosswalk:
    return Crosswalk(
        tuple(Match(one.plural, one.destination, one.source, one.how) for one in crosswalk)
    )


def _forget_uids(value: Any) -> str:
    return _UID.sub("", json.dumps(value))


_few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@needs_recordings
@_few
@given(st.data())
def test_an_empty_crosswalk_changes_nothing(data: st.DataObject) -> None:
    version, plural, body = data.draw(st.sampled_from(_samples()))
    assert rewrite_references(body, plural, _schemas(version), Crosswalk()) == body
    assert rewrite_body(body, plural, Crosswalk()) == body


@needs_recordings
@_few
@given(st.data())
def test_there_and_back_again_is_the_same_object(data: st.DataObject) -> None:
    version, plural, body, crosswalk = data.draw(_moved_objects())
    before = json.dumps(body)
    there = rewrite_references(body, plural, _schemas(version), crosswalk)
    back = rewrite_references(there, plural, _schemas(version), _turn(crosswalk))
    assert back == body
    assert json.dumps(body) == before


@needs_recordings
@_few
@given(st.data())
def test_a_rewritten_object_differs_in_uids_and_nothing_else(data: st.DataObject) -> None:
    version, plural, body, crosswalk = data.draw(_moved_objects())
    moved = rewrite_references(body, plural, _schemas(version), crosswalk)
    moved = rewrite_body(moved, plural, crosswalk)
    assert _forget_uids(moved) == _forget_uids(body)


@needs_recordings
@_few
@given(st.data())
def test_every_reference_and_no_other_gets_the_uid_of_the_crosswalk(data: st.DataObject) -> None:
    version, plural, body, crosswalk = data.draw(_moved_objects())
    schemas = _schemas(version)
    moved = rewrite_references(body, plural, schemas, crosswalk)
    before = [(one.plural, one.id) for one in iterate_references(body, plural, schemas)]
    after = [(one.plural, one.id) for one in iterate_references(moved, plural, schemas)]
    assert after == [(target, crosswalk.get(target, uid)) for target, uid in before]
    assert moved["id"] == crosswalk.get(plural, body["id"])


def _list(plural: str, body: Body, version: str = "2.42") -> dict[str, tuple[str, str]]:
    return {
        one.path: (one.plural, one.id)
        for one in iterate_references(body, plural, _schemas(version))
    }


@needs_recordings
def test_parts_tell_their_references_with_their_places() -> None:
    body = {
        "id": "dataSetOne1",
        "categoryCombo": {"id": "comboOfSet1"},
        "dataSetElements": [
            {"dataElement": {"id": "elementOne1"}, "dataSet": {"id": "dataSetOne1"}},
            {"dataElement": {"id": "elementTwo1"}, "categoryCombo": {"id": "comboOfTwo1"}},
        ],
        "compulsoryDataElementOperands": [
            {"dataElement": {"id": "elementOne1"}, "categoryOptionCombo": {"id": "optionComb1"}}
        ],
        "dataInputPeriods": [{"period": {"id": "202401"}, "openingDate": "2024-01-01"}],
    }
    assert _list("dataSets", body) == {
        "categoryCombo": ("categoryCombos", "comboOfSet1"),
        "dataSetElements[0].dataElement": ("dataElements", "elementOne1"),
        "dataSetElements[0].dataSet": ("dataSets", "dataSetOne1"),
        "dataSetElements[1].dataElement": ("dataElements", "elementTwo1"),
        "dataSetElements[1].categoryCombo": ("categoryCombos", "comboOfTwo1"),
        "compulsoryDataElementOperands[0].dataElement": ("dataElements", "elementOne1"),
        "compulsoryDataElementOperands[0].categoryOptionCombo": (
            "categoryOptionCombos",
            "optionComb1",
        ),
    }


@needs_recordings
def test_parts_without_a_schema_are_known_by_their_names() -> None:
    body = {
        "id": "visualizat1",
        "dataDimensionItems": [
            {"dataDimensionItemType": "INDICATOR", "indicator": {"id": "indicatorO1"}},
            {
                "programAttribute": {
                    "program": {"id": "programOne1"},
                    "attribute": {"id": "attributeO1"},
                }
            },
            {"reportingRate": {"dataSet": {"id": "dataSetOne1"}, "metric": "REPORTING_RATE"}},
        ],
        "categoryDimensions": [
            {"category": {"id": "categoryOn1"}, "categoryOptions": [{"id": "optionOfCa1"}]}
        ],
        "legend": {"set": {"id": "legendSetO1"}, "strategy": "FIXED"},
        "periods": [{"id": "LAST_MONTHS"}],
    }
    assert _list("visualizations", body) == {
        "dataDimensionItems[0].indicator": ("indicators", "indicatorO1"),
        "dataDimensionItems[1].programAttribute.program": ("programs", "programOne1"),
        "dataDimensionItems[1].programAttribute.attribute": (
            "trackedEntityAttributes",
            "attributeO1",
        ),
        "dataDimensionItems[2].reportingRate.dataSet": ("dataSets", "dataSetOne1"),
        "categoryDimensions[0].category": ("categories", "categoryOn1"),
        "categoryDimensions[0].categoryOptions[0]": ("categoryOptions", "optionOfCa1"),
        "legend.set": ("legendSets", "legendSetO1"),
    }


@needs_recordings
def test_who_may_see_an_object_is_told_as_a_principal() -> None:
    body = {
        "id": "elementOne1",
        "createdBy": {"id": "userAuthor1", "username": "ada"},
        "sharing": {
            "owner": "userOwner11",
            "users": {"userReader1": {"id": "userReader1", "access": "r-------"}},
            "userGroups": {"groupReade1": {"id": "groupReade1", "access": "rw------"}},
        },
        "userAccesses": [{"id": "userReader1", "userUid": "userReader1", "access": "r-------"}],
    }
    found = list(iterate_references(body, "dataElements", _schemas("2.38")))
    assert all(one.is_principal for one in found)
    assert {(one.plural, one.id) for one in found} == {
        ("users", "userAuthor1"),
        ("users", "userOwner11"),
        ("users", "userReader1"),
        ("userGroups", "groupReade1"),
    }


@needs_recordings
def test_sharing_is_rewritten_in_its_keys_too() -> None:
    sharing = {
        "owner": "userOwner11",
        "users": {"userReader1": {"id": "userReader1", "access": "r-------"}},
        "userGroups": {},
    }
    crosswalk = Crosswalk((Match("users", "userReader1", "readerThere", "username"),))
    body = {"id": "elementOne1", "sharing": sharing}
    moved = rewrite_references(body, "dataElements", _schemas("2.42"), crosswalk)
    assert moved["sharing"]["users"] == {"readerThere": {"id": "readerThere", "access": "r-------"}}
    assert moved["sharing"]["owner"] == "userOwner11"


@needs_recordings
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            [{"attribute": {"id": "attributeO1"}, "value": "attributeO1"}],
            [{"attribute": {"id": "attributeT2"}, "value": "attributeO1"}],
        ),
        ({"attributeO1": "attributeO1"}, {"attributeT2": "attributeO1"}),
    ],
)
def test_values_of_attributes_name_their_attribute_in_both_shapes(values, expected) -> None:
    crosswalk = Crosswalk((Match("attributes", "attributeO1", "attributeT2", "code"),))
    body = {"id": "elementOne1", "attributeValues": values}
    assert [one.plural for one in iterate_references(body, "dataElements", _schemas("2.42"))] == [
        "attributes"
    ]
    moved = rewrite_references(body, "dataElements", _schemas("2.42"), crosswalk)
    assert moved["attributeValues"] == expected


@needs_recordings
def test_an_org_unit_has_its_own_id_its_parent_and_its_path_rewritten() -> None:
    crosswalk = Crosswalk(
        (
            Match("organisationUnits", "unitOfRoot1", "rootOfThere", "code"),
            Match("organisationUnits", "unitOfDist1", "distOfThere", "code"),
        )
    )
    body = {
        "id": "unitOfDist1",
        "parent": {"id": "unitOfRoot1"},
        "path": "/unitOfRoot1/unitOfDist1",
    }
    assert rewrite_references(body, "organisationUnits", _schemas("2.42"), crosswalk) == {
        "id": "distOfThere",
        "parent": {"id": "rootOfThere"},
        "path": "/rootOfThere/distOfThere",
    }


@needs_recordings
def test_whether_a_reference_is_required_says_the_schema() -> None:
    body = {
        "id": "elementOne1",
        "categoryCombo": {"id": "comboOfOne1"},
        "optionSet": {"id": "optionsOfO1"},
    }
    required = {
        one.path: one.is_required
        for one in iterate_references(body, "dataElements", _schemas("2.42"))
    }
    assert required == {"categoryCombo": True, "optionSet": False}
