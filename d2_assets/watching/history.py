"""What became of runs, as far as a pair that follows its source needs to know."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

RunState = Literal["unfinished", "well", "failed", "cancelled"]
#: What became of a run that was asked for; retries and re-executions of it count as the run.
Outcome = Literal["missing", "unfinished", "well", "stopped"]

#: Seconds after which a new run that was due is no longer waited for.
_LATE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class RunSeen:
    """``root``: the first run of its chain, itself where it is none. ``key``: the run key under
    which a sensor asked for it. ``writes``: assets whose content it brings. ``written``: rows that
    it wrote, None where it does not say. ``ended_at``: by Dagster's clock, in seconds since the
    epoch. ``retry_at``: when a new run is due in its place. ``resumes``: the job by which a person
    says that a pair may go on."""

    run_id: str
    state: RunState
    pairs: tuple[str, ...]
    months: tuple[str, ...] = ()
    writes: frozenset[str] = frozenset()
    written: int | None = None
    root: str = ""
    key: str = ""
    trigger: str = ""
    is_partial: bool = False
    resumes: bool = False
    ended_at: float = 0.0
    retry_at: float | None = None
    cause: str = ""
    mend: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether a sensor of changes asked for it."""
        return self.trigger in ("change", "cascade")


@dataclass(frozen=True, slots=True)
class History:
    """``ended``: runs of all pairs whose record changed since ``State.read_until``, and
    ``read_until`` the new one; ``unfinished``: those of all pairs; ``chains``: for each run key
    that was asked for its runs with all that followed in their place, in the order of creation."""

    read_until: float
    ended: Sequence[RunSeen] = ()
    unfinished: Sequence[RunSeen] = ()
    chains: Mapping[str, Sequence[RunSeen]] = field(default_factory=dict)


def find_outcome(chain: Sequence[RunSeen], now: float) -> Outcome:
    """What became of a run. A run that filters narrowed stands for nothing; one that ended well
    stands for the whole chain, whatever was launched beside it."""
    runs = [run for run in chain if not run.is_partial]
    states = {run.state for run in runs}
    if "well" in states:
        return "well"
    if "unfinished" in states or any(_is_awaited(run, now) for run in runs[-1:]):
        return "unfinished"
    return "stopped" if runs else "missing"


def list_unfinished(runs: Iterable[RunSeen], pairs: Iterable[str]) -> list[RunSeen]:
    """The unfinished runs of these pairs that write."""
    wanted = frozenset(pairs)
    return [
        run
        for run in runs
        if run.state == "unfinished" and run.writes and not wanted.isdisjoint(run.pairs)
    ]


def _is_awaited(run: RunSeen, now: float) -> bool:
    return run.retry_at is not None and now < run.retry_at + _LATE_SECONDS
