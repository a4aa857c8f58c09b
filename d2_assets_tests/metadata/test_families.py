"""The table of families against the schemas of every supported version."""

from collections.abc import Iterator
from functools import cache

import pytest

from d2_assets.dhis2.schemas import Schema, Schemas, parse_schemas
from d2_assets.metadata.families import (
    DATA_VALUES_NEED,
    EVENTS_NEED,
    FAMILIES,
    NEVER_TRAVELS,
    TRACKER_NEED,
    comes_later,
    family_of,
    find_not_carried,
)
from d2_assets_tests.metadata.classes import klass, make_schemas, part
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchange, read_schemas

every_version = pytest.mark.parametrize("version", VERSIONS)

#: Who made or last changed an object: each server stamps that itself.
_STAMPED = frozenset({"createdBy", "lastUpdatedBy", "user"})
#: References to what never travels, which the object goes without.
_DROPPED = {
    ("organisationUnits", "image"): "fileResources",
    ("users", "avatar"): "fileResources",
}
#: What families refer to in members that no schema describes, or in texts.
_UNDESCRIBED = {
    ("indicators", "categories"): "formulas name option combos: #{element.combo}",
    ("indicators", "data_elements"): "formulas name data elements: #{element}",
    ("indicators", "organisation"): "formulas count org units of groups: OUG{group}",
    ("program_rules", "organisation"): "conditions ask for org unit groups: d2:inOrgUnitGroup",
    ("program_rules", "users"): "conditions ask for user roles: d2:hasUserRole",
    ("program_rules", "system"): "conditions name constants: C{constant}",
    ("validation", "categories"): "formulas name option combos: #{element.combo}",
    ("validation", "data_elements"): "formulas name data elements: #{element}",
    ("validation", "organisation"): "formulas count org units of groups: OUG{group}",
    ("predictors", "system"): "formulas name constants: C{constant}",
    ("analytics", "options"): "items of programs name options: D{program.element.option}",
    ("analytics", "indicators"): "dataDimensionItems[].indicator",
    ("analytics", "data_sets"): "dataDimensionItems[].reportingRate.dataSet",
}


@cache
def _schemas(version: str) -> Schemas:
    return parse_schemas({"schemas": read_schemas(version)})


def _iterate_targets(
    schemas: Schemas, schema: Schema, above: frozenset[str] = frozenset()
) -> Iterator[tuple[str, str]]:
    """First member and class of every reference that a class has, its parts' among them."""
    for about in schema.properties.values():
        target = schemas.find_klass(about.target)
        if about.name in _STAMPED:
            continue
        if about.name == "attributeValues":
            yield about.name, "attributes"
        elif target is not None and target.is_embedded:
            if target.klass not in above:
                inner = _iterate_targets(schemas, target, above | {target.klass})
                yield from ((about.name, plural) for _, plural in inner)
        elif target is not None and about.is_reference:
            yield about.name, target.plural
    if schema.is_shareable:
        yield "sharing", "users"


def _iterate_references(version: str) -> Iterator[tuple[str, str, str]]:
    """Class, first member and class that is referred to, of all that a family moves."""
    schemas = _schemas(version)
    for schema in schemas:
        if family_of(schema.plural):
            for member, target in _iterate_targets(schemas, schema):
                yield schema.plural, member, target


def _name(plural: str) -> str:
    family = family_of(plural)
    assert family is not None
    return family.name


def test_families_come_after_the_families_that_they_need() -> None:
    names = list(FAMILIES)
    for name, family in FAMILIES.items():
        assert all(names.index(need) < names.index(name) for need in family.needs)


def test_a_class_is_in_one_family_at_most_and_never_in_one_when_it_never_travels() -> None:
    owned = [plural for family in FAMILIES.values() for plural in family.classes]
    assert len(owned) == len(set(owned))
    assert set(owned) & NEVER_TRAVELS.keys() == set()
    assert all(NEVER_TRAVELS.values())


@needs_recordings
@every_version
def test_every_class_with_objects_of_its_own_is_in_a_family_or_has_a_reason_to_stay(
    version: str,
) -> None:
    unowned = {
        schema.plural
        for schema in _schemas(version)
        if not schema.is_embedded and family_of(schema.plural) is None
    }
    assert unowned - NEVER_TRAVELS.keys() == set()


def _list_endpoints(version: str) -> set[str]:
    """Classes of the whole recorded list that have an endpoint, also those without members."""
    body = read_exchange(version, "schemas").body
    return {one["collectionName"] for one in body["schemas"] if one.get("relativeApiEndpoint")}


@needs_recordings
@every_version
def test_every_endpoint_of_the_whole_list_is_owned_embedded_or_has_a_reason(version: str) -> None:
    """The whole list has classes that the cut description leaves out."""
    described = {schema.plural for schema in _schemas(version) if schema.is_embedded}
    operands = {"dataElementOperands", "programDataElements"}
    unowned = {one for one in _list_endpoints(version) if family_of(one) is None}
    assert unowned - described - operands - NEVER_TRAVELS.keys() == set()


@needs_recordings
def test_every_class_in_the_tables_is_known_to_some_version() -> None:
    known = {schema.plural for version in VERSIONS for schema in _schemas(version)}
    known |= {plural for version in VERSIONS for plural in _list_endpoints(version)}
    owned = {plural for family in FAMILIES.values() for plural in family.classes}
    assert (owned | NEVER_TRAVELS.keys()) - known == set()


@needs_recordings
@every_version
def test_every_class_that_a_family_moves_can_be_listed(version: str) -> None:
    schemas = _schemas(version)
    owned = [plural for family in FAMILIES.values() for plural in family.classes]
    found = [schema for plural in owned if (schema := schemas.get(plural))]
    assert all(schema.has_endpoint and not schema.is_embedded for schema in found)


@needs_recordings
@every_version
def test_every_reference_is_inside_its_family_or_along_an_edge_or_set_by_a_later_one(
    version: str,
) -> None:
    loose = set()
    for plural, member, target in _iterate_references(version):
        if (plural, member) in _DROPPED:
            assert _DROPPED[plural, member] == target
            continue
        name, needed = _name(plural), _name(target)
        is_second_pass = (plural, member) in FAMILIES[needed].second_pass
        if name != needed and needed not in FAMILIES[name].needs and not is_second_pass:
            loose.add((plural, member, target))
    assert loose == set()


@needs_recordings
def test_no_edge_is_there_without_a_reference() -> None:
    used = {
        (_name(plural), _name(target))
        for version in VERSIONS
        for plural, member, target in _iterate_references(version)
        if (plural, member) not in _DROPPED
    }
    edges = {(name, need) for name, family in FAMILIES.items() for need in family.needs}
    assert edges - used == _UNDESCRIBED.keys()


@needs_recordings
def test_a_second_pass_sets_what_refers_to_a_later_family_and_nothing_else() -> None:
    backwards = {
        (_name(target), plural, member)
        for version in VERSIONS
        for plural, member, target in _iterate_references(version)
        if (plural, member) not in _DROPPED and comes_later(target, _name(plural))
    }
    assert backwards == {
        (name, plural, member)
        for name, family in FAMILIES.items()
        for plural, member in family.second_pass
    }


def test_a_dropped_reference_leads_to_what_never_travels() -> None:
    assert set(_DROPPED.values()) <= NEVER_TRAVELS.keys()


@pytest.mark.parametrize("needed", [DATA_VALUES_NEED, EVENTS_NEED, TRACKER_NEED])
def test_data_assets_need_families_that_there_are(needed: tuple[str, ...]) -> None:
    assert set(needed) <= FAMILIES.keys()


def test_a_class_of_a_later_family_may_still_come() -> None:
    assert comes_later("dataSets", "indicators")
    assert not comes_later("dataElements", "indicators")
    assert not comes_later("indicators", "indicators")
    assert not comes_later("apiToken", "indicators")


def test_a_class_that_no_family_moves_is_named_with_the_reason() -> None:
    schemas = make_schemas(
        klass("dataElement", "dataElements"),
        klass("novelty", "novelties"),
        klass("apiToken", "apiToken"),
        part("legend", "legends"),
    )
    found = {one.plural: one.reason for one in find_not_carried(schemas)}
    assert found.keys() == {"novelties", "apiToken"}
    assert found["apiToken"] == NEVER_TRAVELS["apiToken"]
    assert "novelties" not in NEVER_TRAVELS
    assert found["novelties"]
