"""``/api/schemas``: a version's classes as the server describes them, and the table behind it.

``find_schemas(facts)`` is the table itself, which imports and lists go by: each ``Schema`` has its
``properties`` by their names in a JSON body. Only what a class owns or requires is described; real
servers also tell of what is derived.
"""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import orjson

from d2_assets.sandbox.answers import Answer, answer_error_page, answer_json
from d2_assets.sandbox.fields import Field, parse_fields
from d2_assets.sandbox.instance import Instance
from d2_assets.sandbox.schema_classes import Property, Schema, Schemas
from d2_assets.sandbox.schema_table import read_schemas
from d2_assets.sandbox.versions import VersionFacts

_INTEGER = 2**31 - 1
_NUMBER = 1.7976931348623157e308
#: What a server says where the table tells no length, least and most.
_UNBOUNDED: Mapping[str, tuple[int | None, float | None, float | None]] = {
    "COLLECTION": (None, 0.0, _NUMBER),
    "COMPLEX": (None, 0.0, _NUMBER),
    "INTEGER": (_INTEGER, -_INTEGER - 1.0, float(_INTEGER)),
    "NUMBER": (_INTEGER, -_NUMBER, _NUMBER),
    "REFERENCE": (None, None, None),
    "DATE": (None, None, None),
    "BOOLEAN": (None, None, None),
    "CONSTANT": (None, None, None),
}
_TEXT = (_INTEGER, 0.0, float(_INTEGER))

Query = Mapping[str, Sequence[str]]


def find_schemas(facts: VersionFacts) -> Schemas:
    """All classes of a version."""
    return read_schemas(facts.line)


def find_schema(plural: str, facts: VersionFacts) -> Schema | None:
    """One class by its plural ("dataElements"); None when the version lacks it."""
    return read_schemas(facts.line).get(plural)


def answer_schemas(instance: Instance, query: Query) -> Answer:
    """``GET /api/schemas``."""
    text = _list_schemas(instance.facts.line, instance.url, _read_fields(query))
    return answer_json(instance.facts, {"schemas": orjson.Fragment(text)})


@lru_cache(maxsize=8)
def _list_schemas(line: str, url: str, fields: tuple[Field, ...]) -> bytes:
    """Some hundred kilobytes that clients ask for again and again."""
    schemas = read_schemas(line).by_plural.values()
    return orjson.dumps([_cut(_render(schema, url), fields) for schema in schemas])


def answer_schema(instance: Instance, name: str, query: Query) -> Answer:
    """``GET /api/schemas/<singular>``; the plural is understood as well."""
    for schema in find_schemas(instance.facts).by_plural.values():
        if name in (schema.singular, schema.plural):
            body = _cut(_render(schema, instance.url), _read_fields(query))
            return answer_json(instance.facts, body)
    return answer_error_page(instance.facts, 404, f"/api/schemas/{name}")


def _read_fields(query: Query) -> tuple[Field, ...]:
    return parse_fields((query.get("fields") or ["*"])[-1])


def _cut(body: Mapping[str, Any], fields: Sequence[Field]) -> dict[str, Any]:
    """The members asked for, of the body and of what is in it."""
    if any(field.name in ("*", ":all", ":owner") for field in fields):
        return dict(body)
    cut: dict[str, Any] = {}
    for field in fields:
        if field.name not in body:
            continue
        value = body[field.name]
        if field.children and isinstance(value, list):
            value = [_cut(item, field.children) for item in value]
        cut[field.name] = value
    return cut


def _render(schema: Schema, url: str) -> dict[str, Any]:
    body = _render_schema(schema)
    if schema.endpoint is not None:
        body = body | {"apiEndpoint": f"{url}/api{schema.endpoint}"}
    return body


@cache
def _render_by_klass(line: str, klass: str) -> dict[str, Any]:
    schema = read_schemas(line).by_klass[klass]
    body: dict[str, Any] = {
        "klass": schema.klass,
        "name": schema.name,
        "singular": schema.singular,
        "plural": schema.plural,
        "displayName": schema.short_klass,
        "collectionName": schema.collection_name,
        "order": schema.order,
        "metadata": schema.is_metadata,
        "shareable": schema.is_shareable,
        "embeddedObject": schema.is_embedded,
        "identifiableObject": schema.is_identifiable,
        "persisted": schema.is_persisted,
        "properties": [render_property(one) for one in schema.properties.values()],
    }
    if schema.endpoint is not None:
        body["relativeApiEndpoint"] = schema.endpoint
    return body


def _render_schema(schema: Schema) -> dict[str, Any]:
    return _render_by_klass(schema.line, schema.klass)


def render_property(one: Property) -> dict[str, Any]:
    """One member as a server describes it."""
    # A level is a text with the bounds of a number [seen 2.38, 2.40].
    kind = "INTEGER" if one.klass == "java.lang.Integer" and one.kind == "TEXT" else one.kind
    length, least, most = _UNBOUNDED.get(kind, _TEXT)
    body: dict[str, Any] = {
        "name": one.name,
        "fieldName": one.field_name,
        "klass": one.klass,
        "propertyType": one.kind,
        "collection": one.is_collection,
        "owner": one.is_owned,
        "persisted": one.is_persisted,
        "readable": one.is_readable,
        "writable": one.is_writable,
        "required": one.is_required,
        "unique": one.is_unique,
        "embeddedObject": one.is_embedded,
        "identifiableObject": one.is_identifiable,
    }
    optional = {
        "collectionName": one.collection_name,
        "itemPropertyType": one.item_kind,
        "itemKlass": one.item_klass,
        "length": length if one.length is None else one.length,
        "min": least if one.minimum is None else one.minimum,
        "max": most if one.maximum is None else one.maximum,
        "cascade": one.cascade,
        "constants": list(one.constants) or None,
    }
    return body | {name: value for name, value in optional.items() if value is not None}
