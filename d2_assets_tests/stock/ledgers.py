"""Generated stock cards: any movements, in the server's order, with running stock."""

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import strategies as st

from d2_assets.openlmis.stock_cards import LineItem, Reason, StockAdjustment, StockCard

FACILITY, PROGRAM, ORDERABLE = "facility", "program", "orderable"
FIRST_DAY = date(2025, 9, 1)
#: Days from the first day of the ledger on; the month under test lies in the middle.
_DAYS = 90

CONSUMED = Reason("consumed", "Consumed", "DEBIT", "ADJUSTMENT", frozenset({"consumed"}))
RECEIPTS = Reason("receipts", "Receipts", "CREDIT", "ADJUSTMENT", frozenset({"received"}))
TRANSFER_IN = Reason("in", "Transfer In", "CREDIT", "TRANSFER")
TRANSFER_OUT = Reason("out", "Transfer Out", "DEBIT", "TRANSFER")
DAMAGE = Reason("damage", "Damage", "DEBIT", "ADJUSTMENT", frozenset({"adjustment", "debit"}))
EXPIRED = Reason("expired", "Expired", "DEBIT", "ADJUSTMENT")
RETURN = Reason("return", "Facility return", "CREDIT", "ADJUSTMENT", frozenset({"debit"}))
MISSING = Reason("missing", "Not found", "DEBIT", "ADJUSTMENT")
REASONS = (CONSUMED, RECEIPTS, TRANSFER_IN, TRANSFER_OUT, DAMAGE, EXPIRED, RETURN, MISSING)

Change = tuple[date, int, Reason | None, bool, tuple[StockAdjustment, ...]]


def make_card(changes: Sequence[Change], card: str = "card", lot: str = "") -> StockCard:
    """A card from changes: day, by how much, reason, whether to or from a place, adjustments."""
    stock, items = 0, []
    for number, (day, signed, reason, with_place, parts) in enumerate(changes):
        stock += signed
        items.append(
            LineItem(
                f"{card}-{number}",
                day,
                signed,
                stock,
                reason,
                has_source=with_place and signed > 0,
                has_destination=with_place and signed < 0,
                adjustments=parts,
            )
        )
    return StockCard(card, FACILITY, PROGRAM, ORDERABLE, lot, line_items=tuple(items))


@st.composite
def changes(draw: st.DrawFn) -> list[Change]:
    """Movements in order; stock never falls below 0, as the server sees to."""
    days = sorted(draw(st.lists(st.integers(0, _DAYS), max_size=12)))
    stock, made = 0, []
    for offset in days:
        signed = draw(st.integers(-stock, 20))
        stock += signed
        parts: tuple[StockAdjustment, ...] = ()
        reason, with_place = draw(_reasons(signed)), draw(st.booleans())
        if reason is None and not with_place:
            parts = tuple(draw(st.lists(_parts(), max_size=3)))
        made.append((FIRST_DAY + timedelta(days=offset), signed, reason, with_place, parts))
    return made


@st.composite
def cards(draw: st.DrawFn) -> list[StockCard]:
    """The lots of one product."""
    return [
        make_card(of_lot, f"card-{number}", f"lot-{number}")
        for number, of_lot in enumerate(draw(st.lists(changes(), min_size=1, max_size=3)))
    ]


def _reasons(signed: int) -> st.SearchStrategy[Reason | None]:
    fitting = [one for one in REASONS if (one.type == "CREDIT") == (signed >= 0)]
    return st.one_of(st.none(), st.sampled_from(fitting))


@st.composite
def _parts(draw: st.DrawFn) -> StockAdjustment:
    reason, quantity = draw(st.sampled_from(REASONS)), draw(st.integers(0, 15))
    return StockAdjustment(reason, quantity if reason.type == "CREDIT" else -quantity)
