"""References in the shapes that bodies have: parts, sharing, attribute values, org units."""

from functools import cache
from typing import Any

import pytest

from d2_assets.dhis2.schemas import Schemas, parse_schemas
from d2_assets.mapping.crosswalk import Crosswalk, Match
from d2_assets.metadata.references import iterate_references, rewrite_references
from d2_assets_tests.recordings import needs_recordings, read_schemas

Body = dict[str, Any]


@cache
def _schemas(version: str) -> Schemas:
    return parse_schemas({"schemas": read_schemas(version)})


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
