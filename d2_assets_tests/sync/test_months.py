from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from d2_assets.data_values.reconcile import LOST_BY_SERVER
from d2_assets.dhis2.completeness import CompletenessRegistration
from d2_assets.errors import OutcomeUnknownError, TransientError
from d2_assets.ledger.outcomes import Outcome
from d2_assets.sync.months import MonthResult
from d2_assets_tests.data_values.builders import (
    CLINIC_1,
    CLINIC_2,
    FLAG,
    MONTH,
    MONTHLY,
    NOTE,
    OPTION,
    QUARTER,
    UNITS,
    Row,
    make_row,
)
from d2_assets_tests.data_values.fake_dhis2 import FakeDHIS2, Fault, key_of
from d2_assets_tests.sync.runs import PAIR, make_work, move

BEFORE = "202510"
VERSIONS = ("2.40.9.1", "2.43.1")
DOWN = TransientError("The server is not there.", status=503)
LOST = OutcomeUnknownError("The answer was lost.", status=504)
DONE = CompletenessRegistration(MONTHLY, MONTH, CLINIC_1, OPTION, "2025-12-01", True, "anna")

NOTES = [make_row(data_element=NOTE, value=f"n{uid}", org_unit=uid) for uid in UNITS]


def _server(*rows: Row, **members: Any) -> FakeDHIS2:
    server = FakeDHIS2(**members)
    server.hold(*rows)
    return server


def _source(*rows: Row) -> FakeDHIS2:
    return _server(*rows, name="national")


def _read_ledger(folder: Path, month: str = MONTH, asset: str = "data_values") -> list[Row]:
    return pq.read_table(folder / "ledger" / asset / PAIR / f"{month}.parquet").to_pylist()


def _outcomes(result: MonthResult) -> Mapping[Outcome, int]:
    return result.values.tally.outcomes


@pytest.mark.parametrize("version", VERSIONS)
def test_a_first_load_brings_everything_over(tmp_path: Path, version: str) -> None:
    source, destination = _source(*NOTES), FakeDHIS2(version=version)
    source.register(DONE)
    (result,) = move(make_work(tmp_path), source, destination)
    assert _outcomes(result) == {Outcome.CREATED: 6}
    assert result.completeness.tally.outcomes == {Outcome.CREATED: 1}
    assert (result.values.broken, result.quarantined, result.unaccounted) == (0, 0, 0)
    assert result.error is None
    assert destination.values == source.values
    assert destination.registrations == source.registrations
    assert {row["outcome"] for row in _read_ledger(tmp_path)} == {"created"}
    assert len(_read_ledger(tmp_path, asset="completeness")) == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_a_second_push_sends_and_reads_back_nothing(tmp_path: Path, version: str) -> None:
    source, destination = _source(*NOTES), FakeDHIS2(version=version)
    source.register(DONE)
    move(make_work(tmp_path), source, destination)
    posts, reads = len(destination.posts), len(destination.reads)
    (result,) = move(make_work(tmp_path), source, destination)
    assert _outcomes(result) == {Outcome.UNCHANGED: 6}
    assert result.completeness.tally.outcomes == {Outcome.UNCHANGED: 1}
    assert len(destination.posts) == posts
    assert len(destination.posted_registrations) == 1
    assert (reads, len(destination.reads)) == (2 + 1, 2 + 1 + 2)


@pytest.mark.parametrize("version", VERSIONS)
def test_changes_and_deletes_at_the_source_travel(tmp_path: Path, version: str) -> None:
    source, destination = _source(*NOTES), FakeDHIS2(version=version)
    move(make_work(tmp_path), source, destination)
    source.hold(NOTES[0] | {"value": "new"}, NOTES[1] | {"deleted": True})
    (result,) = move(make_work(tmp_path), source, destination)
    assert _outcomes(result) == {
        Outcome.UPDATED: 1,
        Outcome.DELETED: 1,
        Outcome.UNCHANGED: 4,
    }
    assert destination.values == source.values


@pytest.mark.parametrize("version", VERSIONS)
def test_refused_rows_are_quarantined_and_the_others_land(tmp_path: Path, version: str) -> None:
    guilty = {key_of(row) for row in NOTES[::2]}
    destination = FakeDHIS2(version=version, guilty=guilty)
    (result,) = move(make_work(tmp_path), _source(*NOTES), destination)
    assert _outcomes(result) == {Outcome.CREATED: 3, Outcome.QUARANTINED: 3}
    assert (result.values.broken, result.values.explained) == (0, 3)
    assert (result.quarantined, result.error) == (3, None)
    (reason,) = result.reasons
    assert reason[2] == 3
    assert len(result.quarantined_rows) == 3
    kept = pq.read_table(result.files["quarantine"]).to_pylist()
    assert {key_of(row) for row in kept} == guilty


def test_a_quarantined_row_that_goes_through_later_leaves_the_quarantine(tmp_path: Path) -> None:
    destination = FakeDHIS2(guilty={key_of(NOTES[0])})
    move(make_work(tmp_path), _source(*NOTES), destination)
    destination.guilty.clear()
    (result,) = move(make_work(tmp_path), _source(*NOTES), destination)
    assert _outcomes(result) == {Outcome.CREATED: 1, Outcome.UNCHANGED: 5}
    assert result.quarantined == 0
    assert pq.read_table(result.files["quarantine"]).num_rows == 0


def test_a_server_that_says_success_and_loses_a_row_is_found_out(tmp_path: Path) -> None:
    destination = FakeDHIS2(lost={key_of(NOTES[3])})
    (result,) = move(make_work(tmp_path), _source(*NOTES), destination)
    assert _outcomes(result) == {Outcome.CREATED: 5, Outcome.QUARANTINED: 1}
    assert result.values.broken == 1
    assert [code for code, _, _ in result.reasons] == [LOST_BY_SERVER]
    assert result.values.differences[0].org_unit == NOTES[3]["org_unit"]


def test_a_destination_that_cannot_be_read_back_leaves_the_rows_queued(tmp_path: Path) -> None:
    destination = FakeDHIS2(read_faults=[None, None, DOWN])
    source = _source(*NOTES)
    source.register(DONE)
    results = move(make_work(tmp_path), source, destination)
    (result,) = results
    assert result.error is DOWN
    assert _outcomes(result) == {Outcome.QUEUED: 6}
    assert result.completeness.tally.outcomes == {Outcome.NOT_ATTEMPTED: 1}
    assert result.unaccounted == 0
    (again,) = move(make_work(tmp_path), source, destination)
    assert _outcomes(again) == {Outcome.UNCHANGED: 6}


def test_a_lost_answer_that_cannot_be_settled_at_once_is_settled_at_the_end(
    tmp_path: Path,
) -> None:
    destination = FakeDHIS2(faults=[Fault(LOST, stored=3)], read_faults=[None, None, DOWN])
    (result,) = move(make_work(tmp_path, chunk_size=100), _source(*NOTES), destination)
    assert isinstance(result.error, OutcomeUnknownError)
    assert _outcomes(result) == {Outcome.CREATED: 3, Outcome.QUEUED: 3}
    assert result.values.broken == 3


def test_a_server_that_goes_away_leaves_the_rest_in_the_ledger(tmp_path: Path) -> None:
    destination = FakeDHIS2(faults=[None, *[Fault(DOWN)] * 5])
    work = make_work(tmp_path, chunk_size=1, writers=1)
    (result,) = move(work, _source(*NOTES), destination)
    assert result.error is DOWN
    assert _outcomes(result) == {Outcome.CREATED: 1, Outcome.NOT_ATTEMPTED: 5}
    assert result.unaccounted == 0
    assert Counter(row["outcome"] for row in _read_ledger(tmp_path)) == {
        "created": 1,
        "not_attempted": 5,
    }
    (again,) = move(work, _source(*NOTES), FakeDHIS2(values=dict(destination.values)))
    assert _outcomes(again) == {Outcome.CREATED: 5, Outcome.UNCHANGED: 1}


def test_a_month_with_an_error_is_the_last_and_the_finished_ones_stay(tmp_path: Path) -> None:
    source = _source(*NOTES, *(row | {"period": BEFORE} for row in NOTES))
    destination = FakeDHIS2(faults=[None, *[Fault(DOWN)] * 5])
    months = ("202509", BEFORE, MONTH)
    work = make_work(tmp_path, months, chunk_size=100, writers=1)
    results = move(work, source, destination)
    assert [(result.month, result.error) for result in results] == [
        ("202509", None),
        (BEFORE, None),
        (MONTH, DOWN),
    ]
    assert _outcomes(results[1]) == {Outcome.CREATED: 6}
    assert results[0].values.tally.read == 0
    assert {row["outcome"] for row in _read_ledger(tmp_path, BEFORE)} == {"created"}
    assert {row["outcome"] for row in _read_ledger(tmp_path)} == {"not_attempted"}


def test_registrations_that_cannot_be_sent_stop_the_month(tmp_path: Path) -> None:
    source, destination = _source(*NOTES), FakeDHIS2(faults=[None, Fault(DOWN)])
    source.register(DONE)
    (result,) = move(make_work(tmp_path, chunk_size=100), source, destination)
    assert result.error is DOWN
    assert _outcomes(result) == {Outcome.CREATED: 6}
    assert result.completeness.tally.outcomes == {Outcome.QUEUED: 1}


def test_refused_registrations_are_in_quarantine_beside_the_values(tmp_path: Path) -> None:
    source = _source(NOTES[0], make_row(value="x"))
    other = CompletenessRegistration(MONTHLY, MONTH, CLINIC_2, OPTION, "", True, "")
    source.register(DONE, other)
    key = (MONTHLY, MONTH, CLINIC_2, OPTION)
    destination = FakeDHIS2(refused_registrations={key})
    (result,) = move(make_work(tmp_path), source, destination)
    assert result.completeness.tally.outcomes == {Outcome.CREATED: 1, Outcome.QUARANTINED: 1}
    assert result.quarantined == 2
    assert {row["kind"] for row in result.quarantined_rows} == {"data_value", "completeness"}


def test_mirroring_removes_what_only_the_destination_has(tmp_path: Path) -> None:
    other = make_row(data_element=FLAG, value="true")
    source, destination = _source(*NOTES), _server(*NOTES, other)
    work = make_work(tmp_path, mirror=True, brake_percent=50)
    (result,) = move(work, source, destination)
    assert _outcomes(result) == {Outcome.UNCHANGED: 6}
    assert (result.values.mirrored, result.values.broken, result.unaccounted) == (1, 0, 0)
    assert destination.values[key_of(other)]["deleted"]
    (again,) = move(work, source, destination)
    assert (again.values.mirrored, again.values.destination_only) == (0, 0)


def test_a_value_that_two_data_sets_reach_is_sent_once(tmp_path: Path) -> None:
    rows = [make_row(), make_row(period=QUARTER, value="9")]
    destination = FakeDHIS2(version="2.43.1")
    (result,) = move(make_work(tmp_path), _source(*rows), destination)
    assert _outcomes(result) == {Outcome.CREATED: 2, Outcome.FILTERED: 2}
    sent = {post.data_set: [row["period"] for row in post.rows] for post in destination.posts}
    assert sent == {"DataSetMon1": [MONTH], "DataSetQua1": [QUARTER]}
