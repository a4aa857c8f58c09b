"""The stock of one facility and program in one month, with the fewest calls.

Two summaries as of the month's ends, one list of all cards, and a card by itself only where it
moved: four in five cards of a usual month did not (domain/openlmis.md, 4.3). What was worked out
from line items is compared with the server's own summaries.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from d2_assets.openlmis.stock_cards import StockCard
from d2_assets.openlmis.summaries import CardSummary
from d2_assets.stock.card_months import (
    CardMonth,
    Month,
    derive_card_month,
    find_out_of_order,
)
from d2_assets.stock.reasons import ReasonRules


class StockSource(Protocol):
    """What is asked of an OpenLMIS server."""

    @property
    def sees_withdrawn(self) -> bool: ...

    def get_summaries(self, facility: str, program: str, as_of: date) -> list[CardSummary]: ...

    def list_cards(self, facility: str, program: str) -> list[CardSummary]: ...

    def get_stock_card(self, card: str) -> StockCard: ...


@dataclass(frozen=True, slots=True)
class Movement:
    """A part of a line item that counts for one bucket; ``signed`` in dispensing units."""

    facility: str
    program: str
    orderable: str
    card: str
    lot: str
    line_item: str
    occurred_date: date
    reason: str
    bucket: str
    signed: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Where line items and the server's own numbers do not say the same of a card."""

    facility: str
    program: str
    orderable: str
    card: str
    words: str


@dataclass(frozen=True, slots=True)
class FacilityMonth:
    """All cards of a facility in a program in a month, what moved, and what does not add up."""

    facility: str
    program: str
    cards: tuple[CardMonth, ...]
    movements: tuple[Movement, ...]
    findings: tuple[Finding, ...]


def read_facility_month(
    source: StockSource, facility: str, program: str, month: Month, rules: ReasonRules
) -> FacilityMonth:
    """Ask for what is needed, and derive the month of every card.

    ConfigurationError with status 403 where the account may not see the facility's stock.
    """
    before = source.get_summaries(facility, program, month.start - timedelta(days=1))
    after = source.get_summaries(facility, program, month.end)
    listed = source.list_cards(facility, program) if source.sees_withdrawn else []
    opening = {one.card: one for one in before}
    # v1 tells today's stock: it stands for a card that did not move since.
    latest = {one.card: one for one in (*listed, *after)}
    cards: list[CardMonth] = []
    movements: list[Movement] = []
    findings: list[Finding] = []
    is_in_v2 = {one.card for one in after}
    for card, summary in sorted(latest.items()):
        if summary.occurred_date is None or summary.occurred_date < month.start:
            found = _keep(summary, facility, program, month)
        else:
            whole = source.get_stock_card(card)
            found = derive_card_month(whole, month, rules)
            movements += _list_movements(whole, month, rules)
            findings += _find_disorder(whole, found)
        cards.append(found)
        closing = summary if card in is_in_v2 else None
        findings += _compare(found, opening.get(card), closing)
    return FacilityMonth(facility, program, tuple(cards), tuple(movements), tuple(findings))


def _keep(summary: CardSummary, facility: str, program: str, month: Month) -> CardMonth:
    """A card without movement in the month, or none at all so far."""
    has_started = summary.occurred_date is not None
    stock = (summary.stock_on_hand or 0) if has_started else 0
    return CardMonth(
        card=summary.card,
        facility=facility,
        program=program,
        orderable=summary.orderable,
        lot=summary.lot,
        active=summary.active,
        opening=stock,
        closing=stock,
        started=month.start if has_started else None,
    )


def _list_movements(card: StockCard, month: Month, rules: ReasonRules) -> Iterator[Movement]:
    for item in card.line_items:
        if not month.start <= item.occurred_date <= month.end:
            continue
        for part in rules.split(item):
            yield Movement(
                facility=card.facility,
                program=card.program,
                orderable=card.orderable,
                card=card.id,
                lot=card.lot,
                line_item=item.id,
                occurred_date=item.occurred_date,
                reason=item.reason.name if item.reason else "",
                bucket=str(part.bucket),
                signed=part.signed,
            )


def _find_disorder(card: StockCard, found: CardMonth) -> Iterator[Finding]:
    item = find_out_of_order(card)
    if item is not None:
        yield _tell(found, f"line item {item.id} stands behind a later one")
    if not found.is_balanced:
        yield _tell(
            found,
            f"opening {found.opening} and what moved do not make closing {found.closing}",
        )


def _compare(
    found: CardMonth, opening: CardSummary | None, closing: CardSummary | None
) -> Iterator[Finding]:
    """Rebuilt balances against the server's summaries; a card that v2 hides has none there."""
    ends: Mapping[str, tuple[int, CardSummary | None]] = {
        "opening": (found.opening, opening),
        "closing": (found.closing, closing),
    }
    for name, (rebuilt, summary) in ends.items():
        if summary is not None and (summary.stock_on_hand or 0) != rebuilt:
            yield _tell(
                found,
                f"{name} {rebuilt} by its line items, {summary.stock_on_hand} by the server's "
                "summary",
            )


def _tell(card: CardMonth, words: str) -> Finding:
    return Finding(card.facility, card.program, card.orderable, card.card, f"Card: {words}.")
