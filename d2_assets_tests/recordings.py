"""The recorded exchanges of real DHIS2 servers, read from where they lie.

They are test data with owners of their own: never copied into the project. Where the folder is
absent (``D2_ASSETS_SHARED``, default ``../shared``), the tests that need it say so and skip.
"""

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("D2_ASSETS_SHARED") or ROOT.parent / "shared").resolve()
CONTRACTS = SHARED / "contracts" / "dhis2"

#: Folder of recordings by version line, as in ``contracts/dhis2/README.md``.
VERSIONS = {"2.38": "2.38.7", "2.40": "2.40.9", "2.42": "2.42.4", "2.43": "2.43.1"}

needs_recordings = pytest.mark.skipif(
    not CONTRACTS.is_dir(),
    reason=f"no recordings at {CONTRACTS}: set D2_ASSETS_SHARED to the shared folder",
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One recorded request and its answer. ``name`` is the part behind the number."""

    version: str
    number: int
    name: str
    request: dict[str, Any]
    response: dict[str, Any]
    note: str

    @property
    def status(self) -> int:
        return int(self.response["status"])

    @property
    def body(self) -> Any:
        """The JSON answer, or its text where it was not JSON, or None."""
        return self.response.get("json", self.response.get("text"))


@cache
def read_exchanges(version: str) -> tuple[Exchange, ...]:
    """All exchanges of a version line ("2.40") in recorded order; empty where absent."""
    folder = CONTRACTS / VERSIONS[version]
    found = []
    for path in sorted(folder.glob("[0-9]*.json")):
        number, name = path.stem.split("-", 1)
        content = json.loads(path.read_text(encoding="utf-8"))
        found.append(
            Exchange(
                version,
                int(number),
                name,
                content["request"],
                content["response"],
                content.get("note") or "",
            )
        )
    return tuple(found)


def read_exchange(version: str, name: str) -> Exchange:
    """The exchange of that name; KeyError where the version has none."""
    for exchange in read_exchanges(version):
        if exchange.name == name:
            return exchange
    raise KeyError(f"no recording {name} for {version}")


@cache
def read_schemas(version: str) -> list[dict[str, Any]]:
    """The server's own description of its classes (``/api/schemas``), cut as the README says."""
    content = json.loads((CONTRACTS / VERSIONS[version] / "schemas.json").read_text("utf-8"))
    return content["schemas"] if isinstance(content, dict) else content


def drop_cuts(body: Any) -> Any:
    """A recorded body without the texts that stand where the recording cut a list."""
    if isinstance(body, dict):
        return {member: drop_cuts(value) for member, value in body.items()}
    if isinstance(body, list):
        return [drop_cuts(item) for item in body if not str(item).startswith("... ")]
    return body
