from threading import Event, Thread, current_thread, main_thread

import pytest

from d2_assets.both_sides import ask_both, heed
from d2_assets.errors import CancelledError, ConfigurationError, TransientError

#: Seconds that nothing here takes.
PATIENCE = 30


def _fail(error: BaseException) -> None:
    raise error


def _wait_for(stop: Event) -> None:
    assert stop.wait(PATIENCE)
    heed(stop)


def test_both_are_asked_at_the_same_time_and_each_gives_its_answer() -> None:
    met = [Event(), Event()]

    def meet(mine: int) -> int:
        met[mine].set()
        assert met[1 - mine].wait(PATIENCE)
        return mine

    stop = Event()
    assert ask_both(lambda: meet(0), lambda: meet(1), stop) == (0, 1)
    assert not stop.is_set()


@pytest.mark.parametrize("failing", [0, 1])
def test_the_error_of_one_side_is_raised_as_it_is_and_stops_the_other(failing: int) -> None:
    stop, error = Event(), TransientError("The line was cut.", retry_after=3)
    sides = [lambda: _wait_for(stop), lambda: _wait_for(stop)]
    sides[failing] = lambda: _fail(error)
    with pytest.raises(TransientError) as caught:
        ask_both(sides[0], sides[1], stop)
    assert caught.value is error
    assert stop.is_set()


def test_the_errors_of_both_sides_are_told_together() -> None:
    both = Event()

    def fail_after(other: Event, error: BaseException) -> None:
        other.wait(PATIENCE)
        raise error

    def fail_first() -> None:
        both.set()
        raise TransientError("national is not there.")

    with pytest.raises(ConfigurationError, match=r"national is not there\..*training refuses"):
        ask_both(
            fail_first,
            lambda: fail_after(both, ConfigurationError("training refuses the token.")),
            Event(),
        )


def test_a_fault_of_the_program_is_not_hidden_by_an_error_of_a_server() -> None:
    stop = Event()

    def fail_last() -> None:
        stop.wait(PATIENCE)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask_both(fail_last, lambda: _fail(TransientError("cut")), stop)


def test_an_interruption_stops_both_and_is_raised_when_they_have_ended() -> None:
    stop = Event()
    ended: list[str] = []

    def end(name: str) -> None:
        stop.wait(PATIENCE)
        ended.append(name)
        raise CancelledError

    def interrupt() -> None:
        assert current_thread() is main_thread()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask_both(lambda: end("source"), lambda: end("destination"), stop, interrupt)
    assert sorted(ended) == ["destination", "source"]


def test_a_run_that_was_cancelled_elsewhere_says_so() -> None:
    stop = Event()
    Thread(target=stop.set).start()
    with pytest.raises(CancelledError):
        ask_both(lambda: _wait_for(stop), lambda: _wait_for(stop), stop)


def test_how_far_they_are_is_told_by_the_thread_that_asked_and_at_the_end() -> None:
    done = [0, 0]
    told: list[int] = []

    def count(mine: int) -> None:
        for _ in range(5):
            done[mine] += 1

    def report() -> None:
        assert current_thread() is main_thread()
        told.append(sum(done))

    ask_both(lambda: count(0), lambda: count(1), Event(), report)
    assert told[-1] == 10
