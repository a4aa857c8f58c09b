"""The demo instance through the client: every expected row, and the accounting check."""

from collections import defaultdict
from datetime import date
from pathlib import Path
from threading import Event

import pyarrow.parquet as pq

from d2_assets.openlmis.stock_cards import Reason
from d2_assets.sandbox.openlmis import OpenLMISSandbox
from d2_assets.stock.card_months import find_month
from d2_assets.stock.product_months import ProductMonth
from d2_assets.stock.reasons import Bucket, ReasonRules
from d2_assets.stock.stage import StagedStock, list_places, stage_month
from d2_assets.stock.tables import read_product_months
from d2_assets_tests.openlmis.conftest import connect
from d2_assets_tests.openlmis.demo import Row, read_rows

#: The losses that the expected numbers count as such.
_LOSSES = {
    "Damage",
    "Expired",
    "Stolen",
    "Lost",
    "Passed open-vial time limit",
    "Cold chain failure",
}
_NUMBERS = (
    "opening_balance",
    "received",
    "issued",
    "losses",
    "adjustments",
    "closing_balance",
    "stockout_days",
    "movements",
)


def show(month: ProductMonth) -> dict[str, int]:
    return {
        name: getattr(month if hasattr(month, name) else month.flows, name) for name in _NUMBERS
    }


def list_losses(reasons: list[Reason]) -> ReasonRules:
    return ReasonRules(
        by_id={reason.id: Bucket.LOSSES for reason in reasons if reason.name in _LOSSES}
    )


def test_every_expected_product_month_comes_out(
    demo: OpenLMISSandbox, contracts: Path, tmp_path: Path
) -> None:
    expected: defaultdict[str, list[Row]] = defaultdict(list)
    for row in read_rows(contracts / "derived/product_month_expected.csv"):
        expected[row["period"]].append(row)
    client = connect(demo)
    rules = list_losses(client.list_reasons())
    wanted = {row["facility_code"] for rows in expected.values() for row in rows}
    facilities = [one for one in client.list_facilities() if one.code in wanted]
    places = list_places(facilities)
    compared = 0
    for period, rows in sorted(expected.items()):
        staged: StagedStock = stage_month(
            client, places, find_month(period), rules, date(2018, 1, 1), tmp_path, Event()
        )
        assert staged.findings == []
        assert staged.balanced == staged.products
        found = {
            month.product: month
            for month in read_product_months(pq.read_table(tmp_path / f"products-{period}.parquet"))
        }
        for row in rows:
            product = row["facility_id"], row["program_id"], row["orderable_id"]
            assert show(found[product]) == {name: int(row[name]) for name in _NUMBERS}, row
            compared += 1
    assert compared == 349


def test_only_cards_that_moved_are_asked_for(
    demo: OpenLMISSandbox, contracts: Path, tmp_path: Path
) -> None:
    client = connect(demo)
    places = list_places(client.list_facilities())
    month = find_month("201703")
    demo.clear_requests()
    stage_month(client, places, month, ReasonRules(), date(2018, 1, 1), tmp_path, Event())
    asked = [record.path for record in demo.requests()]
    cards = {path.rpartition("/")[2] for path in asked if path.startswith("/api/stockCards/")}
    assert len(asked) == 3 * len(places) + len(cards)
    # Nothing moved in that month. What v2 hides is only known by its stock of today.
    for card in cards:
        hidden = demo.state.cards[card]
        shown = client.get_summaries(hidden.facility, hidden.program, month.end)
        assert card not in {one.card for one in shown}
