"""The accounting identity, lots and days, for any ledger."""

from datetime import date, timedelta

from hypothesis import given

from d2_assets.openlmis.stock_cards import StockCard
from d2_assets.stock.card_months import (
    CardMonth,
    Month,
    derive_card_month,
    find_month,
    find_out_of_order,
)
from d2_assets.stock.product_months import ProductMonth, derive_product_months
from d2_assets.stock.reasons import Bucket, ReasonRules
from d2_assets_tests.stock.ledgers import (
    CONSUMED,
    DAMAGE,
    EXPIRED,
    MISSING,
    RECEIPTS,
    Change,
    cards,
    changes,
    make_card,
)

RULES = ReasonRules(
    by_id={"damage": Bucket.LOSSES, "expired": Bucket.LOSSES}, loss_kinds={"expired": "expired"}
)
OCTOBER = find_month("202510")
LATER = date(2026, 6, 1)


def derive(card: StockCard, month: Month = OCTOBER) -> CardMonth:
    return derive_card_month(card, month, RULES)


def add_up(*cards: StockCard, month: Month = OCTOBER, today: date = LATER) -> ProductMonth:
    (product,) = derive_product_months([derive(card, month) for card in cards], month, today)
    return product


@given(cards())
def test_closing_is_opening_and_what_moved(lots: list[StockCard]) -> None:
    for month in ("202509", "202510", "202511"):
        product = add_up(*lots, month=find_month(month))
        flows = product.flows
        assert product.imbalance == 0
        assert product.closing_balance == (
            product.opening_balance
            + flows.received
            - flows.issued
            - flows.losses
            + flows.adjustments
        )


@given(cards())
def test_a_month_opens_as_the_one_before_closed(lots: list[StockCard]) -> None:
    september, october = (add_up(*lots, month=find_month(month)) for month in ("202509", "202510"))
    assert october.opening_balance == september.closing_balance


@given(cards())
def test_lots_add_up_to_the_product(lots: list[StockCard]) -> None:
    product = add_up(*lots)
    of_lots = [add_up(lot) for lot in lots]
    assert product.closing_balance == sum(one.closing_balance for one in of_lots)
    assert product.flows.issued == sum(one.flows.issued for one in of_lots)
    assert product.movements == sum(one.movements for one in of_lots)
    if len(lots) > 1:
        assert (
            product.stockout_days
            <= max((one.stockout_days for one in of_lots if one.has_started), default=0)
            + (OCTOBER.end - OCTOBER.start).days
        )
    assert add_up(*reversed(lots)) == product


@given(changes())
def test_every_part_of_a_movement_counts_once(made: list[Change]) -> None:
    card = make_card(made)
    for item in card.line_items:
        assert sum(part.signed for part in RULES.split(item)) == item.signed
    assert derive(card).is_balanced


@given(changes())
def test_an_adjustment_that_takes_stock_stays_negative(made: list[Change]) -> None:
    flows = derive(make_card(made)).flows
    assert flows.negative_adjustments <= 0 <= flows.positive_adjustments
    assert flows.adjustments == flows.negative_adjustments + flows.positive_adjustments


@given(changes())
def test_days_without_stock_are_those_of_a_walk_through_the_calendar(made: list[Change]) -> None:
    card = make_card(made)
    month = derive(card)
    expected, day = 0, OCTOBER.start
    while day <= OCTOBER.end:
        before = [item for item in card.line_items if item.occurred_date <= day]
        expected += bool(before) and before[-1].stock_on_hand == 0
        day += timedelta(days=1)
    assert add_up(card).stockout_days == expected
    assert month.movements == sum(
        OCTOBER.start <= item.occurred_date <= OCTOBER.end for item in card.line_items
    )


def test_a_stock_out_is_carried_over_the_month_s_end_and_ends_today() -> None:
    card = make_card(
        [
            (date(2025, 9, 10), 5, RECEIPTS, False, ()),
            (date(2025, 9, 20), -5, CONSUMED, False, ()),
            (date(2025, 10, 11), 3, RECEIPTS, False, ()),
        ]
    )
    assert add_up(card).stockout_days == 10
    assert add_up(card, today=date(2025, 10, 4)).stockout_days == 4
    assert add_up(card, month=find_month("202511")).stockout_days == 0


def test_a_day_that_is_emptied_and_filled_again_is_no_stock_out() -> None:
    day = date(2025, 10, 5)
    card = make_card(
        [
            (date(2025, 9, 1), 4, RECEIPTS, False, ()),
            (day, -4, CONSUMED, False, ()),
            (day, 9, RECEIPTS, False, ()),
        ]
    )
    assert add_up(card).stockout_days == 0


def test_a_card_without_any_movement_has_no_stock_and_no_stock_out() -> None:
    product = add_up(make_card([]))
    assert not product.has_started
    assert product.stockout_days == 0


def test_listed_losses_are_losses_and_unlisted_ones_adjustments() -> None:
    october = date(2025, 10, 2)
    card = make_card(
        [
            (date(2025, 9, 1), 20, None, True, ()),
            (october, -2, DAMAGE, False, ()),
            (october, -3, EXPIRED, False, ()),
            (october, -4, MISSING, False, ()),
        ]
    )
    flows = derive(card).flows
    assert (flows.losses, flows.adjustments) == (5, -4)
    assert flows.losses_by_kind == {"expired": 3}


def test_line_items_that_are_not_in_order_are_found() -> None:
    made: list[Change] = [
        (date(2025, 10, 2), 5, RECEIPTS, False, ()),
        (date(2025, 9, 1), 5, RECEIPTS, False, ()),
    ]
    found = find_out_of_order(make_card(made))
    assert found is not None
    assert found.id == "card-1"
    assert find_out_of_order(make_card(made[:1])) is None
