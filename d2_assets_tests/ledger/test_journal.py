import errno
import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.errors import ConfigurationError, ContractError, TransientError
from d2_assets.ledger.journal import (
    Ended,
    Journal,
    decode_digests,
    open_journal,
    read_journal,
)
from d2_assets.ledger.resume import find_last_open, load_journals
from d2_assets.staging.database import Database, open_database

HERE = "https://training.example.org"
LARGE = 2**64 - 1


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


def _clock() -> float:
    return 1_700_000_000.0


def _refused(*rows: int, code: str = "E7619", outcome: str = "quarantined") -> Ended:
    return Ended(outcome, code, "Value is not numeric", 2, rows)


def _settle(journal: Journal, digests: Sequence[int], *ended: Ended) -> None:
    journal.settle(journal.send(digests, data_set="DataSetMon1"), ended)


def _events(path: Path) -> list[str]:
    return [entry["event"] for entry in read_journal(path)]


def _load(database: Database, *paths: Path, destination: str = HERE) -> dict[int, tuple[str, str]]:
    load_journals(database, paths, destination)
    rows = database.rows("SELECT digest, outcome, code FROM journalled")
    assert len(rows) == len({digest for digest, _, _ in rows})
    return {digest: (outcome, code) for digest, outcome, code in rows}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "202404.jsonl"


def test_nothing_is_written_before_the_first_chunk(path: Path) -> None:
    with open_journal(path, "run-1", HERE, _clock) as journal:
        journal.finish()
    assert not path.exists()


def test_every_chunk_is_noted_before_and_after(path: Path) -> None:
    with open_journal(path, "run-1", HERE, _clock) as journal:
        number = journal.send([1, LARGE], data_set="DataSetMon1")
        assert _events(path) == ["begin", "sent"]
        journal.settle(number, [_refused(1)])
        journal.finish()
    begin, sent, settled, reconciled = read_journal(path)
    assert (begin["run"], begin["destination"], begin["at"]) == ("run-1", HERE, _clock())
    assert list(decode_digests(sent)) == [1, LARGE]
    assert (sent["chunk"], sent["rows"], sent["data_set"]) == (1, 2, "DataSetMon1")
    assert settled["ended"][0]["rows"] == [1]
    assert reconciled["run"] == "run-1"


def test_a_journal_that_was_cut_short_tells_what_was_settled(
    path: Path, database: Database
) -> None:
    with open_journal(path, "run-1", HERE, _clock) as journal:
        _settle(journal, [1, 2, 3], _refused(1))
        _settle(journal, [4], _refused(0, outcome="queued", code=""))
        journal.send([5, 6], data_set="DataSetMon1")
    assert _load(database, path) == {
        1: ("taken", ""),
        2: ("quarantined", "E7619"),
        3: ("taken", ""),
    }


def test_the_last_word_on_a_row_counts(path: Path, database: Database) -> None:
    with open_journal(path, "run-1", HERE, _clock) as journal:
        _settle(journal, [1], _refused(0))
        _settle(journal, [1])
    assert _load(database, path) == {1: ("taken", "")}


def test_a_finished_journal_tells_nothing_and_is_begun_anew(path: Path, database: Database) -> None:
    for run in ("run-1", "run-2"):
        with open_journal(path, run, HERE, _clock) as journal:
            _settle(journal, [1])
            journal.finish()
        assert _load(database, path) == {}
        assert _events(path) == ["begin", "sent", "settled", "reconciled"]
        assert next(iter(read_journal(path)))["run"] == run


def test_the_next_run_goes_on_in_the_same_journal(path: Path, database: Database) -> None:
    with open_journal(path, "run-1", HERE, _clock) as journal:
        _settle(journal, [1])
    with open_journal(path, "run-2", HERE, _clock) as journal:
        _settle(journal, [2])
    entries = list(read_journal(path))
    assert [entry["run"] for entry in entries if entry["event"] == "begin"] == ["run-1", "run-2"]
    assert [entry["chunk"] for entry in entries if entry["event"] == "sent"] == [1, 2]
    assert set(_load(database, path)) == {1, 2}


def test_a_run_that_finds_nothing_to_send_finishes_what_another_left(
    path: Path, database: Database
) -> None:
    with open_journal(path, "run-1", HERE, _clock) as journal:
        _settle(journal, [1])
    with open_journal(path, "run-2", HERE, _clock) as journal:
        journal.finish()
        journal.finish()
    assert _events(path) == ["begin", "sent", "settled", "reconciled"]
    assert _load(database, path) == {}


def test_the_journal_of_another_destination_tells_nothing(path: Path, database: Database) -> None:
    with open_journal(path, "run-1", HERE, _clock) as journal:
        _settle(journal, [1])
    assert _load(database, path, destination="https://other.example.org") == {}
    with open_journal(path, "run-2", "https://other.example.org", _clock) as journal:
        _settle(journal, [2])
    assert set(_load(database, path, destination="https://other.example.org")) == {2}


def test_a_journal_that_a_run_still_writes_to_is_not_taken_for_a_stale_one(
    path: Path, database: Database
) -> None:
    with open_journal(path, "run-1", HERE, _clock) as journal:
        _settle(journal, [1])
        assert _load(database, path) == {}
        assert find_last_open([path], HERE) is None
        with (
            pytest.raises(TransientError, match=r"202404\.jsonl"),
            open_journal(path, "run-2", HERE, _clock),
        ):
            pass
    assert set(_load(database, path)) == {1}


def _send_and_wait(path: Path, ready: Connection) -> None:
    with open_journal(path, "run-1", HERE, _clock) as journal:
        _settle(journal, [1])
        journal.send([2], data_set="DataSetMon1")
        ready.send("sent")
        ready.recv()


def test_the_journal_of_a_killed_process_is_stale_at_once(path: Path, database: Database) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_send_and_wait, args=(path, theirs))
    process.start()
    try:
        assert ours.recv() == "sent"
        assert _load(database, path) == {}
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.join()
        ours.close()
        theirs.close()
    assert _load(database, path) == {1: ("taken", "")}
    assert find_last_open([path], HERE) == _clock()


def test_the_last_chunk_without_an_end_is_found(path: Path, tmp_path: Path) -> None:
    times = count(100.0)
    with open_journal(path, "run-1", HERE, times.__next__) as journal:
        journal.send([1], data_set="DataSetMon1")
        _settle(journal, [2])
    assert find_last_open([path, tmp_path / "missing.jsonl"], HERE) == 101.0
    assert find_last_open([path], "https://other.example.org") is None


@settings(max_examples=40)
@given(st.integers(0, 400))
def test_a_power_cut_at_any_byte_leaves_a_journal_that_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, lost: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "202404.jsonl"
    with open_journal(path, "run-1", HERE, _clock) as journal:
        _settle(journal, [1, 2], _refused(0))
        _settle(journal, [3])
    whole = path.read_bytes()
    path.write_bytes(whole[: max(0, len(whole) - lost)])
    before = _events(path)
    assert before == ["begin", "sent", "settled", "sent", "settled"][: len(before)]
    with open_journal(path, "run-2", HERE, _clock) as journal:
        _settle(journal, [9])
    assert _events(path)[-3:] == ["begin", "sent", "settled"]
    assert _events(path)[: len(before)] == before


def test_a_damaged_line_in_the_middle_is_named(path: Path, database: Database) -> None:
    with open_journal(path, "run-1", HERE, _clock) as journal:
        _settle(journal, [1])
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"{]\n", *lines[1:]]))
    with pytest.raises(ContractError, match=r"Line 2 of the journal .*202404\.jsonl"):
        load_journals(database, [path], HERE)


def test_a_full_disk_is_named_before_anything_is_sent(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with (
        open_journal(path, "run-1", HERE, _clock) as journal,
        pytest.raises(ConfigurationError, match="No space left") as raised,
    ):
        journal.send([1], data_set="DataSetMon1")
    assert str(path) in str(raised.value)


@settings(max_examples=25)
@given(st.lists(st.lists(st.integers(0, LARGE), min_size=1, max_size=20, unique=True), max_size=5))
def test_written_and_read_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, chunks: Iterable[Sequence[int]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "202404.jsonl"
    with open_journal(path, "run-1", HERE, _clock) as journal:
        for digests in chunks:
            _settle(journal, digests)
    sent = [entry for entry in read_journal(path) if entry["event"] == "sent"]
    assert [list(decode_digests(entry)) for entry in sent] == [list(chunk) for chunk in chunks]
