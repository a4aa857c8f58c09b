"""A metadata import as it was asked for: its options, its objects by class, bodies that are none.

An unknown class or member is passed over with 200 [seen]. A value that an enum does not have fails
the whole request without a report, before any object is looked at [seen].
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from d2_assets.sandbox.schema_table import Property, Schema, read_schemas
from d2_assets.sandbox.versions import VersionFacts

_STRATEGIES = {
    "NEW": "CREATE",
    "UPDATES": "UPDATE",
    "NEW_AND_UPDATES": "CREATE_AND_UPDATE",
    "DELETES": "DELETE",
}
_JSON_SOURCE = "[Source: UNKNOWN; byte offset: #UNKNOWN]"

Body = dict[str, Any]
Query = Mapping[str, Sequence[str]]


class BareFailureError(Exception):
    """The whole request fails with a bare message: nothing is stored, no report is given."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class MetadataOptions:
    """Parameters of an import; ``lost_objects`` is a fault: so many are said to land and do not."""

    strategy: str = "CREATE_AND_UPDATE"
    is_atomic: bool = True
    validates_only: bool = False
    merges: bool = False
    run_async: bool = False
    skips_sharing: bool = False
    lost_objects: int = 0


@dataclass(slots=True)
class Item:
    """One object of a request. ``existing`` is what the server has under its UID."""

    schema: Schema
    index: int
    body: Body
    uid: str
    existing: Mapping[str, Any] | None = None
    #: References that are dropped from what is stored: (plural, UID).
    missing: set[tuple[str, str]] = field(default_factory=set)
    #: An object of that UID and class came before it in the request: E5004 [read].
    is_second: bool = False

    @property
    def is_new(self) -> bool:
        return self.existing is None

    @property
    def label(self) -> str:
        """How messages name it: "Name [uid] (DataElement)"."""
        name = self.body.get("name")
        if self.schema.plural == "users":
            first, last = (self.body.get(part) for part in ("firstName", "surname"))
            name = f"{first or 'null'} {last or 'null'}"
        named = f"{name} " if name else ""
        return f"{named}[{self.uid}] ({self.schema.short_klass})"


def read_metadata_options(query: Query, facts: VersionFacts) -> MetadataOptions:
    """The parameters; what is unknown is passed over."""

    def last(name: str, default: str) -> str:
        values = query.get(name)
        return values[-1] if values else default

    strategy = last("importStrategy", "CREATE_AND_UPDATE").upper()
    return MetadataOptions(
        strategy=_STRATEGIES.get(strategy, strategy),
        is_atomic=last("atomicMode", "ALL").upper() != "NONE",
        validates_only=last("importMode", "COMMIT").upper() == "VALIDATE",
        merges=facts.merges_metadata and last("mergeMode", "REPLACE").upper() == "MERGE",
        run_async=last("async", "false").lower() == "true",
        skips_sharing=last("skipSharing", "false").lower() == "true",
    )


def read_classes(body: bytes, facts: VersionFacts) -> list[tuple[Schema, list[Body]]]:
    """The classes that the version knows, in the order of their import, with their objects."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BareFailureError(409, _describe_malformed(body, facts)) from error
    if not isinstance(content, dict):
        raise BareFailureError(409, "Cannot deserialize value of type `java.util.Map`")
    found = []
    for plural, objects in content.items():
        schema = read_schemas(facts.line).get(plural)
        if schema and schema.is_metadata and isinstance(objects, list) and objects:
            bodies = [item for item in objects if isinstance(item, dict)]
            for item in bodies:
                _check_enums(schema, item, facts)
            found.append((schema, bodies))
    return sorted(found, key=lambda one: one[0].order)


def _check_enums(schema: Schema, body: Body, facts: VersionFacts) -> None:
    for member, one, value in _iterate_constants(schema, body, facts.line):
        if value is not None and value not in one.constants:
            klass = (one.item_klass or one.klass).replace("$", ".")
            # The first values only: the server lists all of them, in no order.
            words = (
                f"Cannot deserialize value of type `{klass}` from String "
                f'"{value}": not one of the values accepted for Enum class: '
                f"[{', '.join(one.constants)}]\n at {_JSON_SOURCE} "
                f'(through reference chain: {schema.klass}["{member}"])'
            )
            raise BareFailureError(facts.bad_enum_status, words)


def _iterate_constants(
    schema: Schema, body: Body, line: str
) -> Iterator[tuple[str, Property, Any]]:
    schemas = read_schemas(line)
    for member, value in body.items():
        one = schema.properties.get(member)
        if one is None or value is None:
            continue
        values = value if isinstance(value, list) else [value]
        if one.constants:
            yield from ((member, one, each) for each in values if isinstance(each, str))
        part = schemas.by_klass.get(one.target)
        if part and part.is_embedded and part.properties:
            for each in values:
                if isinstance(each, dict):
                    yield from _iterate_constants(part, each, line)


def _describe_malformed(body: bytes, facts: VersionFacts) -> str:
    text = body.decode("utf-8", "replace")
    start = text.find("[") + 1
    source = facts.stream_source
    return (
        "Unexpected end-of-input: expected close marker for Array "
        f"(start marker at [Source: {source}; line: 1, column: {start}])\n"
        f" at [Source: {source}; line: 1, column: {len(text) + 1}]"
    )
