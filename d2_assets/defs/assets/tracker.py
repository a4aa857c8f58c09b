"""The assets ``data/events`` and ``data/tracker``: one room, one API, two meanings of a month."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import dagster as dg

from d2_assets.defs.assets.metadata import make_deps
from d2_assets.defs.assets.tracker_ends import move_waiting_relationships
from d2_assets.defs.errands import open_servers, take_errand
from d2_assets.defs.launch import LaunchResource
from d2_assets.defs.order import order_tags
from d2_assets.defs.preflight import PreflightResource
from d2_assets.defs.resources import DHIS2Resource, HomeResource, SettingsResource
from d2_assets.defs.runs import AssetRun, PartitionReport, materialise_partitions, open_run
from d2_assets.defs.sweeping import record_sweep
from d2_assets.defs.tracker_checks import answer_tracker_checks, specify_tracker_checks
from d2_assets.defs.tracker_tables import show_tracker_month
from d2_assets.metadata.families import EVENTS_NEED, TRACKER_NEED
from d2_assets.settings import Pair, Settings
from d2_assets.staging.layout import Home
from d2_assets.sync.choices import choose_tracker
from d2_assets.sync.narrowing import WHOLE, Narrowing
from d2_assets.sync.sweep import sweep_tracker
from d2_assets.sync.tracker import plan_tracker
from d2_assets.sync.tracker_months import move_tracker
from d2_assets.sync.tracker_work import PlannedTracker, TrackerAsset, TrackerWork

EVENTS = dg.AssetKey(["data", "events"])
TRACKER = dg.AssetKey(["data", "tracker"])

_COMMON = """\
What is right at the destination already is not sent again; every object read ends in one named
outcome; what was sent is read back and compared member by member. In a run that also moves metadata
it follows the families that its objects name, and is not begun when one of them fails.
"""

_EVENTS_DESCRIPTION = f"""\
Events of programs without registration, moved from the source to the destination of a pair, with
the relationships whose two ends are such events. Materialising pushes.

The month holds the events that occurred in it: the month of occurredAt. Events that occurred before
the first month of the settings, in the future or without a date lie in no partition: they are
counted and shown as outside_partitions. A relationship goes with the later of its two ends.

{_COMMON}"""

_TRACKER_DESCRIPTION = f"""\
Tracked entities with their enrollments, events and relationships, moved from the source to the
destination of a pair. Materialising pushes.

The month holds the tracked entities that were last changed in it: the month of updatedAt at the
source. So all months together hold every entity exactly once, whatever its programs and also
without any enrollment, and a change always falls into the current month. Entities older than the
first month of the settings belong to that month, so none lies outside the partitions. When a past
month is run again, entities that moved on to a later month are named as moved_on. A relationship
goes with the later of its two ends.

A relationship may have an event without registration at its other end. Where the run moves events,
too, they come after the tracked entities, and the months in which a relationship waits for such an
event are then moved again in the same run. {_COMMON}"""


@dataclass(frozen=True, slots=True)
class TrackerAssetSpec:
    """One of the two: its key, what it says of itself, and the families it comes after."""

    asset: TrackerAsset
    key: dg.AssetKey
    description: str
    families: tuple[str, ...]


TRACKER_ASSETS: Mapping[str, TrackerAssetSpec] = {
    "events": TrackerAssetSpec("events", EVENTS, _EVENTS_DESCRIPTION, EVENTS_NEED),
    "tracker": TrackerAssetSpec("tracker", TRACKER, _TRACKER_DESCRIPTION, TRACKER_NEED),
}


def build_tracker_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """Both assets over the given partitions."""
    return [_build_asset(spec, partitions) for spec in TRACKER_ASSETS.values()]


def _build_asset(
    spec: TrackerAssetSpec, partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=f"data_{spec.asset}",  # a job has the name of the asset alone
        specs=[
            dg.AssetSpec(
                spec.key,
                deps=make_deps(spec.families),
                description=spec.description,
                group_name="data",
                kinds={"dhis2", "parquet"},
                owners=["team:d2_assets"],
                tags={"d2/domain": spec.asset},
                skippable=True,
            )
        ],
        check_specs=specify_tracker_checks(spec.key, partitions),
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
        op_tags=order_tags(spec.asset),
    )
    def tracker(
        context: dg.AssetExecutionContext,
        settings: SettingsResource,
        dhis2: DHIS2Resource,
        home: HomeResource,
        launch: LaunchResource,
        preflight: PreflightResource,
    ) -> Iterator[dg.MaterializeResult | dg.Output]:
        run = open_run(context, spec.key, spec.asset, settings, launch)

        def move(pair: Pair, months: Sequence[str]) -> Generator[PartitionReport, None, None]:
            preflight.check(run, dhis2, pair)
            ours = run.find_home(home.open(), pair)
            yield from _move(run, ours, dhis2, pair, spec.asset, months)
            if spec.asset == "events":
                again = partial(_move, run, ours, dhis2, pair, "tracker")
                move_waiting_relationships(run, TRACKER, ours, pair, again)

        def find_changed(pair: Pair, months: Sequence[str]) -> Sequence[str]:
            return _sweep(run, home.open(), dhis2, pair, spec.asset, months)

        yield from materialise_partitions(run, move, find_changed)

    return tracker


def _move(
    run: AssetRun,
    home: Home,
    dhis2: DHIS2Resource,
    pair: Pair,
    asset: TrackerAsset,
    months: Sequence[str],
) -> Generator[PartitionReport, None, None]:
    with open_tracker(
        run.context,
        run.settings,
        home,
        dhis2,
        pair,
        asset,
        months,
        narrowing=run.narrowing,
    ) as planned:
        yield from _report(planned)


@contextmanager
def open_tracker(
    context: dg.AssetExecutionContext | dg.OpExecutionContext,
    settings: Settings,
    home: Home,
    dhis2: DHIS2Resource,
    pair: Pair,
    asset: TrackerAsset,
    months: Sequence[str],
    *,
    is_preview: bool = False,
    narrowing: Narrowing = WHOLE,
) -> Iterator[PlannedTracker]:
    """Read and plan the months of a pair, with this run's log, clock and progress."""
    work = _make_work(
        context,
        settings,
        home,
        pair,
        asset,
        months,
        is_preview=is_preview,
        narrowing=narrowing,
    )
    if pair.tracker.atomic_mode == "NONE":
        work.warn("tracker.atomic_mode NONE is not a mode of servers; OBJECT is used for it.")
    with (
        open_servers(dhis2, settings, pair, work.sleep) as servers,
        plan_tracker(work, *servers) as planned,
    ):
        yield planned


def _sweep(
    run: AssetRun,
    home: Home,
    dhis2: DHIS2Resource,
    pair: Pair,
    asset: TrackerAsset,
    months: Sequence[str],
) -> list[str]:
    """The months that a sweep moves; the destination's client only says where it is."""
    work = _make_work(run.context, run.settings, home, pair, asset, months, narrowing=run.narrowing)
    with open_servers(dhis2, run.settings, pair, work.sleep) as (source, destination):
        return record_sweep(run, pair, sweep_tracker(work, source, destination.url))


def _make_work(
    context: dg.AssetExecutionContext | dg.OpExecutionContext,
    settings: Settings,
    home: Home,
    pair: Pair,
    asset: TrackerAsset,
    months: Sequence[str],
    *,
    is_preview: bool = False,
    narrowing: Narrowing = WHOLE,
) -> TrackerWork:
    key = TRACKER_ASSETS[asset].key
    errand = take_errand(context, settings, home, pair, months, key, is_preview=is_preview)
    return TrackerWork(
        **errand.parts(),
        asset=asset,
        choices=choose_tracker(pair, settings, asset, narrowing),
        first_month=settings.first_month,
        today=date.today(),
    )


def _report(planned: PlannedTracker) -> Iterator[PartitionReport]:
    moved = 0
    for result in move_tracker(planned):
        total = planned.source.bytes_moved + planned.destination.bytes_moved
        metadata: dict[str, Any] = show_tracker_month(planned, result, total - moved)
        moved = total
        yield PartitionReport(
            planned.work.pair,
            result.month,
            metadata,
            answer_tracker_checks(result.objects, result.quarantined),
            result.error,
            written=result.written,
        )
