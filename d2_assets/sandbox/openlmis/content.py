"""Generated stock: a small country's facilities, products and months of movements.

Seeded, and as odd as real stock: lots, cards without movement, physical inventories with and
without reasons, movements without a reason, several a day, products that were withdrawn with stock
left, reasons whose tags lie, kits, cancellations, and entries dated back.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from d2_assets.sandbox.content_products import (
    FACILITIES,
    MEDICINES,
    PRODUCTS,
    VACCINES,
    Product,
    list_products,
)
from d2_assets.sandbox.openlmis.content_reasons import REASONS
from d2_assets.sandbox.openlmis.state import (
    Account,
    State,
    StoredAdjustment,
    StoredCard,
    StoredFacility,
    StoredLine,
    StoredLot,
    StoredOrderable,
    StoredProgram,
)

CLINIC = "health_center"
#: The account that everything is open to.
USERNAME, PASSWORD = "sync", "district"


@dataclass(frozen=True, slots=True)
class StockSpec:
    """``facilities`` that each keep ``products`` (a few of them vaccines by lot) over ``months``
    up to ``last_month``."""

    facilities: int = FACILITIES
    products: int = PRODUCTS
    months: int = 6
    last_month: date = date(2025, 11, 1)
    seed: int = 2026
    #: Cards in a hundred that move in a month.
    moving_percent: int = 60


#: Reasons that add stock, by the sort of movement: tags that lie, none, and some that mislead.
_CREDITS = {
    8: "Facility return",
    10: "Cancelled issue",
    14: "Beginning Balance Excess",
    15: "Unpacked From Kit",
}
_OTHER_DEBITS = ("Transfer Out", "Unpack Kit", "Cancelled receipt")
_BY_NAME = {reason.name: reason.id for reason in REASONS}


def generate_state(spec: StockSpec | None = None) -> State:
    """A whole server's content."""
    return _Generator(spec or StockSpec()).make()


class _Generator:
    def __init__(self, spec: StockSpec) -> None:
        self.spec = spec
        self.rng = Random(spec.seed)
        self.state = State(reasons={reason.id: reason for reason in REASONS})
        self.first_day = _go_back(spec.last_month, spec.months - 1)

    def make(self) -> State:
        state = self.state
        state.accounts[USERNAME] = Account(PASSWORD)
        state.today = lambda: _go_back(self.spec.last_month, -1)
        programs = {
            MEDICINES: self._add_program(MEDICINES, "Essential medicines"),
            VACCINES: self._add_program(VACCINES, "Vaccines"),
        }
        products = self._add_products(programs)
        for number in range(1, self.spec.facilities + 1):
            facility = self._add_facility(number, tuple(programs.values()))
            state.add_cards(self._make_cards(facility, products))
        return state

    def _id(self, key: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"openlmis-sandbox/{key}"))

    def _add_program(self, code: str, name: str) -> str:
        program = StoredProgram(self._id(code), code, name)
        self.state.programs[program.id] = program
        return program.id

    def _add_facility(self, number: int, programs: tuple[str, ...]) -> str:
        code = f"F{number:03d}"
        name = f"Posto de Saúde {(number + 1) // 2}"  # two share a name: it is not unique
        is_closed = number == self.spec.facilities > 3  # it keeps its stock
        facility = StoredFacility(
            self._id(code), code, name, CLINIC, programs, active=not is_closed
        )
        self.state.facilities[facility.id] = facility
        return facility.id

    def _add_products(self, programs: Mapping[str, str]) -> list[tuple[str, str]]:
        """Each with its program. The first is withdrawn: its cards are there, v2 shows none."""
        added: list[tuple[str, str]] = []
        for product in list_products(self.spec.products):
            program = programs[product.program]
            if product.commodity:
                added.append((program, self._add_vaccine(product, program)))
                continue
            stored = StoredOrderable(
                self._id(product.code), product.code, product.name, 10, (program,)
            )
            self.state.orderables[stored.id] = stored
            if added or self.spec.products < 3:
                self.state.approved.add((CLINIC, program, stored.id))
            added.append((program, stored.id))
        return added

    def _add_vaccine(self, product: Product, program: str) -> str:
        """A commodity type, of which only the trade item is kept, by lot."""
        name = product.commodity
        commodity = StoredOrderable(
            self._id(f"C-{name}"), f"C-{name}", name, 20, (program,),
            identifiers={"commodityType": self._id(f"CT-{name}")},
        )  # fmt: skip
        trade_item = StoredOrderable(
            self._id(product.code), product.code, product.name, 20, (program,),
            fulfils=(commodity.id,), identifiers={"tradeItem": self._id(f"TI-{name}")},
        )  # fmt: skip
        if not any(one.fulfils for one in self.state.orderables.values()):
            # The first is approved twice: its cards are met twice.
            self.state.approved.add((CLINIC, program, trade_item.id))
        self.state.approved.add((CLINIC, program, commodity.id))
        self.state.orderables |= {one.id: one for one in (commodity, trade_item)}
        return trade_item.id

    def _make_cards(
        self, facility: str, products: Sequence[tuple[str, str]]
    ) -> Iterator[StoredCard]:
        for program, orderable in products:
            by_lot = bool(self.state.orderables[orderable].fulfils)
            for lot in self._add_lots(orderable) if by_lot else [""]:
                uid = self._id(f"{facility}/{program}/{orderable}/{lot}")
                card = StoredCard(uid, facility, program, orderable, lot)
                if self.rng.random() > 0.05:  # some cards never saw a movement
                    card.lines.extend(self._make_lines(card))
                if lot:
                    card.active = self.rng.random() > 0.2  # an inactive card keeps its stock
                yield card

    def _add_lots(self, orderable: str) -> list[str]:
        trade_item = self.state.orderables[orderable].identifiers["tradeItem"]
        lots = [
            StoredLot(self._id(f"{orderable}/{key}").upper(), f"LOT-{key}", trade_item)
            for key in "AB"
        ]
        self.state.lots |= {lot.id: lot for lot in lots}
        return [lot.id for lot in lots]

    def _make_lines(self, card: StoredCard) -> Iterator[StoredLine]:
        rng, stock = self.rng, 0
        first = self._line(card, 0, self.first_day, 40 + rng.randrange(60), source="Central store")
        yield first
        stock = first.quantity
        number = 0
        for month in range(self.spec.months):
            start = _go_back(self.first_day, -month)
            if rng.randrange(100) >= self.spec.moving_percent:
                continue
            days = sorted(rng.randrange(28) for _ in range(1 + rng.randrange(4)))
            if rng.random() < 0.3:  # several on one day
                days.append(days[-1])
            for position, day in enumerate(days, start=1):
                number += 1
                line, change = self._move(card, number, start + timedelta(days=day), stock)
                stock += change
                is_late = rng.random() < 0.05 and day not in days[position:]
                yield self._delay(line) if is_late else line

    def _delay(self, line: StoredLine) -> StoredLine:
        """The same movement, entered up to three months after its day, behind the others of it."""
        entered = line.occurred_date + timedelta(days=self.rng.randrange(1, 90))
        return replace(line, processed_date=f"{entered.isoformat()}T16:00:00.000Z")

    def _move(self, card: StoredCard, number: int, day: date, stock: int) -> tuple[StoredLine, int]:
        """One movement of any sort, and by how much it changes the stock."""
        rng = self.rng
        kind, few = rng.randrange(16), rng.randrange(1, 12)
        out = min(few, stock)
        if kind < 4 and out:
            return self._line(card, number, day, out, reason="Consumed"), -out
        if kind == 4 and out:
            return self._line(card, number, day, out, destination="Ward"), -out
        if kind == 5 and out:
            reason = rng.choice(("Damage", "Expired", "Lost"))
            return self._line(card, number, day, out, reason=reason), -out
        if kind == 6:
            counted = max(0, stock - rng.randrange(-3, 6))
            return self._line(card, number, day, counted), counted - stock
        if kind == 7:
            return self._count_with_reasons(card, number, day, stock)
        if kind in _CREDITS:
            return self._line(card, number, day, few, reason=_CREDITS[kind]), few
        if kind == 12 and out:
            return self._line(card, number, day, out, reason=rng.choice(_OTHER_DEBITS)), -out
        if kind == 13:
            line = self._line(card, number, day, few, reason="Transfer In", source="Central store")
            return line, few
        if kind == 9 and stock:
            return self._line(card, number, day, stock, reason="Consumed"), -stock
        return self._line(card, number, day, 5 * few, source="Central store"), 5 * few

    def _count_with_reasons(
        self, card: StoredCard, number: int, day: date, stock: int
    ) -> tuple[StoredLine, int]:
        """A site that only counts: what was consumed and received stands in the count alone."""
        used, got = self.rng.randrange(0, stock + 1), self.rng.randrange(0, 10)
        counted = stock - used + got
        parts = tuple(
            StoredAdjustment(self._id(f"{card.id}/{number}/{name}"), _BY_NAME[name], quantity)
            for name, quantity in (("Consumed", used), ("Receipts", got))
            if quantity
        )
        line = self._line(card, number, day, counted, adjustments=parts)
        return line, counted - stock

    def _line(
        self,
        card: StoredCard,
        number: int,
        day: date,
        quantity: int,
        *,
        reason: str = "",
        source: str = "",
        destination: str = "",
        adjustments: tuple[StoredAdjustment, ...] = (),
    ) -> StoredLine:
        return StoredLine(
            id=self._id(f"{card.id}/{number}"),
            occurred_date=day,
            processed_date=f"{day.isoformat()}T08:{number // 60 % 60:02d}:{number % 60:02d}.000Z",
            quantity=quantity,
            reason=_BY_NAME.get(reason, ""),
            source=source,
            destination=destination,
            adjustments=adjustments,
        )


def _go_back(month: date, count: int) -> date:
    """The first day of the month so many months earlier (later, when below zero)."""
    whole = month.year * 12 + month.month - 1 - count
    return date(whole // 12, whole % 12 + 1, 1)
