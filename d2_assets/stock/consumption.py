"""Average monthly consumption and months of stock, from issues of several months.

AMC is what was issued in the last N full months, the month itself included, divided by how many of
them have data; a month without data is never taken as 0. Numbers are decimal, rounded half up to
one place. Where nothing was consumed there are no months of stock to tell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from d2_assets.stock.card_months import find_month
from d2_assets.stock.product_months import Product, ProductMonth

DEFAULT_MONTHS = 3
_ONE_PLACE = Decimal("0.1")


class Consumed(StrEnum):
    """Why a number is there or not."""

    DERIVED = "derived"
    NO_DATA = "no_data"
    NOTHING_CONSUMED = "nothing_consumed"


@dataclass(frozen=True, slots=True)
class Consumption:
    """AMC and months of stock of a product in a month, with one decimal place, and why one of them
    is None. ``months``: those with data that it rests on."""

    product: Product
    month: str
    average_monthly_consumption: Decimal | None
    months_of_stock: Decimal | None
    months: tuple[str, ...]
    why: Consumed


def list_months_needed(month: str, count: int = DEFAULT_MONTHS) -> tuple[str, ...]:
    """The month and those before it that its AMC rests on, oldest first."""
    months = [find_month(month)]
    while len(months) < count:
        day: date = months[0].start - timedelta(days=1)
        months.insert(0, find_month(f"{day:%Y%m}"))
    return tuple(one.id for one in months)


def derive_consumption(
    now: ProductMonth, earlier: Sequence[Mapping[Product, ProductMonth]]
) -> Consumption:
    """Of one product; ``earlier``: the months before it that count, each by product.

    A product that had not started in a month has no data for it.
    """
    known = [
        one
        for one in (*(month.get(now.product) for month in earlier), now)
        if one is not None and one.has_started
    ]
    months = tuple(one.month for one in known)
    if not known:
        return Consumption(now.product, now.month, None, None, months, Consumed.NO_DATA)
    average = round_half_up(Decimal(sum(one.flows.issued for one in known)) / len(known))
    if average <= 0:
        why = Consumed.NOTHING_CONSUMED
        return Consumption(now.product, now.month, average, None, months, why)
    left = round_half_up(now.closing_balance / average)
    return Consumption(now.product, now.month, average, left, months, Consumed.DERIVED)


def round_half_up(number: Decimal) -> Decimal:
    """One decimal place; a half goes away from zero."""
    return number.quantize(_ONE_PLACE, ROUND_HALF_UP)
