"""Average monthly consumption and months of stock."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.stock.card_months import Flows
from d2_assets.stock.consumption import (
    Consumed,
    derive_consumption,
    list_months_needed,
    round_half_up,
)
from d2_assets.stock.product_months import ProductMonth


def make_month(month: str, issued: int, closing: int = 0, *, started: bool = True) -> ProductMonth:
    return ProductMonth(
        "facility",
        "program",
        "orderable",
        month,
        opening_balance=closing + issued,
        closing_balance=closing,
        flows=Flows(issued=issued),
        stockout_days=0,
        movements=1,
        has_started=started,
        is_withdrawn=False,
    )


def index(*months: ProductMonth) -> list[dict]:
    return [{month.product: month} for month in months]


def test_the_months_needed_end_with_the_month_itself() -> None:
    assert list_months_needed("202601", 3) == ("202511", "202512", "202601")
    assert list_months_needed("202601", 1) == ("202601",)


def test_issues_are_divided_by_the_months_with_data() -> None:
    earlier = index(make_month("202508", 10), make_month("202509", 5))
    found = derive_consumption(make_month("202510", 5, closing=21), earlier)
    assert found.average_monthly_consumption == Decimal("6.7")
    assert found.months_of_stock == Decimal("3.1")
    assert found.months == ("202508", "202509", "202510")


def test_a_month_without_data_is_not_taken_as_zero() -> None:
    now = make_month("202510", 6, closing=12)
    earlier = [{}, *index(make_month("202509", 0, started=False))]
    found = derive_consumption(now, earlier)
    assert found.average_monthly_consumption == Decimal("6.0")
    assert found.months == ("202510",)


def test_where_nothing_was_consumed_there_are_no_months_of_stock() -> None:
    found = derive_consumption(make_month("202510", 0, closing=9), [])
    assert (found.months_of_stock, found.why) == (None, Consumed.NOTHING_CONSUMED)
    nothing = derive_consumption(make_month("202510", 0, started=False), [])
    assert (nothing.average_monthly_consumption, nothing.why) == (None, Consumed.NO_DATA)


@pytest.mark.parametrize(
    ("number", "rounded"), [("0.05", "0.1"), ("0.04", "0.0"), ("2.25", "2.3"), ("-0.05", "-0.1")]
)
def test_a_half_is_rounded_up(number: str, rounded: str) -> None:
    assert round_half_up(Decimal(number)) == Decimal(rounded)


@given(st.lists(st.integers(0, 500), min_size=1, max_size=6), st.integers(0, 5000))
def test_the_average_lies_between_the_least_and_the_most(issued: list[int], closing: int) -> None:
    *before, last = issued
    earlier = index(*(make_month(f"20250{place + 1}", each) for place, each in enumerate(before)))
    average = derive_consumption(
        make_month("202510", last, closing), earlier
    ).average_monthly_consumption
    assert average is not None
    assert min(issued) <= average <= max(issued)
