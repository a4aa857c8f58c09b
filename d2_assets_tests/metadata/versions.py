"""The schemas that real servers gave, and objects that have every member of a class."""

from collections.abc import Iterable
from functools import cache
from itertools import permutations
from typing import Any

from d2_assets.dhis2.dialects import find_dialect
from d2_assets.dhis2.schemas import Property, Schema, Schemas, parse_schemas
from d2_assets.metadata.families import family_of
from d2_assets.metadata.objects import MetadataObject
from d2_assets.metadata.translate import Bridge
from d2_assets_tests.recordings import VERSIONS, read_schemas

ROUTES = list(permutations(VERSIONS, 2))
_DEEPEST = 3


@cache
def schemas_of(version: str) -> Schemas:
    return parse_schemas({"schemas": read_schemas(version)})


def bridge(source: str, destination: str) -> Bridge:
    return Bridge(
        schemas_of(source),
        schemas_of(destination),
        find_dialect(source)[0],
        find_dialect(destination)[0],
    )


def carried(schemas: Schemas) -> Iterable[Schema]:
    """The classes that a family moves."""
    return (schema for schema in schemas if schema.has_endpoint and family_of(schema.plural))


def whole_object(schema: Schema, schemas: Schemas) -> MetadataObject:
    """An object of the class that has every member that its version knows."""
    body = _members(schema, schemas, 1)
    return MetadataObject(schema.plural, "aaaaaaaaaaa", {**body, "id": "aaaaaaaaaaa"})


def _members(schema: Schema, schemas: Schemas, depth: int) -> dict[str, Any]:
    return {
        name: _value(about, schemas, depth)
        for name, about in schema.properties.items()
        if name not in ("relativePeriods", "rawPeriods")
    }


def _value(about: Property, schemas: Schemas, depth: int) -> Any:
    item = _item(about, about.item_kind if about.is_collection else about.kind, schemas, depth)
    return [item] if about.is_collection or about.name == "attributeValues" else item


def _item(about: Property, kind: str, schemas: Schemas, depth: int) -> Any:
    if about.is_reference and not about.is_embedded:
        return {"id": "bbbbbbbbbbb"}
    if about.name == "attributeValues":
        return {"attribute": {"id": "bbbbbbbbbbb"}, "value": "x"}
    part = schemas.find_klass(about.target) if about.is_embedded else None
    if about.target == "DataInputPeriod":  # 2.43 no longer describes it
        part = schemas_of("2.42").find_klass(about.target)
    if part is not None and depth < _DEEPEST:
        return _members(part, schemas, depth + 1)
    if kind == "BOOLEAN" or about.target == "Boolean":
        return True
    if kind in ("INTEGER", "NUMBER"):
        return 1
    if about.constants:
        return about.constants[0]
    return {"some": "thing"} if kind in ("COMPLEX", "REFERENCE") else "x"
