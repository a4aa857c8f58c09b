"""One tick of a pair that follows its source: what is known now, and which runs are to be started.

The order matters. First the runs that ended are taken note of, then it is seen whether anything may
be started at all; only then is the source asked, so that a pair that has to wait costs it nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from d2_assets.notices import Notice
from d2_assets.settings import Pair
from d2_assets.watching.grouping import Group, group_changes, make_run_key
from d2_assets.watching.guards import (
    count_free,
    find_hold,
    is_off,
    note_starts,
    tell_off,
    tell_time,
    wait_for_writers,
)
from d2_assets.watching.history import History, RunSeen
from d2_assets.watching.receiving import receive, release
from d2_assets.watching.rounds import Round, Source, look_around
from d2_assets.watching.state import Launch, State


@dataclass(frozen=True, slots=True)
class Request:
    """A run to be started: ``months`` without a gap; ``trigger`` is change, or cascade where only
    runs of other pairs caused it."""

    key: str
    assets: tuple[str, ...]
    months: tuple[str, ...]
    trigger: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The new state, the runs to start, what to say where there are none, and whom to tell what."""

    state: State
    requests: tuple[Request, ...] = ()
    words: str = ""
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Tick:
    """What a tick has at hand. ``upstream``: pairs whose writes this one moves on; ``writers``: all
    that write to its source. ``now``: our clock; ``has_time``: whether another look may be begun;
    ``list_unfinished``: the unfinished runs once more, after the looks."""

    pair: Pair
    upstream: frozenset[str]
    writers: frozenset[str]
    now: float
    history: History
    source: Source
    has_time: Callable[[], bool]
    list_unfinished: Callable[[], Sequence[RunSeen]]


def decide(state: State, tick: Tick) -> Decision:
    """What a tick does. Errors of the source are words of the decision, not exceptions."""
    pair, now = tick.pair, tick.now
    state = receive(state, tick.history, pair, tick.upstream, now)
    state, notices = _tell(state, tick)
    hold = find_hold(state, tick.history, pair, tick.writers, now)
    if hold:
        return Decision(state, words=f"{hold}{_tell_changes(state)}", notices=notices)
    state = release(state)
    done = look_around(
        state,
        tick.source,
        pair,
        now,
        has_time=tick.has_time,
        looks_at_all=lambda seen: _find_start(seen, pair) <= now,
    )
    meanwhile = wait_for_writers(tick.list_unfinished(), tick.writers)
    if meanwhile:  # what was seen may be what they write: it is looked at again
        return Decision(state, words=meanwhile, notices=notices)
    state = _drop_foreign(done)
    start = _find_start(state, pair)
    if done.is_down or not state.changes or start > now:
        return Decision(state, words=_tell_round(done, state, start), notices=notices)
    state, requests = _start(state, pair, now)
    return Decision(state, requests, _tell_round(done, state, start), notices)


def _tell(state: State, tick: Tick) -> tuple[State, tuple[Notice, ...]]:
    """That a pair was switched off is told once, until it is on again."""
    off = is_off(state, tick.pair)
    notices = (tell_off(state, tick.history, tick.pair),) if off and not state.is_off_told else ()
    return replace(state, is_off_told=off), notices


def _find_start(state: State, pair: Pair) -> float:
    """When what has changed may be started; never where nothing has."""
    first = min((change.since for change in state.changes.values()), default=float("inf"))
    return first + (pair.changes.delay_seconds if pair.changes.start == "delayed" else 0)


def _drop_foreign(done: Round) -> State:
    """Upstream runs may bring what the pair does not watch, and settings may have changed."""
    if done.is_down:
        return done.state
    kept = {
        cause: change for cause, change in done.state.changes.items() if change.asset in done.assets
    }
    return replace(done.state, changes=kept)


def _start(state: State, pair: Pair, now: float) -> tuple[State, tuple[Request, ...]]:
    """Runs for all changes, as many as the hour allows; the others stay to be done."""
    groups = group_changes(state.changes)[: count_free(state, pair, now)]
    launches, requests = [], []
    for number, group in enumerate(groups, state.attempt + 1):
        key = make_run_key(pair.name, number, group, state.changes)
        launches.append(Launch(key, group.assets, group.months, group.causes, now))
        requests.append(Request(key, group.assets, group.months, _find_trigger(state, group)))
    state = replace(
        state,
        launches=tuple(launches),
        attempt=state.attempt + len(groups),
        starts=note_starts(state, len(groups), now),
    )
    return state, tuple(requests)


def _find_trigger(state: State, group: Group) -> str:
    marks = [state.changes[cause].mark for cause in group.causes]
    return "change" if any(mark is not None for mark in marks) else "cascade"


def _tell_round(done: Round, state: State, start: float) -> str:
    parts = [*done.troubles, f"Looked at {done.looked} of {len(done.resources)} resources."]
    if done.own:
        parts.append(f"{done.own} changes are what was written there by runs: they start nothing.")
    if done.outside:
        parts.append(f"{done.outside} changes lie outside the months that can be moved.")
    if state.changes and not done.is_down:
        parts.append(f"A run is started at {tell_time(start)} or with the next tick after it.")
    return " ".join(parts) + (_tell_changes(state) or " Nothing is to be moved.")


def _tell_changes(state: State) -> str:
    if not state.changes:
        return ""
    assets = sorted({change.asset for change in state.changes.values()})
    months = sorted({month for change in state.changes.values() for month in change.months})
    return f" To be moved: {', '.join(assets)} for {', '.join(months)}."
