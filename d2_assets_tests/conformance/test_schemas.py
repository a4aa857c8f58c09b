"""The sandbox's table of classes says what the recorded servers said of themselves.

``schemas.json`` holds every owned or required member of every class, with simple Java names; what
is false is left out in it.
"""

from pathlib import Path
from typing import Any

import pytest
import requests

from d2_assets.sandbox import EMPTY, start_sandbox
from d2_assets.sandbox.accounts import read_password
from d2_assets.sandbox.schema_table import read_schemas
from d2_assets.sandbox.versions import VERSIONS
from d2_assets_tests.recordings import needs_recordings, read_exchange
from d2_assets_tests.recordings import read_schemas as read_recorded

pytestmark = needs_recordings
every_version = pytest.mark.parametrize("version", list(VERSIONS))

_CLASS = (
    "name", "singular", "plural", "collectionName", "order", "relativeApiEndpoint", "metadata",
    "shareable", "embeddedObject", "identifiableObject", "persisted",
)  # fmt: skip
_MEMBER = (
    "name", "fieldName", "collectionName", "propertyType", "itemPropertyType", "required",
    "unique", "owner", "persisted", "writable", "readable", "collection", "embeddedObject",
    "identifiableObject", "cascade", "constants",
)  # fmt: skip
#: Said of members that have one only; the server names one for every type.
_BOUNDS = ("length", "min", "max")


@pytest.fixture
def served(version: str, tmp_path: Path) -> list[dict[str, Any]]:
    """What ``GET /api/schemas`` answers."""
    with start_sandbox(version, tmp_path / "fresh.db", content=EMPTY) as sandbox:
        account = ("admin", read_password())
        return requests.get(f"{sandbox.url}/api/schemas", auth=account, timeout=30).json()[
            "schemas"
        ]


def _shorten(klass: str | None) -> str | None:
    return klass.rpartition(".")[2] if klass else None


def _describe_class(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: schema[name] for name in _CLASS if schema.get(name)}


def _describe_member(one: dict[str, Any], bounds: tuple[str, ...]) -> dict[str, Any]:
    klasses = {name: _shorten(one.get(name)) for name in ("klass", "itemKlass")}
    return klasses | {name: one[name] for name in (*_MEMBER, *bounds) if one.get(name)}


@every_version
def test_each_class_is_described_as_recorded(version: str, served: list[dict[str, Any]]) -> None:
    by_klass = {_shorten(schema["klass"]): schema for schema in served}
    for recorded in read_recorded(version):
        assert _describe_class(by_klass[recorded["klass"]]) == _describe_class(recorded)


@every_version
def test_the_classes_are_those_of_the_version(version: str, served: list[dict[str, Any]]) -> None:
    """The short list of the recordings has full Java names."""
    recorded = read_exchange(version, "schemas").body["schemas"]
    assert {schema["klass"] for schema in served} == {schema["klass"] for schema in recorded}


@every_version
def test_each_member_is_described_as_recorded(version: str, served: list[dict[str, Any]]) -> None:
    by_klass = {_shorten(schema["klass"]): schema for schema in served}
    for recorded in read_recorded(version):
        members = {one["name"]: one for one in by_klass[recorded["klass"]]["properties"]}
        assert members.keys() == {one["name"] for one in recorded["properties"]}
        for one in recorded["properties"]:
            bounds = tuple(name for name in _BOUNDS if one.get(name) is not None)
            given = _describe_member(members[one["name"]], bounds)
            assert given == _describe_member(one, bounds), recorded["klass"]


@every_version
def test_every_class_of_a_reference_is_known(version: str) -> None:
    schemas = read_schemas(version)
    unknown = {
        one.target
        for schema in schemas.by_plural.values()
        for one in schema.properties.values()
        if one.is_reference and one.target not in schemas.by_klass
    }
    assert {_shorten(klass) for klass in unknown} <= {
        "Period", "Message", "UserMessage", "Mention", "InterpretationComment",
        "TrackedEntityComment", "Basemap", "DataInputPeriod",
    }  # fmt: skip
