"""The indicator tables as types of dagster-pandas: columns and constraints, for the UI and a check.

dagster-pandas is untyped and keeps to its own pandas: nothing outside this module knows either. A
table is looked at some rows at a time. Numbers become floats here, to be compared with a bound;
what is sent never passes this way.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import dagster as dg
import dagster_pandas
import pandas as pd
import pyarrow.parquet as pq
from dagster_pandas import PandasColumn

from d2_assets.stock.attributes import ATTRIBUTES, Indicator

_ROWS_A_BATCH = 20_000

_NAMES: Mapping[str, str] = {
    "facility": "Id of the facility in OpenLMIS.",
    "program": "Id of the program there; empty where a reporting view has none.",
    "orderable": "Id of the product there; empty for a facility that the account may not see.",
    "month": "The month, as in DHIS2 (202511).",
    "facility_name": "Code and name of the facility.",
    "product_name": "Code and name of the product.",
    "attribute": "The attribute of the mapping file; empty where no line names the product.",
}
_VALUE = "value"
_STOCK = "stock_on_hand"

#: Least and greatest number of a table; a net flow may be below zero: cancellations take back what
#: an earlier month reported.
_BOUNDS: Mapping[Indicator, tuple[float, float]] = {
    "opening_balance": (0, float("inf")),
    "closing_balance": (0, float("inf")),
    "stockout_days": (0, 31),
    "months_of_stock": (0, float("inf")),
}
_ANY = (float("-inf"), float("inf"))


def _make_type(indicator: Indicator) -> dg.DagsterType:
    least, greatest = _BOUNDS.get(indicator, _ANY)
    columns = [PandasColumn.string_column(name, non_nullable=True) for name in _NAMES]
    columns += [
        PandasColumn.numeric_column(
            _VALUE, min_value=least, max_value=greatest, ignore_missing_vals=True
        ),
        PandasColumn.numeric_column(_STOCK, ignore_missing_vals=True),
    ]
    words = indicator.replace("_", " ")
    made = dagster_pandas.create_dagster_pandas_dataframe_type(
        name="".join(part.title() for part in indicator.split("_")) + "Table",
        description=f"Facility x orderable x month: {words}.",
        columns=columns,
    )
    return cast(dg.DagsterType, made)


INDICATORS: tuple[Indicator, ...] = tuple(
    dict.fromkeys(attribute.indicator for attribute in ATTRIBUTES.values())
)
with warnings.catch_warnings():
    # The whole of dagster-pandas is called beta; every command would say so.
    warnings.simplefilter("ignore", dg.BetaWarning)
    INDICATOR_TYPES: Mapping[Indicator, dg.DagsterType] = {
        indicator: _make_type(indicator) for indicator in INDICATORS
    }


def describe_columns(indicator: Indicator) -> dg.TableSchema:
    """The columns with their constraints, as the UI shows them beside an asset."""
    least, greatest = _BOUNDS.get(indicator, _ANY)
    bounds = [f"at least {least:g}"] if least > float("-inf") else []
    bounds += [f"at most {greatest:g}"] if greatest < float("inf") else []
    named = [
        dg.TableColumn(
            name,
            "string",
            description=words,
            constraints=dg.TableColumnConstraints(nullable=False),
        )
        for name, words in _NAMES.items()
    ]
    attributes = [one for one in ATTRIBUTES.values() if one.indicator == indicator]
    value = dg.TableColumn(
        _VALUE,
        "number",
        description="; ".join(f"{one.name}: {one.words}" for one in attributes)
        + ". Empty where there is nothing to tell.",
        constraints=dg.TableColumnConstraints(nullable=True, other=bounds),
    )
    stock = dg.TableColumn(
        _STOCK, "int", description="Closing balance of the product: the stock the row stands for."
    )
    return dg.TableSchema(
        [*named, value, stock],
        constraints=dg.TableConstraints(["one row a facility, program, orderable and attribute"]),
    )


def find_violation(indicator: Indicator, table: Path) -> str:
    """How a staged table breaks its type; empty when it does not."""
    with pq.ParquetFile(table) as file:
        for batch in file.iter_batches(_ROWS_A_BATCH, columns=[*_NAMES, _VALUE, _STOCK]):
            frame = batch.to_pandas()
            frame[_VALUE] = pd.to_numeric(frame[_VALUE])
            frame[_STOCK] = pd.to_numeric(frame[_STOCK])
            found = _check(indicator, frame)
            if not found.success:
                return found.description or "It breaks its type."
    return ""


def _check(indicator: Indicator, frame: Any) -> dg.TypeCheck:
    check = INDICATOR_TYPES[indicator].type_check
    return cast(dg.TypeCheck, check(cast(Any, None), frame))
