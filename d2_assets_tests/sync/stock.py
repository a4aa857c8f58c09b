"""One run of a pair's stock between two stand-in servers, below Dagster."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from itertools import count
from typing import Any

from d2_assets.ledger.outcomes import Outcome
from d2_assets.openlmis.signing_in import Credentials
from d2_assets.staging.layout import Home
from d2_assets.stock.attributes import Indicator
from d2_assets.stock.choices import StockChoices
from d2_assets.sync.progress import INTERVAL, Meter
from d2_assets.sync.stock import plan_stock
from d2_assets.sync.stock_months import StockMonth, move_stock
from d2_assets.sync.stock_work import StockWork
from d2_assets_tests.stock.world import MONTH, TODAY, StockWorld

PAIR = "moh--training"
#: The indicators of one month.
SEVEN: tuple[Indicator, ...] = (
    "opening_balance",
    "received",
    "issued",
    "losses",
    "adjustments",
    "closing_balance",
    "stockout_days",
)


def make_work(
    world: StockWorld,
    indicator: Indicator | None,
    months: Sequence[str] = (MONTH,),
    *,
    run: str = "run-1",
    **choices: Any,
) -> StockWork:
    world.write_mapping()
    return StockWork(
        pair=PAIR,
        months=tuple(months),
        indicator=indicator,
        choices=StockChoices(
            facilities=world.facilities, products=world.products, **{"writers": 2, **choices}
        ),
        first_month="202501",
        today=TODAY,
        run=run,
        home=Home(world.folder / "home"),
        meter=Meter(count(0.0, INTERVAL).__next__, lambda progress: None),
        clock=lambda: 0.0,
    )


def move(
    world: StockWorld, work: StockWork, credentials: Credentials | None = None
) -> list[StockMonth]:
    """Stage, plan and push one indicator."""
    with (
        closing(world.connect_source(credentials)) as source,
        closing(world.connect_destination()) as destination,
        plan_stock(work, source, destination) as planned,
    ):
        return list(move_stock(planned))


def move_all(
    world: StockWorld,
    indicators: Iterable[Indicator] = SEVEN,
    months: Sequence[str] = (MONTH,),
    *,
    run: str = "run-1",
    **choices: Any,
) -> dict[Indicator, list[StockMonth]]:
    """Each indicator of one run, as its assets move them."""
    return {
        indicator: move(world, make_work(world, indicator, months, run=run, **choices))
        for indicator in indicators
    }


def list_outcomes(result: StockMonth) -> Mapping[Outcome, int]:
    """How the rows of a month ended; each has exactly one end."""
    assert result.unaccounted == 0
    assert result.tally.unaccounted == 0
    return result.tally.outcomes
