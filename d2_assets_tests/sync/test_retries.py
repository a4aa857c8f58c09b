import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.sync.retries import Decision, FailedRun, decide_retry, delay


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 60), (1, 120), (2, 240), (3, 480), (4, 960), (5, 1920), (6, 3600), (7, 3600), (999, 3600)],
)
def test_each_wait_is_twice_the_one_before_and_an_hour_at_most(failures: int, seconds: int) -> None:
    assert delay(failures) == seconds


PASSING = FailedRun(ended=1000.4, failure="transient", tries=[3])


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (PASSING, Decision("waiting", due=1060)),
        (FailedRun(1000.0, 2, "transient", tries=[3]), Decision("waiting", due=1240)),
        (FailedRun(1000.0, 3, "transient", tries=[3]), Decision("used_up")),
        (FailedRun(1000.0, 0, "transient", tries=[0]), Decision("used_up")),
        (FailedRun(1000.0, 1, "transient", tries=[3, 1]), Decision("used_up")),
        (FailedRun(1000.0, failure="permanent", tries=[3]), Decision("hopeless")),
        # a process that was killed says nothing, and neither does Dagster
        (FailedRun(1000.0, tries=[3]), Decision("waiting", due=1060)),
        (FailedRun(1000.0, reason="START_TIMEOUT", tries=[3]), Decision("waiting", due=1060)),
        # what passes has said so, whatever Dagster calls the end
        (
            FailedRun(1000.0, failure="transient", reason="STEP_FAILURE", tries=[3]),
            Decision("waiting", due=1060),
        ),
    ],
)
def test_what_may_pass_is_tried_again_and_nothing_else(run: FailedRun, expected: Decision) -> None:
    assert decide_retry(run) == expected


@pytest.mark.parametrize("reason", ["STEP_FAILURE", "JOB_INITIALIZATION_FAILURE"])
def test_a_step_that_failed_without_an_error_of_ours_is_a_defect(reason: str) -> None:
    decision = decide_retry(FailedRun(1000.0, reason=reason, tries=[3]))
    assert (decision.word, decision.why) == (
        "hopeless",
        "A step failed in a way that was not foreseen.",
    )


def test_a_run_whose_pair_is_gone_is_not_tried_again() -> None:
    decision = decide_retry(FailedRun(1000.0, failure="transient"))
    assert decision.word == "hopeless"
    assert "not in the settings any more, or not active" in decision.why


@given(st.integers(0, 12), st.lists(st.integers(0, 10), min_size=1), st.floats(0, 4e9))
def test_a_chain_of_tries_ends_after_the_fewest_that_a_pair_allows(
    attempt: int, tries: list[int], ended: float
) -> None:
    decision = decide_retry(FailedRun(ended, attempt, "transient", tries=tries))
    assert (decision.word == "waiting") == (attempt < min(tries))
    if decision.word == "waiting":
        assert ended + 59 < decision.due <= ended + 3601
