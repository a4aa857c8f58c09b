"""Push and reconcile stock, month by month, and account for the rows that are no data values."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from d2_assets.errors import D2AssetsError
from d2_assets.ledger.outcomes import Outcome, Tally
from d2_assets.ledger.spreadsheet import write_spreadsheet
from d2_assets.sync.months import MonthResult, move_data_values
from d2_assets.sync.stock_work import PlannedStock, StagedMonth

#: Rows shown on the screen; all of them are in the files.
_SHOWN = 50

_TABLE_COLUMNS = ("facility_name", "product_name", "attribute", "value", "data_element", "org_unit")
_UNPLACED_COLUMNS = ("code", "facility_name", "product_name", "stock_on_hand", "reason")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why rows are no data values: a code, one of its reasons, rows, and the stock they stand
    for."""

    code: str
    outcome: str
    rows: int
    stock_on_hand: int
    reason: str


@dataclass(frozen=True, slots=True)
class StockMonth:
    """What a month of an indicator came to. ``values``: its rows, counted before they were placed;
    ``unplaced``: those that are no data values, ``moved`` the others."""

    month: str
    staged: StagedMonth
    values: int
    moved: MonthResult
    unplaced: Tally
    problems: tuple[Problem, ...]
    unplaced_rows: tuple[Mapping[str, str], ...]
    table_rows: tuple[Mapping[str, str], ...]
    files: Mapping[str, Path]

    @property
    def error(self) -> D2AssetsError | None:
        return self.moved.error

    @property
    def tally(self) -> Tally:
        """All rows of the indicator and their outcomes."""
        outcomes = Counter(self.moved.values.tally.outcomes) + Counter(self.unplaced.outcomes)
        return Tally(self.values, outcomes)

    @property
    def unaccounted(self) -> int:
        """Rows without exactly one outcome."""
        placed = self.moved.values.tally.read + self.unplaced.read
        return abs(self.values - placed) + self.moved.unaccounted + abs(self.unplaced.unaccounted)

    @property
    def waiting(self) -> int:
        """Rows that wait for a person: refused or unfit ones, and those without a target."""
        return self.moved.quarantined + self.unplaced.count(Outcome.QUARANTINED)


def move_stock(planned: PlannedStock) -> Iterator[StockMonth]:
    """Push and reconcile each month of the work; a month with an error is the last one."""
    for result in move_data_values(planned.moved):
        yield _account(planned, result)


def _account(planned: PlannedStock, result: MonthResult) -> StockMonth:
    work, database, month = planned.work, planned.moved.database, result.month
    unplaced = f"SELECT * FROM placed WHERE month = '{month}' AND code <> ''"
    path = _name_unplaced(work.home.quarantine(work.asset, work.pair, month))
    note = database.save(f"{unplaced} ORDER BY code, facility_name, product_name, attribute", path)
    write_spreadsheet(path, path.with_suffix(".csv"))
    counted = database.rows(f"SELECT outcome, count(*) FROM ({unplaced}) GROUP BY 1")
    return StockMonth(
        month=month,
        staged=planned.staged.months[month],
        values=planned.values[month],
        moved=result,
        unplaced=Tally(note.rows, {Outcome(outcome): rows for outcome, rows in counted}),
        problems=_list_problems(planned, unplaced),
        unplaced_rows=_show(planned, _UNPLACED_COLUMNS, unplaced, "code, facility_name"),
        table_rows=_show(
            planned,
            _TABLE_COLUMNS,
            f"SELECT * FROM placed WHERE month = '{month}' AND value IS NOT NULL",
            "facility_name, product_name, attribute",
        ),
        files={
            **result.files,
            "unplaced": path,
            "values": planned.moved.folder / "values.parquet",
            "products": planned.staged.months[month].products_file,
        },
    )


def _name_unplaced(work_list: Path) -> Path:
    return work_list.with_name(f"{work_list.stem}-unplaced.parquet")


def _list_problems(planned: PlannedStock, unplaced: str) -> tuple[Problem, ...]:
    """One line a reason, the one that most stock waits for first. A product's stock counts once,
    whatever the number of its attributes."""
    found = planned.moved.database.rows(
        f"""
        SELECT code, any_value(outcome), sum(rows)::BIGINT,
               coalesce(sum(stock_on_hand), 0)::BIGINT AS stock, min(reason)
        FROM (
            SELECT code, outcome, facility, program, orderable, count(*) AS rows,
                   any_value(stock_on_hand) AS stock_on_hand, min(reason) AS reason
            FROM ({unplaced}) GROUP BY ALL
        ) GROUP BY code ORDER BY stock DESC, code
        """
    )
    return tuple(
        Problem(code, outcome, rows, stock, reason) for code, outcome, rows, stock, reason in found
    )


def _show(
    planned: PlannedStock, columns: tuple[str, ...], rows: str, order: str
) -> tuple[Mapping[str, str], ...]:
    found = planned.moved.database.rows(
        f"SELECT {', '.join(columns)} FROM ({rows}) ORDER BY {order} LIMIT {_SHOWN}"
    )
    return tuple(
        {name: "" if cell is None else str(cell) for name, cell in zip(columns, row, strict=True)}
        for row in found
    )
