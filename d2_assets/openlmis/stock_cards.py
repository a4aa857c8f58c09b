"""Stock cards with their line items, as ``GET /api/stockCards/{id}`` gives them.

Only this form can be built on: asked for by several ids, the server leaves out running stock and
sources, and a physical inventory shows its count instead of what it changed (domain/openlmis.md,
4.2). Line items stay in the server's order, which the JSON does not tell otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

CREDIT, DEBIT = "CREDIT", "DEBIT"
PHYSICAL_INVENTORY = "PHYSICAL_INVENTORY"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why stock moved. Names are free and translated: ``id`` is the safe key, empty for the
    reasons that the server makes up for physical inventories. ``type``: CREDIT, DEBIT or
    BALANCE_ADJUSTMENT; tags are typed by hand and say nothing of the sign."""

    id: str
    name: str
    type: str
    category: str
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StockAdjustment:
    """A part of what a physical inventory found, with a reason of its own; ``signed`` in
    dispensing units."""

    reason: Reason
    signed: int


@dataclass(frozen=True, slots=True)
class LineItem:
    """One movement. ``signed``: by how much the stock changed, in dispensing units;
    ``stock_on_hand``: the card's stock right after it."""

    id: str
    occurred_date: date
    signed: int
    stock_on_hand: int
    reason: Reason | None = None
    has_source: bool = False
    has_destination: bool = False
    adjustments: tuple[StockAdjustment, ...] = ()


@dataclass(frozen=True, slots=True)
class StockCard:
    """The card of an orderable (and lot, or empty) in a program at a facility; items as served."""

    id: str
    facility: str
    program: str
    orderable: str
    lot: str = ""
    active: bool = True
    line_items: tuple[LineItem, ...] = field(default=())


def parse_reason(body: Mapping[str, Any]) -> Reason:
    """A reason of any endpoint; ``id`` and ``tags`` may be null."""
    return Reason(
        id=lower_id(body["id"]),
        name=body["name"],
        type=body["reasonType"],
        category=body["reasonCategory"],
        tags=frozenset(body.get("tags") or ()),
    )


def parse_stock_card(body: Mapping[str, Any]) -> StockCard:
    """The card of an answer to ``/api/stockCards/{id}``."""
    lot = body["lot"]
    return StockCard(
        id=lower_id(body["id"]),
        facility=lower_id(body["facility"]["id"]),
        program=lower_id(body["program"]["id"]),
        orderable=lower_id(body["orderable"]["id"]),
        lot=lower_id(lot["id"]) if lot else "",
        active=body.get("active") is not False,
        line_items=tuple(_parse_line_item(item) for item in body["lineItems"] or ()),
    )


def lower_id(uuid: str | None) -> str:
    """Ids as they are compared: some endpoints give lots and trade items in capitals."""
    return (uuid or "").lower()


def _parse_line_item(body: Mapping[str, Any]) -> LineItem:
    reason = body["reason"]
    return LineItem(
        id=lower_id(body["id"]),
        occurred_date=date.fromisoformat(body["occurredDate"]),
        signed=body["quantityWithSign"],
        stock_on_hand=body["stockOnHand"],
        reason=parse_reason(reason) if reason else None,
        has_source=bool(body["source"] or body.get("sourceFreeText")),
        has_destination=bool(body["destination"] or body.get("destinationFreeText")),
        adjustments=tuple(
            StockAdjustment(parse_reason(part["reason"]), part["quantityWithSign"])
            for part in body.get("stockAdjustments") or ()
        ),
    )
