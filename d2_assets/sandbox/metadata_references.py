"""What a body refers to, found by its class: references of its own, and those of its parts.

Attribute values and sharing refer in shapes of their own. Parts whose class the table does not hold
(items of analytics) are read by the names of their members, as far as these tell a class.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from d2_assets.sandbox.fields import find_class
from d2_assets.sandbox.schema_table import Property, Schema, Schemas, read_schemas

#: Who made or changed an object: never checked, set by the server where unknown [seen].
PRINCIPALS = frozenset({"createdBy", "lastUpdatedBy", "user"})
#: Classes that are views of another.
STORED_AS = {"eventReports": "eventVisualizations", "eventCharts": "eventVisualizations"}
_SPECIAL = frozenset({"attributeValues", "sharing", "translations"})

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """A member that refers: to objects of ``target``, or holds parts of the class ``part``."""

    name: str
    property: Property
    target: Schema | None
    part: Schema | None


@dataclass(frozen=True, slots=True)
class Reference:
    """``member`` of an object or of its part names ``uid``; ``path`` leads to the part."""

    member: str
    target: Schema
    uid: str
    is_required: bool
    is_collection: bool
    owner: Schema
    is_in_part: bool


@cache
def list_members(line: str, klass: str) -> tuple[Member, ...]:
    """The members of a class that refer or hold parts that may."""
    schemas = read_schemas(line)
    schema = schemas.by_klass[klass]
    found = (_read_member(one, schemas) for one in schema.properties.values())
    return tuple(member for member in found if member)


def _read_member(one: Property, schemas: Schemas) -> Member | None:
    if one.member in PRINCIPALS or one.member in _SPECIAL:
        return None
    target = schemas.by_klass.get(one.target)
    if is_reference(one, target):
        return Member(one.member, one, target, None) if target and target.endpoint else None
    part = find_part(one, schemas)
    return Member(one.member, one, None, part) if part else None


def is_reference(one: Property, target: Schema | None) -> bool:
    """Whether a member refers to objects that stand on their own."""
    return one.is_reference and not one.is_embedded and not (target and target.is_embedded)


def find_part(one: Property, schemas: Schemas) -> Schema | None:
    """The class of the parts that a member holds; None where the table does not know it.

    A class of its own (an event filter) shares its name with a part of another, which is unknown.
    """
    part = schemas.by_klass.get(one.target)
    if part is None or one.member in _SPECIAL or not part.properties:
        return None
    return part if part.is_embedded or not part.endpoint else None


def iterate_references(line: str, schema: Schema, body: Mapping[str, Any]) -> Iterator[Reference]:
    """Every reference by UID of a body and its parts, but sharing and attribute values."""
    yield from _iterate(line, schema, body, is_in_part=False)


def _iterate(
    line: str, schema: Schema, body: Mapping[str, Any], *, is_in_part: bool
) -> Iterator[Reference]:
    for member in list_members(line, schema.klass):
        value = body.get(member.name)
        if not value:
            continue
        items = value if isinstance(value, list) else [value]
        for item in items:
            if not isinstance(item, Mapping):
                continue
            if member.part is not None:
                yield from _iterate(line, member.part, item, is_in_part=True)
            elif member.target is not None and item.get("id"):
                one = member.property
                yield Reference(
                    member.name, member.target, str(item["id"]),
                    one.is_required, isinstance(value, list), schema, is_in_part,
                )  # fmt: skip


def drop_references(
    line: str, schema: Schema, body: Body, missing: frozenset[tuple[str, str]]
) -> Body:
    """A body without its references to what is missing: (plural, UID)."""
    cut = dict(body)
    for member in list_members(line, schema.klass):
        value = cut.get(member.name)
        if not value:
            continue
        if member.part is not None:
            cut[member.name] = _drop_in_parts(line, member.part, value, missing)
        elif member.target is not None:
            plural = member.target.plural
            if isinstance(value, list):
                kept = [item for item in value if (plural, _find_id(item)) not in missing]
                cut[member.name] = kept
            elif (plural, _find_id(value)) in missing:
                del cut[member.name]
    return cut


def _drop_in_parts(line: str, part: Schema, value: Any, missing: frozenset[tuple[str, str]]) -> Any:
    if isinstance(value, list):
        return [_drop_in_parts(line, part, item, missing) for item in value]
    return drop_references(line, part, value, missing) if isinstance(value, dict) else value


def drop_unknown_items(body: Body, is_known: Any) -> Body:
    """A body whose parts of analytics name nothing that is missing: items are dropped silently.

    [read] ``is_known`` takes a plural and a UID.
    """
    items = body.get("dataDimensionItems")
    if not isinstance(items, list):
        return body
    kept = [item for item in items if all(is_known(*pair) for pair in iterate_loose(item))]
    return body | {"dataDimensionItems": kept}


def iterate_loose(item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Class and UID of what a part refers to, by the names of its members."""
    for name, value in item.items():
        plural = find_class(name)
        if plural and isinstance(value, Mapping) and value.get("id"):
            yield plural, str(value["id"])


def _find_id(item: Any) -> str:
    return str(item.get("id", "")) if isinstance(item, Mapping) else ""
