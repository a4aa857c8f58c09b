"""The assets ``data/events`` and ``data/tracker``: one room, one API, two meanings of a month."""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from threading import Event
from typing import Any

import dagster as dg

from d2_assets.defs.assets.metadata import make_deps
from d2_assets.defs.progress import observe_progress
from d2_assets.defs.resources import DHIS2Resource, HomeResource, SettingsResource
from d2_assets.defs.runs import PartitionReport, materialise_partitions
from d2_assets.defs.tracker_checks import answer_tracker_checks, specify_tracker_checks
from d2_assets.defs.tracker_tables import show_tracker_month
from d2_assets.metadata.families import EVENTS_NEED, TRACKER_NEED
from d2_assets.settings import Pair, Settings
from d2_assets.staging.layout import Home
from d2_assets.sync.choices import choose_tracker
from d2_assets.sync.progress import Meter
from d2_assets.sync.tracker import plan_tracker
from d2_assets.sync.tracker_months import move_tracker
from d2_assets.sync.tracker_work import PlannedTracker, TrackerAsset, TrackerWork
from d2_assets.sync.work import make_sleep

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

It follows data/events, since a relationship may have such an event at its other end. {_COMMON}"""


@dataclass(frozen=True, slots=True)
class TrackerAssetSpec:
    """One of the two: its key, what it says of itself, and what it comes after."""

    asset: TrackerAsset
    key: dg.AssetKey
    description: str
    families: tuple[str, ...]
    after: tuple[dg.AssetKey, ...] = ()

    @property
    def deps(self) -> list[dg.AssetDep]:
        """Metadata families and other data, partition by partition."""
        same = dg.IdentityPartitionMapping()
        return [
            *make_deps(self.families),
            *(dg.AssetDep(key, partition_mapping=same) for key in self.after),
        ]


TRACKER_ASSETS: Mapping[str, TrackerAssetSpec] = {
    "events": TrackerAssetSpec("events", EVENTS, _EVENTS_DESCRIPTION, EVENTS_NEED),
    "tracker": TrackerAssetSpec("tracker", TRACKER, _TRACKER_DESCRIPTION, TRACKER_NEED, (EVENTS,)),
}


def build_tracker_assets(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """Both assets over the given partitions."""
    return [_build_asset(spec, partitions) for spec in TRACKER_ASSETS.values()]


def _build_asset(
    spec: TrackerAssetSpec, partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=spec.asset,
        specs=[
            dg.AssetSpec(
                spec.key,
                deps=spec.deps,
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
    )
    def tracker(
        context: dg.AssetExecutionContext,
        settings: SettingsResource,
        dhis2: DHIS2Resource,
        home: HomeResource,
    ) -> Iterator[dg.MaterializeResult | dg.Output]:
        known = settings.load()

        def move(pair: Pair, months: Sequence[str]) -> Generator[PartitionReport, None, None]:
            with open_tracker(
                context, known, home.open(), dhis2, pair, spec.asset, months
            ) as planned:
                yield from _report(planned)

        yield from materialise_partitions(context, spec.key, spec.asset, known, move)

    return tracker


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
) -> Iterator[PlannedTracker]:
    """Read and plan the months of a pair, with this run's log, clock and progress."""
    stop = Event()
    sleep = make_sleep(stop)
    key = TRACKER_ASSETS[asset].key
    work = TrackerWork(
        asset=asset,
        pair=pair.name,
        months=tuple(months),
        choices=choose_tracker(pair, settings, asset),
        first_month=settings.first_month,
        today=date.today(),
        run=context.run.run_id,
        home=home,
        meter=Meter(time.monotonic, observe_progress(context, key, months)),
        clock=time.time,
        sleep=sleep,
        stop=stop,
        is_preview=is_preview,
        log=context.log.info,
        warn=context.log.warning,
    )
    if pair.tracker.atomic_mode == "NONE":
        work.warn("tracker.atomic_mode NONE is not a mode of servers; OBJECT is used for it.")
    with (
        closing(dhis2.get_client(settings, pair.source, sleep)) as source,
        closing(dhis2.get_client(settings, pair.destination, sleep)) as destination,
        plan_tracker(work, source, destination) as planned,
    ):
        yield planned


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
        )
