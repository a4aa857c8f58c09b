"""Stock as far as the plan: stage, place by the mapping files, check, plan, for one pair.

From the staged values on it is the line of data values: check, plan, journal, push and
reconciliation are the same. The destination is read where the mapping goes and nowhere else, and
no other value of it is compared.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from d2_assets.data_values.check import SPREAD, find_unfit
from d2_assets.data_values.completeness import CompletenessPlan
from d2_assets.data_values.extract import STAGED_SCHEMA, Window, plan_reads, stage_values
from d2_assets.data_values.outside import Outside
from d2_assets.data_values.plan import plan_changes
from d2_assets.data_values.scope import Scope
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import ConfigurationError
from d2_assets.ledger.work_list import verify_work_list
from d2_assets.periods import Period, find_period
from d2_assets.staging.database import Database, open_database
from d2_assets.staging.tables import open_table
from d2_assets.stock.attributes import Indicator
from d2_assets.stock.mapping_files import Target, read_facility_file, read_product_file
from d2_assets.stock.to_data_values import Names, StockMapping
from d2_assets.stock.values import (
    VALUES_SCHEMA,
    Rules,
    iterate_batches,
    list_targets,
    place_values,
    write_closed,
    write_values,
)
from d2_assets.sync.leases import hold_leases
from d2_assets.sync.preflight import check_destination, check_write_access
from d2_assets.sync.recall import await_open_chunk, recall
from d2_assets.sync.stock_scope import read_stock_scope
from d2_assets.sync.stock_staging import stage_stock
from d2_assets.sync.stock_work import PREVIEW, PlannedStock, StagedStock, StockReader, StockWork
from d2_assets.sync.work import PlannedWork, Work


@contextmanager
def plan_stock(
    work: StockWork, source: StockReader, destination: DHIS2Client
) -> Iterator[PlannedStock]:
    """Read both sides and plan the work's indicator; nothing is sent. The lease of the destination
    is held until the context ends. ConfigurationError names what of the mapping files is wrong."""
    indicator = _check_indicator(work)
    choices = work.choices
    facilities = read_facility_file(choices.facilities, choices.org_units)
    products = read_product_file(choices.products)
    for warning in check_destination(destination):
        work.warn(warning)
    began = work.clock()
    staged = stage_stock(work, source)
    _check_layouts(facilities.layout, products.layout, staged.names)
    mapping = StockMapping(facilities, products, staged.names)
    targets = list_targets(mapping, indicator)
    line = work.line
    with hold_leases(
        line,
        source.url,
        destination.url,
        is_two_way=False,
        preview=PREVIEW,
        writing_runs=choices.writing_runs,
    ):
        folder = _open_folder(work)
        scope = read_stock_scope(
            destination, targets, set(facilities.targets.values()), choices.page_size
        )
        check_write_access(scope, destination)
        await_open_chunk(line, destination)
        window = _open_window(work)
        with open_database(folder) as database:
            rules = Rules(indicator, choices.leave_out_withdrawn)
            values = _stage_values(database, work, staged, mapping, rules, folder)
            default = _find_default(destination)
            _place(database, destination, targets, default, folder)
            _stage_destination(database, line, destination, scope, window, targets, folder)
            _narrow_destination(database, targets, default)
            find_unfit(database, scope, window, folder / "checked.parquet")
            recall(database, line, source, destination, scope, folder)
            plan = plan_changes(database, line.choices, scope, folder)
            planned = PlannedWork(
                work=line,
                source=source,
                destination=destination,
                scope=scope,
                window=window,
                database=database,
                folder=folder,
                plan=plan,
                completeness={month: CompletenessPlan() for month in line.months},
                outside=Outside("", 0, 0, began),
                seconds_reading=work.clock() - began,
            )
            yield PlannedStock(work, indicator, staged, values, planned)


def _check_indicator(work: StockWork) -> Indicator:
    if work.indicator is None:
        raise ValueError("Movements are staged; they have no plan.")
    return work.indicator


def _check_layouts(facilities: str, products: str, names: Names) -> None:
    """A reporting view has ids alone: what a mapping file calls by code is not found there."""
    if "code" in (facilities, products) and not names.facilities:
        raise ConfigurationError(
            "The mapping files name facilities or products by code, and the source has only ids.",
            remedy="Write them by id (openlmisId, productId), or take the API as source.",
            key="stock.facilities" if facilities == "code" else "stock.products",
        )


def _open_folder(work: StockWork) -> Path:
    """The indicator's folder. The work lists that are built on are whole."""
    if not work.is_preview:
        for month in work.targets:
            verify_work_list(work.home.quarantine(work.asset, work.pair, month))
    asset = f"{PREVIEW}_{work.indicator}" if work.is_preview else work.asset
    return work.home.staging(asset, work.pair, work.targets)


def _open_window(work: StockWork) -> Window:
    """The months themselves: stock has no other periods."""
    found = [find_period(month) for month in work.targets]
    periods: dict[str, Period] = {period.id: period for period in found if period}
    return Window(work.targets, periods, {uid: uid for uid in periods})


def _stage_values(
    database: Database,
    work: StockWork,
    staged: StagedStock,
    mapping: StockMapping,
    rules: Rules,
    folder: Path,
) -> dict[str, int]:
    """Stage ``values``; gives its rows by month."""
    for month in staged:
        database.attach(f"products_{month.month}", month.products_file)
    path, counts = folder / "values.parquet", dict.fromkeys(work.targets, 0)
    with open_table(path, VALUES_SCHEMA) as writer:
        for month in work.targets:
            before = writer.rows
            for now, consumption in iterate_batches(database, month, work.earlier[month]):
                write_values(writer, rules, mapping, now, consumption)
            write_closed(writer, mapping, month, staged.months[month].closed)
            counts[month] = writer.rows - before
    database.attach('"values"', path)
    return counts


def _find_default(destination: DHIS2Client) -> str:
    """The attribute option combo of stock: its forms are not broken down."""
    default = destination.find_default_option_combo()
    if default is None:
        raise ConfigurationError(
            f"{destination.name} has no category option combo of the name default.",
            remedy="Let its account read category option combos.",
        )
    return default


def _place(
    database: Database,
    destination: DHIS2Client,
    targets: Sequence[Target],
    default: str,
    folder: Path,
) -> None:
    """Stage ``placed``, and of it ``source``: the rows that are data values."""
    elements = sorted({target.data_element for target in targets})
    place_values(
        database, destination.list_elements_without_zeros(elements), folder / "placed.parquet"
    )
    columns = {
        "period": "month",
        "attribute_option_combo": f"'{default}'",
        **dict.fromkeys(("comment", "stored_by", "created", "last_updated"), "NULL"),
        **dict.fromkeys(("followup", "deleted"), "false"),
    }
    types = {"row": "BIGINT", "followup": "BOOLEAN", "deleted": "BOOLEAN"}
    selected = ", ".join(
        f"({columns.get(name, name)})::{types.get(name, 'VARCHAR')} AS {name}"
        for name in STAGED_SCHEMA.names
    )
    path = folder / "source.parquet"
    database.save(f"SELECT {selected} FROM placed WHERE code = ''", path)
    database.attach("source", path, spread_by=SPREAD)


def _stage_destination(
    database: Database,
    line: Work,
    destination: DHIS2Client,
    scope: Scope,
    window: Window,
    targets: Sequence[Target],
    folder: Path,
) -> None:
    """Stage what the mapped data sets hold now at the mapped org units."""
    queries = plan_reads(scope.shared_data_sets, scope.destination_cuts, window)
    path = folder / "destination.parquet"
    line.meter.begin("reading the destination", len(queries))
    stage_values(
        destination, queries, window, path, lambda done, rows: line.meter.add(done, success=rows)
    )
    database.attach("whole_destination", path, spread_by=SPREAD)


def _narrow_destination(database: Database, targets: Sequence[Target], default: str) -> None:
    """Make the view ``destination``: what stands there under the keys that are mapped."""
    names = ("data_element", "category_option_combo", "data_set")
    columns = {
        name: pa.array([getattr(target, name) for target in targets], pa.string()) for name in names
    }
    database.load("mapped", pa.table(columns))
    database.execute(
        "CREATE OR REPLACE VIEW destination AS SELECT d.* FROM whole_destination AS d "
        f"SEMI JOIN mapped USING ({', '.join(names)}) WHERE d.attribute_option_combo = '{default}'"
    )
