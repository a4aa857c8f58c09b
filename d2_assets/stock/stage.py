"""The stock of all facilities in a month, asked for by several at once, staged as it comes.

Memory holds what is under way and no more. A facility that the account may not see is named and
does not stop the others; a server that cannot be reached stops the month: it is staged whole or
not at all.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Event

from d2_assets.both_sides import heed
from d2_assets.errors import ConfigurationError
from d2_assets.openlmis.reference_data import Facility
from d2_assets.staging.tables import open_table, write_table
from d2_assets.stock.card_months import Month
from d2_assets.stock.extract import (
    FacilityMonth,
    Finding,
    Movement,
    StockSource,
    read_facility_month,
)
from d2_assets.stock.product_months import ProductMonth, derive_product_months
from d2_assets.stock.reasons import ReasonRules
from d2_assets.stock.reporting import ReportingSource
from d2_assets.stock.tables import (
    MOVEMENTS_SCHEMA,
    PRODUCT_MONTHS_SCHEMA,
    tabulate_movements,
    tabulate_product_months,
)

#: Facilities and programs that are asked for at once.
AT_ONCE = 4

#: Rows that are written at once: a row group each, which the writer remembers to the end.
_ROWS_A_BATCH = 4_000

_FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class Closed:
    """A facility and program that the account may not see."""

    facility: str
    program: str
    words: str


@dataclass(slots=True)
class StagedStock:
    """What a month came to: rows, cards, what does not add up, and what was closed to us."""

    month: str
    products: int = 0
    cards: int = 0
    movements: int = 0
    balanced: int = 0
    findings: list[Finding] = field(default_factory=list)
    closed: list[Closed] = field(default_factory=list)


def list_places(facilities: Iterable[Facility]) -> list[tuple[str, str]]:
    """Facility and program, for each that may hold stock: inactive facilities keep theirs."""
    return sorted((one.id, program) for one in facilities for program in one.programs)


def stage_month(
    source: StockSource,
    places: Sequence[tuple[str, str]],
    month: Month,
    rules: ReasonRules,
    today: date,
    folder: Path,
    stop: Event,
    report: Callable[[int, int], None] = lambda done, products: None,
) -> StagedStock:
    """Write ``movements-<month>.parquet`` and ``products-<month>.parquet`` into the folder.

    ``report``: facilities and programs done, products so far.
    """
    staged = StagedStock(month.id)
    moved: list[Movement] = []
    held: list[ProductMonth] = []
    with ExitStack() as opened:
        movements = opened.enter_context(
            open_table(folder / f"movements-{month.id}.parquet", MOVEMENTS_SCHEMA)
        )
        products = opened.enter_context(
            open_table(folder / f"products-{month.id}.parquet", PRODUCT_MONTHS_SCHEMA)
        )
        for done, found in enumerate(_read_all(source, places, month, rules, stop), start=1):
            if isinstance(found, Closed):
                staged.closed.append(found)
            else:
                derived = derive_product_months(found.cards, month, today)
                moved += found.movements
                held += derived
                _count(staged, found, derived)
            if max(len(moved), len(held)) >= _ROWS_A_BATCH or done == len(places):
                movements.write(tabulate_movements(moved))
                products.write(tabulate_product_months(held))
                moved.clear()
                held.clear()
            report(done, staged.products)
    return staged


def stage_reported_month(
    source: ReportingSource,
    month: Month,
    folder: Path,
    stop: Event,
    report: Callable[[int, int], None] = lambda done, products: None,
) -> StagedStock:
    """The same tables from a reporting view, which knows no movements."""
    staged = StagedStock(month.id)
    write_table(folder / f"movements-{month.id}.parquet", MOVEMENTS_SCHEMA, ())
    with open_table(folder / f"products-{month.id}.parquet", PRODUCT_MONTHS_SCHEMA) as products:
        for done, derived in enumerate(source.iterate_product_months(month), start=1):
            heed(stop)
            products.write(tabulate_product_months(derived))
            staged.products += len(derived)
            staged.balanced += sum(one.imbalance == 0 for one in derived)
            report(done, staged.products)
    return staged


def _count(staged: StagedStock, found: FacilityMonth, derived: Sequence[ProductMonth]) -> None:
    staged.products += len(derived)
    staged.cards += len(found.cards)
    staged.movements += len(found.movements)
    staged.balanced += sum(one.imbalance == 0 for one in derived)
    staged.findings += found.findings


def _read_all(
    source: StockSource,
    places: Sequence[tuple[str, str]],
    month: Month,
    rules: ReasonRules,
    stop: Event,
) -> Iterator[FacilityMonth | Closed]:
    """In the order of the places, whichever answers first."""

    def read(place: tuple[str, str]) -> FacilityMonth | Closed:
        heed(stop)
        try:
            return read_facility_month(source, *place, month, rules)
        except ConfigurationError as error:
            if error.status != _FORBIDDEN:
                raise
            return Closed(*place, str(error))

    waiting: deque[Future[FacilityMonth | Closed]] = deque()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="stock") as pool:
        try:
            for place in places:
                waiting.append(pool.submit(read, place))
                if len(waiting) > 2 * AT_ONCE:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            stop.set()
            for left in waiting:
                left.cancel()
            raise
