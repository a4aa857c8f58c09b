"""Real metadata packages, placeholders and all, cloned in memory from each version to each other:
what lands is whole, what does not is explained, and a second run writes nothing."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from d2_assets.dhis2.schemas import Schemas, parse_schemas
from d2_assets.ledger.outcomes import Outcome
from d2_assets.metadata.families import FAMILIES
from d2_assets.sync.metadata import FamilyResult
from d2_assets_tests.metadata.fake_server import FakeServer
from d2_assets_tests.recordings import SHARED, VERSIONS, needs_recordings, read_schemas
from d2_assets_tests.sync.families import move

PACKAGES = ("lmis_stk_240.json", "rms_237.json")
DIRECTIONS = [(left, right) for left in VERSIONS for right in VERSIONS if left != right]

#: What every server has from the beginning.
FRESH: dict[str, list[dict[str, Any]]] = {
    "categoryOptions": [{"id": "xYerKDKCefk", "name": "default", "code": "default"}],
    "categories": [
        {
            "id": "GLevLNI9wkl",
            "name": "default",
            "code": "default",
            "categoryOptions": [{"id": "xYerKDKCefk"}],
        }
    ],
    "categoryCombos": [
        {
            "id": "bjDvmb4bfuf",
            "name": "default",
            "code": "default",
            "categories": [{"id": "GLevLNI9wkl"}],
        }
    ],
    "categoryOptionCombos": [
        {
            "id": "HllvX50cXC0",
            "name": "default",
            "code": "default",
            "categoryCombo": {"id": "bjDvmb4bfuf"},
            "categoryOptions": [{"id": "xYerKDKCefk"}],
        }
    ],
}


@cache
def schemas_of(version: str) -> Schemas:
    return parse_schemas({"schemas": read_schemas(version)})


def make_server(name: str, version: str, *contents: dict[str, Any]) -> FakeServer:
    server = FakeServer(name, version=version, schemas=schemas_of(version))
    for content in (FRESH, *contents):
        for plural, bodies in content.items():
            if isinstance(bodies, list) and schemas_of(version).get(plural):
                server.add(plural, *bodies)
    return server


def move_all(home: Path, source: FakeServer, destination: FakeServer) -> list[FamilyResult]:
    return [move(home, family, source, destination) for family in FAMILIES]


@needs_recordings
@pytest.mark.parametrize(("left", "right"), DIRECTIONS)
@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_cloned_whole_and_what_stays_behind_says_why(
    package: str, left: str, right: str, tmp_path: Path
) -> None:
    content = json.loads((SHARED / "packages" / package).read_text("utf-8"))
    source = make_server("national", left, content)
    destination = make_server("training", right)
    for result in move_all(tmp_path, source, destination):
        assert result.error is None
        assert result.unaccounted == 0
        assert result.broken == 0
        assert all(one.code and one.reason for one in result.refusals)
        assert {Outcome.CREATED, Outcome.FILTERED, Outcome.QUARANTINED}.issuperset(
            result.tally.outcomes
        )
    destination.imports.clear()
    for result in move_all(tmp_path, source, destination):
        assert Outcome.UPDATED not in result.tally.outcomes
    assert not destination.imports
