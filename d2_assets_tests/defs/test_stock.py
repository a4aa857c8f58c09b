"""What the assets of stock are before anything runs."""

import dagster as dg
import pytest

from d2_assets.definitions import build_definitions
from d2_assets.settings import load_settings
from d2_assets.settings.loading import SANDBOX_FILE

INDICATORS = {
    "opening_balance",
    "received",
    "issued",
    "losses",
    "adjustments",
    "closing_balance",
    "stockout_days",
    "average_monthly_consumption",
    "months_of_stock",
}
MOVEMENTS = dg.AssetKey(["stock", "stock_movements"])


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return build_definitions(load_settings(SANDBOX_FILE, {}))


def test_every_indicator_is_an_asset_behind_the_movements(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    keys = {key for key in graph.get_all_asset_keys() if key.path[0] == "stock"}
    assert keys == {MOVEMENTS, *(dg.AssetKey(["stock", name]) for name in INDICATORS)}
    for key in keys - {MOVEMENTS}:
        assert graph.get(key).parent_keys == {MOVEMENTS}
        assert graph.get(key).kinds == {"openlmis", "dhis2"}
        assert graph.get(key).group_name == "stock"


def test_every_asset_makes_its_claims(defs: dg.Definitions) -> None:
    checks = defs.resolve_asset_graph().asset_check_keys
    of_movements = {check.name for check in checks if check.asset_key == MOVEMENTS}
    assert of_movements == {"stock_accounting_balances", "withdrawn_products_seen"}
    of_issued = {check.name for check in checks if check.asset_key.path[-1] == "issued"}
    assert of_issued == {"no_row_is_lost", "destination_equals_source", "table_keeps_its_type"}


def test_the_ui_shows_columns_and_constraints(defs: dg.Definitions) -> None:
    specs = {spec.key.path[-1]: spec for spec in defs.resolve_all_asset_specs()}
    schema = specs["stockout_days"].metadata["dagster/column_schema"]
    columns = {column.name: column for column in schema.columns}
    assert {"facility", "orderable", "month", "value"} <= columns.keys()
    assert columns["value"].constraints.other == ["at least 0", "at most 31"]
    assert (
        "quantityDispensed"
        in specs["issued"].metadata["dagster/column_schema"].columns[-2].description
    )


def test_the_job_takes_all_of_them(defs: dg.Definitions) -> None:
    job = defs.resolve_job_def("stock")
    assert job.description
    assert len(job.asset_layer.selected_asset_keys) == 1 + len(INDICATORS)
