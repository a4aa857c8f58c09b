from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, RLock

import pytest

from d2_assets.dhis2.once import AskedOnce


class _Asking:
    def __init__(self, answers: list[int], wait: Event | None = None) -> None:
        self.lock = RLock()
        self.answers = answers
        self.wait = wait

    @AskedOnce
    def first(self) -> int:
        """The first answer."""
        if self.wait:
            assert self.wait.wait(20)
        return self.answers.pop(0)

    @AskedOnce
    def twice(self) -> int:
        return self.first * 2


def test_threads_of_one_object_ask_once_and_see_the_same() -> None:
    asking, ready = _Asking([21, 22]), Barrier(2)

    def ask() -> int:
        ready.wait(20)
        return asking.twice

    with ThreadPoolExecutor(2) as pool:
        assert [one.result() for one in [pool.submit(ask), pool.submit(ask)]] == [42, 42]
    assert asking.answers == [22]


def test_an_object_that_waits_for_its_answer_holds_up_no_other() -> None:
    answered = Event()
    slow, quick = _Asking([1], answered), _Asking([2])
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: slow.first)
        try:
            assert quick.first == 2
            assert not waiting.done()
        finally:
            answered.set()
        assert waiting.result() == 1


def test_an_error_is_not_kept() -> None:
    asking = _Asking([])
    with pytest.raises(IndexError):
        _ = asking.first
    asking.answers.append(7)
    assert asking.first == 7
