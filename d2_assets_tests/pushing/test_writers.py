import threading
import time
from pathlib import Path
from typing import cast

import pytest

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import CancelledError, OutcomeUnknownError, RejectedError, TransientError
from d2_assets.ledger.journal import Journal
from d2_assets.pushing.line import STILL_STORING, Line, PushResult
from d2_assets.pushing.pace import Pace
from d2_assets.pushing.writers import send_all


def make_line(writers: int = 3, clock=lambda: 0.0, sleep=lambda seconds: None) -> Line:
    return Line(
        client=cast(DHIS2Client, None),
        journal=Journal(Path("nowhere"), "run", "there", lambda: 0.0),
        pace=Pace(100),
        writers=writers,
        stop=threading.Event(),
        clock=clock,
        sleep=sleep,
    )


def test_all_chunks_are_sent_and_each_is_added_once():
    result, added = PushResult(), []
    left = send_all(
        make_line(),
        iter(range(20)),
        result,
        lambda number, chunk: (number, chunk),
        lambda chunk, part: added.append((chunk, *part)),
        lambda so_far: None,
    )
    assert list(left) == []
    assert sorted(added) == [(chunk, chunk, chunk) for chunk in range(20)]
    assert result.chunks == 20


def test_a_phase_begins_when_the_one_before_it_has_ended():
    lock, open_phases, seen = threading.Lock(), [], []

    def send(number: int, chunk: tuple[int, int]) -> None:
        with lock:
            open_phases.append(chunk[0])
            seen.append(set(open_phases))
        time.sleep(0.002)
        with lock:
            open_phases.remove(chunk[0])

    chunks = [(phase, item) for phase in range(4) for item in range(5)]
    send_all(
        make_line(4),
        iter(chunks),
        PushResult(),
        send,
        lambda chunk, part: None,
        lambda so_far: None,
        phase_of=lambda chunk: chunk[0],
    )
    assert len(seen) == 20
    assert all(len(phases) == 1 for phases in seen)


def test_after_an_error_the_chunks_that_were_not_begun_come_back():
    result, added = PushResult(), []

    def add(chunk: int, part: None) -> None:
        added.append(chunk)
        result.error = TransientError("Away.")

    left = send_all(
        make_line(1),
        iter(range(10)),
        result,
        lambda number, chunk: None,
        add,
        lambda so_far: None,
        phase_of=lambda chunk: chunk // 3,
    )
    assert sorted([*added, *left]) == list(range(10))
    assert len(added) < 10


def test_a_mistake_of_ours_stops_all_writers_and_is_raised():
    line = make_line()

    def send(number: int, chunk: int) -> None:
        raise ValueError("a mistake")

    with pytest.raises(ValueError, match="a mistake"):
        send_all(line, iter(range(3)), PushResult(), send, print, lambda so_far: None)
    assert line.stop.is_set()


def test_the_pace_learns_from_what_was_too_large_or_too_slow():
    for error in (
        RejectedError("Too large.", status=413),
        OutcomeUnknownError("Too slow.", status=504),
    ):
        line = make_line()

        def fail(error: Exception = error) -> None:
            raise error

        with pytest.raises(type(error)):
            line.time(100, fail)
        assert line.pace.size == 50
        assert line.time(50, lambda: "report") == "report"
        assert line.pace.size > 50


def test_a_cancelled_run_too_looks_where_its_rows_are():
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        raise CancelledError

    make_line(sleep=sleep).pause()
    assert slept == [STILL_STORING]
