"""A round of looks at the source: what is due is looked at, longest overdue first, in limited time.

What time does not allow stays due and comes first in the next round. A source that does not answer
ends the round; nothing that was known is lost.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from d2_assets.errors import ConfigurationError, D2AssetsError, TransientError
from d2_assets.settings import Pair
from d2_assets.watching.facts import SourceFacts
from d2_assets.watching.looks import Look
from d2_assets.watching.marks import Mark, follow_clock
from d2_assets.watching.resources import Resource, find_assets, is_frequent, list_resources
from d2_assets.watching.state import Change, State, Watched

#: Seconds for which the facts of a source are taken as they were read.
_FACTS_SECONDS = 3600.0
#: Classes whose changes may change what there is to watch.
_SHAPING = frozenset({"class:dataSets", "class:programs", "class:trackedEntityTypes"})
_UNAUTHORIZED = 401


class Source(Protocol):
    """The source of a pair, asked over the line. All raise ``D2AssetsError``."""

    def read_facts(self) -> SourceFacts: ...

    def begin(self, facts: SourceFacts) -> Mark:
        """Where looks at a resource begin that was not looked at before."""
        ...

    def look(self, resource: Resource, facts: SourceFacts, mark: Mark) -> Look: ...


@dataclass(frozen=True, slots=True)
class Round:
    """``state`` after a round; how many resources were ``looked`` at of ``resources``; items that
    are our own writes and items of no partition; ``troubles`` in words. ``is_over``: there was no
    answer, so nothing more is asked; ``is_down``: no answer at all, or the account was refused."""

    state: State
    resources: tuple[Resource, ...] = ()
    looked: int = 0
    own: int = 0
    outside: int = 0
    troubles: tuple[str, ...] = ()
    is_over: bool = False
    is_down: bool = False

    @property
    def assets(self) -> frozenset[str]:
        """The assets that move what is watched."""
        return frozenset(find_assets(resource) for resource in self.resources)


def look_around(
    state: State,
    source: Source,
    pair: Pair,
    now: float,
    *,
    has_time: Callable[[], bool],
    looks_at_all: Callable[[State], bool],
) -> Round:
    """One round. ``has_time``: whether another look may be begun; ``looks_at_all``: whether what is
    not due yet is looked at, too."""
    try:
        state, facts = _renew(state, source, pair, now)
        resources = list_resources(pair, facts)
        state = _watch(state, source, facts, resources)
    except D2AssetsError as error:
        return Round(_calm(state, pair, error, now), troubles=(str(error),), is_down=True)
    done = Round(state, resources)
    every = looks_at_all(state)
    for resource in _list_due(state, resources, now, every=every):
        if done.is_over or not has_time():
            break
        done = _look_at(done, resource, facts, source, pair, now)
    return done


def _renew(state: State, source: Source, pair: Pair, now: float) -> tuple[State, SourceFacts]:
    """The facts, read anew where they are old or the settings ask for others; marks follow a clock
    that was set back."""
    before, scope = state.facts, _describe_scope(pair)
    if before is not None and now < state.facts_due and state.facts_of == scope:
        return state, before
    facts = source.read_facts()
    state = replace(state, facts=facts, facts_of=scope, facts_due=now + _FACTS_SECONDS)
    if before is None:
        return state, facts

    def follow(mark: Mark) -> Mark:
        return follow_clock([mark], before, facts)[0]

    watched = {key: replace(one, mark=follow(one.mark)) for key, one in state.watched.items()}
    changes = {
        cause: replace(one, mark=follow(one.mark)) if one.mark else one
        for cause, one in state.changes.items()
    }
    return replace(state, watched=watched, changes=changes), facts


def _describe_scope(pair: Pair) -> str:
    """What decides which facts are read."""
    scope = f"{pair.source} {pair.sync_type} {pair.filters.model_dump_json()}"
    return hashlib.sha256(scope.encode()).hexdigest()[:16]


def _watch(
    state: State, source: Source, facts: SourceFacts, resources: Sequence[Resource]
) -> State:
    """What is new begins to be watched, what is gone no longer is; its changes stay."""
    keys = [resource.key for resource in resources]
    is_new = any(key not in state.watched for key in keys)
    first = Watched(source.begin(facts)) if is_new else None
    watched: dict[str, Watched] = {}
    for key in keys:
        one = state.watched.get(key, first)
        if one is not None:
            watched[key] = one
    return replace(state, watched=watched)


def _list_due(
    state: State, resources: Iterable[Resource], now: float, *, every: bool
) -> list[Resource]:
    due = [one for one in resources if every or state.watched[one.key].due_at <= now]
    return sorted(due, key=lambda one: state.watched[one.key].due_at)


def _look_at(
    done: Round, resource: Resource, facts: SourceFacts, source: Source, pair: Pair, now: float
) -> Round:
    """A look that fails is due again later: one that always fails keeps no other waiting."""
    state, key = done.state, resource.key
    wait = pair.changes.check_seconds
    if is_frequent(resource, pair, facts):
        wait = pair.changes.high_frequency_seconds
    watched = replace(state.watched[key], due_at=now + wait)
    state = replace(state, watched={**state.watched, key: watched})
    change = state.changes.get(key)
    try:
        look = source.look(resource, facts, (change and change.mark) or watched.mark)
    except D2AssetsError as error:
        return replace(
            done,
            state=_calm(state, pair, error, now),
            troubles=(*done.troubles, f"{key}: {error}"),
            is_over=isinstance(error, TransientError) or _is_refused(error),
            # one resource that is too much for a tick must not keep the others from being moved
            is_down=_is_refused(error) or (isinstance(error, TransientError) and not done.looked),
        )
    if key in _SHAPING and (look.months or look.own):
        state = replace(state, facts_due=now)
    return replace(
        done,
        state=_take_in(state, resource, look, now),
        looked=done.looked + 1,
        own=done.own + look.own,
        outside=done.outside + look.outside,
    )


def _take_in(state: State, resource: Resource, look: Look, now: float) -> State:
    """The mark moves at once where nothing is to be moved; else with the run that moves it."""
    key = resource.key
    change = state.changes.get(key)
    if change is None and not look.months:
        moved = replace(state.watched[key], mark=look.mark)
        return replace(state, watched={**state.watched, key: moved})
    before = change or Change(find_assets(resource), frozenset(), now)
    months = before.months.union(look.months)
    return replace(
        state, changes={**state.changes, key: replace(before, months=months, mark=look.mark)}
    )


def _calm(state: State, pair: Pair, error: D2AssetsError, now: float) -> State:
    """A refused account rests, and what else is refused may be explained by facts that are old."""
    if _is_refused(error):
        return replace(state, quiet_until=now + pair.changes.check_seconds)
    return state if isinstance(error, TransientError) else replace(state, facts_due=now)


def _is_refused(error: D2AssetsError) -> bool:
    return isinstance(error, ConfigurationError) and error.status == _UNAUTHORIZED
