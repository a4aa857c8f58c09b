"""The queue as webserver and daemon work it off: destinations one after the other, who launched
what, and the status words on the way."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from d2_assets_tests.journeys.graphql import ask, launch_month
from d2_assets_tests.journeys.journey import PAIR
from d2_assets_tests.journeys.waiting import wait_until
from d2_assets_tests.journeys.world import MONTH, SIX_MONTHS, Templates
from d2_assets_tests.user_interface import START_SECONDS, run_user_interface

pytestmark = pytest.mark.timeout(900)

#: A second pair to the same server, and one to the same server under another name.
SECOND, ELSEWHERE = "second", "elsewhere"
_BACKFILL = """
    mutation ($keys: [String!]!) {
      launchPartitionBackfill(backfillParams: {
        assetSelection: [{path: ["data", "data_values"]}], partitionNames: $keys
      }) {
        __typename
        ... on LaunchBackfillSuccess { backfillId }
        ... on PythonError { message }
      }
    }
"""


def test_runs_to_one_destination_wait_in_the_queue_and_others_pass_them(
    tmp_path: Path, templates: Templates
) -> None:
    with (
        run_user_interface(tmp_path, templates, change=_add_pairs) as ui,
        dg.DagsterInstance.from_config(str(ui.dagster_home)) as instance,
    ):
        ui.destination.set_cost(request_seconds=2)
        keys = [f"{ELSEWHERE}|{month}" for month in SIX_MONTHS[:2]]
        asked = ask(ui.url, _BACKFILL, {"keys": keys}, "ben")["launchPartitionBackfill"]
        assert asked["__typename"] == "LaunchBackfillSuccess", asked
        first = launch_month(ui.url, PAIR, MONTH, "ana@moh.example.org")
        second = launch_month(ui.url, SECOND, MONTH)

        def run_elsewhere() -> list[dg.DagsterRun]:
            return _filter(instance, {"dagster/backfill": asked["backfillId"]})

        wait_until(
            lambda: _filter(instance, {"d2/status": "running", "d2/destination": "training"}),
            "the first run starts",
            START_SECONDS,
        )
        wait_until(
            lambda: [run.tags.get("d2/status") for run in run_elsewhere()] == ["running"],
            "the run of the backfill starts",
            START_SECONDS,
        )
        # Both are under way, and the second waits, as the Runs page shows when it is filtered.
        assert _filter_ids(instance, {"d2/status": "pending"}) == {second}
        assert _filter_ids(instance, {"d2/destination": "training", "d2/status": "running"}) == {
            first
        }
        ui.destination.set_cost()
        wait_until(
            lambda: len(_filter(instance, {"d2/status": "completed"})) == 3,
            "all end",
            START_SECONDS,
        )
        assert _times(instance, first)[1] <= _times(instance, second)[0]
        assert _tags(instance, first)["d2/user"] == "ana@moh.example.org"
        assert "d2/user" not in _tags(instance, second)
        (elsewhere,) = run_elsewhere()
        assert (elsewhere.tags["d2/user"], elsewhere.tags["user"]) == ("ben", "ben")
        assert elsewhere.tags["d2-writes/mirror"] == "true"


def _add_pairs(content: dict[str, Any]) -> None:
    """Small chunks, so that a run lasts; and the destination once more, as if it were another."""
    destination = content["instances"][1]
    url = destination["url"].replace("127.0.0.1", "localhost")
    content["instances"].append({**destination, "name": "mirror", "url": url})
    (pair,) = content["pairs"]
    pair.update(chunk_size=5, writers=1)
    content["pairs"] += [
        {**pair, "name": SECOND},
        {**pair, "name": ELSEWHERE, "destination": "mirror"},
    ]


def _filter(instance: dg.DagsterInstance, tags: Mapping[str, str]) -> list[dg.DagsterRun]:
    return list(instance.get_runs(dg.RunsFilter(tags=dict(tags))))


def _filter_ids(instance: dg.DagsterInstance, tags: Mapping[str, str]) -> set[str]:
    return {run.run_id for run in _filter(instance, tags)}


def _tags(instance: dg.DagsterInstance, run_id: str) -> Mapping[str, str]:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.tags


def _times(instance: dg.DagsterInstance, run_id: str) -> tuple[float, float]:
    """When it started and when it ended."""
    record = instance.get_run_record_by_id(run_id)
    assert record is not None
    assert record.start_time is not None
    assert record.end_time is not None
    return record.start_time, record.end_time
