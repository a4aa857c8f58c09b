"""Webserver, daemon and the processes of runs, as they are served to others: on PostgreSQL."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import URL

from d2_assets.serve import LOOPBACK, find_free_port, wait_for_port
from d2_assets_tests.journeys.graphql import ask
from d2_assets_tests.journeys.journey import PAIR
from d2_assets_tests.journeys.world import SIX_MONTHS, Templates, read_live
from d2_assets_tests.listening import list_listening
from d2_assets_tests.postgres import query
from d2_assets_tests.user_interface import START_SECONDS, UserInterface, run_user_interface

pytestmark = pytest.mark.timeout(900)

THREE_MONTHS = SIX_MONTHS[:3]
_LAUNCH = """
    mutation ($months: [String!]!) {
      launchPartitionBackfill(backfillParams: {
        assetSelection: [{path: ["data", "data_values"]}], partitionNames: $months
      }) {
        __typename
        ... on LaunchBackfillSuccess { backfillId }
        ... on PythonError { message }
      }
    }
"""
_STATUS = """
    query ($backfill: String!) {
      partitionBackfillOrError(backfillId: $backfill) { ... on PartitionBackfill { status } }
      instance { info }
    }
"""


@pytest.fixture
def user_interface(tmp_path: Path, templates: Templates, database: URL) -> Iterator[UserInterface]:
    folder = tmp_path / "ui"
    folder.mkdir()
    with run_user_interface(folder, templates, os.environ["D2_ASSETS_DATABASE_URL"]) as running:
        yield running


def test_a_backfill_runs_on_postgresql_and_viewers_cannot_launch(
    user_interface: UserInterface, database: URL
) -> None:
    keys = [f"{PAIR}|{month}" for month in THREE_MONTHS]
    with run_read_only(user_interface) as viewers:
        refused = ask(viewers, _LAUNCH, {"months": keys})["launchPartitionBackfill"]
        assert refused == {"__typename": "UnauthorizedError"}
        launched = ask(user_interface.url, _LAUNCH, {"months": keys})["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        # The viewers' page shows what the other does.
        said = wait_for_backfill(viewers, launched["backfillId"])
    log = user_interface.log.read_text("utf-8", "replace")
    assert said["partitionBackfillOrError"] == {"status": "COMPLETED_SUCCESS"}, log
    source, destination = user_interface.source.store, user_interface.destination.store
    assert read_live(destination, THREE_MONTHS) == read_live(source, THREE_MONTHS)
    assert query(database, "select status from runs") == [("SUCCESS",)]
    words = query(database, "select value from run_tags where key = 'd2/status'")
    assert words == [("completed",)]
    assert list(user_interface.dagster_home.glob("**/*.db")) == []
    assert "PostgresRunStorage" in said["instance"]["info"]
    assert "s3cret" not in said["instance"]["info"] + log


@contextmanager
def run_read_only(user_interface: UserInterface) -> Iterator[str]:
    """The webserver for people who may look only, beside the other; its address."""
    port = find_free_port(3900 + os.getpid() % 90)
    log = user_interface.log.with_name("read-only.log")
    command = [
        *(sys.executable, "-m", "dagster_webserver", "--read-only"),
        *("--module-name", "d2_assets.definitions", "--host", LOOPBACK, "--port", str(port)),
    ]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            env=dict(user_interface.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            wait_for_port(process, port, START_SECONDS, log)
            assert all(address.is_loopback for address, _ in list_listening(process.pid))
            yield f"http://{LOOPBACK}:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
            assert "s3cret" not in log.read_text("utf-8", "replace")


def wait_for_backfill(url: str, backfill: str) -> dict[str, Any]:
    """What Dagster says of the backfill when it is at rest, or time is up."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        said = ask(url, _STATUS, {"backfill": backfill})
        goes_on = said["partitionBackfillOrError"]["status"] in ("REQUESTED", "COMPLETING")
        if not goes_on or time.monotonic() > deadline:
            return said
        time.sleep(1)
