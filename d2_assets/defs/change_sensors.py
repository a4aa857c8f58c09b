"""The sensors ``changes__<pair>``: each pair that runs automatically follows what its source does.

What a tick decides is pure (``watching.deciding``); here it gets the runs of Dagster, the line to
the source and a clock, and its answer becomes run requests, a cursor and words.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import dagster as dg

from d2_assets.defs.assets.data_values import KEY
from d2_assets.defs.automation_names import name_automation
from d2_assets.defs.change_history import RESUME_JOB, RunHistory
from d2_assets.defs.failures import make_failure
from d2_assets.defs.jobs import JOB_OF
from d2_assets.defs.notifier import NotifierResource
from d2_assets.defs.requests import request_months
from d2_assets.defs.resources import HomeResource, SettingsResource
from d2_assets.defs.tags import PAIR_TAG, TRIGGER_TAG
from d2_assets.defs.work_list_table import WORK_LIST
from d2_assets.errors import D2AssetsError
from d2_assets.settings import Pair, Settings
from d2_assets.settings.ticks import read_tick_seconds
from d2_assets.staging.layout import Home
from d2_assets.watching.deciding import Decision, Request, Tick, decide
from d2_assets.watching.pair_source import open_source
from d2_assets.watching.state import State

#: Seconds after which a tick begins no further look.
BUDGET = 40.0
#: Seconds between two ticks at most; what is not due is not looked at.
_LONGEST_INTERVAL = 30
_SHORTEST_INTERVAL = 5
#: Seconds of a tick that are left for what follows the looks.
_RESERVE = 8.0


@dataclass(frozen=True, slots=True)
class TickTime:
    """``clock``: seconds since the epoch; ``stopwatch`` measures the tick, which begins no further
    look after ``budget`` seconds and has to end within ``limit``."""

    clock: Callable[[], float] = time.time
    stopwatch: Callable[[], float] = time.monotonic
    budget: float = BUDGET
    limit: float = 60.0


def build_change_sensors(
    settings: Settings, tick_time: TickTime | None = None
) -> list[dg.SensorDefinition]:
    """A sensor for each active pair that runs automatically. Stock is not among them: OpenLMIS has
    no time of change that covers it."""
    lasting = tick_time or TickTime(limit=read_tick_seconds())
    return [
        _build_sensor(settings, pair, lasting)
        for pair in settings.active_pairs
        if pair.execution_mode == "automatic" and not pair.moves("stock")
    ]


def find_interval(pair: Pair) -> int:
    """Seconds between two ticks: the shortest time that the pair's settings speak of."""
    changes = pair.changes
    times = [_LONGEST_INTERVAL, changes.check_seconds]
    if changes.high_frequency:
        times.append(changes.high_frequency_seconds)
    if changes.start == "delayed":
        times.append(max(changes.delay_seconds, _SHORTEST_INTERVAL))
    return min(times)


def describe_sensor(pair: Pair) -> str:
    """What is watched, how often, and what starts when, in sentences."""
    changes = pair.changes
    kinds = [
        words
        for words, watched in (
            ("metadata", changes.metadata and pair.moves("metadata")),
            ("data values", changes.data and pair.moves("data_values")),
            ("events", changes.data and pair.moves("events")),
            ("tracked entities", changes.data and pair.moves("tracker")),
        )
        if watched
    ]
    start = (
        f"{changes.delay_seconds} seconds after the first change, with all that came meanwhile"
        if changes.start == "delayed"
        else "as soon as a change is seen"
    )
    sentences = [
        f"Follows what changes at {pair.source} and moves it to {pair.destination}: "
        f"{', '.join(kinds) or 'nothing'}.",
        f"Each class, data set and program is looked at every {changes.check_seconds} seconds.",
        f"Every {changes.high_frequency_seconds} seconds: {', '.join(changes.high_frequency)}."
        if changes.high_frequency
        else "",
        f"Only: {', '.join(changes.include)}." if changes.include else "",
        f"Not: {', '.join(changes.exclude)}." if changes.exclude else "",
        f"A run starts {start}, and moves exactly the assets and months that changed: at most "
        f"{changes.max_runs_per_hour} runs an hour, none for {changes.cooldown_seconds} seconds "
        f"after one that failed, and none after {changes.off_after_failures} failures in a row "
        f"until a run of the pair, or the job {RESUME_JOB}, ends well.",
        "What a run did not move stays to be moved. What runs wrote to the source starts nothing; "
        "what a pair before this one wrote there follows when its run ended well. Changes without "
        "a time (completeness registrations, system settings) are found by the sweep.",
    ]
    return " ".join(filter(None, sentences))


def _build_sensor(settings: Settings, pair: Pair, lasting: TickTime) -> dg.SensorDefinition:
    @dg.sensor(
        name=name_automation("changes", pair.name, settings),
        job_name=JOB_OF[pair.sync_type],
        minimum_interval_seconds=find_interval(pair),
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=describe_sensor(pair),
    )
    def changes(
        context: dg.SensorEvaluationContext,
        settings: SettingsResource,
        home: HomeResource,
        notifier: NotifierResource,
    ) -> dg.SensorResult:
        try:
            known = settings.read()
            now = known.pair(pair.name)
            if now not in known.active_pairs:
                return dg.SensorResult(skip_reason=f"{pair.name} is not active.")
            decision = _decide(context, known, now, home.open(), lasting)
        except D2AssetsError as error:
            raise make_failure(error) from error
        told = notifier.open(context.instance, context.log)
        for notice in decision.notices:
            told.tell(notice)
        requests = [_request(now, request) for request in decision.requests]
        if requests:  # a tick that skips shows its words by itself
            context.log.info(decision.words)
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else decision.words,
            cursor=decision.state.write(),
        )

    return changes


def _decide(
    context: dg.SensorEvaluationContext,
    settings: Settings,
    pair: Pair,
    home: Home,
    lasting: TickTime,
) -> Decision:
    began = lasting.stopwatch()
    state = State.read(context.cursor)
    runs = RunHistory(context.instance, [other.name for other in settings.pairs])
    writers = [other for other in settings.active_pairs if other.destination == pair.source]
    with open_source(
        settings,
        pair,
        home,
        clock=lasting.clock,
        seconds_left=lambda: began + lasting.limit - _RESERVE - lasting.stopwatch(),
    ) as source:
        tick = Tick(
            pair,
            upstream=frozenset(other.name for other in settings.find_upstream(pair)),
            writers=frozenset(other.name for other in writers),
            now=lasting.clock(),
            history=runs.read(state),
            source=source,
            has_time=lambda: lasting.stopwatch() < began + lasting.budget,
            list_unfinished=runs.list_unfinished,
        )
        return decide(state, tick)


def _request(pair: Pair, request: Request) -> dg.RunRequest:
    """The work list goes with data values, as in the pair's job."""
    assets = [dg.AssetKey.from_user_string(name) for name in request.assets]
    if KEY in assets:
        assets.append(WORK_LIST)
    return request_months(
        pair,
        request.months[0],
        request.months[-1],
        assets,
        run_key=request.key,
        tags={TRIGGER_TAG: request.trigger, PAIR_TAG: pair.name},
    )
