"""Real packages, cleaned and translated for every version: nothing is lost on the way."""

import json
from decimal import Decimal
from typing import Any

import pytest

from d2_assets.metadata.clean import clean_objects
from d2_assets.metadata.families import family_of
from d2_assets.metadata.members import managed_members
from d2_assets.metadata.objects import MetadataObject
from d2_assets.metadata.policy import MetadataPolicy, Principals
from d2_assets.metadata.translate import translate_objects
from d2_assets_tests.metadata.versions import bridge
from d2_assets_tests.recordings import SHARED, VERSIONS

PACKAGES = SHARED / "packages"
SOURCES = {"hiv_cs_240": "2.40", "lmis_stk_240": "2.40", "rms_237": "2.38"}

pytestmark = pytest.mark.skipif(
    not PACKAGES.is_dir(), reason=f"no packages at {PACKAGES}: set D2_ASSETS_SHARED"
)


def read_package(name: str) -> list[MetadataObject]:
    text = (PACKAGES / f"{name}.json").read_text("utf-8")
    package: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return [
        MetadataObject(plural, one["id"], one)
        for plural, items in package.items()
        if family_of(plural)
        for one in items
    ]


@pytest.mark.parametrize("destination", VERSIONS)
@pytest.mark.parametrize("name", SOURCES)
def test_a_package_fits_every_version_but_for_its_placeholders(name: str, destination: str) -> None:
    objects = read_package(name)
    route = bridge(SOURCES[name], destination)
    cleaned = clean_objects(objects, MetadataPolicy(), Principals(account="M5zQapPyTZI"), None)
    adapted = translate_objects(cleaned.objects, route)
    assert not adapted.refusals
    assert not adapted.left_out
    assert not cleaned.left_out
    assert len(adapted.objects) + len(cleaned.refusals) == len(objects)
    assert [one.code for one in cleaned.refusals] == ["placeholder"] * (name == "rms_237")
    for item in adapted.objects:
        schema = route.destination.get(item.plural)
        assert schema is not None
        assert item.body.keys() <= schema.properties.keys()
        wanted = {one.name for one in schema.properties.values() if one.is_required}
        missing = wanted - item.body.keys() - managed_members(item.plural)
        assert all(schema.properties[one].kind == "BOOLEAN" for one in missing)


@pytest.mark.parametrize("name", SOURCES)
def test_a_tracked_entity_type_of_2_40_gets_a_short_name_for_2_42(name: str) -> None:
    adapted = translate_objects(read_package(name), bridge(SOURCES[name], "2.42"))
    types = [one for one in adapted.objects if one.plural == "trackedEntityTypes"]
    assert len(types) == (name == "hiv_cs_240")
    for one in types:
        assert one.body["shortName"] == "Person"
        assert "shortName" in adapted.yielding[one.key]
