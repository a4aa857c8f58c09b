from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import freeze_time

from d2_assets_tests.journeys.daemon import open_daemon
from d2_assets_tests.settings.texts import GOOD

PAIR = """
  - name: everything
    source: national
    destination: training
    sync_type: complete
    execution_mode: scheduled
    filters: {families: [organisation]}
    schedule: {time_zone: Africa/Blantyre, months: 3}
    sweep: {every: day, hour: 3, months: 2}
"""
#: Day 5, 02:00 in Blantyre.
DUE = datetime(2025, 3, 5, 0, tzinfo=UTC)
LATER = DUE + timedelta(hours=4)
RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def describe(run: dg.DagsterRun) -> tuple[str, str, list[str], list[str]]:
    keys = [run.tags[tag] for tag in ("dagster/partition", *RANGE) if tag in run.tags]
    assets = sorted(key.to_user_string() for key in run.asset_selection or ())
    return (run.job_name, run.tags["d2/trigger"], keys, assets)


def test_a_schedule_is_one_run_for_whole_months_and_one_for_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(GOOD + PAIR, encoding="utf-8")
    with (
        freeze_time(DUE - timedelta(minutes=1)),
        open_daemon(tmp_path / "dagster", settings, monkeypatch) as daemon,
    ):
        daemon.run_schedules(DUE)
        assert daemon.list_queue() == [], "They are off."
        daemon.switch_on("schedule__everything")
        daemon.switch_on("sweep__everything")
        with freeze_time(LATER):
            daemon.run_schedules(LATER)
            daemon.run_schedules(LATER)
        runs = [describe(run) for run in daemon.list_queue()]
    data = {"data/tracker", "data/events", "data/data_values", "overview/quarantine"}
    everything = data | {"metadata/organisation"}
    assert sorted(runs) == [
        ("complete", "schedule", ["everything|202412", "everything|202502"], sorted(everything)),
        ("complete", "schedule", ["everything|202503"], ["data/tracker"]),
        ("complete", "sweep", ["everything|202502", "everything|202503"], sorted(everything)),
    ]
