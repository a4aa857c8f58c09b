from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from d2_assets.errors import ConfigurationError
from d2_assets.ledger.spreadsheet import guard_cells, write_spreadsheet


def _guard(text: str | None) -> str | None:
    return guard_cells(pa.array([text], pa.string())).to_pylist()[0]


@pytest.mark.parametrize(
    "text",
    ["=1+1", "@a", "+cmd|' /C calc'!A0", "-", "-1+2", "-5\n=x", "\tx", "\rx", "-1.", "=", "+1,2,3"],
)
def test_what_a_spreadsheet_would_run_stands_behind_an_apostrophe(text: str) -> None:
    assert _guard(text) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    ["1234567890123456", "-1234567890123456.5", "007", "-01", "00.5", "12e4", "1.5E-3",
     "0012345678901e15", "0123456789012345"],
)  # fmt: skip
def test_what_a_spreadsheet_would_rewrite_stands_behind_an_apostrophe(text: str) -> None:
    assert _guard(text) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    [None, "", "5", "-5", "+5", "-5.25", "-5,25", "0", "0.5", "202404", "2024Q2", "a=b", "é", "1e",
     "123456789012345", "01/a", "0f5e1a2b3c4d5e6f", "00112233445566ee", "12345e789012345f",
     "01f9f7f2-0448-4c5b-9d31-7a86f1f6c2aa", "00000000-0000-4000-8000-000000000000"],
)  # fmt: skip
def test_other_cells_stay_as_they_are(text: str | None) -> None:
    assert _guard(text) == text


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [
        {"id": "a", "value": 'two\nlines, "quoted"', "deleted": False, "row": 3, "digest": 2**63},
        {"id": "b", "value": None, "deleted": True, "row": None, "digest": 1},
    ]
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("value", pa.string()),
            ("deleted", pa.bool_()),
            ("row", pa.int64()),
            ("digest", pa.uint64()),
        ]
    )
    pq.write_table(pa.Table.from_pylist(rows, schema), tmp_path / "t.parquet")
    return tmp_path / "t.parquet"


def test_the_rows_are_those_of_the_table_in_its_order(table: Path, tmp_path: Path) -> None:
    write_spreadsheet(table, tmp_path / "t.csv", without=frozenset({"digest"}))
    frame = pd.read_csv(tmp_path / "t.csv", dtype=str, keep_default_na=False)
    assert frame.to_dict("records") == [
        {"id": "a", "value": 'two\nlines, "quoted"', "deleted": "false", "row": "3"},
        {"id": "b", "value": "", "deleted": "true", "row": ""},
    ]
    assert (tmp_path / "t.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_file_that_cannot_be_written_is_named_and_the_old_one_stays(
    table: Path, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("old")
    (tmp_path / "t.csv.part").symlink_to("/dev/full")
    with pytest.raises(ConfigurationError, match=r"t\.csv cannot be written"):
        write_spreadsheet(table, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "old"
