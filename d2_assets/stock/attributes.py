"""The attribute names of sites' mapping files: what each means, from which table, with what sign.

The one table of names in use. Quantities are in dispensing units.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from d2_assets.stock.product_months import ProductMonth

#: The indicator tables; each is an asset.
Indicator = Literal[
    "opening_balance",
    "received",
    "issued",
    "losses",
    "adjustments",
    "closing_balance",
    "stockout_days",
    "average_monthly_consumption",
    "months_of_stock",
]


@dataclass(frozen=True, slots=True)
class Attribute:
    """``derive`` gives its value of a product and month; None for those of several months, which
    ``consumption`` derives."""

    name: str
    indicator: Indicator
    derive: Callable[[ProductMonth], int] | None
    words: str


def _table(*attributes: Attribute) -> Mapping[str, Attribute]:
    return MappingProxyType({one.name: one for one in attributes})


ATTRIBUTES: Mapping[str, Attribute] = _table(
    Attribute(
        "beginningBalance",
        "opening_balance",
        lambda month: month.opening_balance,
        "stock after the last movement before the month",
    ),
    Attribute(
        "quantityReceived",
        "received",
        lambda month: month.flows.received,
        "received, less cancelled receipts",
    ),
    Attribute(
        "quantityDispensed",
        "issued",
        lambda month: month.flows.issued,
        "issued or consumed, as a positive number, less cancelled issues",
    ),
    Attribute(
        "stockOnHand",
        "closing_balance",
        lambda month: month.closing_balance,
        "stock after the last movement of the month",
    ),
    Attribute(
        "closingBalance",
        "closing_balance",
        lambda month: month.closing_balance,
        "stock after the last movement of the month",
    ),
    Attribute(
        "totalLossesAndAdjustments",
        "adjustments",
        lambda month: month.flows.adjustments - month.flows.losses,
        "adjustments with their sign, less losses",
    ),
    Attribute(
        "adjustments",
        "adjustments",
        lambda month: month.flows.adjustments,
        "adjustments with their sign",
    ),
    Attribute(
        "positiveAdjustment",
        "adjustments",
        lambda month: month.flows.positive_adjustments,
        "adjustments that added stock; 0 or more",
    ),
    Attribute(
        "negativeAdjustment",
        "adjustments",
        lambda month: month.flows.negative_adjustments,
        "adjustments that took stock away; 0 or less",
    ),
    Attribute(
        "totalLosses",
        "losses",
        lambda month: month.flows.losses,
        "losses, as a positive number",
    ),
    Attribute(
        "expired",
        "losses",
        lambda month: month.flows.losses_by_kind.get("expired", 0),
        "losses whose reason the site lists as expired",
    ),
    Attribute(
        "damaged",
        "losses",
        lambda month: month.flows.losses_by_kind.get("damaged", 0),
        "losses whose reason the site lists as damaged",
    ),
    Attribute(
        "lost",
        "losses",
        lambda month: month.flows.losses_by_kind.get("lost", 0),
        "losses whose reason the site lists as lost",
    ),
    Attribute(
        "stockoutDays",
        "stockout_days",
        lambda month: month.stockout_days,
        "days at whose end no stock was left",
    ),
    Attribute(
        "averageMonthlyConsumption",
        "average_monthly_consumption",
        None,
        "issued a month on average over the last months, one decimal place",
    ),
    Attribute(
        "monthsOfStock",
        "months_of_stock",
        None,
        "closing balance divided by the average monthly consumption, one decimal place",
    ),
)

#: Names of the five-indicator layout, which has no losses.
OLDER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "OPENING_BALANCE": "beginningBalance",
        "RECEIVED": "quantityReceived",
        "ISSUED": "quantityDispensed",
        "ADJUSTMENT": "adjustments",
        "CLOSING_BALANCE": "closingBalance",
    }
)

_LOSSES = frozenset({"totalLosses", "totalLossesAndAdjustments", "expired", "damaged", "lost"})


def find_attribute(name: str) -> Attribute | None:
    """The attribute of a name as a mapping file has it; None for an unknown one."""
    return ATTRIBUTES.get(OLDER_NAMES.get(name, name))


def folds_losses(names: frozenset[str]) -> bool:
    """Whether losses go, negative, into the adjustments of a product: the site has a place for
    its adjustments and none for its losses, and the balances are to add up in DHIS2 too."""
    return "adjustments" in names and not names & _LOSSES
