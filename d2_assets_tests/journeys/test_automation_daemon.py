"""What a sensor of changes asks for, the daemon launches once, whenever it is killed."""

from pathlib import Path

import dagster as dg
import pytest

from d2_assets.defs.run_facts import RANGE_END_TAG, RANGE_START_TAG
from d2_assets.sandbox.server import read_clock
from d2_assets_tests.journeys.automation import Automation, start_automation
from d2_assets_tests.journeys.both_ways import keys_of
from d2_assets_tests.journeys.daemon import open_daemon
from d2_assets_tests.journeys.world import CURRENT, MONTH, Templates

PAIR = "a--b"


def write_settings(world: Automation) -> Path:
    world.add_pair("a", "b", changes={"start": "immediate", "look_back_hours": 1})
    world.build()
    return world.folder / "settings.yaml"


@pytest.mark.parametrize("moment", ["RUN_IDS_RESERVED", "RUN_CREATED"])
def test_a_daemon_that_is_killed_while_it_launches_loses_and_doubles_no_run(
    templates: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    versions = {"a": "2.42", "b": "2.40"}
    with (
        start_automation(templates, tmp_path, monkeypatch, versions) as world,
        open_daemon(tmp_path / "dagster", write_settings(world), monkeypatch) as daemon,
    ):
        source, name = world.servers["a"], "changes__a__b"
        source.set_clock(read_clock)
        for month in (MONTH, CURRENT):
            source.store.edit_value(keys_of(source, month)[0], "4711")
        daemon.switch_on(name)
        with pytest.raises(KeyboardInterrupt):
            daemon.run_sensors(killed_at={name: moment})
        daemon.run_sensors()
        daemon.run_sensors()
        (run,) = daemon.list_queue()
        assert run.asset_selection == {
            dg.AssetKey(["data", "data_values"]),
            dg.AssetKey(["overview", "quarantine"]),
        }
        assert run.tags[RANGE_START_TAG] == f"{PAIR}|{MONTH}"
        assert run.tags[RANGE_END_TAG] == f"{PAIR}|{CURRENT}"
        assert (run.tags["d2/trigger"], run.tags["d2/pair"]) == ("change", PAIR)
        (done,) = daemon.work_off_queue()
        assert done.status is dg.DagsterRunStatus.SUCCESS
        assert world.read("a") == world.read("b")
        daemon.run_sensors()
        assert daemon.list_queue() == []
