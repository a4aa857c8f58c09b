"""The assets ``stock/...``: the movements of a month, and a table and data values an indicator."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date

import dagster as dg

from d2_assets.defs.errands import take_errand
from d2_assets.defs.launch import LaunchResource
from d2_assets.defs.order import order_tags
from d2_assets.defs.preflight import PreflightResource
from d2_assets.defs.resources import (
    DHIS2Resource,
    HomeResource,
    OpenLMISResource,
    SettingsResource,
)
from d2_assets.defs.runs import (
    AssetRun,
    PartitionReport,
    materialise_partitions,
    open_run,
    record_beside,
)
from d2_assets.defs.stock_checks import (
    answer_indicator,
    answer_movements,
    specify_indicator_checks,
    specify_movement_checks,
)
from d2_assets.defs.stock_tables import show_movements, show_stock_month
from d2_assets.defs.stock_types import INDICATOR_TYPES, INDICATORS, describe_columns, find_violation
from d2_assets.settings import Pair, Settings
from d2_assets.staging.layout import Home
from d2_assets.stock.attributes import Indicator
from d2_assets.sync.choices import choose_stock
from d2_assets.sync.stock import plan_stock
from d2_assets.sync.stock_months import move_stock
from d2_assets.sync.stock_staging import stage_stock
from d2_assets.sync.stock_work import PlannedStock, StockReader, StockWork

GROUP = "stock"
MOVEMENTS = dg.AssetKey([GROUP, "stock_movements"])

_LATE = """\
With stock.late_months the months before are derived again in the same run: entries that came late
change them, and only what differs is sent. Each is recorded on a partition of its own.
"""

_MOVEMENTS_DESCRIPTION = f"""\
What moved on the stock cards of all facilities of a pair in one month, and what it comes to for
each product: staged as Parquet, with the fewest calls. Nothing is sent.

The month is the calendar month in which a movement occurred, by the date that people entered.

{_LATE}"""

_SAYS: Mapping[Indicator, str] = {
    "opening_balance": "Stock after the last movement before the month.",
    "received": "What came in, less cancelled receipts.",
    "issued": "What was issued or consumed, as a positive number, less cancelled issues.",
    "losses": "What was lost for reasons that the site lists as losses, as a positive number.",
    "adjustments": "All other changes, with their sign. The losses of a site that has no place for "
    "them are in here, negative, so that the balances add up in DHIS2 too.",
    "closing_balance": "Stock after the last movement of the month.",
    "stockout_days": "Days at whose end no stock was left, from the product's first movement on.",
    "average_monthly_consumption": "What was issued a month on average over the last full months, "
    "this one included: those that have data.",
    "months_of_stock": "Closing balance divided by the average monthly consumption.",
}


@dataclass(frozen=True, slots=True)
class Resources:
    """What a run is given."""

    settings: Settings
    openlmis: OpenLMISResource
    dhis2: DHIS2Resource
    home: Home


def indicator_key(indicator: Indicator) -> dg.AssetKey:
    """The asset of an indicator."""
    return dg.AssetKey([GROUP, indicator])


def build_stock(partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """All assets of stock over the given partitions."""
    return [_build_movements(partitions), *(_build(one, partitions) for one in INDICATORS)]


def _build_movements(partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="stock_movements",
        specs=[_specify(MOVEMENTS, _MOVEMENTS_DESCRIPTION, {"openlmis", "parquet"})],
        check_specs=specify_movement_checks(MOVEMENTS, partitions),
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
        op_tags=order_tags("stock"),
    )
    def stock_movements(
        context: dg.AssetExecutionContext,
        settings: SettingsResource,
        openlmis: OpenLMISResource,
        dhis2: DHIS2Resource,
        home: HomeResource,
        launch: LaunchResource,
        preflight: PreflightResource,
    ) -> Iterator[dg.MaterializeResult | dg.Output]:
        run = open_run(context, MOVEMENTS, "stock", settings, launch)
        given = Resources(run.settings, openlmis, dhis2, home.open())

        def move(pair: Pair, months: Sequence[str]) -> Generator[PartitionReport, None, None]:
            preflight.check(run, dhis2, pair)
            yield from _stage(run, given, pair, months)

        yield from materialise_partitions(run, move)

    return stock_movements


def _build(indicator: Indicator, partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    key = indicator_key(indicator)

    @dg.multi_asset(
        name=indicator,
        specs=[
            _specify(
                key,
                f"{_SAYS[indicator]} A table of facility x orderable x month; materialising pushes "
                "its numbers to the data elements that the mapping files name.\n\n"
                f"{_LATE}\n{INDICATOR_TYPES[indicator].description or ''}",
                {"openlmis", "dhis2"},
                {"dagster/column_schema": describe_columns(indicator)},
            )
        ],
        check_specs=specify_indicator_checks(key, partitions),
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
        op_tags=order_tags("stock"),
    )
    def push_indicator(
        context: dg.AssetExecutionContext,
        settings: SettingsResource,
        openlmis: OpenLMISResource,
        dhis2: DHIS2Resource,
        home: HomeResource,
        launch: LaunchResource,
        preflight: PreflightResource,
    ) -> Iterator[dg.MaterializeResult | dg.Output]:
        run = open_run(context, key, "stock", settings, launch)
        given = Resources(run.settings, openlmis, dhis2, home.open())

        def move(pair: Pair, months: Sequence[str]) -> Generator[PartitionReport, None, None]:
            preflight.check(run, dhis2, pair)
            with open_stock(context, given, pair, indicator, months) as planned:
                yield from _report(run, planned)

        yield from materialise_partitions(run, move)

    return push_indicator


def _specify(
    key: dg.AssetKey,
    description: str,
    kinds: set[str],
    metadata: Mapping[str, object] | None = None,
) -> dg.AssetSpec:
    """Every indicator follows the movements: they are read once for all."""
    same = dg.IdentityPartitionMapping()
    return dg.AssetSpec(
        key,
        deps=[] if key == MOVEMENTS else [dg.AssetDep(MOVEMENTS, partition_mapping=same)],
        description=description,
        group_name=GROUP,
        kinds=kinds,
        owners=["team:d2_assets"],
        tags={"d2/domain": "stock"},
        metadata=dict(metadata or {}),
        skippable=True,
    )


@contextmanager
def open_stock(
    context: dg.AssetExecutionContext | dg.OpExecutionContext,
    given: Resources,
    pair: Pair,
    indicator: Indicator,
    months: Sequence[str],
    *,
    is_preview: bool = False,
) -> Iterator[PlannedStock]:
    """Read and plan the months of a pair's indicator, with this run's log, clock and progress."""
    work = _make_work(context, given, pair, indicator, months, is_preview=is_preview)
    with (
        closing(_connect(given, pair, work)) as source,
        closing(
            given.dhis2.get_client(given.settings, pair.destination, work.sleep)
        ) as destination,
        plan_stock(work, source, destination) as planned,
    ):
        yield planned


def _connect(given: Resources, pair: Pair, work: StockWork) -> StockReader:
    return given.openlmis.get_source(given.settings, pair, work.sleep)


def _make_work(
    context: dg.AssetExecutionContext | dg.OpExecutionContext,
    given: Resources,
    pair: Pair,
    indicator: Indicator | None,
    months: Sequence[str],
    *,
    is_preview: bool = False,
) -> StockWork:
    key = indicator_key(indicator) if indicator else MOVEMENTS
    settings = given.settings
    errand = take_errand(context, settings, given.home, pair, months, key, is_preview=is_preview)
    return StockWork(
        **errand.parts(),
        indicator=indicator,
        choices=choose_stock(pair, settings),
        first_month=settings.first_month,
        today=date.today(),
    )


def _stage(
    run: AssetRun, given: Resources, pair: Pair, months: Sequence[str]
) -> Iterator[PartitionReport]:
    work = _make_work(run.context, given, pair, None, months)
    with closing(_connect(given, pair, work)) as source:
        staged = stage_stock(work, source)
        for month in staged:
            yield from _pass_on(
                run,
                work,
                PartitionReport(
                    pair.name,
                    month.month,
                    show_movements(staged, month, source.url),
                    answer_movements(month, sees_withdrawn=staged.sees_withdrawn),
                ),
            )


def _report(run: AssetRun, planned: PlannedStock) -> Iterator[PartitionReport]:
    work, line = planned.work, planned.moved
    violation = find_violation(planned.indicator, line.folder / "values.parquet")
    before = 0
    for result in move_stock(planned):
        total = line.source.bytes_moved + line.destination.bytes_moved
        report = PartitionReport(
            work.pair,
            result.month,
            show_stock_month(planned, result, total - before),
            answer_indicator(result, violation),
            result.error,
            written=result.moved.written,
        )
        before = total
        yield from _pass_on(run, work, report)


def _pass_on(run: AssetRun, work: StockWork, report: PartitionReport) -> Iterator[PartitionReport]:
    """A month that was asked for, or that failed, is the run's; a late one is recorded beside."""
    if report.month in work.months or report.error is not None:
        yield report
    else:
        record_beside(run, report)
