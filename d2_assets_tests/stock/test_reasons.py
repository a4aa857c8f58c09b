"""Which bucket a movement goes to."""

from dataclasses import replace
from datetime import date

import pytest

from d2_assets.openlmis.stock_cards import LineItem, Reason, StockAdjustment
from d2_assets.stock.reasons import Bucket, ReasonRules
from d2_assets_tests.stock.ledgers import CONSUMED, DAMAGE, RECEIPTS, RETURN, TRANSFER_OUT

DAY = date(2025, 10, 1)
KIT = Reason("kit", "Unpack Kit", "DEBIT", "AGGREGATION", frozenset({"consumed"}))
CANCELLED_ISSUE = Reason(
    "6997c774-2f91-4e36-8938-d3003fe2c203",
    "Cancelled issue",
    "CREDIT",
    "ADJUSTMENT",
    frozenset({"cancel"}),
)
CANCELLED_RECEIPT = replace(
    CANCELLED_ISSUE, id="46aa9d3e-0ce4-4138-b086-172cefb58360", type="DEBIT"
)


@pytest.mark.parametrize(
    ("reason", "source", "destination", "bucket"),
    [
        (None, True, False, Bucket.RECEIVED),
        (None, False, True, Bucket.ISSUED),
        (None, False, False, Bucket.ADJUSTMENTS),
        (CONSUMED, False, False, Bucket.ISSUED),
        (RECEIPTS, False, False, Bucket.RECEIVED),
        (TRANSFER_OUT, False, False, Bucket.ISSUED),
        (RETURN, False, False, Bucket.ADJUSTMENTS),
        (DAMAGE, False, False, Bucket.ADJUSTMENTS),
        (KIT, False, False, Bucket.ISSUED),
        (CANCELLED_ISSUE, False, False, Bucket.ISSUED),
        (CANCELLED_RECEIPT, False, False, Bucket.RECEIVED),
    ],
)
def test_the_defaults_go_by_id_place_tag_and_type(
    reason: Reason | None, source: bool, destination: bool, bucket: Bucket
) -> None:
    assert ReasonRules().choose(reason, source=source, destination=destination) is bucket


def test_a_site_overrides_the_defaults() -> None:
    clinic = ReasonRules(
        by_id={DAMAGE.id: Bucket.LOSSES},
        by_tag={"consumed": Bucket.ADJUSTMENTS},
        by_type={("TRANSFER", "DEBIT"): Bucket.ADJUSTMENTS},
        to_destination=Bucket.ADJUSTMENTS,
    )
    for reason, destination, bucket in (
        (DAMAGE, False, Bucket.LOSSES),
        (KIT, False, Bucket.ADJUSTMENTS),
        (TRANSFER_OUT, False, Bucket.ADJUSTMENTS),
        (TRANSFER_OUT, True, Bucket.ADJUSTMENTS),
        (RECEIPTS, False, Bucket.RECEIVED),
    ):
        assert clinic.choose(reason, source=False, destination=destination) is bucket


def test_a_cancelled_issue_takes_back_what_was_issued() -> None:
    (part,) = ReasonRules().split(LineItem("item", DAY, 7, 7, CANCELLED_ISSUE))
    assert (part.bucket, part.quantity) == (Bucket.ISSUED, -7)


def test_a_physical_inventory_is_spread_by_its_reasons_and_the_rest_is_an_adjustment() -> None:
    item = LineItem(
        "count",
        DAY,
        -3,
        12,
        adjustments=(StockAdjustment(CONSUMED, -10), StockAdjustment(RECEIPTS, 5)),
    )
    assert [(part.bucket, part.quantity) for part in ReasonRules().split(item)] == [
        (Bucket.ISSUED, 10),
        (Bucket.RECEIVED, 5),
        (Bucket.ADJUSTMENTS, 2),
    ]
