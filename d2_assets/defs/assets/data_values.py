"""The asset ``data/data_values``: aggregate data values and their completeness registrations."""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from functools import partial
from threading import Event
from typing import Any

import dagster as dg

from d2_assets.data_values.chosen import Chosen
from d2_assets.defs.assets.metadata import make_deps
from d2_assets.defs.checks import answer_checks, specify_checks
from d2_assets.defs.progress import observe_progress
from d2_assets.defs.resources import DHIS2Resource, HomeResource, SettingsResource
from d2_assets.defs.runs import PartitionReport, materialise_partitions
from d2_assets.defs.tables import show_month
from d2_assets.defs.work_list_table import refresh_work_list
from d2_assets.metadata.families import DATA_VALUES_NEED
from d2_assets.settings import Pair, Settings
from d2_assets.staging.layout import Home
from d2_assets.sync.choices import choose_data_values
from d2_assets.sync.data_values import plan_data_values
from d2_assets.sync.months import move_data_values
from d2_assets.sync.progress import Meter
from d2_assets.sync.work import PlannedWork, Work, make_sleep

KEY = dg.AssetKey(["data", "data_values"])

_DESCRIPTION = """\
Aggregate data values of one month, moved from the source to the destination of a pair, with the
completeness registrations of their data sets. Materialising pushes.

The month holds every DHIS2 period that ends in it: its days, the weeks, quarters or years that end
in it. A period longer than a month that still runs belongs to the current month, so that early
entries travel. What is right at the destination already is not sent again; every row read ends in
one named outcome; the destination is read back and compared row by row. In a run that also moves
metadata it follows the families that its rows name, and is not begun when one of them fails.
"""


def build_data_values(partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """The asset over the given partitions."""

    @dg.multi_asset(
        name="data_values",
        specs=[
            dg.AssetSpec(
                KEY,
                deps=make_deps(DATA_VALUES_NEED),
                description=_DESCRIPTION,
                group_name="data",
                kinds={"dhis2", "parquet"},
                owners=["team:d2_assets"],
                tags={"d2/domain": "data_values"},
                skippable=True,
            )
        ],
        check_specs=specify_checks(KEY, partitions),
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
    )
    def data_values(
        context: dg.AssetExecutionContext,
        settings: SettingsResource,
        dhis2: DHIS2Resource,
        home: HomeResource,
    ) -> Iterator[dg.MaterializeResult | dg.Output]:
        known = settings.load()

        def move(pair: Pair, months: Sequence[str]) -> Generator[PartitionReport, None, None]:
            with open_work(context, known, home.open(), dhis2, pair, months) as planned:
                yield from _report(planned)

        yield from materialise_partitions(context, KEY, "data_values", known, move)

    return data_values


@contextmanager
def open_work(
    context: dg.AssetExecutionContext | dg.OpExecutionContext,
    settings: Settings,
    home: Home,
    dhis2: DHIS2Resource,
    pair: Pair,
    months: Sequence[str],
    *,
    is_preview: bool = False,
    chosen: Chosen | None = None,
) -> Iterator[PlannedWork]:
    """Read and plan the months of a pair, with this run's log, clock and progress."""
    stop = Event()
    sleep = make_sleep(stop)
    work = Work(
        pair=pair.name,
        months=tuple(months),
        choices=choose_data_values(pair, settings),
        first_month=settings.first_month,
        today=date.today(),
        run=context.run.run_id,
        home=home,
        meter=Meter(time.monotonic, observe_progress(context, KEY, months)),
        clock=time.time,
        sleep=sleep,
        stop=stop,
        is_preview=is_preview,
        chosen=chosen,
        log=context.log.info,
        warn=context.log.warning,
    )
    with (
        closing(dhis2.get_client(settings, pair.source, sleep)) as source,
        closing(dhis2.get_client(settings, pair.destination, sleep)) as destination,
        plan_data_values(work, source, destination) as planned,
    ):
        yield planned


def _report(planned: PlannedWork) -> Iterator[PartitionReport]:
    moved = 0
    for result in move_data_values(planned):
        total = planned.source.bytes_moved + planned.destination.bytes_moved
        metadata: dict[str, Any] = show_month(planned, result, total - moved)
        moved = total
        work = planned.work
        yield PartitionReport(
            work.pair,
            result.month,
            metadata,
            answer_checks(result),
            result.error,
            partial(refresh_work_list, work.home, work.pair, result.month),
        )
