from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.errors import ContractError
from d2_assets.ledger.agreed import load_agreed, record_agreed
from d2_assets.ledger.outcomes import Outcome
from d2_assets.staging.database import Database, open_database
from d2_assets_tests.data_values.builders import compare_in_parts, open_scratch

LAST_DAYS = {"202511": "2025-11-30", "202510": "2025-10-31", "2025Q4": "2025-12-31"}
ALIKE = {Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.DELETED}
#: Period and org unit: the part of a key that the tests tell apart.
Place = tuple[str, str]


@pytest.fixture
def database(tmp_path: Path):
    with open_database(tmp_path) as opened:
        yield opened


def _path_of(folder: Path) -> Callable[[str], Path]:
    return lambda month: folder / f"{month}.parquet"


def _load(database: Database, outcomes: Mapping[Place, tuple[str, int]], folder: Path) -> None:
    rows = [(*place, outcome, digest) for place, (outcome, digest) in outcomes.items()]
    fixed = pa.array(["x"] * len(rows), pa.string())
    columns = {
        "data_element": fixed,
        "period": pa.array([row[0] for row in rows], pa.string()),
        "org_unit": pa.array([row[1] for row in rows], pa.string()),
        "category_option_combo": fixed,
        "attribute_option_combo": fixed,
        "outcome": pa.array([row[2] for row in rows], pa.string()),
        "digest": pa.array([row[3] for row in rows], pa.uint64()),
        "unmerged": pa.array([None] * len(rows), pa.uint64()),
    }
    database.load("staged_outcomes", pa.table(columns))
    database.save("SELECT * FROM staged_outcomes", folder / "outcomes.parquet")
    database.attach("outcomes", folder / "outcomes.parquet", spread_by="org_unit")
    periods = {
        "period": list(LAST_DAYS),
        "last_day": list(LAST_DAYS.values()),
        "asked": [True] * len(LAST_DAYS),
    }
    database.load("period", pa.table(periods))


def _record(
    database: Database, folder: Path, outcomes: Mapping[Place, tuple[str, int]]
) -> list[str]:
    warnings: list[str] = []
    _load(database, outcomes, folder)
    record_agreed(database, _path_of(folder), warnings.append)
    return warnings


def _agreed(database: Database, folder: Path) -> dict[Place, int]:
    load_agreed(database, _path_of(folder))
    rows = database.rows("SELECT period, org_unit, digest FROM agreed")
    assert len(rows) == len({row[:2] for row in rows})
    return {(period, org_unit): digest for period, org_unit, digest in rows}


NOVEMBER, QUARTER = ("202511", "a"), ("2025Q4", "a")


def test_what_was_never_written_is_empty(database: Database, tmp_path: Path) -> None:
    _load(database, {}, tmp_path)
    assert _agreed(database, tmp_path) == {}


@pytest.mark.parametrize("outcome", Outcome)
def test_only_rows_that_were_found_alike_are_agreed_on(
    database: Database, tmp_path: Path, outcome: Outcome
) -> None:
    _record(database, tmp_path, {NOVEMBER: ("created", 2**63 + 1)})
    _record(database, tmp_path, {NOVEMBER: (outcome, 2), ("202511", "b"): (outcome, 3)})
    agreed = _agreed(database, tmp_path)
    if outcome in ALIKE:
        assert agreed == {NOVEMBER: 2, ("202511", "b"): 3}
    else:
        assert agreed == {NOVEMBER: 2**63 + 1}


def test_rows_that_a_run_did_not_meet_stay(database: Database, tmp_path: Path) -> None:
    _record(database, tmp_path, {NOVEMBER: ("created", 1), ("202510", "a"): ("created", 2)})
    _record(database, tmp_path, {("202511", "b"): ("created", 3)})
    assert _agreed(database, tmp_path) == {
        NOVEMBER: 1,
        ("202510", "a"): 2,
        ("202511", "b"): 3,
    }


def test_a_row_lies_in_the_file_of_the_month_in_which_its_period_ends(
    database: Database, tmp_path: Path
) -> None:
    _record(database, tmp_path, {NOVEMBER: ("created", 1), QUARTER: ("created", 2)})
    assert sorted(path.name for path in tmp_path.glob("2*.parquet")) == [
        "202511.parquet",
        "202512.parquet",
    ]
    _record(database, tmp_path, {QUARTER: ("updated", 3)})
    assert _agreed(database, tmp_path) == {NOVEMBER: 1, QUARTER: 3}


def test_a_file_in_which_nothing_changes_is_not_written(database: Database, tmp_path: Path) -> None:
    _record(database, tmp_path, {NOVEMBER: ("created", 1), ("202511", "b"): ("created", 2)})
    before = (tmp_path / "202511.parquet").stat()
    _record(database, tmp_path, {NOVEMBER: ("unchanged", 1)})
    same = (tmp_path / "202511.parquet").stat()
    assert (same.st_ino, same.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    _record(database, tmp_path, {NOVEMBER: ("unchanged", 5)})
    assert (tmp_path / "202511.parquet").stat().st_ino != before.st_ino


def test_a_damaged_file_is_named_and_what_deleting_it_means(
    database: Database, tmp_path: Path
) -> None:
    _record(database, tmp_path, {NOVEMBER: ("created", 1)})
    path = tmp_path / "202511.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ContractError) as caught:
        load_agreed(database, _path_of(tmp_path))
    assert str(path) in caught.value.message
    assert "delete it" in caught.value.remedy
    assert "changed on both sides" in caught.value.remedy
    path.unlink()
    assert _agreed(database, tmp_path) == {}


def test_a_damaged_file_is_begun_anew_with_a_warning(database: Database, tmp_path: Path) -> None:
    _record(database, tmp_path, {NOVEMBER: ("created", 1), ("202511", "b"): ("created", 2)})
    path = tmp_path / "202511.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    (warning,) = _record(database, tmp_path, {NOVEMBER: ("unchanged", 1)})
    assert str(path) in warning
    assert _agreed(database, tmp_path) == {NOVEMBER: 1}


_runs = st.lists(
    st.dictionaries(
        st.tuples(st.sampled_from(list(LAST_DAYS)), st.sampled_from("abcdefgh")),
        st.tuples(st.sampled_from([str(outcome) for outcome in Outcome]), st.integers(1, 3)),
        max_size=12,
    ),
    max_size=4,
)


@settings(max_examples=15)
@given(_runs, st.booleans())
def test_after_any_runs_each_row_has_the_content_it_was_last_found_alike_with(
    runs: list[dict[Place, tuple[str, int]]], in_parts: bool
) -> None:
    expected: dict[Place, int] = {}
    numbers: dict[Place, int] = {}
    with open_scratch() as (database, folder), compare_in_parts(2 if in_parts else 60_000):
        for run in runs:
            # the key is part of a fingerprint
            told = {
                place: (outcome, digest + 10 * numbers.setdefault(place, len(numbers)))
                for place, (outcome, digest) in run.items()
            }
            _record(database, folder, told)
            expected |= {place: digest for place, (name, digest) in told.items() if name in ALIKE}
        _load(database, {}, folder)
        assert _agreed(database, folder) == expected
