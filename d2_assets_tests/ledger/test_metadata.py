"""A family's tables are Parquet for tools and, where people work with them, CSV."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from d2_assets.ledger.metadata import TABLES, write_rows
from d2_assets.staging.tables import verify_table


@pytest.mark.parametrize("table", TABLES)
def test_each_table_is_read_back_as_it_was_written(table: str, tmp_path: Path) -> None:
    path = tmp_path / "202501.parquet"
    rows = [tuple(f"{name} {n}" for name in TABLES[table]) for n in range(5001)]
    assert write_rows(table, path, rows) == 5001
    assert verify_table(path).rows == 5001
    frame = pd.read_parquet(path)
    assert list(frame.columns) == list(TABLES[table])
    assert tuple(frame.iloc[5000]) == rows[5000]


def test_an_empty_table_still_names_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "202501.parquet"
    write_rows("quarantine", path, [])
    assert list(pd.read_parquet(path).columns) == list(TABLES["quarantine"])


def test_people_get_a_spreadsheet_that_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "202501.parquet"
    write_rows("adaptations", path, [("options", "a", "=1+1", "name", "set", "why")])
    with path.with_suffix(".csv").open(encoding="utf-8-sig") as file:
        row = next(csv.DictReader(file))
    assert row["name"] == "'=1+1"
    write_rows("crosswalk", tmp_path / "crosswalk.parquet", [])
    assert not (tmp_path / "crosswalk.csv").exists()
