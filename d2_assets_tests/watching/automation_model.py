"""A source, a Dagster and a clock as small as they can be, for a pair that follows its source."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from d2_assets.errors import TransientError
from d2_assets.settings import ChangeSettings, Pair
from d2_assets.watching.deciding import Decision, Request, Tick, decide
from d2_assets.watching.facts import SourceFacts
from d2_assets.watching.history import History, RunSeen, RunState
from d2_assets.watching.looks import Look
from d2_assets.watching.marks import Mark
from d2_assets.watching.resources import Resource, find_assets
from d2_assets.watching.state import State

START = 1_700_000_000.0
DATA_SET, OTHER = "data_set:dataSet0001", "data_set:dataSet0002"
EVENTS = "events:program0001"
MONTH = "202404"
UPSTREAM = "upstream"
REVERSE = "reverse"
FACTS = SourceFacts(
    version="2.42.4",
    time_zone="UTC",
    clock_error=0.0,
    read_at=START,
    classes=("dataElements", "dataSets"),
    data_sets=("dataSet0001", "dataSet0002"),
    programs=("program0001",),
    types=("entityType1",),
)
RESOURCES = (
    "class:dataElements",
    "class:dataSets",
    "data_set:dataSet0001",
    "data_set:dataSet0002",
    "events:program0001",
    "entities:entityType1",
)


def make_pair(sync_type: str = "complete", **changes: object) -> Pair:
    return Pair.model_validate(
        {
            "name": "here--there",
            "source": "here",
            "destination": "there",
            "sync_type": sync_type,
            "execution_mode": "automatic",
            "changes": ChangeSettings.model_validate(changes),
        }
    )


@dataclass(frozen=True, slots=True)
class Item:
    """Something that changed: ``number`` orders changes as stamps do."""

    resource: str
    month: str
    number: int

    @property
    def asset(self) -> str:
        return find_assets(Resource.parse(self.resource))


@dataclass(slots=True)
class Run:
    """A run that was launched, with what it can have moved: the items that were there."""

    seen: RunSeen
    request: Request
    items: frozenset[Item]
    at: float


@dataclass(slots=True)
class Model:
    """``looks`` counts what the source was asked; ``errors`` are raised for resources by key."""

    pair: Pair
    now: float = START
    state: State = field(default_factory=State)
    items: list[Item] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    others: list[RunSeen] = field(default_factory=list)
    moved: set[Item] = field(default_factory=set)
    looked: list[str] = field(default_factory=list)
    facts: SourceFacts = FACTS
    facts_read: int = 0
    errors: dict[str, Exception] = field(default_factory=dict)
    is_down: bool = False
    most_looks: int = 1000
    during_looks: Callable[[], object] = lambda: None
    said: list[str] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    # The source

    def read_facts(self) -> SourceFacts:
        self._answer()
        self.facts_read += 1
        return replace(self.facts, read_at=self.now)

    def begin(self, facts: SourceFacts) -> Mark:
        self._answer()
        return Mark("0")

    def look(self, resource: Resource, facts: SourceFacts, mark: Mark) -> Look:
        self.looked.append(resource.key)
        self.during_looks()
        self._answer()
        if resource.key in self.errors:
            raise self.errors[resource.key]
        new = [
            item
            for item in self.items
            if item.resource == resource.key and item.number > int(mark.stamp)
        ]
        months = {item.month: 1 for item in new}
        return Look(months, 0, 0, Mark(str(max([int(mark.stamp), *(i.number for i in new)]))))

    def _answer(self) -> None:
        if self.is_down:
            raise TransientError("here does not answer.", remedy="Start it.")

    # The people and the time

    def change(self, resource: str, month: str) -> Item:
        item = Item(resource, month, next(self.numbers))
        self.items.append(item)
        return item

    def wait(self, seconds: float) -> None:
        self.now += seconds

    # Dagster

    def tick(self) -> Decision:
        """One tick; what it requests is launched and not ended yet."""
        self.looked.clear()
        history = self._tell_history()
        kept = State.read(self.state.write())
        assert kept == self.state
        decision = decide(
            kept,
            Tick(
                self.pair,
                frozenset({UPSTREAM}),
                frozenset({UPSTREAM, REVERSE}),
                self.now,
                history,
                self,
                lambda: len(self.looked) < self.most_looks,
                self.list_unfinished,
            ),
        )
        self.state = decision.state
        self.said.append(decision.words)
        for request in decision.requests:
            self._launch(request)
        return decision

    def end(self, run: Run, state: RunState, *, retry_at: float | None = None) -> None:
        """A run of the pair ends; one that ends well has moved what was there at its start."""
        run.seen = replace(run.seen, state=state, ended_at=self.now, retry_at=retry_at)
        if state == "well":
            self.moved |= run.items

    def retry(self, run: Run) -> Run:
        """A new run in the place of one that failed."""
        run.seen = replace(run.seen, retry_at=None)
        again = replace(
            run.seen, run_id=f"run{next(self.numbers)}", state="unfinished", trigger="retry"
        )
        self.runs.append(Run(again, run.request, self._find_items(run.request), self.now))
        return self.runs[-1]

    def run_other(self, name: str, state: RunState, **facts: object) -> RunSeen:
        """A run of another pair, or one that a person launched."""
        seen = RunSeen(f"run{next(self.numbers)}", state, (name,), ended_at=self.now)
        self.others.append(replace(seen, **facts))  # pyright: ignore[reportArgumentType]
        return self.others[-1]

    def list_unfinished(self) -> Sequence[RunSeen]:
        return [run for run in self._list_runs() if run.state == "unfinished"]

    def _launch(self, request: Request) -> None:
        run_id = f"run{next(self.numbers)}"
        seen = RunSeen(
            run_id,
            "unfinished",
            (self.pair.name,),
            request.months,
            frozenset(request.assets),
            root=run_id,
            trigger=request.trigger,
        )
        self.runs.append(Run(seen, request, self._find_items(request), self.now))

    def _find_items(self, request: Request) -> frozenset[Item]:
        return frozenset(
            item
            for item in self.items
            if item.asset in request.assets and item.month in request.months
        )

    def _list_runs(self) -> list[RunSeen]:
        return [*(run.seen for run in self.runs), *self.others]

    def _tell_history(self) -> History:
        first = self.state.read_until is None
        ended = [run for run in self._list_runs() if run.state != "unfinished"]
        chains: dict[str, list[RunSeen]] = {}
        for run in self.runs:
            chains.setdefault(run.request.key, []).append(run.seen)
        return History(
            self.now,
            [] if first else ended,
            self.list_unfinished(),
            {launch.key: chains.get(launch.key, ()) for launch in self.state.launches},
        )


def start_run(model: Model) -> None:
    """A change is seen and its run is launched."""
    model.change(DATA_SET, MONTH)
    model.wait(300)
    assert not model.tick().requests
    model.wait(30)
    assert len(model.tick().requests) == 1
