"""The names in sites' mapping files."""

import pytest

from d2_assets.stock.attributes import ATTRIBUTES, find_attribute, folds_losses
from d2_assets.stock.card_months import Flows
from d2_assets.stock.product_months import ProductMonth

MONTH = ProductMonth(
    "facility",
    "program",
    "orderable",
    "202510",
    opening_balance=100,
    closing_balance=91,
    flows=Flows(
        received=20,
        issued=15,
        losses=9,
        positive_adjustments=2,
        negative_adjustments=-7,
        losses_by_kind={"expired": 4, "damaged": 3},
    ),
    stockout_days=2,
    movements=8,
    has_started=True,
    is_withdrawn=False,
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("beginningBalance", 100),
        ("quantityReceived", 20),
        ("quantityDispensed", 15),
        ("stockOnHand", 91),
        ("closingBalance", 91),
        ("totalLossesAndAdjustments", -14),
        ("adjustments", -5),
        ("positiveAdjustment", 2),
        ("negativeAdjustment", -7),
        ("totalLosses", 9),
        ("expired", 4),
        ("damaged", 3),
        ("lost", 0),
        ("stockoutDays", 2),
        ("OPENING_BALANCE", 100),
        ("ADJUSTMENT", -5),
    ],
)
def test_each_name_has_its_formula(name: str, value: int) -> None:
    attribute = find_attribute(name)
    assert attribute is not None
    assert attribute.derive is not None
    assert attribute.derive(MONTH) == value


def test_an_unknown_name_is_none() -> None:
    assert find_attribute("beginning_balance") is None


def test_every_name_stands_under_itself_and_says_what_it_is() -> None:
    for name, attribute in ATTRIBUTES.items():
        assert attribute.name == name
        assert attribute.words


def test_losses_are_folded_where_there_is_a_place_for_adjustments_alone() -> None:
    assert folds_losses(frozenset({"adjustments", "closingBalance"}))
    assert not folds_losses(frozenset({"adjustments", "totalLosses"}))
    assert not folds_losses(frozenset({"closingBalance"}))
    assert not folds_losses(frozenset({"totalLossesAndAdjustments", "adjustments"}))
