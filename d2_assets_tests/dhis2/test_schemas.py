"""The schemas of every supported version are read as they were recorded."""

from typing import Any

import pytest

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.schemas import Schemas, parse_schemas
from d2_assets.errors import ContractError
from d2_assets_tests.dhis2.fakes import FakeSession
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_schemas

pytestmark = needs_recordings
every_version = pytest.mark.parametrize("version", VERSIONS)


def _schemas(version: str) -> Schemas:
    return parse_schemas({"schemas": read_schemas(version)})


@every_version
def test_a_reference_tells_the_class_that_it_leads_to(version: str) -> None:
    schemas = _schemas(version)
    element = schemas.by_plural["dataElements"]
    combo = element.properties["categoryCombo"]
    assert (combo.is_reference, combo.is_required, combo.is_collection) == (True, True, False)
    assert schemas.find_klass(combo.target) is schemas.get("categoryCombos")
    legends = element.properties["legendSets"]
    assert (legends.is_reference, legends.is_collection, legends.is_ordered) == (True, True, True)


@every_version
def test_lists_that_say_that_they_are_one_reference_are_lists(version: str) -> None:
    options = _schemas(version).by_plural["categoryDimensions"].properties["categoryOptions"]
    assert (options.is_collection, options.is_reference) == (True, True)
    assert options.target == "CategoryOption"


@every_version
def test_a_class_is_found_by_its_plural_and_its_singular(version: str) -> None:
    schemas = _schemas(version)
    assert schemas.find_name("dataElement") is schemas.find_name("dataElements")
    assert schemas.find_name("nothing") is None


@every_version
def test_calculations_can_be_listed_where_they_are_known(version: str) -> None:
    schema = _schemas(version).get("expressionDimensionItems")
    assert (schema is None) == (version == "2.38")
    assert schema is None or schema.has_endpoint


@every_version
def test_parts_have_no_list_of_their_own(version: str) -> None:
    schemas = _schemas(version)
    for plural in ("dataSetElements", "legends", "programStageDataElements"):
        assert schemas.by_plural[plural].is_embedded
        assert not schemas.by_plural[plural].has_endpoint


def test_the_client_asks_for_the_schemas_once() -> None:
    answer = {"schemas": read_schemas("2.42")}
    session: Any = FakeSession(lambda path, params: answer)
    client = DHIS2Client("national", session)
    assert client.schemas is client.schemas
    assert [path for path, _ in session.asked] == ["api/schemas"]


def test_full_java_names_are_cut_to_simple_ones() -> None:
    body = {
        "schemas": [
            {
                "singular": "dataElement",
                "plural": "dataElements",
                "klass": "org.hisp.dhis.dataelement.DataElement",
                "properties": [
                    {
                        "name": "legendSet",
                        "collectionName": "legendSets",
                        "propertyType": "COLLECTION",
                        "klass": "java.util.List",
                        "itemPropertyType": "REFERENCE",
                        "itemKlass": "org.hisp.dhis.legend.LegendSet",
                        "owner": True,
                        "max": 1.7976931348623157e308,
                    },
                    {"name": "favorite", "propertyType": "BOOLEAN", "owner": False},
                ],
            }
        ]
    }
    (schema,) = parse_schemas(body)
    assert schema.klass == "DataElement"
    (legends,) = schema.properties.values()
    assert (legends.name, legends.target, legends.length) == ("legendSets", "LegendSet", None)


@pytest.mark.parametrize("body", [None, [], {}, {"schemas": []}, {"schemas": "none"}])
def test_an_answer_without_classes_is_refused(body) -> None:
    with pytest.raises(ContractError):
        parse_schemas(body)
