from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.data_values.chunks import iterate_chunks
from d2_assets.staging.database import Database
from d2_assets_tests.data_values.builders import (
    FLAG,
    MONTH,
    MONTHLY,
    NOTE,
    QUARTER,
    QUARTERLY,
    STOCK,
    UNITS,
    make_row,
    open_scratch,
    plan_rows,
)

NOTES = [make_row(data_element=NOTE, value=f"n{uid}", org_unit=uid) for uid in UNITS]
STOCKS = [
    make_row(data_set=QUARTERLY, data_element=STOCK, period=QUARTER, org_unit=uid) for uid in UNITS
]
GONE = [make_row(data_element=FLAG, value="true", org_unit=uid, deleted=True) for uid in UNITS]


def test_chunks_hold_one_data_set_and_writes_come_before_deletes(
    database: Database, tmp_path: Path
) -> None:
    plan_rows(
        database, tmp_path, [*GONE, *STOCKS, *NOTES], [row | {"deleted": False} for row in GONE]
    )
    chunks = list(iterate_chunks(database, MONTH, lambda: 4))
    assert [(chunk.data_set, chunk.strategy, len(chunk.rows)) for chunk in chunks] == [
        (MONTHLY, "CREATE_AND_UPDATE", 4),
        (MONTHLY, "CREATE_AND_UPDATE", 2),
        (QUARTERLY, "CREATE_AND_UPDATE", 4),
        (QUARTERLY, "CREATE_AND_UPDATE", 2),
        (MONTHLY, "DELETE", 4),
        (MONTHLY, "DELETE", 2),
    ]
    assert sorted(row["row"] for chunk in chunks for row in chunk.rows) == list(range(18))


def test_other_months_and_unchanged_rows_are_not_in_the_chunks(
    database: Database, tmp_path: Path
) -> None:
    plan_rows(database, tmp_path, NOTES, NOTES)
    assert list(iterate_chunks(database, MONTH, lambda: 4)) == []
    plan_rows(database, tmp_path, NOTES, [])
    assert list(iterate_chunks(database, "202510", lambda: 4)) == []


@pytest.mark.parametrize("size", [1, 4, 6, 100])
def test_chunks_carry_the_fingerprints_of_their_rows(
    database: Database, tmp_path: Path, size: int
) -> None:
    plan_rows(database, tmp_path, NOTES, [])
    planned = dict(database.rows("SELECT row, digest FROM plan"))
    for chunk in iterate_chunks(database, MONTH, lambda: size):
        assert chunk.digests == [planned[row["row"]] for row in chunk.rows]
    assert len(set(planned.values())) == len(NOTES)


@settings(max_examples=12)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=30))
def test_every_row_is_in_one_chunk_whatever_size_is_wanted(sizes: list[int]) -> None:
    wanted = iter(sizes)
    with open_scratch() as (database, folder):
        plan_rows(database, folder, [*NOTES, *STOCKS], [])
        asked: list[int] = []

        def size() -> int:
            asked.append(next(wanted, 5))
            return asked[-1]

        chunks = list(iterate_chunks(database, MONTH, size))
    assert sorted(row["row"] for chunk in chunks for row in chunk.rows) == list(range(12))
    assert all(len(chunk.rows) <= most for chunk, most in zip(chunks, asked, strict=True))
