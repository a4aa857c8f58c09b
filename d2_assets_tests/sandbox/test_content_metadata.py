"""The generated metadata: every class, whole references, and just what each version owns."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from d2_assets.dhis2.schemas import Property, Schema, Schemas, parse_schemas
from d2_assets.sandbox import content_bodies
from d2_assets.sandbox.content_metadata import Country, Extent
from d2_assets.sandbox.content_versions import list_value_types, owns_member
from d2_assets.sandbox.versions import VERSIONS
from d2_assets_tests.recordings import needs_recordings, read_schemas

Body = dict[str, Any]

#: Classes without objects, and why.
_WITHOUT_OBJECTS = {
    "apiToken": "tokens are made by the accounts that use them",
    "dataStores": "not a class of lists",
    "eventCharts": "event visualizations under their old name",
    "eventReports": "event visualizations under their old name",
    "externalFileResources": "files",
    "fileResources": "files",
    "metadataVersions": "a server's own history",
    "oAuth2AuthorizationConsents": "credentials",
    "oAuth2Authorizations": "credentials",
    "relationships": "tracked data",
    "trackedEntityInstances": "tracked data",
}
#: Owned by later versions only, but lists are ordered by it.
_DERIVED = {("users", "name")}
#: Given to every object, whatever its class owns of them.
_COMMON = {
    "code", "name", "translations", "createdBy", "lastUpdatedBy", "attributeValues", "sharing",
}  # fmt: skip
_UID = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9]{10}(?![A-Za-z0-9])")
every_version = pytest.mark.parametrize("line", list(VERSIONS))


@cache
def _build(line: str, seed: int = 2026) -> dict[str, list[Body]]:
    return dict(Country(seed, VERSIONS[line], Extent(20, "2024-01-01", stock=6)).metadata)


@cache
def _read_schemas(line: str) -> Schemas:
    """Lists of dimensions are described as references and are lists all the same."""
    classes = [
        one | {"properties": [_mark_list(found) for found in one["properties"]]}
        for one in read_schemas(line)
    ]
    return parse_schemas({"schemas": classes})


def _mark_list(found: Body) -> Body:
    return found | ({"propertyType": "COLLECTION"} if found.get("itemKlass") else {})


def _walk_parts(schema: Schema, body: Body, schemas: Schemas) -> Iterator[tuple[Schema, Body]]:
    """An object and the parts that travel within it, each with its class."""
    yield schema, body
    for name, value in body.items():
        found = schema.properties.get(name)
        inner = schemas.find_klass(found.target) if found else None
        if inner is None or not inner.is_embedded or not inner.properties:
            continue
        for part in value if isinstance(value, list) else [value]:
            if set(part) != {"id"}:
                yield from _walk_parts(inner, part, schemas)


def _list_parts(line: str) -> list[tuple[Schema, Body]]:
    schemas = _read_schemas(line)
    return [
        part
        for plural, bodies in _build(line).items()
        for body in bodies
        for part in _walk_parts(schemas.by_plural[plural], body, schemas)
    ]


@needs_recordings
@every_version
def test_every_object_holds_only_what_its_version_owns(line: str) -> None:
    unknown = {
        (schema.plural, name)
        for schema, body in _list_parts(line)
        for name in body.keys() - schema.properties.keys()
    }
    assert unknown <= _DERIVED


def test_no_member_is_given_that_no_version_owns(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a version does not own is left out in silence, so a slip of the pen would be."""
    given: set[tuple[str, str]] = set()
    owned: set[tuple[str, str]] = set()

    def ask(plural: str, name: str, line: str) -> bool:
        given.add((plural, name))
        owned.update({(plural, name)} if owns_member(plural, name, line) else ())
        return owns_member(plural, name, line)

    monkeypatch.setattr(content_bodies, "owns_member", ask)
    for facts in VERSIONS.values():
        Country(2026, facts, Extent(8, "2026-09-01", stock=6))
    assert {(plural, name) for plural, name in given - owned if name not in _COMMON} == set()


@needs_recordings
@every_version
def test_every_object_holds_all_that_its_version_requires(line: str) -> None:
    missing = {
        (schema.plural, name)
        for schema, body in _list_parts(line)
        for name, found in schema.properties.items()
        if found.is_required and body.get(name) is None
    }
    assert missing == set()


@needs_recordings
@every_version
def test_every_text_fits_and_every_enumerated_member_is_one_that_the_version_has(
    line: str,
) -> None:
    misfits = [
        (schema.plural, name, value)
        for schema, body in _list_parts(line)
        for name, value in body.items()
        if name in schema.properties and not _fits(schema.properties[name], value)
    ]
    assert misfits == []


def _fits(found: Property, value: Any) -> bool:
    if found.kind == "CONSTANT":
        return value in found.constants
    is_text = isinstance(value, str) and found.kind in ("TEXT", "IDENTIFIER", "EMAIL", "URL")
    return not is_text or found.length is None or len(value) <= found.length


@needs_recordings
@every_version
def test_what_must_be_unique_is(line: str) -> None:
    schemas, taken, twice = _read_schemas(line), set(), []
    for plural, bodies in _build(line).items():
        properties = schemas.by_plural[plural].properties.items()
        # A part that is "unique" is one of its own to each object, whatever it holds.
        unique = {name for name, one in properties if one.is_unique and one.kind != "COMPLEX"}
        for body in bodies:
            for name in unique & body.keys():
                key = (plural, name, json.dumps(body[name]))
                twice += [key] if key in taken else []
                taken.add(key)
    assert twice == []


@needs_recordings
@every_version
def test_every_class_of_a_version_has_objects_but_those_that_are_named(line: str) -> None:
    wanted = {one.plural for one in _read_schemas(line) if one.has_endpoint and not one.is_embedded}
    assert wanted - _build(line).keys() - _WITHOUT_OBJECTS.keys() == set()


@needs_recordings
@every_version
def test_there_is_an_element_of_every_type_of_value(line: str) -> None:
    types = {body["valueType"] for body in _build(line)["dataElements"]}
    known = _read_schemas(line).by_plural["dataElements"].properties["valueType"].constants
    assert types == set(known) == set(list_value_types(line))


def test_every_class_that_a_family_carries_has_objects_in_some_version() -> None:
    families = pytest.importorskip("d2_assets.metadata.families")
    owned = {plural for family in families.FAMILIES.values() for plural in family.classes}
    made = set().union(*(_build(line) for line in VERSIONS))
    assert owned - made - _WITHOUT_OBJECTS.keys() - {"systemSettings"} == set()


@every_version
def test_every_reference_leads_to_an_object_that_is_there(line: str) -> None:
    metadata = _build(line)
    known = {part["id"] for part in _iterate_mappings(metadata) if "id" in part}
    objects = {body["id"] for bodies in metadata.values() for body in bodies}
    referred = {
        part["id"]
        for part in _iterate_mappings(metadata)
        if set(part) in ({"id"}, {"id", "access"})
    }
    periods = {
        part["period"]["id"] for part in _iterate_mappings(metadata) if "openingDate" in part
        and "period" in part
    }  # fmt: skip
    assert referred - objects - periods == set()
    assert objects <= known


@every_version
def test_expressions_and_pages_name_objects_that_are_there(line: str) -> None:
    metadata = _build(line)
    objects = {body["id"] for bodies in metadata.values() for body in bodies}
    texts = [
        text
        for part in _iterate_mappings(metadata)
        for name in ("expression", "numerator", "denominator", "filter", "htmlCode", "templateUid")
        if isinstance(text := part.get(name), str)
    ]
    named = {uid for text in texts for uid in _UID.findall(text) if re.search(r"[A-Z0-9]", uid)}
    assert len(named & objects) > 20
    assert "<" not in "".join(part for text in texts for part in re.findall(r"\{[^{}]*\}", text))
    # Words of a page and of functions look like no object of another kind.
    assert {uid for uid in named - objects if re.search(r"\d", uid)} == set()


def test_references_cross_families_both_ways() -> None:
    metadata = _build("2.42")
    owner = next(one for one in metadata["attributes"] if one["code"] == "OWNER")
    assert owner["optionSet"]["id"] in {one["id"] for one in metadata["optionSets"]}
    rules = {one["id"]: one for one in metadata["programRules"]}
    for action in metadata["programRuleActions"]:
        assert {"id": action["id"]} in rules[action["programRule"]["id"]]["programRuleActions"]
    stages = {one["id"] for one in metadata["programStages"]}
    programs = {one["id"] for one in metadata["programs"]}
    assert {one["program"]["id"] for one in metadata["programStages"]} == programs
    assert {s["id"] for one in metadata["programs"] for s in one["programStages"]} == stages
    shared = [part["sharing"] for part in _iterate_mappings(metadata) if "sharing" in part]
    groups = {uid for sharing in shared for uid in sharing["userGroups"]}
    assert groups == {one["id"] for one in metadata["userGroups"]}


def test_there_is_what_a_transfer_may_lose() -> None:
    metadata = _build("2.43")
    text = json.dumps(metadata, ensure_ascii=False)
    for sign in ("é", "ش", "—", "©", "\\n", "0.1725", "1.0333333333"):
        assert sign in text
    units = metadata["organisationUnits"]
    assert {one["geometry"]["type"] for one in units if "geometry" in one} == {"Point", "Polygon"}
    assert any("geometry" not in one for one in units)
    assert any(one["attributeValues"] for one in metadata["dataElements"])
    assert {one["legacy"] for one in metadata["eventVisualizations"]} == {True, False}
    assert sum(len(bodies) for bodies in metadata.values()) < 400


def test_versions_share_the_objects_that_both_can_hold() -> None:
    old, new = _build("2.38"), _build("2.43")
    for plural in old.keys() & new.keys() - {"dataElements", "options", "optionSets"}:
        assert [one["id"] for one in old[plural]] == [one["id"] for one in new[plural]]


def test_another_seed_gives_the_same_codes_under_other_uids() -> None:
    first, second = _build("2.40"), _build("2.40", 7)
    codes, uids = (
        [{one.get(name) for bodies in m.values() for one in bodies} for m in (first, second)]
        for name in ("code", "id")
    )
    assert codes[0] == codes[1]
    assert len(uids[0] & uids[1]) == 4  # The default category objects.


def _iterate_mappings(value: Any) -> Iterator[Body]:
    if isinstance(value, list):
        for item in value:
            yield from _iterate_mappings(item)
    elif isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _iterate_mappings(item)
