"""What our own runs wrote is told from everything else, for two weeks."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.ledger.written import OwnWrites, find_written, fingerprint, note_written
from d2_assets.staging.layout import Home
from d2_assets.stamps import DAY, read_stamp

AT = read_stamp("2026-11-22T20:45:13.757")
NOW = AT / 1000 + 60


def _note(home: Home, name: str, items: list[int], at: int = AT, now: float = NOW) -> None:
    with note_written(home.written("events", "training"), name, now) as written:
        written.add(items, [at] * len(items))


def _stop(folder: Path) -> None:
    with note_written(folder, "stopped", NOW) as written:
        written.add([1], [AT])
        raise RuntimeError("stopped")


def _find(home: Home, items: list[int], since: int = AT) -> list[bool]:
    return find_written(items, OwnWrites(home, "training").read("events", since))


def test_items_of_all_runs_are_found_and_others_are_not(tmp_path: Path) -> None:
    home = Home(tmp_path)
    ours = [fingerprint(AT, uid) for uid in ("a", "b", "c")]
    _note(home, "one", ours[:1])
    _note(home, "one", ours[1:2])  # the same run once more: both files stay
    _note(home, "two", ours[2:])
    assert _find(home, [*ours, fingerprint(AT + 1, "a")]) == [True, True, True, False]
    assert find_written(ours, OwnWrites(home, "national").read("events", AT)) == [False] * 3


def test_what_was_written_before_is_not_read(tmp_path: Path) -> None:
    home = Home(tmp_path)
    _note(home, "old", [1], at=AT - 10 * DAY, now=NOW - 10 * 86_400)
    _note(home, "new", [2])
    assert OwnWrites(home, "training").read("events", AT - 1000).to_pylist() == [2]


def test_files_of_more_than_two_weeks_ago_are_removed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    folder = home.written("events", "training")
    _note(home, "old", [1], now=NOW - 15 * 86_400)
    _note(home, "young", [2], now=NOW - 13 * 86_400)
    _note(home, "new", [3])
    assert sorted(path.stem for path in folder.iterdir()) == ["new", "young"]


def test_a_run_that_wrote_nothing_or_was_stopped_leaves_no_file(tmp_path: Path) -> None:
    home = Home(tmp_path)
    folder = home.written("events", "training")
    with note_written(folder, "nothing", NOW):
        pass
    with pytest.raises(RuntimeError, match="stopped"):
        _stop(folder)
    assert list(folder.iterdir()) == []
    assert _find(home, [1]) == [False]


@given(st.lists(st.integers(0, 2**64 - 1)), st.lists(st.integers(0, 2**64 - 1)))
def test_each_item_is_found_exactly_if_it_was_written(items: list[int], written: list[int]) -> None:
    found = find_written([*items, *written], pa.array(written, pa.uint64()))
    assert found == [item in written for item in [*items, *written]]
