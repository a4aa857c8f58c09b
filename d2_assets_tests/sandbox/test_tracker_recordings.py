"""Tracker imports are answered as recorded servers answer them, on the little that they name."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from d2_assets.sandbox import Sandbox, start_sandbox
from d2_assets.sandbox.accounts import read_password
from d2_assets.sandbox.content import ContentSpec
from d2_assets.sandbox.stored_tracker import to_stored
from d2_assets_tests.conformance.comparing import find_differences
from d2_assets_tests.recordings import (
    Exchange,
    drop_cuts,
    needs_recordings,
    read_exchange,
    read_exchanges,
)

pytestmark = needs_recordings

SINGLE, STAGE = "TP01C129Or9", "lOslKyVm688"
PROGRAM, TYPE = "Xh88p1nyefp", "MCPQUTHX1Ze"
#: The recorded rules of the program are not all recorded, nor are its stages.
UNTOLD = ("tr-te-again",)
UNIQUE = "Ewi7FUfcHAD"
DEFAULT = {"id": "bjDvmb4bfuf"}

Body = dict[str, Any]


def list_imports(version: str) -> list[Exchange]:
    """Recorded imports, in order."""
    return [
        exchange
        for exchange in read_exchanges(version)
        if exchange.request["path"] == "/api/tracker" and exchange.name not in UNTOLD
    ]


@pytest.fixture
def sandbox(version: str, tmp_path: Path) -> Iterator[Sandbox]:
    content = ContentSpec(values=1)
    now = datetime(2026, 11, 22, 21, tzinfo=UTC)
    path = tmp_path / "sandbox.db"
    with start_sandbox(
        version, path, content=content, with_data=False, clock=lambda: now
    ) as started:
        started.set_job_delay(0)
        fill(started, version)
        yield started


def fill(sandbox: Sandbox, version: str) -> None:
    """The programs, types and units that recorded imports name."""
    store = sandbox.store
    root = next(unit for unit in store.metadata("organisationUnits") if unit["level"] == 1)
    entity = drop_cuts(read_exchange(version, "tr-te-again").request["body"])["trackedEntities"][0]
    event = read_exchange(version, "tr-event-create").request["body"]["events"][0]
    units = {event["orgUnit"], entity["orgUnit"]}
    below = {"parent": {"id": root["id"]}}
    store.put_metadata(
        "organisationUnits",
        [root | below | {"id": uid, "path": f"/{root['id']}/{uid}"} for uid in units],
    )
    places = [{"id": uid} for uid in units]
    attributes = [row["attribute"] for row in entity["attributes"]]
    store.put_metadata(
        "trackedEntityAttributes",
        [
            {"id": row["attribute"], "valueType": "TEXT", "unique": row["attribute"] == UNIQUE}
            for row in entity["attributes"]
        ],
    )
    store.put_metadata("trackedEntityTypes", [{"id": TYPE}])
    embedded = [{"trackedEntityAttribute": {"id": uid}} for uid in attributes]
    store.put_metadata(
        "programs",
        [
            {
                "id": SINGLE,
                "programType": "WITHOUT_REGISTRATION",
                "organisationUnits": places,
                "programStages": [{"id": STAGE}],
                "categoryCombo": DEFAULT,
            },
            {
                "id": PROGRAM,
                "programType": "WITH_REGISTRATION",
                "organisationUnits": places,
                "trackedEntityType": {"id": TYPE},
                "programTrackedEntityAttributes": embedded,
                "onlyEnrollOnce": True,
                "categoryCombo": DEFAULT,
            },
        ],
    )
    store.put_metadata("programStages", [make_stage()])
    option_set = {"id": "rlYDq7U043q"}
    store.put_metadata(
        "dataElements",
        [
            {"id": "FVVUSz8iUA9", "valueType": "TEXT"},
            {"id": "cgYpqCgnVF2", "valueType": "TEXT", "optionSet": option_set},
        ],
    )
    store.put_metadata(
        "options",
        [
            {"id": f"Option{code[:5]}", "code": code, "optionSet": option_set}
            for code in ("FEMALE", "MALE", "UNKNOWN")
        ],
    )
    enrollment = entity["enrollments"][0]
    store.tracker.put(
        [
            to_stored("trackedEntity", entity),
            to_stored("enrollment", enrollment),
        ]
    )


def make_stage() -> Body:
    """The stage of the program without registration."""
    return {
        "id": STAGE,
        "program": {"id": SINGLE},
        "programStageDataElements": [
            {"dataElement": {"id": uid}} for uid in ("FVVUSz8iUA9", "cgYpqCgnVF2")
        ],
    }


def play(sandbox: Sandbox, exchange: Exchange) -> requests.Response:
    """Send a recorded import again."""
    malformed = exchange.name == "tr-malformed-json"
    return requests.post(
        f"{sandbox.url}/api/tracker",
        params=exchange.request["params"],
        json=None if malformed else drop_cuts(exchange.request["body"]),
        data=b'{"events": [' if malformed else None,
        auth=("admin", read_password()),
        timeout=30,
    )


def drop_descriptions(body: Any) -> Any:
    """An answer without arguments that describe whole Java objects, and without a job's id."""
    for error in ((body or {}).get("validationReport") or {}).get("errorReports") or ():
        error.pop("args", None)
    if isinstance((body or {}).get("response"), dict):
        body["response"].pop("location", None)
    return body


@pytest.mark.parametrize("version", ["2.38", "2.40", "2.42", "2.43"])
def test_each_recorded_import_is_answered_as_recorded(version: str, sandbox: Sandbox) -> None:
    findings = []
    for exchange in list_imports(version):
        answer = play(sandbox, exchange)
        if answer.status_code != exchange.status:
            findings.append(f"{exchange.name}: {answer.status_code} {answer.text[:300]}")
        recorded, given = (
            drop_descriptions(deepcopy(exchange.body)),
            drop_descriptions(answer.json()),
        )
        findings += [f"{exchange.name}: {words}" for words in find_differences(recorded, given)]
    assert not findings, "\n".join(findings)
