"""What one run does with stock of one pair: an indicator, its months, what was read and placed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from d2_assets.data_values.choices import Choices
from d2_assets.openlmis.client import OpenLMISClient
from d2_assets.stock.attributes import Indicator
from d2_assets.stock.choices import StockChoices
from d2_assets.stock.consumption import list_months_needed
from d2_assets.stock.extract import Finding
from d2_assets.stock.reporting import ReportingSource
from d2_assets.stock.stage import Closed
from d2_assets.stock.to_data_values import Names
from d2_assets.sync.errand import Errand
from d2_assets.sync.work import PlannedWork, Work

#: Where stock is read from; the same tables come out of both.
StockReader = OpenLMISClient | ReportingSource

#: The folder of what was staged for all indicators; that of an indicator has its name behind.
STOCK = "stock"
PREVIEW = "stock_preview"

#: The indicators that rest on several months.
OF_MONTHS: frozenset[Indicator] = frozenset({"average_monthly_consumption", "months_of_stock"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StockWork(Errand):
    """Stock of a pair: the months asked for, of one indicator, or (None) the movements alone."""

    indicator: Indicator | None
    choices: StockChoices
    first_month: str
    today: date

    @property
    def asset(self) -> str:
        """The name of the indicator's folders."""
        return f"{STOCK}_{self.indicator}" if self.indicator else STOCK

    @property
    def targets(self) -> tuple[str, ...]:
        """The months to derive: those asked for and the late ones before each, oldest first. No
        partition stands for a month before the first one of the settings."""
        found = {
            month
            for asked in self.months
            for month in list_months_needed(asked, 1 + self.choices.late_months)
        }
        return tuple(sorted(month for month in found if month >= self.first_month))

    @property
    def earlier(self) -> Mapping[str, tuple[str, ...]]:
        """By target, the months before it that its average rests on."""
        if self.indicator not in OF_MONTHS:
            return dict.fromkeys(self.targets, ())
        count = self.choices.months_for_average
        return {month: list_months_needed(month, count)[:-1] for month in self.targets}

    @property
    def line(self) -> Work:
        """The same as work of the line of data values."""
        choices = self.choices
        own = {
            "months": self.targets,
            "choices": Choices(
                import_strategy=choices.import_strategy,
                page_size=choices.page_size,
                chunk_size=choices.chunk_size,
                writers=choices.writers,
                writing_runs=choices.writing_runs,
            ),
            "first_month": self.first_month,
            "today": self.today,
            "asset": self.asset,
        }
        return Work(**{**self.parts(), **own})


@dataclass(frozen=True, slots=True)
class StagedMonth:
    """The stock of a month as it was staged: its files, and what was noted beside them.

    ``as_of``: the day on which it was read. ``closed``: facilities that the account may not see.
    """

    month: str
    folder: Path
    run: str
    of: str
    as_of: date
    products: int
    cards: int
    movements: int
    balanced: int
    findings: tuple[Finding, ...]
    closed: tuple[Closed, ...]

    @property
    def products_file(self) -> Path:
        return self.folder / f"products-{self.month}.parquet"

    @property
    def movements_file(self) -> Path:
        return self.folder / f"movements-{self.month}.parquet"

    @property
    def note_file(self) -> Path:
        return self.folder / "note.json"

    @property
    def is_balanced(self) -> bool:
        return self.balanced == self.products and not self.findings


@dataclass(frozen=True, slots=True)
class StagedStock:
    """The months that a piece of work needs, by id, and what people call things.

    ``sees_withdrawn``: whether the account is shown cards of products that are no longer approved.
    """

    months: Mapping[str, StagedMonth]
    names: Names
    sees_withdrawn: bool

    def __iter__(self) -> Iterator[StagedMonth]:
        return iter(self.months.values())


@dataclass(frozen=True, slots=True)
class PlannedStock:
    """What was read, placed and would be written. ``values``: the rows of the indicator by month,
    counted before they were placed."""

    work: StockWork
    indicator: Indicator
    staged: StagedStock
    values: Mapping[str, int]
    moved: PlannedWork
