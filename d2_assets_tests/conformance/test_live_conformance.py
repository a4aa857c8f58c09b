"""The same exchanges against a live server, when one is named.

``D2_LIVE_URL`` (with ``D2_LIVE_USERNAME`` and ``D2_LIVE_PASSWORD``): reading exchanges, compared by
status and outline, because the content is another. ``D2_LIVE_WRITE=1``: writing ones too, on
objects that are created before and removed after; the account must be a superuser.
"""

import os
from collections.abc import Iterator
from datetime import date
from fnmatch import fnmatchcase
from random import SystemRandom
from typing import Any

import pytest
import requests

from d2_assets_tests.conformance.comparing import compare
from d2_assets_tests.conformance.own_objects import WRITING, OwnObjects, make_own_objects
from d2_assets_tests.conformance.playing import Player, substitute
from d2_assets_tests.conformance.recorded_bodies import ROOT
from d2_assets_tests.conformance.start_state import DATA_SET, list_units
from d2_assets_tests.conformance.unserved import find_reason
from d2_assets_tests.recordings import VERSIONS, Exchange, needs_recordings, read_exchanges

_URL = os.environ.get("D2_LIVE_URL", "").rstrip("/")
_ACCOUNT = (
    os.environ.get("D2_LIVE_USERNAME", "admin"),
    os.environ.get("D2_LIVE_PASSWORD", "district"),
)
pytestmark = [
    needs_recordings,
    pytest.mark.skipif(not _URL, reason="no live server: set D2_LIVE_URL"),
]
needs_writing = pytest.mark.skipif(
    os.environ.get("D2_LIVE_WRITE") != "1",
    reason="nothing is written to a live server without D2_LIVE_WRITE=1",
)
#: Reads that need what another exchange wrote before, and what every site sets for itself.
_NOT_ALONE = ("pat-*", "dv-async-*", "meta-*", "complete-read", "system-settings")


def _get(path: str, **params: Any) -> Any:
    answer = requests.get(f"{_URL}{path}", params=params, auth=_ACCOUNT, timeout=60)
    answer.raise_for_status()
    return answer.json()


@pytest.fixture(scope="module")
def version() -> str:
    """The recorded version line nearest below the live server's."""
    major, minor = _get("/api/system/info")["version"].split("-")[0].split(".")[:2]
    lines = [line for line in VERSIONS if int(line.split(".")[1]) <= int(minor)]
    return lines[-1] if major == "2" and lines else pytest.skip(f"no recordings below {minor}")


@pytest.fixture(scope="module")
def root() -> dict[str, Any]:
    fields = {"filter": "level:eq:1", "fields": "id,code"}
    return _get("/api/organisationUnits", **fields)["organisationUnits"][0]


def _iterate_outline(exchange: Exchange, status: int, body: Any) -> Iterator[str]:
    """Status and the members at the top; refusals word for word."""
    if status != exchange.status:
        yield f"{exchange.name}: recorded {exchange.status}, given {status}: {body}"
    recorded = exchange.response.get("json")
    if not isinstance(recorded, dict):
        return
    expected = {"system"} if exchange.request["path"] == "/api/metadata" else set(recorded)
    missing = expected - set(body or ())
    if missing:
        yield f"{exchange.name}: {sorted(missing)} recorded, not given"
    if exchange.status >= 400 and body != recorded:
        yield f"{exchange.name}: recorded {recorded}, given {body}"


def _is_plain_read(exchange: Exchange) -> bool:
    excluded = any(fnmatchcase(exchange.name, pattern) for pattern in _NOT_ALONE)
    return exchange.request["method"] == "GET" and not (excluded or find_reason(exchange.name))


def test_a_live_server_reads_as_recorded(version: str, root: dict[str, Any]) -> None:
    data_sets = _get("/api/dataSets", fields="id,organisationUnits[id]", paging="false")
    data_set = next((s for s in data_sets["dataSets"] if s["organisationUnits"]), None)
    if data_set is None:
        pytest.skip("the live server has no data set that a unit reports")
    names = {ROOT: root["id"], DATA_SET: data_set["id"]}
    names |= dict.fromkeys(list_units(version), data_set["organisationUnits"][0]["id"])
    player = Player(_URL, *_ACCOUNT, names=names)
    findings: list[str] = []
    for exchange in filter(_is_plain_read, read_exchanges(version)):
        played = player.play(substitute(exchange, names))
        findings += _iterate_outline(exchange, played.status, played.body)
    assert not findings, "\n".join(findings)


@pytest.fixture
def own(version: str, root: dict[str, Any]) -> Iterator[OwnObjects]:
    """The suite's objects on the live server, removed with their data at the end."""
    objects = make_own_objects(version, root, date.today(), SystemRandom())
    try:
        _post("/api/metadata", objects.metadata)
        yield objects
    finally:
        for unit in objects.units:
            _post(f"/api/maintenance/dataPruning/organisationUnits/{unit}", {})
        for element in objects.metadata["dataElements"]:
            _post(f"/api/maintenance/dataPruning/dataElements/{element['id']}", {})
        for uid in objects.imported:
            # Not all of them were created; a refusal says just that.
            _delete({"dataElements": [{"id": uid}]})
        for plural in reversed(objects.metadata):
            _post("/api/metadata?importStrategy=DELETE", {plural: objects.metadata[plural]})


def _delete(body: Any) -> None:
    requests.post(
        f"{_URL}/api/metadata?importStrategy=DELETE", json=body, auth=_ACCOUNT, timeout=300
    )


def _post(path: str, body: Any) -> None:
    answer = requests.post(f"{_URL}{path}", json=body, auth=_ACCOUNT, timeout=300)
    assert answer.status_code < 400, f"{path}: {answer.status_code} {answer.text[:1000]}"


@needs_writing
def test_a_live_server_writes_as_recorded(version: str, own: OwnObjects) -> None:
    player = Player(_URL, *_ACCOUNT, names=own.names)
    findings: list[str] = []
    children = None
    for exchange in read_exchanges(version):
        if not any(fnmatchcase(exchange.name, pattern) for pattern in WRITING):
            continue
        renamed = substitute(exchange, own.names)
        children = renamed.body if exchange.name == "dv-read-children" else children
        differences = compare(renamed, player.play(renamed), unpacked=children)
        findings += [f"{exchange.number:03d} {exchange.name} {words}" for words in differences]
    assert not findings, "\n".join(findings)
