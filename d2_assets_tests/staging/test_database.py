from collections.abc import Callable, Iterator
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
from d2_assets_tests.staging.disks import fill_up, full_disk


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
        assert database.total("SELECT count(DISTINCT number) FROM lefts") == rows
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


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4])


QUERIES: dict[str, Callable[[Database], object]] = {
    "rows": lambda database: database.rows("SELECT * FROM kept"),
    "value": lambda database: database.value("SELECT count(*) FROM kept"),
    "execute": lambda database: database.execute("CREATE TABLE more AS FROM kept"),
    "iterate": lambda database: list(database.iterate("SELECT * FROM kept", 10)),
    "save": lambda database: database.save("SELECT * FROM kept", Path("/nowhere/more.parquet")),
    "spread": lambda database: database.execute("CREATE TABLE more AS FROM kept", spread=True),
    "verify": lambda database: database.verify("kept"),
    "view of a view": lambda database: database.rows("SELECT * FROM of_kept"),
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
@pytest.mark.parametrize("spoil", [_flip, _cut, Path.unlink])
def test_a_file_that_is_altered_after_it_was_attached_is_not_read(
    database: Database,
    tmp_path: Path,
    query: Callable[[Database], object],
    spoil: Callable[[Path], None],
) -> None:
    path = tmp_path / "kept.parquet"
    database.save("SELECT range AS number FROM range(2000)", path)
    database.attach("kept", path, spread_by="number")
    database.execute("CREATE VIEW of_kept AS FROM kept")
    spoil(path)
    with pytest.raises(ContractError, match=r"kept\.parquet"):
        query(database)


def test_a_file_that_is_altered_while_it_is_read_is_noticed(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "kept.parquet"
    database.save("SELECT range AS number FROM range(200000)", path)
    database.attach("kept", path)
    parts = database.iterate("SELECT number FROM kept", 1000)
    assert next(parts).num_rows == 1000
    _flip(path)
    with pytest.raises(ContractError, match=r"kept\.parquet"):
        list(parts)


def test_a_table_that_takes_the_place_of_an_attached_one_is_read(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "kept.parquet"
    database.save("SELECT 1 AS number", path)
    database.attach("kept", path)
    database.save("SELECT number + 1 AS number FROM kept", path)
    assert database.rows("SELECT number FROM kept") == [(2,)]


def test_a_file_that_was_only_touched_is_read(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "kept.parquet"
    database.save("SELECT 1 AS number", path)
    database.attach("kept", path)
    path.touch()
    assert database.rows("SELECT number FROM kept") == [(1,)]


SORTED = "SELECT range AS number, md5(range::VARCHAR) AS text FROM range(1500000) ORDER BY text"
SPILLS: dict[str, Callable[[Database, Path], object]] = {
    "execute": lambda database, _: database.execute(f"CREATE TABLE kept AS {SORTED}"),
    "iterate": lambda database, _: next(database.iterate(SORTED, 10)),
    "save": lambda database, folder: database.save(SORTED, folder / "kept.parquet"),
}


@pytest.mark.parametrize("query", SPILLS.values(), ids=SPILLS.keys())
def test_a_disk_that_is_full_when_a_query_spills_is_named(
    database: Database, tmp_path: Path, query: Callable[[Database, Path], object]
) -> None:
    with full_disk(), pytest.raises(ConfigurationError, match="spill cannot be written") as caught:
        query(database, tmp_path)
    assert "Free space" in caught.value.remedy
    assert not list(tmp_path.glob("kept*"))


@pytest.mark.parametrize("query", SPILLS.values(), ids=SPILLS.keys())
def test_a_folder_to_spill_to_that_cannot_be_made_is_named(
    tmp_path: Path, query: Callable[[Database, Path], object]
) -> None:
    with open_database(tmp_path) as database:
        (tmp_path / "spill").write_text("a file")
        with pytest.raises(ConfigurationError, match="spill cannot be written"):
            query(database, tmp_path)


def test_a_result_for_a_full_disk_is_named(database: Database, tmp_path: Path) -> None:
    fill_up(tmp_path / "kept.parquet.part")
    with pytest.raises(ConfigurationError, match=r"kept\.parquet cannot be written: No space"):
        database.save(
            "SELECT md5(range::VARCHAR) AS text FROM range(1000)", tmp_path / "kept.parquet"
        )
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_spilled_is_removed(tmp_path: Path) -> None:
    (tmp_path / "spill").mkdir()
    (tmp_path / "spill" / "duckdb_temp_storage.tmp").touch()
    with open_database(tmp_path):
        assert not (tmp_path / "spill").exists()
