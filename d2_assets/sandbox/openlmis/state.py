"""What a stand-in OpenLMIS holds: reference data, stock cards and their line items.

Line items are only ever added. Their order is the service's own: day of occurrence, time of
processing, CREDIT before DEBIT before counts, id.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class StoredReason:
    id: str
    name: str
    type: str
    category: str
    tags: tuple[str, ...] = ()
    description: str | None = None
    is_free_text_allowed: bool = False


@dataclass(frozen=True, slots=True)
class StoredFacility:
    """``type`` decides which products are approved; ``programs`` are those it supports."""

    id: str
    code: str
    name: str
    type: str
    programs: tuple[str, ...] = ()
    active: bool = True
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class StoredProgram:
    id: str
    code: str
    name: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class StoredOrderable:
    """A product. ``fulfils``: the commodity types (orderables) that it, a trade item, stands in
    for; ``programs``: those that it is active in."""

    id: str
    code: str
    name: str
    net_content: int
    programs: tuple[str, ...] = ()
    fulfils: tuple[str, ...] = ()
    version: int = 1
    identifiers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredLot:
    id: str
    code: str
    trade_item: str = ""
    expiration_date: str | None = None


@dataclass(frozen=True, slots=True)
class StoredAdjustment:
    id: str
    reason: str
    quantity: int


@dataclass(frozen=True, slots=True)
class StoredLine:
    """One line item as it was entered: ``quantity`` is a count where there is neither source,
    destination nor reason. ``source`` and ``destination`` are facilities' ids."""

    id: str
    occurred_date: date
    processed_date: str
    quantity: int
    reason: str = ""
    source: str = ""
    destination: str = ""
    adjustments: tuple[StoredAdjustment, ...] = ()


@dataclass(slots=True)
class StoredCard:
    id: str
    facility: str
    program: str
    orderable: str
    lot: str = ""
    active: bool = True
    lines: list[StoredLine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Running:
    """A line item with what it did: ``signed``, and the stock right after it."""

    line: StoredLine
    signed: int
    stock_on_hand: int

    @property
    def is_count(self) -> bool:
        """Whether it is a physical inventory."""
        return not (self.line.source or self.line.destination or self.line.reason)


@dataclass(frozen=True, slots=True)
class Account:
    """A user. ``rights``: facility and program pairs whose stock it may see; None means all."""

    password: str
    rights: frozenset[tuple[str, str]] | None = None


_PRIORITY = {"CREDIT": 0, "DEBIT": 1, "BALANCE_ADJUSTMENT": 2}


@dataclass(slots=True)
class State:
    """One server's content. ``approved``: facility type, program and orderable."""

    facilities: dict[str, StoredFacility] = field(default_factory=dict)
    programs: dict[str, StoredProgram] = field(default_factory=dict)
    orderables: dict[str, StoredOrderable] = field(default_factory=dict)
    lots: dict[str, StoredLot] = field(default_factory=dict)
    reasons: dict[str, StoredReason] = field(default_factory=dict)
    cards: dict[str, StoredCard] = field(default_factory=dict)
    approved: set[tuple[str, str, str]] = field(default_factory=set)
    accounts: dict[str, Account] = field(default_factory=dict)
    api_keys: set[str] = field(default_factory=set)
    #: Tokens and whose they are; an auth restart forgets them all.
    tokens: dict[str, str] = field(default_factory=dict)
    today: Callable[[], date] = date.today
    _runs: dict[str, list[Running]] = field(default_factory=dict)
    _by_place: dict[tuple[str, str], list[StoredCard]] = field(default_factory=dict)

    def add_cards(self, cards: Iterable[StoredCard]) -> None:
        """Open cards; their lines are put in the service's order."""
        for card in cards:
            card.lines.sort(key=self._order)
            self.cards[card.id] = card
            self._by_place.setdefault((card.facility, card.program), []).append(card)

    def add_line(self, card: str, line: StoredLine) -> None:
        """Enter a movement, dated whenever it says."""
        self.cards[card].lines.append(line)
        self.cards[card].lines.sort(key=self._order)

    def list_cards(self, facility: str, program: str) -> list[StoredCard]:
        """Every card of a facility in a program."""
        return self._by_place.get((facility, program), [])

    def run(self, card: StoredCard) -> list[Running]:
        """The card's lines with their signed change and running stock."""
        kept = self._runs.get(card.id)
        if kept is None or len(kept) != len(card.lines):  # lines are only ever added
            self._runs[card.id] = kept = self._run(card)
        return kept

    def _run(self, card: StoredCard) -> list[Running]:
        stock, lines = 0, []
        for line in card.lines:
            signed = self._sign(line, stock)
            stock += signed
            lines.append(Running(line, signed, stock))
        return lines

    def find_products(self, facility: str, program: str) -> dict[str, list[StoredCard]]:
        """The cards of each approved product: its own, and those of trade items that fulfil it."""
        kind = self.facilities[facility].type
        cards: defaultdict[str, list[StoredCard]] = defaultdict(list)
        for card in self.list_cards(facility, program):
            product = self.orderables[card.orderable]
            for orderable in (product.id, *product.fulfils):
                cards[orderable].append(card)
        return {
            orderable: cards[orderable]
            for approved_type, of_program, orderable in sorted(self.approved)
            if (approved_type, of_program) == (kind, program)
            and program in self.orderables[orderable].programs
        }

    def _order(self, line: StoredLine) -> tuple[date, str, int, str]:
        reason = self.reasons.get(line.reason)
        priority = _PRIORITY.get(reason.type, 3) if reason else 3
        return line.occurred_date, line.processed_date, priority, line.id

    def _sign(self, line: StoredLine, stock: int) -> int:
        reason = self.reasons.get(line.reason)
        if line.source or (reason is not None and reason.type == "CREDIT"):
            return line.quantity
        if not line.destination and reason is None:
            return line.quantity - stock
        return -line.quantity
