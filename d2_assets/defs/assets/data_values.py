"""The asset ``data/data_values``: aggregate data values and their completeness registrations."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any

import dagster as dg

from d2_assets.data_values.chosen import Chosen
from d2_assets.defs.assets.metadata import make_deps
from d2_assets.defs.checks import answer_checks, specify_checks
from d2_assets.defs.errands import open_servers, take_errand
from d2_assets.defs.launch import LaunchResource
from d2_assets.defs.order import order_tags
from d2_assets.defs.preflight import PreflightResource
from d2_assets.defs.resources import DHIS2Resource, HomeResource, SettingsResource
from d2_assets.defs.runs import AssetRun, PartitionReport, materialise_partitions, open_run
from d2_assets.defs.sweeping import record_sweep
from d2_assets.defs.tables import show_month
from d2_assets.defs.work_list_table import refresh_work_list
from d2_assets.metadata.families import DATA_VALUES_NEED
from d2_assets.settings import Pair, Settings
from d2_assets.staging.layout import Home
from d2_assets.sync.choices import choose_data_values
from d2_assets.sync.data_values import plan_data_values
from d2_assets.sync.months import move_data_values
from d2_assets.sync.narrowing import WHOLE, Narrowing
from d2_assets.sync.sweep import sweep_data_values
from d2_assets.sync.work import PlannedWork, Work

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
        op_tags=order_tags("data_values"),
    )
    def data_values(
        context: dg.AssetExecutionContext,
        settings: SettingsResource,
        dhis2: DHIS2Resource,
        home: HomeResource,
        launch: LaunchResource,
        preflight: PreflightResource,
    ) -> Iterator[dg.MaterializeResult | dg.Output]:
        run = open_run(context, KEY, "data_values", settings, launch)

        def move(pair: Pair, months: Sequence[str]) -> Generator[PartitionReport, None, None]:
            preflight.check(run, dhis2, pair)
            with open_work(
                context,
                run.settings,
                run.find_home(home.open(), pair),
                dhis2,
                pair,
                months,
                narrowing=run.narrowing,
            ) as planned:
                yield from _report(planned)

        def find_changed(pair: Pair, months: Sequence[str]) -> Sequence[str]:
            return _sweep(run, home.open(), dhis2, pair, months)

        yield from materialise_partitions(run, move, find_changed)

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
    narrowing: Narrowing = WHOLE,
) -> Iterator[PlannedWork]:
    """Read and plan the months of a pair, with this run's log, clock and progress."""
    work = _make_work(
        context,
        settings,
        home,
        pair,
        months,
        is_preview=is_preview,
        chosen=chosen,
        narrowing=narrowing,
    )
    with (
        open_servers(dhis2, settings, pair, work.sleep) as servers,
        plan_data_values(work, *servers) as planned,
    ):
        yield planned


def _sweep(
    run: AssetRun, home: Home, dhis2: DHIS2Resource, pair: Pair, months: Sequence[str]
) -> list[str]:
    """The months that a sweep moves; the destination's client only says where it is."""
    work = _make_work(run.context, run.settings, home, pair, months, narrowing=run.narrowing)
    with open_servers(dhis2, run.settings, pair, work.sleep) as (source, destination):
        return record_sweep(run, pair, sweep_data_values(work, source, destination.url))


def _make_work(
    context: dg.AssetExecutionContext | dg.OpExecutionContext,
    settings: Settings,
    home: Home,
    pair: Pair,
    months: Sequence[str],
    *,
    is_preview: bool = False,
    chosen: Chosen | None = None,
    narrowing: Narrowing = WHOLE,
) -> Work:
    errand = take_errand(context, settings, home, pair, months, KEY, is_preview=is_preview)
    return Work(
        **errand.parts(),
        choices=choose_data_values(pair, settings, narrowing),
        first_month=settings.first_month,
        today=date.today(),
        chosen=chosen,
    )


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
            result.written,
        )
