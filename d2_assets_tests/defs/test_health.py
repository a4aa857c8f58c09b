import json
from datetime import timedelta

import dagster as dg
import pytest

from d2_assets.defs.health import build_instance_health, instance_key
from d2_assets.defs.notifier import NOTICES, NotifierResource
from d2_assets.settings import load_settings
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.world import NOW

MINUTES = 45


class Checks:
    """The sensor by hand; its clock stands like those of the servers."""

    def __init__(self, journey: Journey) -> None:
        self.journey, self.cursor = journey, ""

    def check(self) -> str:
        """One tick; gives what it says of itself."""
        settings = load_settings(self.journey.write_settings(), {})
        sensor = build_instance_health(settings, clock=NOW.timestamp)
        context = dg.build_sensor_context(
            instance=self.journey.instance,
            cursor=self.cursor,
            resources={"notifier": NotifierResource()},
        )
        result = sensor.evaluate_tick(context)
        for event in result.asset_events:  # as the daemon does
            self.journey.instance.report_runless_asset_event(event)
        assert not result.run_requests
        self.cursor = result.cursor or ""
        return result.skip_message or ""

    def told(self) -> list[tuple[str, str]]:
        """Kind and subject of all notices, oldest first."""
        found = self.journey.instance.fetch_observations(NOTICES, limit=20).records
        events = [record.asset_observation for record in reversed(found)]
        texts = [{k: v.value for k, v in event.metadata.items()} for event in events if event]
        return [(str(text["kind"]), str(text["subject"])) for text in texts]

    def history(self, name: str) -> list[dict[str, object]]:
        """What was observed of an instance, oldest first."""
        found = self.journey.instance.fetch_observations(instance_key(name), limit=20).records
        events = [record.asset_observation for record in reversed(found)]
        return [{k: v.value for k, v in event.metadata.items()} for event in events if event]


@pytest.fixture
def checks(start_journey: Start) -> Checks:
    journey = start_journey("2.42", "2.43")
    journey.settings |= {"health_minutes": MINUTES, "clock_skew_seconds": 60}
    return Checks(journey)


def test_instances_are_observed_and_what_changes_is_told_once(checks: Checks) -> None:
    journey = checks.journey
    assert checks.check() == "2 instances were asked; 2 are in order."
    assert checks.told() == []
    (first,) = checks.history("training")
    assert first["reachable"] == 1
    assert first["version"] == journey.destination.version
    assert first["may_write"] == "yes"
    assert first["clock_error_seconds"] == 0.0
    assert isinstance(first["response_seconds"], float)
    assert isinstance(first["org_units"], int)

    journey.set_account("training", "viewer")
    checks.check()
    journey.source.set_clock(lambda: NOW + timedelta(hours=3))
    checks.check()
    journey.source.stop()
    assert "Not in order: national." in checks.check()
    checks.check()
    assert checks.told() == [
        ("account_changed", "training"),
        ("clock_off", "national"),
        ("instance_lost", "national"),
    ]
    states = checks.history("national")
    assert [state["reachable"] for state in states] == [1, 1, 1, 0, 0]
    assert "Check the instance's URL" in str(states[-1]["message"])
    assert "version" not in states[-1]


def test_the_cursor_of_an_instance_that_left_the_settings_is_forgotten(checks: Checks) -> None:
    checks.check()
    assert json.loads(checks.cursor).keys() == {"national", "training"}
    checks.journey.instances["training"]["active"] = False
    assert checks.check() == "1 instances were asked; 1 are in order."
    assert json.loads(checks.cursor).keys() == {"national"}


def test_the_sensor_is_off_and_keeps_the_rhythm_of_the_settings(checks: Checks) -> None:
    defs = checks.journey.build_definitions()
    sensor = defs.resolve_sensor_def("instance_health")
    assert sensor.default_status is dg.DefaultSensorStatus.STOPPED
    assert sensor.minimum_interval_seconds == MINUTES * 60
    specs = {spec.key: spec for spec in defs.resolve_all_asset_specs()}
    for name in ("national", "training"):
        spec = specs[instance_key(name)]
        assert (spec.group_name, spec.partitions_def) == ("overview", None)
        assert spec.kinds == {"dhis2"}
