"""The power goes at any step of replacing a table: it is the old one or the new one, and whole."""

import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from d2_assets.errors import ContractError
from d2_assets.staging import tables
from d2_assets.staging.database import open_database
from d2_assets.staging.tables import verify_table, write_table

SCHEMA = pa.schema([("value", pa.string())])
#: Steps that reach the disk when a table takes the place of another.
STEPS = range(8)


class PowerCutError(BaseException):
    """Nothing of this process runs any more."""


def _write(path: Path, value: str) -> None:
    write_table(path, SCHEMA, [pa.record_batch([[value]], schema=SCHEMA)])


def _read(path: Path) -> list[str]:
    verify_table(path)
    return pq.read_table(path).column("value").to_pylist()


def _cut_power(monkeypatch: pytest.MonkeyPatch, after: int) -> Iterator[int]:
    """Each name given and each flush is a step; none happens after that many, nor any clearing."""
    left = iter(range(after))

    def step(action):  # type: ignore[no-untyped-def]
        def act(*args):  # type: ignore[no-untyped-def]
            if next(left, None) is None:
                raise PowerCutError
            return action(*args)

        return act

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", step(os.replace))
        patch.setattr(tables, "flush_to_disk", step(tables.flush_to_disk))
        patch.setattr(Path, "unlink", lambda path, missing_ok=False: None)
        yield after


@pytest.mark.parametrize("steps", STEPS)
def test_a_table_is_whole_whenever_the_power_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    path = tmp_path / "202404.parquet"
    _write(path, "old")
    for _ in _cut_power(monkeypatch, steps):
        try:
            _write(path, "new")
        except PowerCutError:
            pass
        else:
            assert steps == STEPS[-1]
    assert _read(path) in (["old"], ["new"])
    _write(path, "newest")
    assert _read(path) == ["newest"]
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("steps", STEPS)
def test_power_that_goes_twice_leaves_a_whole_table_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    path = tmp_path / "202404.parquet"
    _write(path, "old")
    for first in STEPS:
        for cut in (first, steps):
            for _ in _cut_power(monkeypatch, cut):
                try:
                    _write(path, "new")
                except PowerCutError:
                    continue
            assert _read(path) in (["old"], ["new"])


@pytest.mark.parametrize("steps", range(5))
def test_a_first_table_is_there_whole_or_is_staged_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    path = tmp_path / "202404.parquet"
    for _ in _cut_power(monkeypatch, steps):
        with pytest.raises(PowerCutError):
            _write(path, "new")
    if path.exists():
        assert _read(path) == ["new"]
    _write(path, "newest")
    assert _read(path) == ["newest"]


def test_a_ledger_without_a_note_is_refused_and_takes_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "202404.parquet"
    _write(path, "old")
    (tmp_path / "202404.parquet.json").unlink()
    with pytest.raises(ContractError, match="note is missing"):
        verify_table(path)
    with open_database(tmp_path) as database:
        database.save("SELECT 'new' AS value", path)
    assert _read(path) == ["new"]


def test_the_note_of_a_replaced_table_does_not_accept_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "202404.parquet"
    _write(path, "old")
    old = path.read_bytes()
    _write(path, "new")
    path.write_bytes(old)
    with pytest.raises(ContractError, match=r"202404\.parquet"):
        verify_table(path)
