"""Whatever happens: nothing that changed is forgotten, and the limits hold."""

from dataclasses import dataclass, field
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.watching.deciding import Decision
from d2_assets.watching.history import RunState
from d2_assets_tests.watching.automation_model import (
    RESOURCES,
    REVERSE,
    UPSTREAM,
    Item,
    Model,
    Run,
    make_pair,
)

MONTHS = ("202310", "202311", "202401", "202402", "202404", "202405")
_COOLDOWN, _AN_HOUR, _OFF = 600, 3, 3
_STEPS = 120


@dataclass
class Life:
    """A pair follows its source while changes, failures, retries and other pairs come as they may;
    after every tick it is held to what was promised."""

    random: Random
    model: Model = field(
        default_factory=lambda: Model(
            make_pair(
                check_seconds=120,
                high_frequency=["data_values"],
                max_runs_per_hour=_AN_HOUR,
                cooldown_seconds=_COOLDOWN,
                off_after_failures=_OFF,
            )
        )
    )
    stopped: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    in_a_row: int = 0

    @property
    def unfinished(self) -> list[Run]:
        return [run for run in self.model.runs if run.seen.state == "unfinished"]

    def go_on(self) -> None:
        """One thing happens; often a tick."""
        model, random = self.model, self.random
        happens = random.choices(
            (self.tick, self.change, self.end_run, self.retry_run, self.lose_run, self.run_other),
            (60, 20, 25, 3, 2, 3),
        )[0]
        model.is_down = random.random() < 0.05
        model.most_looks = random.choice((2, 1000))
        happens()
        if random.random() < 0.01:
            self.person_says_go_on()

    def change(self) -> None:
        self.model.change(self.random.choice(RESOURCES), self.random.choice(MONTHS))

    def end_run(self, *states: RunState) -> None:
        for run in self.unfinished[:1]:
            state = self.random.choice(states or ("well", "failed", "failed", "cancelled"))
            self.model.end(run, state)
            if state == "well":
                self.in_a_row = 0
            else:
                self.stopped.append(self.model.now)
                self.in_a_row += state == "failed"

    def retry_run(self) -> None:
        for run in self.unfinished[:1]:
            self.model.end(run, "failed", retry_at=self.model.now + 60)
            self.tick()
            self.model.retry(run)

    def lose_run(self) -> None:
        """Dagster was killed before it launched what was asked for."""
        gone = [run.request for run in self.unfinished if run.seen.trigger != "retry"][:1]
        self.model.runs = [run for run in self.model.runs if run.request not in gone]

    def run_other(self) -> None:
        """What went on before has ended by then."""
        self.model.others = [run for run in self.model.others if run.state != "unfinished"]
        self.model.run_other(
            self.random.choice((UPSTREAM, REVERSE)),
            self.random.choice(("well", "well", "failed", "unfinished")),
            writes=frozenset({"data/events"}),
            months=("202404",),
            written=1,
        )

    def person_says_go_on(self) -> None:
        self.model.run_other("here--there", "well", resumes=True)
        self.in_a_row = 0
        self.stopped.clear()

    def tick(self) -> None:
        model = self.model
        model.wait(self.random.choice((1, 30, 30, 120, 300, 700)))
        unfinished, before = bool(self.unfinished), [run.request.key for run in model.runs]
        decision = model.tick()
        self.starts += [model.now] * len(decision.requests)
        self.check_start(decision, unfinished, before)
        self.check_marks()

    def check_start(self, decision: Decision, unfinished: bool, before: list[str]) -> None:
        assert decision.words
        if not decision.requests:
            return
        now, keys = self.model.now, [request.key for request in decision.requests]
        assert not unfinished, "a run was started while another one went on"
        assert all(now >= moment + _COOLDOWN for moment in self.stopped)
        assert self.in_a_row < _OFF
        assert len({*keys, *before}) == len(keys) + len(set(before))
        assert len([start for start in self.starts if start > now - 3600]) <= _AN_HOUR

    def check_marks(self) -> None:
        for key, watched in self.model.state.watched.items():
            passed = {
                item
                for item in self.model.items
                if item.resource == key and item.number <= int(watched.mark.stamp)
            }
            assert passed <= self.model.moved

    def all_goes_well(self) -> set[Item]:
        """From now on; what has not arrived in the end."""
        self.model.is_down, self.model.most_looks = False, 1000
        self.run_other()
        self.model.others = [run for run in self.model.others if run.state != "unfinished"]
        self.person_says_go_on()
        for _ in range(40):
            while self.unfinished:
                self.end_run("well")
            self.tick()
            self.model.wait(1000)
        assert not self.model.state.changes
        assert not self.model.state.launches
        return set(self.model.items) - self.model.moved

    def find_upstream_run_that_was_not_followed(self) -> list[str]:
        """Runs of the upstream pair that wrote, and that no run of the pair came after."""
        ours = [run.at for run in self.model.runs if self._moves_on(run)]
        return [
            run.run_id
            for run in self.model.others
            if run.pairs == (UPSTREAM,)
            and run.state == "well"
            and not any(at >= run.ended_at for at in ours)
        ]

    def _moves_on(self, run: Run) -> bool:
        moves = "data/events" in run.request.assets and "202404" in run.request.months
        return moves and run.seen.state == "well"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_nothing_is_forgotten_and_the_limits_hold(seed: int) -> None:
    life = Life(Random(seed))
    life.model.tick()
    for _ in range(_STEPS):
        life.go_on()
    assert life.all_goes_well() == set()
    assert life.find_upstream_run_that_was_not_followed() == []


def test_the_lives_above_meet_what_they_are_to_be_proved_against() -> None:
    """Else the property could hold since nothing ever happened."""
    words = {
        "off": "Switched off",
        "cooling": "A run failed or was cancelled",
        "hour": "no more are allowed",
        "retried": "to be tried again",
        "writers": "Waits for runs that write to the source",
        "down": "does not answer",
    }
    met: set[str] = set()
    for seed in range(40):
        life = Life(Random(seed))
        for _ in range(_STEPS):
            life.go_on()
        said = " ".join(life.model.said)
        met |= {name for name, some in words.items() if some in said}
        met |= {run.request.trigger for run in life.model.runs}
    assert met == {*words, "change", "cascade"}
