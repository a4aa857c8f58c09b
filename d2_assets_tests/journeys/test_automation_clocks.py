"""Servers whose clocks are wrong, or that stand west of UTC: each change is seen, and once.

Up to 2.42 the filter of data values compares UTC text with the server's local time; stamps of
metadata and tracker are local and carry no offset.
"""

from datetime import timedelta
from pathlib import Path

import pytest

from d2_assets.sandbox import ContentSpec
from d2_assets_tests.journeys.automation import start_automation
from d2_assets_tests.journeys.both_ways import keys_of
from d2_assets_tests.journeys.tracker_world import live
from d2_assets_tests.journeys.world import CURRENT, MONTH, Templates, change_object

PAIR = "a--b"
CONTENT = ContentSpec(values=60, months=2, last_month=CURRENT, events=12, entities=3)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("version", "ahead", "zone"),
    [
        ("2.43", 3 * HOUR, "UTC"),
        ("2.40", -3 * HOUR, "America/Bogota"),
        ("2.38", 0 * HOUR, "America/Bogota"),
        ("2.42", 0 * HOUR, "America/Bogota"),
    ],
)
def test_each_change_arrives_once(
    templates: Templates,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    ahead: timedelta,
    zone: str,
) -> None:
    versions = {"a": version, "b": "2.40"}
    with start_automation(templates, tmp_path, monkeypatch, versions, content=CONTENT) as world:
        source = world.servers["a"]
        source.set_clock(world.clock.ahead(ahead))
        source.set_time_zone(zone)
        world.clock.now += 4 * HOUR  # the content is older than what a slow clock says
        world.add_pair("a", "b", sync_type="complete", filters={"families": ["data_elements"]})
        assert world.follow(1) == []
        event = next(one for one in live(source, "event") if not one.tracked_entity)
        for number in range(2):
            key = keys_of(source)[number]
            source.store.edit_value(key, f"471{number}")
            source.store.tracker.change("event", event.uid, occurredAt=f"2024-04-0{number + 2}")
            local = source.store.now().replace(tzinfo=None).isoformat(timespec="milliseconds")
            name = {"name": f"Name {number}", "lastUpdated": local}
            change_object(source.store, "dataElements", "OPD_MALARIA", name)
            runs = world.follow(3, step=timedelta(minutes=1))
            assert all(run.success for run in runs), [run.failure for run in runs]
            assert sorted(key for run in runs for key in run.materialised) == [
                f"{PAIR}|{MONTH}",
                f"{PAIR}|{MONTH}",
                f"{PAIR}|{CURRENT}",
            ]
            assert world.read("a") == world.read("b")
        assert world.follow(5, step=timedelta(minutes=1)) == []
