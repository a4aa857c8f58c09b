"""The sensors of changes: which there are, and what they say of themselves and of a bad cursor."""

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from d2_assets.definitions import build_definitions
from d2_assets.defs.change_sensors import build_change_sensors, describe_sensor, find_interval
from d2_assets.settings import Settings, load_settings
from d2_assets.settings.ticks import TICK_VARIABLE, read_tick_seconds
from d2_assets_tests.watching.automation_model import make_pair


def make_settings(folder: Path, *pairs: dict[str, Any]) -> Settings:
    auth = {"username": "admin", "password_env": "NO_SUCH_VARIABLE"}
    kinds = {"a": "dhis2", "b": "dhis2", "stock": "openlmis"}
    instances = [
        {"name": name, "kind": kind, "url": "http://127.0.0.1:1", "auth": auth}
        for name, kind in kinds.items()
    ]
    file = folder / "settings.yaml"
    content = {"home": str(folder / "home"), "instances": instances, "pairs": list(pairs)}
    file.write_text(json.dumps(content), encoding="utf-8")
    return load_settings(file, {})


AUTOMATIC = {"source": "a", "destination": "b", "execution_mode": "automatic"}


def test_each_active_automatic_pair_has_a_sensor_that_is_off(tmp_path: Path) -> None:
    settings = make_settings(
        tmp_path,
        AUTOMATIC,
        AUTOMATIC | {"name": "by-hand", "execution_mode": "manual"},
        AUTOMATIC | {"name": "idle", "active": False},
        {"source": "b", "destination": "a", "execution_mode": "scheduled"},
    )
    (sensor,) = build_change_sensors(settings)
    assert sensor.name == "changes__a__b"
    assert sensor.default_status is dg.DefaultSensorStatus.STOPPED
    assert sensor.minimum_interval_seconds == 30
    assert sensor.job_name == "data"
    defs = build_definitions(settings)
    dg.Definitions.validate_loadable(defs)
    assert sensor.name in {one.name for one in defs.sensors or ()}


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({}, 30),
        ({"high_frequency": ["data_values"], "high_frequency_seconds": 10}, 10),
        ({"high_frequency_seconds": 10}, 30),
        ({"delay_seconds": 20}, 20),
        ({"delay_seconds": 0}, 5),
        ({"start": "immediate", "delay_seconds": 10}, 30),
    ],
)
def test_ticks_are_as_far_apart_as_the_shortest_time_asks(
    changes: dict[str, Any], seconds: int
) -> None:
    assert find_interval(make_pair(**changes)) == seconds


def test_the_description_says_what_is_watched_and_what_starts_when() -> None:
    words = describe_sensor(make_pair(metadata=False, exclude=["events"], max_runs_per_hour=7))
    assert "data values, events, tracked entities." in words
    for part in ("Not: events.", "at most 7 runs an hour", "30 seconds after the first change"):
        assert part in words


def test_a_cursor_that_cannot_be_read_fails_the_tick_and_says_what_to_do(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, AUTOMATIC)
    (sensor,), defs = build_change_sensors(settings), build_definitions(settings)
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(
            instance=instance,
            cursor="{}",
            resources=dict(defs.resources or {}),
            definitions=defs,
        ) as context,
        pytest.raises(dg.Failure, match="empty it: the sensor then begins anew"),
    ):
        sensor(context)


def test_the_seconds_of_a_tick_are_dagsters() -> None:
    assert read_tick_seconds({}) == 60
    assert read_tick_seconds({TICK_VARIABLE: "300"}) == 300
