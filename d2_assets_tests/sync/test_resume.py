"""A run that was cut short is continued: what is settled is not sent again."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from d2_assets.data_values.reconcile import LOST_BY_SERVER
from d2_assets.errors import CancelledError
from d2_assets.ledger.journal import open_journal, read_journal
from d2_assets.ledger.outcomes import Outcome
from d2_assets.pushing.line import STILL_STORING
from d2_assets.sync.months import MonthResult, move_data_values
from d2_assets.sync.work import ASSET, Work
from d2_assets_tests.data_values.builders import MONTH, NOTE, UNITS, make_row
from d2_assets_tests.data_values.fake_dhis2 import FakeDHIS2, key_of
from d2_assets_tests.sync.runs import make_work, move, open_plan

NOTES = [make_row(data_element=NOTE, value=f"n{uid}", org_unit=uid) for uid in UNITS]


class Killed(BaseException):
    """The process ends here: nothing after it runs but what the operating system does."""


def _source(*rows: dict) -> FakeDHIS2:
    source = FakeDHIS2(name="national")
    source.hold(*(rows or NOTES))
    return source


def _outcomes(result: MonthResult) -> Mapping[Outcome, int]:
    return result.values.tally.outcomes


def _events(work: Work) -> list[str]:
    return [entry["event"] for entry in read_journal(work.home.journal(ASSET, work.pair, MONTH))]


def _kill_after_push(
    work: Work, source: FakeDHIS2, destination: FakeDHIS2, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is sent and settled; the run ends before it reads the destination back."""

    def kill(*arguments: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("d2_assets.sync.months._read_back", kill)
        with pytest.raises(Killed):
            move(work, source, destination)


def _cancel_at(work: Work, source: FakeDHIS2, destination: FakeDHIS2, chunk: int) -> MonthResult:
    """Someone ends the run in the UI while it sends."""
    add: Callable[..., None] = work.meter.add
    told = 0

    def cancel(*counts: int, **named: int) -> None:
        nonlocal told
        told += 1
        if told == chunk:
            raise Killed
        add(*counts, **named)

    with open_plan(work, source, destination) as planned:
        work.meter.add = cancel  # type: ignore[method-assign]
        (result,) = move_data_values(planned)
    return result


def test_what_was_refused_before_the_kill_is_not_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guilty = {key_of(row) for row in NOTES[::2]}
    source, destination = _source(), FakeDHIS2(guilty=guilty)
    work = make_work(tmp_path)
    _kill_after_push(work, source, destination, monkeypatch)
    posts = len(destination.posts)
    (result,) = move(make_work(tmp_path), source, destination)
    assert len(destination.posts) == posts
    assert _outcomes(result) == {Outcome.UNCHANGED: 3, Outcome.QUARANTINED: 3}
    assert [code for code, _, _ in result.reasons] == ["E7619"]
    assert result.error is None
    assert _events(work)[-1] == "reconciled"
    # the run after that tries them again: someone may have mended the cause
    destination.guilty.clear()
    (again,) = move(make_work(tmp_path), source, destination)
    assert _outcomes(again) == {Outcome.UNCHANGED: 3, Outcome.CREATED: 3}


def test_what_the_server_took_and_lost_before_the_kill_is_named_and_not_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, destination = _source(), FakeDHIS2(lost={key_of(NOTES[3])})
    _kill_after_push(make_work(tmp_path), source, destination, monkeypatch)
    posts = len(destination.posts)
    (result,) = move(make_work(tmp_path), source, destination)
    assert len(destination.posts) == posts
    assert _outcomes(result) == {Outcome.UNCHANGED: 5, Outcome.QUARANTINED: 1}
    assert [code for code, _, _ in result.reasons] == [LOST_BY_SERVER]


def test_a_row_that_changed_since_the_kill_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guilty = {key_of(NOTES[0])}
    source, destination = _source(), FakeDHIS2(guilty=guilty)
    _kill_after_push(make_work(tmp_path), source, destination, monkeypatch)
    destination.guilty.clear()
    source.hold(NOTES[0] | {"value": "mended"})
    (result,) = move(make_work(tmp_path), source, destination)
    assert _outcomes(result) == {Outcome.UNCHANGED: 5, Outcome.CREATED: 1}
    assert destination.values == source.values


def test_a_cancelled_run_says_where_every_row_is_and_the_next_one_goes_on(tmp_path: Path) -> None:
    source, destination = _source(), FakeDHIS2()
    work = make_work(tmp_path, chunk_size=1, writers=1)
    result = _cancel_at(work, source, destination, 3)
    assert isinstance(result.error, CancelledError)
    assert isinstance(result.error.interruption, Killed)
    assert result.unaccounted == 0
    sent = len(destination.values)
    assert 1 <= sent < 6
    assert _outcomes(result) == {Outcome.QUEUED: sent, Outcome.NOT_ATTEMPTED: 6 - sent}
    assert _events(work).count("sent") == _events(work).count("settled")
    (again,) = move(make_work(tmp_path), source, destination)
    assert _outcomes(again) == {Outcome.UNCHANGED: sent, Outcome.CREATED: 6 - sent}
    assert sum(len(post.rows) for post in destination.posts) == 6


def test_the_destination_is_not_read_while_it_may_still_store_the_last_chunk(
    tmp_path: Path,
) -> None:
    slept: list[float] = []
    told: list[object] = []
    work = replace(make_work(tmp_path, told=told), sleep=slept.append, clock=lambda: 104.0)
    path = work.home.journal(ASSET, work.pair, MONTH)
    destination = FakeDHIS2()
    with open_journal(path, "killed", destination.client.url, lambda: 100.0) as journal:
        journal.send([1], data_set="DataSetMon1")
    move(work, _source(), destination)
    assert slept == [STILL_STORING - 4.0]
    assert any("cut short" in str(words) for words in told)
