"""What it costs to follow a source at which nothing changes: requests and seconds of a tick.

The bare loop asks the same questions over the product's own session, one after another, and does
not look at the answers.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import dagster as dg

from benchmarks.content import FIRST_MONTH, specify_tracked
from benchmarks.figures import Figure, measure_time, tell
from benchmarks.runs import ACCOUNT, make_session
from benchmarks.servers import Server, start_server
from d2_assets.definitions import build_definitions
from d2_assets.defs.change_sensors import TickTime, build_change_sensors
from d2_assets.sandbox.accounts import read_password
from d2_assets.settings import Settings, load_settings
from d2_assets.watching.state import State

#: Seconds of a small answer of a real server.
_REQUEST_SECONDS = 0.1
_CHECK_SECONDS = 300


def measure_sensor(folder: Path, *, quick: bool) -> Iterator[Figure]:
    """Ticks of a pair that moves everything, after the first one; medians of several."""
    times = 1 if quick else 5
    spec = specify_tracked(200 if quick else 5_000, 20 if quick else 500)
    with ExitStack() as stack:
        source = stack.enter_context(
            start_server("2.42", folder / "source.db", spec, with_data=True)
        )
        settings = load_settings(_write_settings(folder, source), {})
        instance = stack.enter_context(dg.DagsterInstance.ephemeral())
        follower = _Follower(settings, instance)
        tell("sensor: the first tick")
        follower.tick()
        source.list_reads()
        tell("sensor: ticks in which nothing is due, and in which all is")
        idle = median(follower.tick() for _ in range(times))
        assert source.list_reads() == []
        free = [_compare(follower, source) for _ in range(times)]
        source.set_cost(0.01 if quick else _REQUEST_SECONDS, 0.0)
        dear = [_compare(follower, source) for _ in range(1 if quick else 3)]
        watched = len(State.read(follower.cursor).watched)
    requests = max(one.requests for one in (*free, *dear))
    tick, bare = median(one.tick for one in dear), median(one.bare for one in dear)
    yield Figure("sensor.resources", watched, "resources")
    yield Figure("sensor.requests", requests, "requests")
    yield Figure("sensor.requests_per_resource", requests / watched, "ratio", "<= 1")
    yield Figure("sensor.ratio_to_bare_loop", tick / bare, "ratio", "<= 1.2")
    yield Figure("sensor.seconds", tick, "s")
    yield Figure("sensor.seconds_of_bare_loop", bare, "s")
    yield Figure("sensor.seconds_without_cost", median(one.tick for one in free), "s")
    yield Figure("sensor.seconds_of_bare_loop_without_cost", median(one.bare for one in free), "s")
    yield Figure("sensor.seconds_when_nothing_is_due", idle, "s")
    yield Figure("sensor.cursor", len(follower.cursor or ""), "bytes")


@dataclass(frozen=True, slots=True)
class _Compared:
    """A tick in which all was due, and the same requests without the product."""

    requests: int
    tick: float
    bare: float


@dataclass(slots=True)
class _Follower:
    """A sensor, its cursor, and a clock that is put forward."""

    settings: Settings
    instance: dg.DagsterInstance
    cursor: str | None = None
    ahead: float = 0.0

    def tick(self, ahead: float = 0.0) -> float:
        """Seconds of a tick, ``ahead`` seconds later; one that starts a run measures nothing."""
        self.ahead += ahead
        lasting = TickTime(clock=lambda: time.time() + self.ahead)
        (sensor,) = build_change_sensors(self.settings, lasting)
        definitions = build_definitions(self.settings)
        with (
            dg.build_sensor_context(
                instance=self.instance,
                cursor=self.cursor,
                resources=dict(definitions.resources or {}),
                definitions=definitions,
            ) as context,
            measure_time() as watch,
        ):
            data = sensor.evaluate_tick(context)
        if "Nothing is to be moved." not in (data.skip_message or ""):
            raise RuntimeError(f"Something changed: {data.skip_message}")
        self.cursor = data.cursor
        return watch.seconds


def _compare(follower: _Follower, source: Server) -> _Compared:
    seconds = follower.tick(_CHECK_SECONDS + 1)
    asked = source.list_reads()
    bare = _ask(source, asked)
    source.list_reads()
    return _Compared(len(asked), seconds, bare)


def _ask(source: Server, asked: Sequence[str]) -> float:
    with closing(make_session(source, "source")) as session, measure_time() as watch:
        for question in asked:
            session.get_json(question)
    return watch.seconds


def _write_settings(folder: Path, source: Server) -> Path:
    password = folder / "password"
    password.write_text(read_password(), encoding="utf-8")
    auth = {"username": ACCOUNT, "password_file": str(password)}
    pair = {
        "source": "source",
        "destination": "destination",
        "sync_type": "complete",
        "execution_mode": "automatic",
        # what the server was filled with is not looked at
        "changes": {"check_seconds": _CHECK_SECONDS, "look_back_hours": 0, "overlap_seconds": 0},
    }
    content = {
        "home": str(folder / "home"),
        "first_month": FIRST_MONTH,
        "instances": [
            {"name": name, "url": source.url, "auth": auth} for name in ("source", "destination")
        ],
        "pairs": [pair],
    }
    file = folder / "settings.yaml"
    file.write_text(json.dumps(content), encoding="utf-8")
    return file
