from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.errors import ConfigurationError, ContractError
from d2_assets.staging.database import Database, open_database
from d2_assets.staging.tables import verify_table
from d2_assets_tests.data_values.builders import compare_in_parts, open_scratch


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


def test_a_result_is_saved_as_a_table_that_can_be_attached(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "it's a table.parquet"
    note = database.save("SELECT '007' AS value UNION ALL SELECT NULL", path)
    assert note == verify_table(path) == database.attach("kept", path)
    assert sorted(database.rows("SELECT value FROM kept"), key=str) == [("007",), (None,)]


def test_a_cut_table_is_not_attached(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "kept.parquet"
    database.save("SELECT 1 AS number", path)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ContractError, match=r"kept\.parquet"):
        database.attach("kept", path)


def test_a_result_that_cannot_be_written_names_the_folder(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "not there" / "kept.parquet"
    with pytest.raises(ConfigurationError, match="cannot be written") as refused:
        database.save("SELECT 1 AS number", path)
    assert str(path.parent) in refused.value.remedy


def test_a_query_that_fails_leaves_the_earlier_table(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "kept.parquet"
    database.save("SELECT 1 AS number", path)
    with pytest.raises(duckdb.Error):
        database.save("SELECT error('broken') FROM range(3)", path)
    verify_table(path)
    assert sorted(item.name for item in tmp_path.iterdir()) == [
        "kept.parquet",
        "kept.parquet.json",
    ]


def test_a_query_that_fails_on_its_way_leaves_the_earlier_table(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "kept.parquet"
    database.save("SELECT 1 AS number", path)
    late = "SELECT CASE WHEN range = 299999 THEN error('broken') ELSE range END FROM range(300000)"
    with pytest.raises((duckdb.Error, OSError), match="broken"):
        database.save(late, path)
    verify_table(path)
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("rows", [0, 1, 4, 50])
def test_a_spread_query_gives_every_row_once(database: Database, tmp_path: Path, rows: int) -> None:
    left, right = tmp_path / "left.parquet", tmp_path / "right.parquet"
    database.save(f"SELECT 'u' || range % 7 AS unit, range AS number FROM range({rows})", left)
    database.save("SELECT 'u' || range AS unit, range AS code FROM range(5)", right)
    database.load("small", pa.table({"code": [1, 2]}))
    joined = "SELECT * FROM lefts LEFT JOIN rights USING (unit) LEFT JOIN small USING (code)"
    with compare_in_parts(3):
        database.attach("lefts", left, spread_by="unit")
        database.attach("rights", right, spread_by="unit")
        whole = database.rows(f"{joined} ORDER BY number")
        note = database.save(joined, tmp_path / "joined.parquet", spread=True)
        database.execute("CREATE TABLE counted AS SELECT 0::BIGINT AS number LIMIT 0")
        database.execute("INSERT INTO counted SELECT number FROM lefts", spread=True)
    assert note.rows == len(whole) == rows
    database.attach("joined", tmp_path / "joined.parquet")
    assert database.rows("SELECT * FROM joined ORDER BY number") == whole
    assert database.value("SELECT count(DISTINCT number) FROM counted") == rows
    assert database.value("SELECT count(*) FROM lefts") == rows


def test_a_spread_query_that_fails_leaves_the_tables_whole(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "left.parquet"
    database.save("SELECT range AS number FROM range(20)", path)
    with compare_in_parts(3):
        database.attach("lefts", path, spread_by="number")
        broken = "SELECT CASE WHEN number = 7 THEN error('x') END AS number FROM lefts"
        with pytest.raises((duckdb.Error, ConfigurationError)):
            database.save(broken, tmp_path / "broken.parquet", spread=True)
    assert database.value("SELECT count(*) FROM lefts") == 20
    assert not list(tmp_path.glob("broken*"))


def test_a_loaded_table_takes_the_place_of_an_earlier_one(database: Database) -> None:
    database.load("small", pa.table({"value": ["1.0"]}))
    database.load("small", pa.table({"value": ["2", "1e5"]}))
    assert database.rows("SELECT value FROM small ORDER BY ALL") == [("1e5",), ("2",)]


def test_the_one_number_of_a_query_may_be_missing(database: Database) -> None:
    assert database.value("SELECT count(*) FROM range(3)") == 3
    assert database.value("SELECT sum(range) FROM range(0)") == 0
    assert database.value("SELECT 1 WHERE false") == 0


@settings(max_examples=25)
@given(rows=st.integers(0, 9_000), size=st.sampled_from([1, 7, 1000, 2048, 5000]))
def test_a_large_result_comes_whole_and_in_order_in_parts_of_the_size(rows: int, size: int) -> None:
    size = max(size, rows // 50 + 1)
    with open_scratch() as (database, _):
        query = f"SELECT range AS number FROM range({rows}) ORDER BY number DESC"
        lengths, numbers = [], []
        for part in database.iterate(query, size):
            lengths.append(part.num_rows)
            numbers += part.column("number").to_pylist()
            assert database.value("SELECT count(*) FROM range(5)") == 5
    assert numbers == list(range(rows - 1, -1, -1))
    assert lengths == [size] * (rows // size) + [rows % size] * (rows % size > 0)


def test_a_large_result_that_is_not_read_to_its_end_is_let_go(database: Database) -> None:
    parts = database.iterate("SELECT * FROM range(10000)", 10)
    assert next(parts).num_rows == 10
    parts.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert database.value("SELECT 1") == 1


def test_the_spill_folder_goes_with_the_database(tmp_path: Path) -> None:
    with open_database(tmp_path) as opened:
        opened.execute("CREATE TABLE kept AS SELECT 1 AS number")
        (tmp_path / "spill").mkdir(exist_ok=True)
    assert not (tmp_path / "spill").exists()
