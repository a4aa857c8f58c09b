"""A pair that follows its source by itself for hours of a fake clock, in all kinds of trouble.

Both sensors are evaluated as the daemon does it; what they request is executed in this process, or
in one that is killed. After each run the servers' requests and the journals are looked at; and each
time that a tick finds nothing to be moved, the destination has to equal the source.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import dagster as dg
import pytest

from d2_assets.defs.jobs import build_jobs
from d2_assets.defs.partitions import build_partitions
from d2_assets.defs.retries import build_retries
from d2_assets.defs.status import derive_status
from d2_assets.defs.tags import RETRY_TAG, TRIGGER_TAG, WAITING
from d2_assets.sandbox import ContentSpec
from d2_assets.watching.state import State
from d2_assets_tests.journeys.automation import Automation, Ticked, start_automation
from d2_assets_tests.journeys.dagster_clock import go_by
from d2_assets_tests.journeys.ending_runs import (
    call_before_push,
    execute_and_kill,
    interrupt_at,
    mark_as_cancelled,
)
from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.sending import (
    OBJECTS,
    VALUES,
    assert_nothing_was_sent_twice,
    count_differences,
)
from d2_assets_tests.journeys.source_edits import SourceEdits
from d2_assets_tests.journeys.troubles import (
    CALM,
    DESTINATION,
    OUTAGES,
    SOURCE,
    TROUBLES,
    Outages,
    Trouble,
)
from d2_assets_tests.journeys.world import CURRENT, Templates

MONTHS = ("202403", "202404", CURRENT)
CONTENT = ContentSpec(values=180, months=3, last_month=CURRENT, events=40, entities=17)
_SETTINGS: dict[str, Any] = {
    "sync_type": "complete",
    "filters": {"families": ["data_elements", "data_sets"]},
    "chunk_size": 3,
    "writers": 2,
    "tracker": {"chunk_size": 3},
    "retries": {"tries": 2},
    "sweep": {"every": "day", "months": len(MONTHS)},
    "changes": {
        "check_seconds": 240,
        "high_frequency": ["data_values", "events", "tracked_entities"],
        "max_runs_per_hour": 60,
        "cooldown_seconds": 90,
        "off_after_failures": 4,
    },
}
#: Seconds between two ticks; a daemon that has much to do is late.
_STEPS = (30, 30, 30, 60, 90)
#: How often a tick finds that people were at work, and how often a run meets trouble.
_EDITED, _TROUBLED = 0.17, 0.85
#: Within this time everything is looked at.
_ROUND = timedelta(seconds=300)
#: A pair that is switched off goes on when a person has read the notice.
_READING = timedelta(minutes=4)


@dataclass(slots=True)
class Soak:
    """``told``: what happened, in order; ``met``: the troubles that runs came to; ``sent``: rows
    and objects that the destination took; ``quiet``: requests of each tick that found nothing, and
    how many resources it looked at."""

    world: Automation
    journey: Journey
    dice: Random
    edits: SourceEdits
    retries: dg.SensorDefinition
    began: float
    outages: Outages
    told: list[str] = field(default_factory=list)
    met: list[str] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    quiet: list[tuple[int, int]] = field(default_factory=list)
    ticks: int = 0
    _troubles: list[Trouble] = field(default_factory=list)
    _keys: set[str] = field(default_factory=set)
    _meanwhile: list[Callable[[], object]] = field(default_factory=list)
    _off_since: datetime | None = None

    # The day

    def live_through(self, ticks: int) -> None:
        """So many ticks in trouble."""
        self._troubles = self.dice.sample(TROUBLES, len(TROUBLES))
        begins = self.dice.sample(range(5, ticks - 20), len(OUTAGES))
        outages = dict(zip(begins, OUTAGES, strict=True))
        for number in range(ticks):
            if self.dice.random() < _EDITED:
                self.edit(self.dice.randint(1, 4))
            if number in outages:
                self._tell(self.outages.begin(outages[number]))
            self.tick()
            self.outages.go_on()

    def settle_down(self, most: int) -> None:
        """Nothing goes wrong any more; ticks go on until nothing is to be done."""
        self._troubles = []
        self.outages.end()
        self.edits.mend()
        until = self.world.clock.now + _ROUND
        for _ in range(most):
            self.tick()
            if self.world.clock.now > until and not self.is_busy():
                return
        raise AssertionError(f"After {most} ticks: {self.state.changes} {self.state.launches}")

    def tick(self) -> list[Run]:
        """Time goes on, both sensors are asked, and what they request is executed."""
        self.ticks += 1
        self.world.clock.now += timedelta(seconds=self.dice.choice(_STEPS))
        requests = self._ask_retries()
        requests += self._ask_changes().requests
        self._go_on_after_switch_off()
        return [run for one in requests if (run := self._launch(one)) is not None]

    def edit(self, times: int) -> None:
        for _ in range(times):
            self.edits.make()
            self._tell(self.edits.told[-1])

    def is_busy(self) -> bool:
        """Whether anything is known that is still to be moved, or a run is to be tried again."""
        waiting = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], tags={RETRY_TAG: WAITING})
        state = self.state
        return bool(state.changes or state.launches or self.world.instance.get_runs(waiting))

    @property
    def state(self) -> State:
        return State.read(self.world.cursors[PAIR])

    def count_runs(self) -> Counter[str]:
        """Runs by what started them and by their status word."""
        runs = self.world.instance.get_runs()
        return Counter(
            f"{run.tags.get(TRIGGER_TAG, 'person')}: {derive_status(run.status, run.tags)}"
            for run in runs
        )

    # Sensors

    def _ask_changes(self) -> Ticked:
        source = self.world.servers[SOURCE]
        source.clear_requests()
        ticked = self.world.tick(PAIR)
        if ticked.words.startswith("Looked") and not self.is_busy() and not self.outages.now:
            looked = int(ticked.words.split()[2])
            self.quiet.append((len(source.requests()), looked))
            self._tell(f"tick {self.ticks}: all is said to be moved")
            different = count_differences(self.journey, MONTHS)
            assert different == {VALUES: self.edits.unfit, OBJECTS: 0}, different
        if ticked.words.startswith("Switched off"):
            self._off_since = self._off_since or self.world.clock.now
        self._tell(f"tick {self.ticks}: {ticked.words or 'runs are started'}")
        return ticked

    def _ask_retries(self) -> list[dg.RunRequest]:
        definitions = self.world.build()[1]
        with dg.build_sensor_context(
            instance=self.world.instance,
            cursor=self.world.cursors.get("retries"),
            resources=dict(definitions.resources or {}),
            definitions=definitions,
            last_sensor_start_time=self.began,
        ) as context:
            data = self.retries.evaluate_tick(context)
        self.world.cursors["retries"] = data.cursor
        return list(data.run_requests or ())

    def _go_on_after_switch_off(self) -> None:
        if self._off_since and self.world.clock.now > self._off_since + _READING:
            config = {"resume": {"config": {"pair": PAIR}}}
            assert self.world.run_job("resume_pair", "", "", ops=config).success
            self._off_since = None
            self._tell("a person lets the pair go on")

    # Runs

    def _launch(self, request: dg.RunRequest) -> Run | None:
        """As the daemon does it: under one key there is one run."""
        assert request.run_key
        if request.run_key in self._keys:
            return None
        trouble = self._draw(request)
        if trouble.is_lost:
            self._tell(f"lost: {request.run_key}")
            return None
        self._keys.add(request.run_key)
        return self.execute(request, trouble)

    def execute(self, request: dg.RunRequest, trouble: Trouble = CALM) -> Run:
        """Run what is requested, in trouble; see afterwards that nothing was sent in vain."""
        different, edited = count_differences(self.journey, MONTHS), len(self.edits.told)
        self.world.clear_requests()
        for name, fault in trouble.faults:
            self.world.servers[name].add_fault(fault)
        if trouble.edits:
            self._meanwhile.append(partial(self.edit, trouble.edits))
        if trouble.cancelled_at:
            self._meanwhile.append(partial(mark_as_cancelled, self.world.instance))
        if trouble.killed_at:
            run = execute_and_kill(self.world, request, trouble.killed_at)
        else:
            with interrupt_at(trouble.cancelled_at):
                run = self.world.execute(request)
        self._meanwhile.clear()
        for name in {name for name, _ in trouble.faults}:
            self.world.servers[name].clear_faults()
        self.outages.keep_up()
        word = derive_status(run.record.status, run.tags)
        assets = ", ".join(key.to_user_string() for key in request.asset_selection or ())
        self._tell(f"run {run.run_id[:8]} of {assets} ({trouble.name}): {word} {run.failure[:200]}")
        edited = len(self.edits.told) - edited
        self.sent += assert_nothing_was_sent_twice(self.journey, MONTHS, different, edited)
        return run

    def _draw(self, request: dg.RunRequest) -> Trouble:
        """Whoever is interrupted has data to push: definitions have no journal."""
        if not self._troubles or self.outages.now or self.dice.random() > _TROUBLED:
            return CALM
        trouble = self._troubles[-1]
        assets = {key.path[0] for key in request.asset_selection or ()}
        if (trouble.killed_at or trouble.cancelled_at) and "data" not in assets:
            return CALM
        self.met.append(trouble.name)
        return self._troubles.pop()

    def meanwhile(self) -> None:
        """A run has planned and is about to push."""
        while self._meanwhile:
            self.world.clock.now += timedelta(seconds=2)
            self._meanwhile.pop()()

    def _tell(self, words: str) -> None:
        self.told.append(f"{self.world.clock.now:%H:%M:%S} {words}")


@contextmanager
def start_soak(
    templates: Templates,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    versions: tuple[str, str],
) -> Iterator[Soak]:
    """A filled source, a destination that has its definitions alone, and a pair between."""
    with start_automation(
        templates,
        folder,
        monkeypatch,
        dict(zip((SOURCE, DESTINATION), versions, strict=True)),
        full=SOURCE,
        content=CONTENT,
    ) as world:
        go_by(world.clock, monkeypatch)
        world.settings["first_month"] = MONTHS[0]
        assert world.add_pair(SOURCE, DESTINATION, **_SETTINGS) == PAIR
        journey = Journey(
            folder, world.servers[SOURCE], world.servers[DESTINATION], world.instance, monkeypatch
        )
        dice = Random(seed)
        edits = SourceEdits(world.servers[SOURCE], MONTHS, dice)
        edits.hold_back()
        settings = world.build()[0]
        clock = world.clock.timestamp
        retries = build_retries(settings, build_jobs(), build_partitions(settings), clock)
        outages = Outages(world.servers)
        soak = Soak(world, journey, dice, edits, retries, clock(), outages)
        call_before_push(soak.meanwhile, monkeypatch)
        yield soak
