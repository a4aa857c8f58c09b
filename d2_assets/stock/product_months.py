"""The monthly numbers of a product: its cards (lots) in a program at a facility, added up.

The same orderable in two programs is two series. A day counts as out of stock when the stock of
all cards together is 0 at its end, from the product's first movement on: no card yet is no
stock-out, and neither is a day that hits 0 and is filled up again.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from d2_assets.stock.card_months import CardMonth, Flows, Month, sum_flows

#: Facility, program and orderable.
Product = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class ProductMonth:
    """One product at one facility in one program and month; quantities in dispensing units.

    ``has_started``: whether there ever was a movement up to the month's end. ``is_withdrawn``: all
    its cards are inactive and hold nothing.
    """

    facility: str
    program: str
    orderable: str
    month: str
    opening_balance: int
    closing_balance: int
    flows: Flows
    stockout_days: int
    movements: int
    has_started: bool
    is_withdrawn: bool

    @property
    def product(self) -> Product:
        return self.facility, self.program, self.orderable

    @property
    def imbalance(self) -> int:
        """What the accounting identity is off by; 0 when the month adds up."""
        return self.closing_balance - (self.opening_balance + self.flows.change)


def derive_product_months(
    cards: Iterable[CardMonth], month: Month, today: date
) -> list[ProductMonth]:
    """One row for each product that has a card, in the order of their ids.

    ``today``: where the running month ends as far as stock-outs are concerned.
    """
    by_product: defaultdict[Product, list[CardMonth]] = defaultdict(list)
    for card in cards:
        by_product[card.facility, card.program, card.orderable].append(card)
    return [
        _add_up(product, of_product, month, today)
        for product, of_product in sorted(by_product.items())
    ]


def _add_up(
    product: Product, cards: Sequence[CardMonth], month: Month, today: date
) -> ProductMonth:
    closing = sum(card.closing for card in cards)
    return ProductMonth(
        *product,
        month=month.id,
        opening_balance=sum(card.opening for card in cards),
        closing_balance=closing,
        flows=sum_flows(card.flows for card in cards),
        stockout_days=count_stockout_days(cards, month, today),
        movements=sum(card.movements for card in cards),
        has_started=any(card.started for card in cards),
        is_withdrawn=closing == 0 and not any(card.active for card in cards),
    )


def count_stockout_days(cards: Sequence[CardMonth], month: Month, today: date) -> int:
    """Days of the month, up to today, at whose end all cards together hold nothing."""
    starts = [card.started for card in cards if card.started is not None]
    if not starts:
        return 0
    changes: defaultdict[date, int] = defaultdict(int)
    for card in cards:
        stock = card.opening
        for day, after in card.ends_of_day:
            changes[day] += after - stock
            stock = after
    stock = sum(card.opening for card in cards)
    day, last = min(starts), min(month.end, today)
    stock += sum(change for changed, change in changes.items() if changed < day)
    empty = 0
    while day <= last:
        stock += changes[day]
        empty += stock == 0
        day += timedelta(days=1)
    return empty
