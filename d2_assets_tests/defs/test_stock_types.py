"""The types of the indicator tables tell a table that breaks them."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from d2_assets.defs.stock_types import INDICATOR_TYPES, INDICATORS, find_violation
from d2_assets.staging.tables import write_table
from d2_assets.stock.attributes import Indicator
from d2_assets.stock.values import VALUES_SCHEMA


def write_row(folder: Path, **members: Any) -> Path:
    row = (
        dict.fromkeys(VALUES_SCHEMA.names, "x")
        | {"row": 0, "value": "3", "stock_on_hand": 5}
        | members
    )
    batch = pa.RecordBatch.from_pylist([row], schema=VALUES_SCHEMA)
    path = folder / "values.parquet"
    write_table(path, VALUES_SCHEMA, [batch])
    return path


@pytest.mark.parametrize("indicator", INDICATORS)
def test_a_table_without_a_number_is_whole(tmp_path: Path, indicator: Indicator) -> None:
    assert find_violation(indicator, write_row(tmp_path)) == ""
    nothing = write_row(tmp_path, value=None, stock_on_hand=None, orderable="", attribute="")
    assert find_violation(indicator, nothing) == ""
    assert find_violation(indicator, write_row(tmp_path, value="3.5")) == ""


def test_adjustments_may_be_below_zero_and_balances_may_not(tmp_path: Path) -> None:
    negative = write_row(tmp_path, value="-3")
    assert find_violation("adjustments", negative) == ""
    assert "value" in find_violation("closing_balance", negative)


def test_no_month_has_more_than_31_days_without_stock(tmp_path: Path) -> None:
    assert find_violation("stockout_days", write_row(tmp_path, value="32"))


def test_a_row_without_a_facility_breaks_its_type(tmp_path: Path) -> None:
    assert "facility" in find_violation("issued", write_row(tmp_path, facility=None))


def test_types_are_called_after_their_tables() -> None:
    names = {type_.display_name for type_ in INDICATOR_TYPES.values()}
    assert "AverageMonthlyConsumptionTable" in names
    assert len(names) == len(INDICATORS)
