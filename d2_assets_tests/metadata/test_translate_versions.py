"""Every class of every version to every other version, by the schemas that real servers gave."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from d2_assets.dhis2.schemas import Schema, Schemas
from d2_assets.metadata.event_visualizations import EVENT_VISUALIZATIONS
from d2_assets.metadata.members import managed_members
from d2_assets.metadata.objects import MetadataObject
from d2_assets.metadata.translate import translate_objects
from d2_assets_tests.metadata.versions import ROUTES, bridge, carried, schemas_of, whole_object
from d2_assets_tests.recordings import VERSIONS, needs_recordings

pytestmark = needs_recordings


def find_parts(
    body: Mapping[str, Any], schema: Schema, schemas: Schemas
) -> Iterator[tuple[Schema, Mapping[str, Any]]]:
    """A body and the parts in it, each with its class."""
    yield schema, body
    for name, value in body.items():
        about = schema.properties.get(name)
        if about is None or not about.is_embedded or name == "attributeValues":
            continue
        part = schemas.find_klass(about.target)
        for item in value if isinstance(value, list) else [value]:
            if part is not None and isinstance(item, Mapping):
                yield from find_parts(item, part, schemas)


@pytest.mark.parametrize(("source", "destination"), ROUTES)
def test_a_whole_object_becomes_one_that_the_destination_knows_or_is_refused_by_name(
    source: str, destination: str
) -> None:
    route = bridge(source, destination)
    for schema in carried(route.source):
        item = whole_object(schema, route.source)
        adapted = translate_objects([item], route)
        assert len(adapted.objects) + len(adapted.refusals) == 1
        for refusal in adapted.refusals:
            assert f"DHIS2 {destination}" in refusal.reason
        for one in adapted.objects:
            known = route.destination.get(one.plural)
            assert known is not None
            for klass, part in find_parts(one.body, known, route.destination):
                _assert_fits(klass, part)


def _assert_fits(klass: Schema, part: Mapping[str, Any]) -> None:
    assert part.keys() <= klass.properties.keys(), klass.plural
    managed = managed_members(klass.plural)
    required = {one.name for one in klass.properties.values() if one.is_required} - managed
    assert required - {"id"} <= part.keys(), klass.plural


#: What one version has and another does not.
NOT_EVERYWHERE = {
    "expressionDimensionItems",
    "programStageWorkingLists",
    "programTrackedEntityAttributeGroups",
}


@pytest.mark.parametrize(("source", "destination"), ROUTES)
def test_only_classes_that_the_destination_lacks_are_refused(source: str, destination: str) -> None:
    route = bridge(source, destination)
    for schema in carried(route.source):
        adapted = translate_objects([whole_object(schema, route.source)], route)
        for refusal in adapted.refusals:
            assert refusal.code == "class_unknown", refusal
            assert refusal.plural in NOT_EVERYWHERE


@pytest.mark.parametrize(("source", "destination"), ROUTES)
def test_each_constant_arrives_or_the_object_is_refused_with_it(
    source: str, destination: str
) -> None:
    route = bridge(source, destination)
    for schema in carried(route.source):
        target = route.destination.get(schema.plural)
        if target is None:
            continue
        whole = whole_object(schema, route.source)
        for about in schema.properties.values():
            ours = target.properties.get(about.name)
            if about.kind != "CONSTANT" or ours is None:
                continue
            for constant in about.constants:
                item = MetadataObject(schema.plural, whole.id, {**whole.body, about.name: constant})
                adapted = translate_objects([item], route)
                if constant in ours.constants:
                    assert [one.body[about.name] for one in adapted.objects] == [constant]
                else:
                    (refusal,) = adapted.refusals
                    assert refusal.code == "constant_unknown"
                    assert f"{about.name} is {constant}" in refusal.reason


@pytest.mark.parametrize("version", VERSIONS)
def test_between_equal_versions_nothing_changes(version: str) -> None:
    schemas = schemas_of(version)
    whole = [
        whole_object(schema, schemas)
        for schema in carried(schemas)
        if schema.plural not in ("eventReports", "eventCharts")
    ]
    adapted = translate_objects(whole, bridge(version, version))
    assert adapted.objects == tuple(whole)
    assert not adapted.adaptations
    assert not adapted.refusals
    assert not adapted.left_out
    assert not adapted.yielding


@pytest.mark.parametrize(("source", "destination"), ROUTES)
def test_a_translated_object_is_not_changed_again(source: str, destination: str) -> None:
    route = bridge(source, destination)
    whole = [whole_object(schema, route.source) for schema in carried(route.source)]
    once = translate_objects(whole, route)
    again = translate_objects(once.objects, route)
    assert again.objects == once.objects
    assert not again.adaptations
    assert not again.refusals
    assert not again.left_out


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_keeps_event_visualizations(version: str) -> None:
    assert schemas_of(version).get(EVENT_VISUALIZATIONS) is not None
