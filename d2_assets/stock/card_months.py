"""What happened on one stock card in one month, from its line items or from two summaries.

Opening and closing are the stock after the last movement before the month and up to its end, not
the stock of the month's first movement. A card without movement closes as it opened.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from d2_assets.errors import ContractError
from d2_assets.openlmis.stock_cards import LineItem, StockCard
from d2_assets.periods import find_period
from d2_assets.stock.reasons import Bucket, LossKind, Part, ReasonRules


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month: ``id`` as in DHIS2 ("202511"), its first and its last day."""

    id: str
    start: date
    end: date


def find_month(month: str) -> Month:
    """The month of an id; ContractError for what is none."""
    period = find_period(month)
    if period is None or period.period_type != "Monthly":
        raise ContractError(f"{month!r} is not a month such as 202511.", remedy="Mend the month.")
    return Month(month, period.start, period.end)


@dataclass(frozen=True, slots=True)
class Flows:
    """What moved, as the indicators tell it: issued and losses as positive numbers, adjustments
    signed. ``positive_adjustments`` and ``negative_adjustments`` (0 or less) make up the
    adjustments; ``losses_by_kind`` holds those losses that are told by themselves."""

    received: int = 0
    issued: int = 0
    losses: int = 0
    positive_adjustments: int = 0
    negative_adjustments: int = 0
    losses_by_kind: Mapping[LossKind, int] = field(default_factory=dict)

    @property
    def adjustments(self) -> int:
        return self.positive_adjustments + self.negative_adjustments

    @property
    def change(self) -> int:
        """By how much they changed the stock."""
        return self.received - self.issued - self.losses + self.adjustments


NO_FLOWS = Flows()


def sum_flows(flows: Iterable[Flows]) -> Flows:
    """The flows of several cards together."""
    every = list(flows)
    kinds: Counter[LossKind] = Counter()
    for one in every:
        kinds.update(one.losses_by_kind)
    return Flows(
        received=sum(one.received for one in every),
        issued=sum(one.issued for one in every),
        losses=sum(one.losses for one in every),
        positive_adjustments=sum(one.positive_adjustments for one in every),
        negative_adjustments=sum(one.negative_adjustments for one in every),
        losses_by_kind=kinds,
    )


@dataclass(frozen=True, slots=True)
class CardMonth:
    """One card in one month; quantities in dispensing units.

    ``ends_of_day``: stock at the end of each day with a movement, in order. ``started``: the day
    of the first movement ever, the first day of the month when it lies before, None while there
    was none: then the card has no stock on hand, which is not the same as none left.
    """

    card: str
    facility: str
    program: str
    orderable: str
    lot: str
    active: bool
    opening: int
    closing: int
    started: date | None
    flows: Flows = NO_FLOWS
    ends_of_day: tuple[tuple[date, int], ...] = ()
    movements: int = 0

    @property
    def is_balanced(self) -> bool:
        """Whether the flows explain the closing balance."""
        return self.opening + self.flows.change == self.closing


def derive_card_month(card: StockCard, month: Month, rules: ReasonRules) -> CardMonth:
    """The month of a card whose line items are known, whole."""
    before = [item for item in card.line_items if item.occurred_date < month.start]
    inside = [item for item in card.line_items if month.start <= item.occurred_date <= month.end]
    opening = before[-1].stock_on_hand if before else 0
    first = min((item.occurred_date for item in (*before, *inside)), default=None)
    return CardMonth(
        card=card.id,
        facility=card.facility,
        program=card.program,
        orderable=card.orderable,
        lot=card.lot,
        active=card.active,
        opening=opening,
        closing=inside[-1].stock_on_hand if inside else opening,
        started=first and max(first, month.start),
        flows=_derive_flows(part for item in inside for part in rules.split(item)),
        ends_of_day=_find_ends_of_day(inside),
        movements=len(inside),
    )


def _derive_flows(parts: Iterable[Part]) -> Flows:
    totals: Counter[Bucket] = Counter()
    adjusted: Counter[bool] = Counter()
    kinds: Counter[LossKind] = Counter()
    for part in parts:
        totals[part.bucket] += part.quantity
        if part.bucket is Bucket.ADJUSTMENTS:
            adjusted[part.signed > 0] += part.signed
        elif part.loss_kind:
            kinds[part.loss_kind] += part.quantity
    return Flows(
        received=totals[Bucket.RECEIVED],
        issued=totals[Bucket.ISSUED],
        losses=totals[Bucket.LOSSES],
        positive_adjustments=adjusted[True],
        negative_adjustments=adjusted[False],
        losses_by_kind=kinds,
    )


def _find_ends_of_day(items: Iterable[LineItem]) -> tuple[tuple[date, int], ...]:
    """The last stock of each day; the server's order holds within a day."""
    return tuple({item.occurred_date: item.stock_on_hand for item in items}.items())


def find_out_of_order(card: StockCard) -> LineItem | None:
    """The first line item that is older than the one before it: an answer not to be built on."""
    for earlier, later in pairwise(card.line_items):
        if later.occurred_date < earlier.occurred_date:
            return later
    return None
