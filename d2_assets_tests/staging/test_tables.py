import os
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.errors import ConfigurationError, ContractError, TransientError
from d2_assets.staging.tables import open_table, verify_table, was_never_named, write_table
from d2_assets_tests.data_values.builders import open_scratch
from d2_assets_tests.staging.disks import fill_up, full_disk

SCHEMA = pa.schema([("number", pa.int64()), ("value", pa.string())])


def _batch(*values: str | None) -> pa.RecordBatch:
    return pa.record_batch([list(range(len(values))), list(values)], schema=SCHEMA)


def _write(path: Path, *values: str | None) -> int:
    return write_table(path, SCHEMA, [_batch(value) for value in values])


def test_a_table_has_its_file_and_a_note_of_what_it_must_be(tmp_path: Path) -> None:
    path = tmp_path / "source.parquet"
    assert _write(path, "1", "2") == 2
    note = verify_table(path)
    assert (note.rows, note.bytes) == (2, path.stat().st_size)
    assert sorted(item.name for item in tmp_path.iterdir()) == [
        "source.parquet",
        "source.parquet.json",
    ]


def test_a_table_without_rows_is_a_table(tmp_path: Path) -> None:
    assert _write(tmp_path / "empty.parquet") == 0
    assert verify_table(tmp_path / "empty.parquet").rows == 0


def test_an_error_inside_the_block_leaves_nothing(tmp_path: Path) -> None:
    def write_and_fail() -> None:
        with open_table(tmp_path / "source.parquet", SCHEMA) as writer:
            writer.write(_batch("1"))
            raise TransientError("The answer ends early.")

    with pytest.raises(TransientError):
        write_and_fail()
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_whole_table_survives_a_failed_one(tmp_path: Path) -> None:
    path = tmp_path / "source.parquet"
    _write(path, "old")

    def write_and_fail() -> None:
        with open_table(path, SCHEMA) as writer:
            writer.write(_batch("new"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_fail()
    verify_table(path)
    assert pq.read_table(path).column("value").to_pylist() == ["old"]
    assert not list(tmp_path.glob("*.part"))


def test_a_later_table_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "source.parquet"
    _write(path, "old")
    _write(path, "new", "newer")
    assert verify_table(path).rows == 2


def test_a_table_takes_record_batches_and_tables(tmp_path: Path) -> None:
    with open_table(tmp_path / "source.parquet", SCHEMA) as writer:
        writer.write(_batch("1", "2"))
        writer.write(pa.Table.from_batches([_batch("3")]))
    assert writer.rows == verify_table(tmp_path / "source.parquet").rows == 3


def test_a_file_that_was_cut_short_is_named_and_refused(tmp_path: Path) -> None:
    path = tmp_path / "source.parquet"
    _write(path, "1")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ContractError, match=r"source\.parquet .* bytes and must have") as refused:
        verify_table(path)
    assert "Nothing was sent" in refused.value.remedy


def test_a_file_that_was_altered_is_named_and_refused(tmp_path: Path) -> None:
    path = tmp_path / "source.parquet"
    _write(path, "1")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ContractError, match=r"source\.parquet .* altered"):
        verify_table(path)


@pytest.mark.parametrize("note", [None, "", "{", "[1]", '{"rows": 1}', '{"rows": 1, "size": 2}'])
def test_a_table_without_a_readable_note_is_refused(tmp_path: Path, note: str | None) -> None:
    path = tmp_path / "source.parquet"
    _write(path, "1")
    beside = tmp_path / "source.parquet.json"
    if note is None:
        beside.unlink()
    else:
        beside.write_text(note, encoding="utf-8")
    with pytest.raises(ContractError, match=r"source\.parquet .* note is missing or unreadable"):
        verify_table(path)


def test_a_note_without_its_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "source.parquet"
    _write(path, "1")
    path.unlink()
    with pytest.raises(ContractError, match=r"source\.parquet .* the file is missing"):
        verify_table(path)


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "not there"
    with pytest.raises(ConfigurationError, match="cannot be written") as refused:
        _write(folder / "source.parquet", "1")
    assert str(folder) in refused.value.remedy


def test_a_disk_that_is_full_is_named_and_keeps_the_earlier_table(tmp_path: Path) -> None:
    path = tmp_path / "source.parquet"
    _write(path, "old")
    with (
        full_disk(),
        pytest.raises(ConfigurationError, match=r"source\.parquet cannot be written") as refused,
    ):
        _write(path, *(f"{number * 7919 % 100_003:x}" for number in range(20_000)))
    assert "Free space" in refused.value.remedy
    verify_table(path)
    assert pq.read_table(path).column("value").to_pylist() == ["old"]
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("name", ["source.parquet.part", "source.parquet.json.part"])
def test_a_device_without_space_is_named(tmp_path: Path, name: str) -> None:
    fill_up(tmp_path / name)
    with pytest.raises(ConfigurationError, match="No space left on device"):
        _write(tmp_path / "source.parquet", "1")
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_on_a_full_disk_stays_an_interruption(tmp_path: Path) -> None:
    def write_and_stop() -> None:
        with ExitStack() as disk, open_table(tmp_path / "source.parquet", SCHEMA) as writer:
            writer.write(_batch("1"))
            disk.enter_context(full_disk(0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_stop()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "source.parquet"
    _write(path, "1")
    path.unlink()
    path.mkdir()
    with pytest.raises(ContractError, match=r"source\.parquet .* cannot be read"):
        verify_table(path)


@settings(max_examples=40)
@given(st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"])))))
def test_what_was_written_is_read_as_it_was(values: list[str | None]) -> None:
    values = [*values, "007", "1.0", "1e5", "-0", "", None, "é中"]
    with open_scratch() as (database, folder):
        path = folder / "source.parquet"
        write_table(path, SCHEMA, [_batch(*values)])
        assert database.attach("source", path).rows == len(values)
        parts = database.iterate("SELECT value FROM source ORDER BY number", 7)
        assert [value for part in parts for value in part.column("value").to_pylist()] == values


def test_a_first_table_that_never_got_its_name_is_told_from_one_that_was_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "list.parquet"
    replace = os.replace

    def cut(source: Path, target: Path) -> None:
        if target == path:
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", cut)
        with pytest.raises(KeyboardInterrupt):
            _write(path, "1")
    assert was_never_named(path)
    _write(path, "1")
    assert not was_never_named(path)
    path.unlink()
    assert not was_never_named(path)
    with pytest.raises(ContractError, match="missing"):
        verify_table(path)
