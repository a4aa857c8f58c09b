"""Why nothing may be started now: pure answers from the state, the settings and the runs.

Each is a sentence for the tick, with what ends the pause, since a pair that does nothing and does
not say why is taken for one that has nothing to do.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from d2_assets.notices import Notice
from d2_assets.settings import Pair
from d2_assets.watching.history import History, RunSeen, find_outcome, list_unfinished
from d2_assets.watching.state import Launch, State

#: A run that Dagster was asked for and that is not there after so long is asked for again.
_MISSING_SECONDS = 600.0
_HOUR = 3600.0

#: How a pair that was switched off comes back.
_WAY_BACK = (
    "Mend the cause. Then launch the pair for any month, or the job resume_pair with its name: "
    "when a run ends well, changes are followed again, and none of them is forgotten."
)


def find_hold(
    state: State, history: History, pair: Pair, writers: Iterable[str], now: float
) -> str:
    """Why the source is not asked and nothing is started; empty when it may be. ``writers``: the
    pairs whose runs write to the source."""
    return (
        _wait_for_own(state, history, pair, now)
        or _stay_off(state, pair)
        or _cool_down(state, pair, now)
        or wait_for_writers(history.unfinished, writers)
        or _keep_to_the_hour(state, pair, now)
        or _leave_in_peace(state, pair, now)
    )


def wait_for_writers(unfinished: Sequence[RunSeen], writers: Iterable[str]) -> str:
    """While others write to the source, what they write would look like changes."""
    running = list_unfinished(unfinished, writers)
    if not running:
        return ""
    names = sorted({name for run in running for name in run.pairs})
    return f"Waits for runs that write to the source: {', '.join(names)}."


def count_free(state: State, pair: Pair, now: float) -> int:
    """How many runs may still be started now within the limit of an hour."""
    return max(0, pair.changes.max_runs_per_hour - len(_list_starts(state, now)))


def note_starts(state: State, number: int, now: float) -> tuple[float, ...]:
    """The starts of the last hour, with so many more."""
    return (*_list_starts(state, now), *[now] * number)


def is_off(state: State, pair: Pair) -> bool:
    """Whether as many runs failed in a row as the settings allow."""
    return len(state.failures) >= pair.changes.off_after_failures


def tell_off(state: State, history: History, pair: Pair) -> Notice:
    """The notice that a pair was switched off, with the cause of its last failure."""
    last = max(state.failures, key=lambda run: state.failures[run])
    failed = [run for chain in history.chains.values() for run in chain if run.state == "failed"]
    cause = next((run.cause for run in reversed(failed) if run.root == last and run.cause), "")
    return Notice(
        "switched_off",
        pair.name,
        f"{len(state.failures)} runs failed in a row: changes are no longer followed.",
        cause=cause,
        mend=_WAY_BACK,
        run_id=last,
    )


def tell_time(moment: float) -> str:
    """A moment as people read it."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"


def _wait_for_own(state: State, history: History, pair: Pair, now: float) -> str:
    known = {run.run_id for chain in history.chains.values() for run in chain}
    under_way = [launch for launch in state.launches if _is_under_way(launch, history, now)]
    others = [
        run.run_id
        for run in list_unfinished(history.unfinished, [pair.name])
        if run.is_ours and run.run_id not in known
    ]
    number = len(under_way) + len(others)
    return f"Waits for {number} of its runs to end, or to be tried again." if number else ""


def _is_under_way(launch: Launch, history: History, now: float) -> bool:
    outcome = find_outcome(history.chains.get(launch.key, ()), now)
    is_late = now >= launch.at + _MISSING_SECONDS
    return outcome == "unfinished" or (outcome == "missing" and not is_late)


def _stay_off(state: State, pair: Pair) -> str:
    if not is_off(state, pair):
        return ""
    number = len(state.failures)
    return f"Switched off: {number} runs failed in a row. {_WAY_BACK}"


def _cool_down(state: State, pair: Pair, now: float) -> str:
    until = (state.stopped_at or 0.0) + pair.changes.cooldown_seconds
    if state.stopped_at is None or now >= until:
        return ""
    return (
        f"A run failed or was cancelled: nothing is started before {tell_time(until)} "
        "(changes.cooldown_seconds)."
    )


def _keep_to_the_hour(state: State, pair: Pair, now: float) -> str:
    if count_free(state, pair, now):
        return ""
    starts = _list_starts(state, now)
    return (
        f"{len(starts)} runs were started within an hour, and no more are allowed "
        f"(changes.max_runs_per_hour). The next one may start at {tell_time(starts[0] + _HOUR)}."
    )


def _leave_in_peace(state: State, pair: Pair, now: float) -> str:
    if now >= state.quiet_until:
        return ""
    return (
        f"{pair.source} refused the account. It is asked again at {tell_time(state.quiet_until)}, "
        "since servers lock accounts that are refused too often."
    )


def _list_starts(state: State, now: float) -> tuple[float, ...]:
    return tuple(start for start in state.starts if start > now - _HOUR)
