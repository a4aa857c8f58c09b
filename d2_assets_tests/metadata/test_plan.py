"""What is right already is not planned, for every class of every version."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.dhis2.schemas import Property, Schemas, parse_schemas
from d2_assets.metadata.choices import MetadataChoices
from d2_assets.metadata.compare import Comparison, Difference
from d2_assets.metadata.extract import Side
from d2_assets.metadata.objects import MetadataObject, Refusal
from d2_assets.metadata.plan import (
    Action,
    Plan,
    Planned,
    make_planned,
    plan_objects,
    plan_refusals,
    settle_echo,
)
from d2_assets_tests.metadata.classes import SCHEMAS
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_schemas

UIDS = st.from_regex(r"[A-Za-z][A-Za-z0-9]{10}", fullmatch=True)
_SCALARS = {
    "BOOLEAN": st.booleans(),
    "INTEGER": st.integers(),
    "NUMBER": st.integers() | st.decimals(allow_nan=False, allow_infinity=False),
    "DATE": st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds")),
}


def values(about: Property, schemas: Schemas, depth: int) -> st.SearchStrategy[Any]:
    """Values that a member may have in a body."""
    if about.is_collection:
        kind, target = about.item_kind, about.item_klass
        return st.lists(_one(kind, target, about, schemas, depth), max_size=3)
    return st.none() | _one(about.kind, about.klass, about, schemas, depth)


def _one(
    kind: str, target: str, about: Property, schemas: Schemas, depth: int
) -> st.SearchStrategy[Any]:
    if kind == "REFERENCE":
        return st.fixed_dictionaries({"id": UIDS}, optional={"name": st.text()})
    if kind == "CONSTANT" and about.constants:
        return st.sampled_from(about.constants)
    if kind == "COMPLEX":
        schema = schemas.find_klass(target)
        if schema is None or depth == 0:
            return st.dictionaries(st.text(), st.text(), max_size=2)
        members = {name: values(one, schemas, depth - 1) for name, one in schema.properties.items()}
        return st.fixed_dictionaries({}, optional=members)
    return _SCALARS.get(kind, st.text())


def bodies(plural: str, schemas: Schemas) -> st.SearchStrategy[dict[str, Any]]:
    schema = schemas.by_plural[plural]
    members = {
        name: values(one, schemas, 1)
        for name, one in schema.properties.items()
        if name not in ("id", "sharing", "attributeValues")
    }
    return st.fixed_dictionaries({"id": UIDS}, optional=members)


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=60)
@given(data=st.data())
def test_nothing_is_planned_where_both_sides_hold_the_same(version: str, data: Any) -> None:
    schemas = parse_schemas({"schemas": read_schemas(version)})
    plurals = sorted(schema.plural for schema in schemas if schema.has_endpoint)
    plural = data.draw(st.sampled_from(plurals))
    body = data.draw(bodies(plural, schemas))
    item = MetadataObject(plural, body["id"], body)
    side = Side({plural: {body["id"]: {**body, "lastUpdated": "2026-01-01T00:00:00.000"}}})
    planned = plan_objects([item], {}, side, Comparison(schemas, schemas), MetadataChoices(), {})
    assert [one.action for one in planned] == [Action.UNCHANGED]
    assert not Plan(tuple(planned)).sends


def element(**members: Any) -> MetadataObject:
    return MetadataObject("dataElements", "anc", {"id": "anc", "name": "ANC", **members})


def plan(item: MetadataObject, found: dict[str, Any] | None, **more: Any) -> Planned:
    side = Side({"dataElements": {"anc": found}} if found else {})
    echoes = more.pop("echoes", {})
    choices = MetadataChoices(**more)
    return plan_objects([item], {}, side, Comparison(SCHEMAS, SCHEMAS), choices, echoes)[0]


def test_what_is_not_there_is_created_and_what_differs_is_updated() -> None:
    assert plan(element(), None).action == Action.CREATE
    assert plan(element(), {"id": "anc", "name": "Old"}).action == Action.UPDATE


def test_a_difference_that_was_seen_before_is_kept_as_long_as_both_sides_stay() -> None:
    item, found = element(description=" x "), {"id": "anc", "name": "ANC", "description": "x"}
    seen: Difference = plan(item, found).differences[0]
    echoes = {("dataElements", "anc", "description"): (seen.wanted, seen.found)}
    again = plan(item, found, echoes=echoes)
    assert again.action == Action.UNCHANGED
    assert [one.state for one in again.differences] == ["kept"]
    assert plan(element(description=" y "), found, echoes=echoes).action == Action.UPDATE
    assert plan(item, {**found, "description": "z"}, echoes=echoes).action == Action.UPDATE
    assert settle_echo(seen, "anc", {}).state == "drift"


def test_a_difference_beside_one_that_the_server_insists_on_is_sent() -> None:
    item = element(description=" x ", factor=Decimal("1.5"))
    found = {"id": "anc", "name": "ANC", "description": "x", "factor": Decimal("1.5")}
    seen = plan(item, found).differences[0]
    echoes = {("dataElements", "anc", "description"): (seen.wanted, seen.found)}
    planned = plan(item, {**found, "factor": 2}, echoes=echoes)
    assert planned.action == Action.UPDATE
    assert [one.state for one in planned.differences] == ["kept", "drift"]


def test_a_plan_counts_its_own_objects_and_tells_the_rest_apart() -> None:
    refused = plan_refusals(
        [Refusal("options", "red", "Red", "missing_reference", "Why.")], Action.QUARANTINED, {}
    )
    created = make_planned(element(), Action.CREATE)
    whole = Plan((created, *refused), totals={"dataElements": 4})
    assert whole.sends == 1
    assert whole.actions == {"dataElements": {"create": 1}, "options": {"quarantined": 1}}
    assert whole.refusals[0].reason == "Why."
    assert whole.promised == {("dataElements", "anc"): "ANC"}
    assert whole.totals_after == {"dataElements": 5}
