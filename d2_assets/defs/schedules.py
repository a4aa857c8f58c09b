"""Schedules: scheduled pairs at their set times, and sweeps of whole months.

All are off until someone switches them on. Each request names the assets that the pair moves, so
that Dagster does not take the others' partitions for missing.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import dagster as dg
from dagster._utils.schedules import is_valid_cron_string

from d2_assets.defs.assets.tracker import TRACKER
from d2_assets.defs.automation_names import name_automation
from d2_assets.defs.jobs import JOB_OF, list_pair_assets
from d2_assets.defs.requests import request_months
from d2_assets.defs.tags import PAIR_TAG, TRIGGER_TAG
from d2_assets.errors import ConfigurationError
from d2_assets.settings import Pair, Settings, Timing
from d2_assets.sync.schedule_months import Span, find_current, list_spans, list_sweep_spans

_SWEEP: dict[str, Any] = {"resources": {"launch": {"config": {"changed_only": True}}}}
_RHYTHMS = {
    "month": "on day {0.day} of each month at {0.hour:02}:{0.minute:02}",
    "week": "each {0.weekday} at {0.hour:02}:{0.minute:02}",
    "day": "each day at {0.hour:02}:{0.minute:02}",
    "minutes": "every {0.minutes} minutes",
    "cron": "at {0.cron} (cron)",
}


def build_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """A schedule for each scheduled pair, and one for each pair that is swept.

    ConfigurationError where a cron line names a time that there is not.
    """
    return [
        *(
            _build_schedule(pair, settings)
            for pair in settings.active_pairs
            if pair.execution_mode == "scheduled"
        ),
        *(_build_sweep(pair, settings) for pair in settings.active_pairs if pair.sweep is not None),
    ]


def _build_schedule(pair: Pair, settings: Settings) -> dg.ScheduleDefinition:
    def request(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        spans = list_spans(pair, context.scheduled_execution_time, settings.first_month)
        yield from _request(pair, "schedule", context.scheduled_execution_time, spans, {})

    return _define(
        "schedule",
        pair,
        settings,
        pair.schedule,
        request,
        f"Runs the pair {pair.name} {_say(pair.schedule)}, for {_say_months(pair)}. A time that "
        "passes while it is off is not made up for.",
    )


def _build_sweep(pair: Pair, settings: Settings) -> dg.ScheduleDefinition:
    sweep = pair.sweep
    assert sweep is not None

    def request(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        spans = list_sweep_spans(sweep, context.scheduled_execution_time, settings.first_month)
        yield from _request(pair, "sweep", context.scheduled_execution_time, spans, _SWEEP)

    return _define(
        "sweep",
        pair,
        settings,
        sweep,
        request,
        f"Compares the last {sweep.months} months of the pair {pair.name} with what was last "
        f"moved, {_say(sweep)}, and moves those that differ: it finds what the times of change at "
        "the source cannot show.",
    )


def _define(
    kind: str, pair: Pair, settings: Settings, timing: Timing, request: Any, words: str
) -> dg.ScheduleDefinition:
    if not is_valid_cron_string(timing.cron_line):
        raise ConfigurationError(
            f"{timing.cron_line!r} in {kind}.cron of the pair {pair.name} is no time that a "
            "calendar has.",
            remedy='Write minute, hour, day, month and weekday, like "0 2 5 * *".',
            file=str(settings.file),
            key=f"pairs[{settings.pairs.index(pair)}].{kind}.cron",
        )
    return dg.ScheduleDefinition(
        name=name_automation(kind, pair.name, settings),
        job_name=JOB_OF[pair.sync_type],
        cron_schedule=timing.cron_line,
        execution_timezone=timing.time_zone,
        execution_fn=request,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=words,
    )


def _request(
    pair: Pair,
    trigger: str,
    due: datetime,
    spans: Sequence[Span],
    run_config: dict[str, Any],
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    if not spans:
        words = f"No month of {pair.name} lies between first_month and the current one."
        yield dg.SkipReason(words)
    for span in spans:
        yield request_months(
            pair,
            span.first,
            span.last,
            (TRACKER,) if span.tracker_alone else list_pair_assets(pair),
            run_key=f"{trigger} {pair.name} {due:%Y-%m-%dT%H:%M%z} {span.first}-{span.last}",
            run_config=run_config,
            tags={TRIGGER_TAG: trigger, PAIR_TAG: pair.name},
        )


def _say(timing: Timing) -> str:
    return f"{_RHYTHMS[timing.every].format(timing)} in {timing.time_zone}"


def _say_months(pair: Pair) -> str:
    """The months that the schedule takes, in words."""
    months = pair.schedule.months
    whole = {0: "", 1: "the month before"}.get(months, f"the last {months} whole months")
    current = {
        "all": "the current month",
        "tracker": "the current month of tracked entities",
        "none": "",
    }[find_current(pair)]
    return " and ".join(words for words in (whole, current) if words)
