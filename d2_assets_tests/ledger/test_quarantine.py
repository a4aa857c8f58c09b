from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.errors import ContractError
from d2_assets.ledger.outcomes import Outcome
from d2_assets.ledger.quarantine import (
    GONE_AT_SOURCE,
    SHOWN,
    list_reasons,
    list_rows,
    stage_quarantine,
)
from d2_assets.ledger.work_list import COLUMNS
from d2_assets.staging import database as staged_database
from d2_assets.staging.database import Database, open_database
from d2_assets_tests.data_values.builders import NUMBER
from d2_assets_tests.ledger.ended import Row, ended, load_ended, load_spread, registered


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


def _stage(database: Database, folder: Path, run: str = "run 'one'", **more: Any) -> int:
    return stage_quarantine(database, folder / "q.parquet", pair="people's--own", run=run, **more)


def _kept(folder: Path) -> list[Row]:
    return pq.read_table(folder / "q.parquet").to_pylist()


def test_values_and_registrations_that_wait_are_in_one_file(
    database: Database, tmp_path: Path
) -> None:
    load_ended(
        database,
        *(ended(number, "quarantined") for number in range(3)),
        ended(3, "created"),
        registrations=(
            registered("quarantined"),
            registered("created", org_unit="Other"),
        ),
    )
    assert _stage(database, tmp_path) == 4
    kept = _kept(tmp_path)
    assert list(kept[0]) == list(COLUMNS)
    assert [row["kind"] for row in kept] == ["data_value"] * 3 + ["completeness"]
    assert {(row["pair"], row["run"]) for row in kept} == {("people's--own", "run 'one'")}
    assert kept[0]["data_element"] == NUMBER
    assert kept[0]["digest"] == 2**63
    assert kept[3]["value"] == "true"
    assert len({row["id"] for row in kept}) == 4
    assert all(len(row["id"]) == 16 for row in kept)


@pytest.mark.parametrize("outcome", ["created", "updated", "unchanged", "deleted", "discarded"])
def test_a_row_that_landed_or_was_discarded_leaves(
    database: Database, tmp_path: Path, outcome: str
) -> None:
    load_ended(database, ended(0, "quarantined"), registrations=(registered("quarantined"),))
    assert _stage(database, tmp_path) == 2
    load_ended(database, ended(0, outcome), registrations=(registered(outcome),))
    assert _stage(database, tmp_path) == 0
    assert _kept(tmp_path) == []
    assert list_reasons(database) == list_rows(database) == []


def test_a_row_keeps_its_id_and_counts_its_attempts(database: Database, tmp_path: Path) -> None:
    load_ended(database, ended(0, "quarantined", attempts=0))
    _stage(database, tmp_path, "first")
    (first,) = _kept(tmp_path)
    again = ended(0, "quarantined", "E9", value="8", attempts=3, digest=9, data_set="Other")
    load_ended(database, again)
    _stage(database, tmp_path, "second")
    (second,) = _kept(tmp_path)
    assert second["id"] == first["id"]
    assert (first["attempts"], second["attempts"]) == (1, 4)
    assert (second["first_run"], second["run"]) == ("first", "second")
    assert (second["code"], second["value"], second["digest"]) == ("E9", "8", 9)


def test_a_row_that_no_run_meets_stays_as_it_is(database: Database, tmp_path: Path) -> None:
    load_ended(database, ended(0, "quarantined"), ended(1, "quarantined"))
    _stage(database, tmp_path, "first")
    before = _kept(tmp_path)
    load_ended(database, ended(2, "created"))
    assert _stage(database, tmp_path, "second") == 2
    assert _kept(tmp_path) == before


@pytest.mark.parametrize("outcome", ["filtered", "held_by_strategy", "destination_newer"])
def test_a_row_that_is_held_back_stays_and_says_so(
    database: Database, tmp_path: Path, outcome: str
) -> None:
    load_ended(database, ended(0, "quarantined"))
    _stage(database, tmp_path, "first")
    load_ended(database, ended(0, outcome, reason=None))
    _stage(database, tmp_path, "second")
    (row,) = _kept(tmp_path)
    assert (row["code"], row["attempts"], row["run"]) == (outcome, 1, "second")
    assert row["reason"].startswith("It was not sent: ")


def test_a_row_that_a_replay_asked_for_in_vain_says_so(database: Database, tmp_path: Path) -> None:
    load_ended(database, ended(0, "quarantined"), ended(1, "quarantined"))
    _stage(database, tmp_path, "first")
    chosen = _kept(tmp_path)[0]["id"]
    load_ended(database)
    _stage(database, tmp_path, "second", asked=[chosen])
    codes = {row["id"]: row["code"] for row in _kept(tmp_path)}
    assert codes.pop(chosen) == GONE_AT_SOURCE
    assert set(codes.values()) == {"E8022"}


@pytest.mark.parametrize("outcome", ["queued", "not_attempted"])
def test_a_row_that_a_run_left_open_stays_as_it_is(
    database: Database, tmp_path: Path, outcome: str
) -> None:
    load_ended(database, ended(0, "quarantined"))
    _stage(database, tmp_path, "first")
    before = _kept(tmp_path)
    load_ended(database, ended(0, outcome))
    _stage(database, tmp_path, "second", asked=[before[0]["id"]])
    assert _kept(tmp_path) == before


_runs = st.lists(
    st.dictionaries(st.integers(0, 5), st.sampled_from([str(name) for name in Outcome])),
    max_size=5,
)
_LEAVES = {"created", "updated", "unchanged", "deleted", "discarded"}


@pytest.mark.parametrize("rows_a_part", [60_000, 2])
@settings(max_examples=25)
@given(runs=_runs)
def test_a_row_leaves_only_when_it_landed_or_was_discarded(
    rows_a_part: int, runs: list[Mapping[int, str]]
) -> None:
    """Whatever the runs came to, and also when the list is worked on in parts."""
    waiting: dict[str, int] = {}
    with (
        TemporaryDirectory() as folder,
        patch.object(staged_database, "_ROWS_A_PART", rows_a_part),
        open_database(Path(folder)) as database,
    ):
        for number, run in enumerate(runs):
            load_spread(
                database,
                Path(folder),
                *(ended(place, outcome) for place, outcome in run.items()),
                registrations=tuple(
                    registered(outcome, org_unit=f"UnitNumb{place:03}")
                    for place, outcome in run.items()
                ),
            )
            rows = _stage(database, Path(folder), f"run {number}")
            for place, outcome in run.items():
                if outcome == "quarantined":
                    waiting[f"UnitNumb{place:03}"] = waiting.get(f"UnitNumb{place:03}", 0) + 1
                elif outcome in _LEAVES:
                    waiting.pop(f"UnitNumb{place:03}", None)
            kept = _kept(Path(folder))
            assert rows == len(kept) == 2 * len(waiting)
            for kind in ("data_value", "completeness"):
                told = {row["org_unit"]: row["attempts"] for row in kept if row["kind"] == kind}
                assert told == waiting


def test_the_spreadsheet_holds_the_same_rows(database: Database, tmp_path: Path) -> None:
    load_ended(database, *(ended(number, "quarantined", value="=1+1") for number in range(3)))
    _stage(database, tmp_path)
    told = csv.read_csv(tmp_path / "q.csv").to_pylist()
    kept = _kept(tmp_path)
    assert [row["org_unit"] for row in told] == [row["org_unit"] for row in kept]
    assert {row["value"] for row in told} == {"'=1+1"}
    assert {row["value"] for row in kept} == {"=1+1"}


@pytest.mark.parametrize("damage", ["cut", "note", "gone"])
def test_a_damaged_list_is_named_and_not_overwritten(
    database: Database, tmp_path: Path, damage: str
) -> None:
    load_ended(database, ended(0, "quarantined"))
    _stage(database, tmp_path)
    file, note = tmp_path / "q.parquet", tmp_path / "q.parquet.json"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-1])
    elif damage == "note":
        note.unlink()
    else:
        file.unlink()
    before = file.read_bytes() if file.exists() else None
    with open_database(tmp_path) as later:
        load_ended(later, ended(0, "created"))
        with pytest.raises(ContractError, match=r"q\.parquet is damaged.*Put the file and its"):
            _stage(later, tmp_path)
    assert (file.read_bytes() if file.exists() else None) == before


def test_a_list_of_the_first_version_is_taken_over(database: Database, tmp_path: Path) -> None:
    load_ended(database, ended(0, "quarantined"), ended(1, "quarantined"))
    database.save(
        "SELECT 'p' AS pair, 'older' AS run, 'data_value' AS kind, * EXCLUDE (outcome, digest) "
        "FROM outcomes",
        tmp_path / "q.parquet",
    )
    load_ended(database, ended(0, "created"))
    assert _stage(database, tmp_path) == 1
    (row,) = _kept(tmp_path)
    assert (row["row"], row["first_run"], row["attempts"]) == (1, "older", 1)


def test_reasons_come_with_an_example_the_most_frequent_first(
    database: Database, tmp_path: Path
) -> None:
    codes = ("E8022", "value_misfit", "value_misfit")
    load_ended(
        database,
        *(ended(number, "quarantined", code) for number, code in enumerate(codes)),
        registrations=(registered("quarantined"),),
    )
    _stage(database, tmp_path)
    assert list_reasons(database) == [
        ("value_misfit", "It is value_misfit.", 2),
        ("E8022", "It is E8022.", 1),
        ("not_registered", "No write access.", 1),
    ]


def test_the_screen_shows_the_first_rows_as_text(database: Database, tmp_path: Path) -> None:
    load_ended(database, *(ended(number, "quarantined") for number in range(SHOWN + 5)))
    assert _stage(database, tmp_path) == SHOWN + 5
    shown = list_rows(database)
    assert len(shown) == SHOWN
    assert all(isinstance(cell, str) for row in shown for cell in row.values())
    assert shown[0]["value"] == "5"
    assert next(iter(shown[0])) == "id"
