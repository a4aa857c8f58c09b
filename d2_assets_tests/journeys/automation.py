"""Pairs that run by themselves, between stand-in servers whose clock goes only when it is told.

Sensors are evaluated as the daemon does it, and what they request is executed in this process.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from d2_assets.definitions import build_definitions
from d2_assets.defs import errands, resources
from d2_assets.defs.assets import data_values, tracker
from d2_assets.defs.automation_names import name_automation
from d2_assets.defs.change_sensors import TickTime, build_change_sensors
from d2_assets.defs.run_facts import RUN_KEY_TAG
from d2_assets.http.policy import RetryPolicy
from d2_assets.sandbox import ContentSpec, Sandbox
from d2_assets.sandbox.accounts import read_password
from d2_assets.settings import Settings, load_settings
from d2_assets.sync.connect import connect
from d2_assets.watching.marks import Mark
from d2_assets.watching.state import State
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import (
    CURRENT,
    NOW,
    StandingDate,
    Templates,
    find_object,
    read_live,
)

#: Two months, which is what these journeys speak of.
SMALL = ContentSpec(values=120, months=2, last_month=CURRENT)
TICK = timedelta(seconds=30)


@dataclass(slots=True)
class Clock:
    """The one clock of a journey, which begins after what servers are filled with; ``ahead`` gives
    that of a server that is wrong."""

    now: datetime = NOW + timedelta(hours=1)

    def __call__(self) -> datetime:
        return self.now

    def timestamp(self) -> float:
        return self.now.timestamp()

    def ahead(self, by: timedelta) -> "partial[datetime]":
        return partial(self._add, by)

    def _add(self, by: timedelta) -> datetime:
        return self.now + by


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a tick of a sensor came to."""

    requests: tuple[dg.RunRequest, ...]
    words: str


@dataclass(slots=True)
class Automation:
    """``pairs``, ``instances`` and ``settings`` are what the settings file says. Pairs are named
    after their ends ("a--b") and run automatically. ``runs`` are those that sensors started."""

    folder: Path
    instance: dg.DagsterInstance
    servers: dict[str, Sandbox]
    clock: Clock
    pairs: dict[str, dict[str, Any]] = field(default_factory=dict)
    instances: dict[str, dict[str, Any]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=lambda: {"first_month": "202404"})
    cursors: dict[str, str | None] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    _built: tuple[bytes, Settings, dg.Definitions, dict[str, dg.SensorDefinition]] | None = None

    def __post_init__(self) -> None:
        password = self.folder / "password"
        password.write_text(read_password(), encoding="utf-8")
        auth = {"username": "admin", "password_file": str(password)}
        for name, server in self.servers.items():
            self.instances[name] = {"url": server.url, "auth": auth}

    # Settings

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def add_pair(self, source: str, destination: str, **body: Any) -> str:
        """A pair that runs automatically; gives its name. Looks begin with now."""
        name = f"{source}--{destination}"
        changes = {"look_back_hours": 0, "check_seconds": 60} | body.pop("changes", {})
        self.pairs[name] = {
            "source": source,
            "destination": destination,
            "execution_mode": "automatic",
            "changes": changes,
        } | body
        return name

    def build(self) -> tuple[Settings, dg.Definitions, dict[str, dg.SensorDefinition]]:
        """As Dagster loads them: anew when the settings have changed."""
        named = {
            section: [{"name": name} | body for name, body in bodies.items()]
            for section, bodies in (("instances", self.instances), ("pairs", self.pairs))
        }
        file = self.folder / "settings.yaml"
        content = json.dumps({"home": str(self.home)} | self.settings | named).encode()
        if self._built is None or self._built[0] != content:
            file.write_bytes(content)
            settings = load_settings(file, {})
            lasting = TickTime(clock=self.clock.timestamp, stopwatch=lambda: 0.0)
            sensors = {one.name: one for one in build_change_sensors(settings, lasting)}
            self._built = content, settings, build_definitions(settings), sensors
        return self._built[1:]

    # Time goes on

    def tick(self, pair: str) -> Ticked:
        """Evaluate the sensor of a pair and keep its cursor; nothing is executed."""
        settings, definitions, sensors = self.build()
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursors.get(pair),
            resources=dict(definitions.resources or {}),
            definitions=definitions,
        ) as context:
            data = sensors[name_automation("changes", pair, settings)].evaluate_tick(context)
        self.cursors[pair] = data.cursor
        return Ticked(tuple(data.run_requests or ()), data.skip_message or "")

    def execute(self, request: dg.RunRequest) -> Run:
        """What the daemon does with a request, at once."""
        assert request.job_name
        done = (
            self.build()[1]
            .resolve_job_def(request.job_name)
            .execute_in_process(
                instance=self.instance,
                raise_on_error=False,
                run_config=request.run_config,
                asset_selection=list(request.asset_selection or ()) or None,
                partition_key=request.partition_key,
                tags={**request.tags, RUN_KEY_TAG: str(request.run_key)},
            )
        )
        self.runs.append(Run(self.instance, done.run_id))
        return self.runs[-1]

    def follow(self, minutes: float, *pairs: str, step: timedelta = TICK) -> list[Run]:
        """Let time go on; after every ``step`` the sensors tick, all of them where none is named,
        and what they request is executed. Gives the runs."""
        before = len(self.runs)
        until = self.clock.now + timedelta(minutes=minutes)
        while self.clock.now < until:
            self.clock.now += step
            for pair in pairs or tuple(self.pairs):
                for request in self.tick(pair).requests:
                    self.execute(request)
        return self.runs[before:]

    def run_job(self, job: str, pair: str = "", month: str = "", **config: Any) -> Run:
        """What a person launches."""
        done = (
            self.build()[1]
            .resolve_job_def(job)
            .execute_in_process(
                instance=self.instance,
                raise_on_error=False,
                run_config=config or None,
                partition_key=f"{pair}|{month}" if month else None,
            )
        )
        return Run(self.instance, done.run_id)

    # What came of it

    def find_mark(self, pair: str, data_set: str) -> Mark:
        """How far what changed in a data set of the source was moved."""
        uid = find_object(self.servers["a"].store, "dataSets", data_set)["id"]
        return State.read(self.cursors[pair]).watched[f"data_set:{uid}"].mark

    def read(self, server: str, *months: str) -> Mapping[Any, Any]:
        """The values that people see at a server."""
        return read_live(self.servers[server].store, months or ("202404", CURRENT))

    def clear_requests(self) -> None:
        for server in self.servers.values():
            server.clear_requests()

    def rows_written(self) -> int:
        """Data values that any server was sent since the last look."""
        rows = sum(
            record.rows
            for server in self.servers.values()
            for record in server.requests()
            if record.method != "GET"
        )
        self.clear_requests()
        return rows


@contextmanager
def start_automation(
    templates: Templates,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    versions: Mapping[str, str],
    *,
    full: str = "",
    content: ContentSpec = SMALL,
) -> Iterator[Automation]:
    """Servers by name and version; ``full`` names the one that has data, or they all have the
    same where it is empty."""
    for module in (data_values, tracker):
        monkeypatch.setattr(module, "date", StandingDate)
    monkeypatch.setattr(errands, "make_sleep", lambda stop: lambda seconds: None)
    patient = RetryPolicy(first_delay=0.01)
    monkeypatch.setattr(resources, "connect", partial(connect, policy=patient))
    clock = Clock()
    with ExitStack() as stack:
        servers = {}
        for name, version in versions.items():
            server = templates.start(
                version,
                folder / f"{name}.sqlite",
                with_data=full in ("", name),
                content=content,
            )
            stack.callback(server.stop)
            server.set_clock(clock)
            servers[name] = server
        instance = stack.enter_context(dg.DagsterInstance.ephemeral())
        yield Automation(folder, instance, servers, clock)
