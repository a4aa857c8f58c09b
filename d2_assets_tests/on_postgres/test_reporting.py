"""The reporting view on a real PostgreSQL: the same tables come out of it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy.engine import URL

from d2_assets.errors import ConfigurationError, ContractError, TransientError
from d2_assets.stock.card_months import find_month
from d2_assets.stock.reporting import ReportingSource, ReportingView
from d2_assets_tests.postgres import PostgresServer, query

VIEW = ReportingView(
    view="analytics.fact_stock_monthly",
    facility="facility_id",
    program="",
    product="product_id",
    month="month_date",
    opening_balance="opening_balance",
    received="receipts",
    issued="consumptions",
    losses="losses",
    adjustments=("net_transfers", "net_adjustments"),
    closing_balance="closing_balance",
    stockout_days="stockout_days",
)
_TABLE = """
create schema analytics;
create table analytics.fact_stock_monthly (
  facility_id uuid, product_id uuid, month_date date, opening_balance numeric, receipts integer,
  consumptions integer, losses integer, net_transfers integer, net_adjustments numeric(12, 1),
  closing_balance integer, stockout_days integer);
insert into analytics.fact_stock_monthly values
  ('4774FC63-A0C8-4A29-A01D-5B6B48632175', '047638fa-92ce-4adf-9bbd-3bcb3216897a', '2025-10-01',
   20, 10, 7, 2, -4, 3.0, 20, 1),
  ('4774FC63-A0C8-4A29-A01D-5B6B48632175', '9c3bea84-487b-4e22-8759-3fe93f8201d9', '2025-10-01',
   null, null, null, null, null, null, null, null),
  ('4774FC63-A0C8-4A29-A01D-5B6B48632175', '047638fa-92ce-4adf-9bbd-3bcb3216897a', '2025-11-01',
   20, 0, 0, 0, 0, 0, 20, 0);
"""
OCTOBER = find_month("202510")


@pytest.fixture
def database(postgres: PostgresServer) -> URL:
    url = postgres.create_database("reporting", "secret-of-reporting")
    query(url, _TABLE)
    return url


@pytest.fixture
def source(database: URL) -> Iterator[ReportingSource]:
    opened = ReportingSource("moh", address(database), VIEW)
    yield opened
    opened.close()


def address(url: URL) -> str:
    return url.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)


def test_a_view_is_read_read_only_and_its_faults_are_named(
    source: ReportingSource, database: URL
) -> None:
    """One test, since a database costs more than what is asked of it."""
    months = [one for batch in source.iterate_product_months(OCTOBER) for one in batch]
    moved, idle = sorted(months, key=lambda one: one.orderable)
    assert moved.facility == "4774fc63-a0c8-4a29-a01d-5b6b48632175"
    assert (moved.opening_balance, moved.closing_balance, moved.stockout_days) == (20, 20, 1)
    flows = moved.flows
    assert (flows.received, flows.issued, flows.losses, flows.adjustments) == (10, 7, 2, -1)
    assert (flows.positive_adjustments, flows.negative_adjustments) == (3, -4)
    assert moved.imbalance == 0
    assert (moved.has_started, idle.has_started) == (True, False)

    assert "secret-of-reporting" not in source.url
    writing = replace(VIEW, view="analytics.write_something")
    query(
        database,
        "create function analytics.write_something() returns setof analytics.fact_stock_monthly "
        "language sql as 'delete from analytics.fact_stock_monthly returning *'",
    )
    query(
        database,
        "create view analytics.writing as select * from analytics.write_something()",
    )
    with pytest.raises(ConfigurationError) as caught:
        read(database, replace(writing, view="analytics.writing"))
    assert "read-only" in str(caught.value)
    with pytest.raises(ConfigurationError, match=r"stock\.reporting"):
        read(database, replace(VIEW, losses="no_such_column"))
    with pytest.raises(ConfigurationError, match="is no name"):
        read(database, replace(VIEW, view="x; drop table y"))
    query(database, "update analytics.fact_stock_monthly set net_adjustments = 0.5")
    with pytest.raises(ContractError, match="whole units"):
        read(database, VIEW)
    wrong = ReportingSource("moh", address(database.set(port=1)), VIEW)
    with pytest.raises(TransientError) as lost:
        list(wrong.iterate_product_months(OCTOBER))
    assert "secret-of-reporting" not in str(lost.value)
    wrong.close()


def read(url: URL, view: ReportingView) -> None:
    source = ReportingSource("moh", address(url), view)
    try:
        for _ in source.iterate_product_months(OCTOBER):
            pass
    finally:
        source.close()
