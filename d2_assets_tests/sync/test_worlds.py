"""Random small worlds: whatever the rows and the faults, nothing is lost."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.errors import OutcomeUnknownError, TransientError
from d2_assets.ledger.outcomes import Outcome
from d2_assets.sync.months import MonthResult
from d2_assets_tests.data_values.builders import (
    CLINIC_1,
    CLINIC_2,
    CLINIC_3,
    FLAG,
    MONTH,
    NOTE,
    NUMBER,
    QUARTER,
    STOCK,
    UNITS,
    Row,
    compare_in_parts,
    make_row,
)
from d2_assets_tests.data_values.fake_dhis2 import FakeDHIS2, Fault, key_of
from d2_assets_tests.sync.runs import make_work, move

BEFORE = "202510"
VERSIONS = ("2.40.9.1", "2.43.1")
DOWN = TransientError("The server is not there.", status=503)
LOST = OutcomeUnknownError("The answer was lost.", status=504)


def _server(*rows: Row, **members: Any) -> FakeDHIS2:
    server = FakeDHIS2(**members)
    server.hold(*rows)
    return server


_rows = st.builds(
    make_row,
    data_element=st.sampled_from([NUMBER, FLAG, NOTE, STOCK]),
    period=st.sampled_from([MONTH, BEFORE, QUARTER]),
    org_unit=st.sampled_from([CLINIC_1, CLINIC_2, CLINIC_3, "UnitNowhere"]),
    value=st.sampled_from(["1", "0", "true", "x", "", None]),
    comment=st.sampled_from([None, "", "unsure"]),
    followup=st.booleans(),
    deleted=st.booleans(),
)
_tables = st.lists(_rows, max_size=14, unique_by=key_of)
_faults = st.lists(
    st.sampled_from([None, None, Fault(LOST), Fault(LOST, stored=1), Fault(DOWN)]), max_size=4
)
_versions = st.sampled_from(VERSIONS)
_parts = st.sampled_from([2, 60_000])
_choices = st.fixed_dictionaries(
    {
        "import_strategy": st.sampled_from(["CREATE", "UPDATE", "CREATE_AND_UPDATE", "DELETE"]),
        "merge": st.booleans(),
        "propagate_deletes": st.booleans(),
        "mirror": st.booleans(),
        "chunk_size": st.integers(1, 6),
    }
)


@settings(max_examples=12)
@given(_tables, _tables, _tables, _tables, _faults, _choices, _versions, _parts)
def test_every_row_that_was_read_ends_in_one_outcome_whatever_goes_wrong(
    ours: list[Row],
    theirs: list[Row],
    refused: list[Row],
    lost: list[Row],
    faults: list[Fault | None],
    choices: dict[str, Any],
    version: str,
    part: int,
) -> None:
    source = _server(*ours, name="national")
    destination = _server(
        *theirs,
        version=version,
        guilty={key_of(row) for row in refused},
        lost={key_of(row) for row in lost},
        faults=faults,
    )
    months = (BEFORE, MONTH)
    with TemporaryDirectory() as folder, compare_in_parts(part):
        work = make_work(Path(folder), months, brake_percent=100, **choices)
        results = move(work, source, destination)
        for result in results:
            ledger = [
                row for row in pq.read_table(result.files["ledger"]).to_pylist() if row["row"] >= 0
            ]
            assert result.unaccounted == 0
            assert len(ledger) == result.values.tally.read
            assert Counter(row["outcome"] for row in ledger) == result.values.tally.outcomes
        read = sum(result.values.tally.read for result in results)
    known = [row for row in ours if row["org_unit"] in UNITS]
    through_two = sum(row["data_element"] == NUMBER for row in known)
    if results[-1].error is None:
        assert [result.month for result in results] == list(months)
        assert read == len(known) + through_two


@settings(max_examples=12)
@given(_tables, _tables, st.booleans(), _versions)
def test_pushing_twice_is_pushing_once(
    ours: list[Row], theirs: list[Row], merge: bool, version: str
) -> None:
    source, destination = _server(*ours, name="national"), _server(*theirs, version=version)
    with TemporaryDirectory() as folder:
        work = make_work(Path(folder), (BEFORE, MONTH), merge=merge)
        first = move(work, source, destination)
        posts, stored = len(destination.posts), dict(destination.values)
        second = move(work, source, destination)
    assert [result.values.broken for result in (*first, *second)] == [0] * 4
    assert len(destination.posts) == posts
    assert destination.values == stored
    _assert_nothing_is_open(second)


def _assert_nothing_is_open(results: Sequence[MonthResult]) -> None:
    left = {Outcome.UNCHANGED, Outcome.FILTERED, Outcome.QUARANTINED}
    assert all(set(result.values.tally.outcomes) <= left for result in results)
    assert all(result.error is None for result in results)
