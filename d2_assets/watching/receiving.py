"""What the runs that ended mean for a pair that follows its source.

A mark moves when the runs that its changes caused ended well, and only then. What another pair
wrote to the source does not show as a change there, since it is our own; it is taken from that
pair's runs.
"""

from collections.abc import Mapping
from dataclasses import replace

from d2_assets.settings import Pair
from d2_assets.watching.history import History, RunSeen, find_outcome
from d2_assets.watching.state import Change, Launch, State

#: Seconds for which the ends of runs are remembered: a record changes a while after the end, too.
_REMEMBERED_SECONDS = 3600.0


def receive(
    state: State, history: History, pair: Pair, upstream: frozenset[str], now: float
) -> State:
    """The state after what the history tells. ``upstream``: the pairs whose runs bring what this
    one moves on. It may be told twice: what was taken note of is passed over."""
    since = (state.read_until or 0.0) - _REMEMBERED_SECONDS
    for run in history.ended:
        if run.state == "unfinished" or run.run_id in state.handled or run.ended_at < since:
            continue
        noted = state
        if pair.name in run.pairs:
            noted = _note_end(noted, run)
        for name in upstream & frozenset(run.pairs):
            noted = _note_upstream(noted, run, name, now)
        if noted is not state:
            state = replace(noted, handled={**noted.handled, run.run_id: run.ended_at})
    # afterwards: a failure in the same tick as the word to go on counts
    return _forget(_receive_own(state, history, now), history.read_until)


def release(state: State) -> State:
    """What runs that stopped, or were never found, should have moved is to be moved again: their
    changes still stand."""
    return replace(state, launches=())


def _receive_own(state: State, history: History, now: float) -> State:
    """Runs that were asked for: those that ended well settle their changes, at once."""
    for launch in state.launches:
        chain = history.chains.get(launch.key, ())
        outcome = find_outcome(chain, now)
        if outcome == "well":
            state = _settle(state, launch)
        elif outcome == "stopped" and not launch.stopped:
            last = chain[-1]
            state = replace(state, stopped_at=now)
            if last.state == "failed" and last.ended_at >= state.well_at:
                failures = {**state.failures, chain[0].run_id: last.ended_at}
                state = replace(state, failures=failures)
            state = _replace_launch(state, launch, replace(launch, stopped=True))
        elif outcome in ("unfinished", "missing") and launch.stopped:  # a later try is under way
            state = _replace_launch(state, launch, replace(launch, stopped=False))
    return state


def _settle(state: State, launch: Launch) -> State:
    changes, watched = dict(state.changes), dict(state.watched)
    for cause in launch.causes:
        change = changes.get(cause)
        if change is None or change.asset not in launch.assets:
            continue
        months = change.months.difference(launch.months)
        if months:
            changes[cause] = replace(change, months=months)
            continue
        del changes[cause]
        if change.mark is not None and cause in watched:
            watched[cause] = replace(watched[cause], mark=change.mark)
    rest = tuple(one for one in state.launches if one is not launch)
    return replace(state, changes=changes, watched=watched, launches=rest)


def _replace_launch(state: State, launch: Launch, by: Launch) -> State:
    return replace(state, launches=tuple(by if one is launch else one for one in state.launches))


def _note_end(state: State, run: RunSeen) -> State:
    """A run of the pair that ended well, whoever launched it, ends a row of failures. The word of a
    person ends the pause after them, too."""
    if run.state != "well" or not (run.resumes or (run.writes and not run.is_partial)):
        return state
    well_at = max(state.well_at, run.ended_at)
    failures = {name: end for name, end in state.failures.items() if end > well_at}
    stopped_at = None if run.resumes and not failures else state.stopped_at
    return replace(state, well_at=well_at, failures=failures, stopped_at=stopped_at)


def _note_upstream(state: State, run: RunSeen, name: str, now: float) -> State:
    """What the run wrote to the source is to be moved on, once a run for it ended well; a run that
    stopped may have written more than it could say."""
    if not run.writes:
        return state
    held = state.held.get(name, {})
    if run.state != "well":
        more = {asset: _join(held.get(asset, ()), run.months) for asset in run.writes}
        return replace(state, held={**state.held, name: {**held, **more}})
    changes, left = dict(state.changes), dict(held)
    for asset in sorted(run.writes):
        waited = frozenset(held.get(asset, ())).intersection(run.months)
        wrote = frozenset(run.months) if run.written != 0 else waited
        if wrote:
            changes[f"run:{run.run_id}/{asset}"] = Change(asset, wrote, now)
        if waited and not run.is_partial:
            left[asset] = tuple(month for month in left[asset] if month not in waited)
    return replace(state, changes=changes, held={**state.held, name: left})


def _join(months: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*months, *more}))


def _forget(state: State, read_until: float) -> State:
    since = read_until - _REMEMBERED_SECONDS
    handled: Mapping[str, float] = {
        name: end for name, end in state.handled.items() if end >= since
    }
    return replace(state, read_until=read_until, handled=handled)
