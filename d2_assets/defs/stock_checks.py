"""The claims that the assets of stock make of a partition."""

from collections.abc import Mapping
from dataclasses import asdict

import dagster as dg

from d2_assets.defs.checks import (
    DESTINATION_EQUALS_SOURCE,
    NO_ROW_IS_LOST,
    answer_accounting,
    answer_equality,
    specify_checks,
)
from d2_assets.defs.reports import CheckReport
from d2_assets.defs.tables import show_outcomes, show_table
from d2_assets.ledger.outcomes import Outcome
from d2_assets.stock.tables import find_unbalanced
from d2_assets.sync.stock_months import StockMonth
from d2_assets.sync.stock_work import StagedMonth

ACCOUNTING_BALANCES = "stock_accounting_balances"
WITHDRAWN_SEEN = "withdrawn_products_seen"
KEEPS_TYPE = "table_keeps_its_type"

#: Rows that do not balance on the screen.
_SHOWN = 50

_OF_MOVEMENTS: Mapping[str, str] = {
    ACCOUNTING_BALANCES: "For each facility, program and product: closing = opening + received - "
    "issued - losses + adjustments; the balances rebuilt from line items equal the server's own "
    "summaries, card by card, and the cards (lots) add up to the product.",
    WITHDRAWN_SEEN: "The account is shown every card, also those of products that are no longer "
    "approved. A warning with an API key.",
}
_OF_INDICATORS: Mapping[str, str] = {
    NO_ROW_IS_LOST: "Every number of the table, and every product or facility that wants one, "
    "ended in exactly one named outcome.",
    DESTINATION_EQUALS_SOURCE: "Read back, the destination holds the table's numbers under the "
    "keys that the mapping files name. An error is a number that was to be written or kept and "
    "differs; a warning means that the only gaps are named.",
    KEEPS_TYPE: "Every row of the table keeps to the columns and bounds of its type.",
}


def specify_movement_checks(
    key: dg.AssetKey, partitions: dg.PartitionsDefinition
) -> list[dg.AssetCheckSpec]:
    """The check specs of ``stock_movements``."""
    return specify_checks(key, partitions, _OF_MOVEMENTS)


def specify_indicator_checks(
    key: dg.AssetKey, partitions: dg.PartitionsDefinition
) -> list[dg.AssetCheckSpec]:
    """The check specs of an indicator."""
    return specify_checks(key, partitions, _OF_INDICATORS)


def answer_movements(month: StagedMonth, *, sees_withdrawn: bool) -> list[CheckReport]:
    """Whether the month adds up, and whether all of it was seen."""
    unbalanced = month.products - month.balanced
    words = f"All {month.products} products and {month.cards} cards add up."
    if not month.is_balanced:
        words = (
            f"{unbalanced} of {month.products} products do not add up, and {len(month.findings)} "
            "times line items and the server's summary do not say the same: see the tables."
        )
    rows = find_unbalanced(month.products_file, _SHOWN) if unbalanced else []
    findings = (asdict(one) for one in month.findings[:_SHOWN])
    return [
        CheckReport(
            ACCOUNTING_BALANCES,
            month.is_balanced,
            words,
            metadata={"unbalanced": show_table(rows), "findings": show_table(findings)},
        ),
        CheckReport(
            WITHDRAWN_SEEN,
            sees_withdrawn,
            "Every card was listed."
            if sees_withdrawn
            else "Withdrawn products cannot be seen with this account: an API key may not list "
            "them. Sign in with a user's account to see them.",
            is_warning=not sees_withdrawn,
        ),
    ]


def answer_indicator(result: StockMonth, violation: str) -> list[CheckReport]:
    """What an indicator claims of a month; ``violation``: how its table breaks its type."""
    values, tally = result.moved.values, result.tally
    return [
        answer_accounting(
            "rows",
            result.values,
            result.unaccounted,
            {"values": show_outcomes(tally), "without_target": show_outcomes(result.unplaced)},
        ),
        answer_equality(
            DESTINATION_EQUALS_SOURCE,
            "rows",
            tally,
            values.broken,
            {
                "quarantined": result.moved.quarantined,
                "without a place in DHIS2": result.unplaced.count(Outcome.QUARANTINED),
                "held by strategy": values.tally.held,
                "discarded": values.tally.count(Outcome.DISCARDED),
                "only at the destination": values.destination_only,
            },
            "have nothing to tell in this month",
        ),
        CheckReport(
            KEEPS_TYPE,
            not violation,
            violation or "Every row keeps to the table's columns and bounds.",
            is_warning=bool(violation),
        ),
    ]
