"""Generated stock: a small country's facilities, products and months of movements.

Seeded, and as odd as real stock: lots, cards without movement, physical inventories with and
without reasons, movements without a reason, several a day, products that were withdrawn with stock
left, reasons whose tags lie, kits, cancellations, and entries dated back.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

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
    StoredReason,
)

CLINIC = "health_center"
#: The account that everything is open to.
USERNAME, PASSWORD = "sync", "district"

_MEDICINES = (
    "Amoxicillin 250 mg",
    "Artemether/Lumefantrine 20/120 mg",
    "Oral rehydration salts",
    "Paracétamol 500 mg",
    "Zinc 20 mg",
    "Sal ferroso 200 mg",
    "Co-trimoxazole 480 mg",
    "Magnesium sulfate",
)
_VACCINES = ("BCG", "Polio", "Measles", "Pentavalent")


@dataclass(frozen=True, slots=True)
class StockSpec:
    """``facilities`` that each keep ``products`` (a few of them vaccines by lot) over ``months``
    up to ``last_month``."""

    facilities: int = 6
    products: int = 8
    months: int = 6
    last_month: date = date(2025, 11, 1)
    seed: int = 2026
    #: Cards in a hundred that move in a month.
    moving_percent: int = 60


REASONS = (
    StoredReason(
        "e3fc3cf3-da18-44b0-a220-77c985202e06", "Transfer In", "CREDIT", "TRANSFER",
        ("transfer", "credit"),
    ),
    StoredReason(
        "c1fc3cf3-da18-44b0-a220-77c985202e06", "Transfer Out", "DEBIT", "TRANSFER",
        ("transfer", "debit"),
    ),
    StoredReason(
        "b5c27da7-bdda-4790-925a-9484c5dfb594", "Consumed", "DEBIT", "ADJUSTMENT",
        ("consumed", "adjustment"),
    ),
    StoredReason(
        "313f2f5f-0c22-4626-8c49-3554ef763de3", "Receipts", "CREDIT", "ADJUSTMENT",
        ("received", "adjustment"),
    ),
    StoredReason(
        "84eb13c3-3e54-4687-8a5f-a9f20dcd0dac", "Beginning Balance Excess", "CREDIT", "ADJUSTMENT"
    ),
    StoredReason(
        "9b4b653a-f319-4a1b-bb80-8d6b4dd6cc12", "Unpack Kit", "DEBIT", "AGGREGATION", ("consumed",)
    ),
    StoredReason(
        "6997c774-2f91-4e36-8938-d3003fe2c203", "Cancelled issue", "CREDIT", "ADJUSTMENT",
        ("cancel",),
    ),
    StoredReason(
        "279d55bd-42e3-438c-a63d-9c021b185dae", "Facility return", "CREDIT", "ADJUSTMENT",
        ("adjustment", "debit"),
    ),
    StoredReason(
        "5b09202e-b8a7-4f77-9e0e-8156f8efc613", "Damage", "DEBIT", "ADJUSTMENT",
        ("adjustment", "debit"),
    ),
    StoredReason(
        "3e7940db-49a5-492f-a4eb-75acb981dd2b", "Expired", "DEBIT", "ADJUSTMENT",
        ("adjustment", "debit"),
    ),
    StoredReason("b7e99f5b-af04-433d-9c30-d4f90c60c47b", "Lost", "DEBIT", "ADJUSTMENT"),
)  # fmt: skip
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
        medicines = self._add_program("MED", "Essential medicines")
        vaccines = self._add_program("EPI", "Vaccines")
        products = self._add_medicines(medicines) + self._add_vaccines(vaccines)
        for number in range(1, self.spec.facilities + 1):
            facility = self._add_facility(number, (medicines, vaccines))
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
        facility = StoredFacility(self._id(code), code, name, CLINIC, programs)
        self.state.facilities[facility.id] = facility
        return facility.id

    def _add_medicines(self, program: str) -> list[tuple[str, str]]:
        added: list[tuple[str, str]] = []
        for number in range(max(1, self.spec.products - len(_VACCINES))):
            name = _MEDICINES[number % len(_MEDICINES)]
            suffix = f" ({number // len(_MEDICINES) + 1})" if number >= len(_MEDICINES) else ""
            code = f"MED{number:04d}"
            product = StoredOrderable(self._id(code), code, name + suffix, 10, (program,))
            self.state.orderables[product.id] = product
            # The last one was withdrawn: its cards are there, v2 does not show them.
            if number or self.spec.products < 3:
                self.state.approved.add((CLINIC, program, product.id))
            added.append((program, product.id))
        return added

    def _add_vaccines(self, program: str) -> list[tuple[str, str]]:
        """Commodity types, of which only trade items are kept, by lot."""
        added: list[tuple[str, str]] = []
        for name in _VACCINES[: max(1, min(self.spec.products // 2, len(_VACCINES)))]:
            commodity = StoredOrderable(
                self._id(f"C-{name}"), f"C-{name}", name, 20, (program,),
                identifiers={"commodityType": self._id(f"CT-{name}")},
            )  # fmt: skip
            trade_item = StoredOrderable(
                self._id(f"T-{name}"), f"T-{name}", f"{name} (20 doses)", 20, (program,),
                fulfils=(commodity.id,), identifiers={"tradeItem": self._id(f"TI-{name}")},
            )  # fmt: skip
            for one in (commodity, trade_item):
                self.state.orderables[one.id] = one
            self.state.approved.add((CLINIC, program, commodity.id))
            if name == _VACCINES[0]:  # its cards are met twice
                self.state.approved.add((CLINIC, program, trade_item.id))
            added.append((program, trade_item.id))
        return added

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
                yield card

    def _add_lots(self, orderable: str) -> list[str]:
        lots = [StoredLot(self._id(f"{orderable}/{key}").upper(), f"LOT-{key}") for key in "AB"]
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
            for day in days:
                number += 1
                line, change = self._move(card, number, start + timedelta(days=day), stock)
                stock += change
                yield line

    def _move(self, card: StoredCard, number: int, day: date, stock: int) -> tuple[StoredLine, int]:
        """One movement of any sort, and by how much it changes the stock."""
        rng = self.rng
        kind, few = rng.randrange(12), rng.randrange(1, 12)
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
        if kind == 8:
            return self._line(card, number, day, few, reason="Facility return"), few
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
            processed_date=f"{day.isoformat()}T08:{number % 60:02d}:00.000Z",
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
