from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from d2_assets.sync.progress import INTERVAL, Meter, Progress


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _meter() -> tuple[Meter, Clock, list[Progress]]:
    clock, told = Clock(), list[Progress]()
    return Meter(clock, told.append), clock, told


def test_the_first_stage_is_told_at_once_and_a_short_one_passes_unseen() -> None:
    meter, clock, told = _meter()
    meter.begin("reading both sides", 10)
    meter.begin("planning", 20)
    clock.now += INTERVAL
    meter.begin("sending", 30)
    assert [(one.stage, one.total, one.processed) for one in told] == [
        ("reading both sides", 10, 0),
        ("sending", 30, 0),
    ]


def test_counts_are_told_every_two_seconds_and_not_more_often() -> None:
    meter, clock, told = _meter()
    meter.begin("sending", 100)
    for processed in range(1, 51):
        clock.now += 0.5
        meter.add(processed)
    assert [one.processed for one in told] == [0, *range(4, 51, 4)]


def test_percent_rate_and_elapsed_are_of_the_stage_and_of_the_run() -> None:
    meter, clock, told = _meter()
    clock.now += 5
    meter.begin("sending", 200)
    clock.now += 10
    meter.add(50, success=45, warnings=3, errors=2)
    assert told[-1] == Progress("sending", 200, 50, 45, 3, 2, rate=5.0, elapsed=15.0)
    assert told[-1].percent == 25
    assert meter.elapsed == 15.0


def test_a_stage_without_anything_to_do_has_no_percent() -> None:
    meter, _, told = _meter()
    meter.begin("sending", 0)
    assert (told[-1].percent, told[-1].rate) == (0, 0.0)


@given(st.lists(st.tuples(st.floats(0, 5), st.booleans()), max_size=40))
def test_two_reports_lie_two_seconds_apart(steps: list[tuple[float, bool]]) -> None:
    meter, clock, told = _meter()
    for processed, (pause, is_stage) in enumerate(steps, start=1):
        clock.now += pause
        if is_stage:
            meter.begin("sending", len(steps))
        else:
            meter.add(processed)
    times = [one.elapsed for one in told]
    assert all(later - earlier >= INTERVAL - 1e-6 for earlier, later in pairwise(times))
