import errno
import os
from collections import Counter
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.push import push_changes
from d2_assets.dhis2.reports import ImportReport
from d2_assets.errors import (
    CancelledError,
    ConfigurationError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from d2_assets.ledger.journal import read_journal
from d2_assets.pushing.line import PushResult
from d2_assets.staging.database import Database
from d2_assets_tests.data_values.builders import (
    COMBO,
    FLAG,
    MONTH,
    NOTE,
    OPTION,
    QUARTER,
    QUARTERLY,
    STOCK,
    UNITS,
    Row,
    make_row,
    make_scope,
    open_line,
    plan_rows,
    read_rows,
)
from d2_assets_tests.data_values.fake_dhis2 import FakeDHIS2, Fault, key_of

NOTES = [make_row(data_element=NOTE, value=f"n{uid}", org_unit=uid) for uid in UNITS]
STOCKS = [
    make_row(data_set=QUARTERLY, data_element=STOCK, period=QUARTER, org_unit=uid) for uid in UNITS
]
GONE = [make_row(data_element=FLAG, value="true", org_unit=uid, deleted=True) for uid in UNITS]
DOWN = TransientError("The server is not there.", status=503)


def _there(*rows: Row) -> list[Row]:
    return [row | {"deleted": False} for row in rows]


def _push(
    database: Database,
    folder: Path,
    server: FakeDHIS2,
    source: Sequence[Row],
    **choices: Any,
) -> PushResult:
    """Plan against what the server holds, then push."""
    known = {key_of(row): row for row in source}
    there = [
        make_row(**{**row, "data_set": known[key]["data_set"]})
        for key, row in server.values.items()
        if key in known
    ]
    chosen = Choices(**{"chunk_size": 4, "writers": 2, **choices})
    plan_rows(database, folder, source, there, chosen)
    with open_line(server.client, folder, chosen) as line:
        return push_changes(database, line, MONTH, folder / "settled.parquet")


@pytest.mark.parametrize("version", ["2.40.9.1", "2.43.1"])
def test_what_is_planned_lands(database: Database, tmp_path: Path, version: str) -> None:
    server = FakeDHIS2(version=version)
    server.hold(*_there(*GONE))
    result = _push(database, tmp_path, server, [*NOTES, *STOCKS, *GONE])
    assert result == PushResult(sent=18, refused=0, chunks=6, requests=6)
    assert {post.strategy for post in server.posts} == {"CREATE_AND_UPDATE", "DELETE"}
    for row in (*NOTES, *STOCKS, *GONE):
        stored = server.values[key_of(row)]
        assert (stored["value"], stored["deleted"]) == (row["value"], row["deleted"])
    assert read_rows(database, "settled") == []
    assert not list(tmp_path.glob("*.download"))


@pytest.mark.parametrize("version", ["2.40.9.1", "2.43.1"])
def test_only_the_guilty_rows_are_settled_as_refused(
    database: Database, tmp_path: Path, version: str
) -> None:
    server = FakeDHIS2(version=version, guilty={key_of(NOTES[2]), key_of(NOTES[5])})
    result = _push(database, tmp_path, server, [*NOTES, *STOCKS], chunk_size=100)
    assert (result.sent, result.refused, result.error) == (12, 2, None)
    settled = read_rows(database, "settled")
    assert [(row["row"], row["outcome"]) for row in settled] == [
        (2, "quarantined"),
        (5, "quarantined"),
    ]
    assert all(row["code"] and row["words"] and row["attempts"] for row in settled)
    assert len(server.values) == 10


def test_an_error_stops_the_push_and_what_was_not_sent_is_named(
    database: Database, tmp_path: Path
) -> None:
    server = FakeDHIS2(faults=[None, Fault(DOWN)])
    result = _push(database, tmp_path, server, [*NOTES, *STOCKS], chunk_size=3, writers=1)
    assert result.error is DOWN
    settled = read_rows(database, "settled")
    assert {row["outcome"] for row in settled} == {"not_attempted"}
    assert len(settled) + len(server.values) == 12
    assert result.sent == len(server.values)


def test_a_lost_answer_is_settled_by_reading_back(database: Database, tmp_path: Path) -> None:
    lost = OutcomeUnknownError("The answer was lost.", status=504)
    server = FakeDHIS2(faults=[Fault(lost, stored=2)])
    result = _push(database, tmp_path, server, NOTES, chunk_size=100)
    assert (result.sent, result.requests, result.error) == (6, 2, None)
    assert [len(post.rows) for post in server.posts] == [6, 4]
    assert len(server.values) == 6
    assert not list(tmp_path.glob("*.download"))


def test_a_lost_answer_to_deletes_is_settled_by_reading_back(
    database: Database, tmp_path: Path
) -> None:
    lost = OutcomeUnknownError("The answer was lost.", status=504)
    server = FakeDHIS2(faults=[Fault(lost, stored=4)])
    server.hold(*_there(*GONE))
    _push(database, tmp_path, server, GONE, chunk_size=100)
    assert [len(post.rows) for post in server.posts] == [6, 2]
    assert all(row["deleted"] for row in server.values.values())


def test_a_lost_answer_that_cannot_be_read_back_is_queued_and_counted_as_sent(
    database: Database, tmp_path: Path
) -> None:
    lost = OutcomeUnknownError("The answer was lost.", status=504)
    server = FakeDHIS2(faults=[Fault(lost, stored=6)], read_faults=[DOWN])
    result = _push(database, tmp_path, server, NOTES, chunk_size=100)
    assert isinstance(result.error, OutcomeUnknownError)
    assert result.sent == 6
    assert {row["outcome"] for row in read_rows(database, "settled")} == {"queued"}


def test_a_row_that_is_refused_for_good_is_counted_while_it_runs(
    database: Database, tmp_path: Path
) -> None:
    server = FakeDHIS2(guilty={key_of(NOTES[0])})
    plan_rows(database, tmp_path, NOTES, [])
    told: list[tuple[int, int]] = []

    def tell(result: PushResult) -> None:
        told.append((result.sent, result.refused))

    with open_line(server.client, tmp_path, Choices(chunk_size=2, writers=1)) as line:
        push_changes(database, line, MONTH, tmp_path / "settled.parquet", tell)
    assert told[-1] == (6, 1)
    assert told == sorted(told)


def test_a_fault_of_the_program_leaves_no_table_of_what_was_settled(
    database: Database, tmp_path: Path
) -> None:
    server = FakeDHIS2()
    server.post_data_values = None  # type: ignore[method-assign,assignment]
    with pytest.raises(TypeError):
        _push(database, tmp_path, server, NOTES)
    assert not list(tmp_path.glob("settled*"))


def test_a_request_that_the_account_may_not_make_stops_the_push(
    database: Database, tmp_path: Path
) -> None:
    forbidden = RejectedError("The account may not.", status=403)
    server = FakeDHIS2(faults=[Fault(forbidden)] * 9)
    result = _push(database, tmp_path, server, NOTES, chunk_size=1, writers=1)
    assert result.error is forbidden
    assert result.sent == 0
    assert len(server.posts) <= 2
    assert len(read_rows(database, "settled")) == 6


def _events(folder: Path) -> list[tuple[str, int]]:
    entries = read_journal(folder / "journal.jsonl")
    return [(entry["event"], entry.get("chunk", 0)) for entry in entries]


def test_every_chunk_is_settled_in_the_journal_before_a_writer_takes_the_next(
    database: Database, tmp_path: Path
) -> None:
    server = FakeDHIS2(guilty={key_of(NOTES[2])})
    _push(database, tmp_path, server, NOTES, chunk_size=2, writers=1)
    assert _events(tmp_path) == [
        ("begin", 0),
        *(event for chunk in (1, 2, 3) for event in (("sent", chunk), ("settled", chunk))),
    ]
    ends = [
        entry["ended"] for entry in read_journal(tmp_path / "journal.jsonl") if "ended" in entry
    ]
    (refused,) = [item for ended in ends for item in ended]
    assert refused["outcome"] == "quarantined"
    assert len(refused["rows"]) == 1


def test_requests_shrink_when_a_proxy_refuses_them_and_every_row_still_lands(
    database: Database, tmp_path: Path
) -> None:
    too_large = RejectedError("Too large.", status=413)
    server = FakeDHIS2(faults=[Fault(too_large)])
    result = _push(database, tmp_path, server, NOTES, chunk_size=6, writers=1)
    assert [len(post.rows) for post in server.posts] == [6, 3, 3]
    assert (result.sent, result.error) == (6, None)


@pytest.mark.parametrize("status", [0, 504])
def test_requests_shrink_after_a_timeout(database: Database, tmp_path: Path, status: int) -> None:
    values = [
        make_row(data_element=NOTE, value=f"n{number}", org_unit=uid, attribute_option_combo=combo)
        for number, (uid, combo) in enumerate(product(UNITS, [f"Combo{n:06}" for n in range(40)]))
    ]
    combos = {COMBO: frozenset({OPTION, *(row["attribute_option_combo"] for row in values)})}
    lost = OutcomeUnknownError("No answer.", status=status)
    server = FakeDHIS2(faults=[Fault(lost, stored=0)])
    plan_rows(database, tmp_path, values, [], scope=make_scope(option_combos=combos))
    with open_line(server.client, tmp_path, Choices(chunk_size=200, writers=1)) as line:
        result = push_changes(database, line, MONTH, tmp_path / "settled.parquet")
    assert [len(post.rows) for post in server.posts][:3] == [200, 100, 100]
    assert (result.sent, result.error) == (240, None)
    assert len(server.values) == 240


class Cancelled(BaseException):
    """What Dagster raises in the main thread when someone ends a run in the UI."""


def test_a_cancelled_push_ends_its_requests_notes_them_and_sends_nothing_more(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = FakeDHIS2()
    plan_rows(database, tmp_path, [*NOTES, *STOCKS], [])
    told = 0

    def cancel(result: PushResult) -> None:
        nonlocal told
        told += 1
        if told == 2:
            raise Cancelled

    post = server.post_data_values

    def post_slowly(**asked: Any) -> ImportReport:
        """From the fourth on a request lasts a second, or until the run is cancelled."""
        if len(server.posts) >= 3:
            line.stop.wait(1)
        return post(**asked)

    monkeypatch.setattr(server, "post_data_values", post_slowly)
    with open_line(server.client, tmp_path, Choices(chunk_size=1, writers=2)) as line:
        result = push_changes(database, line, MONTH, tmp_path / "settled.parquet", cancel)
        assert line.stop.is_set()
    assert isinstance(result.error, CancelledError)
    assert isinstance(result.error.interruption, Cancelled)
    sent = len(server.posts)
    assert 2 <= sent < 12  # of all twelve rows
    assert len(server.values) == sent == result.sent
    settled = read_rows(database, "settled")
    assert {row["outcome"] for row in settled} == {"not_attempted"}
    assert len(settled) == 12 - sent
    events = Counter(event for event, _ in _events(tmp_path))
    assert events["sent"] == events["settled"] >= sent


def test_a_journal_that_cannot_be_written_stops_the_push_before_anything_is_sent(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    server = FakeDHIS2()
    plan_rows(database, tmp_path, NOTES, [])
    with open_line(server.client, tmp_path) as line:
        monkeypatch.setattr(os, "fsync", refuse)
        with pytest.raises(ConfigurationError, match=r"journal\.jsonl"):
            push_changes(database, line, MONTH, tmp_path / "settled.parquet")
    assert server.posts == []
