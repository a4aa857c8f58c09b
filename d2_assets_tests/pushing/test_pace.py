from hypothesis import given
from hypothesis import strategies as st

from d2_assets.pushing.pace import LEAST, QUICK, Pace


def test_the_first_request_has_what_the_pair_says() -> None:
    assert Pace(5000).size == 5000


def test_a_slow_request_halves_the_next_one_and_quick_ones_bring_it_back() -> None:
    pace = Pace(5000)
    pace.fail(5000)
    assert pace.size == 2500
    pace.fail(2500)
    assert pace.size == 1250
    pace.succeed(1250, QUICK)
    assert pace.size == 2500
    pace.succeed(2500, 0.5)
    pace.succeed(5000, 0.5)
    assert pace.size == 5000


def test_a_success_that_was_not_quick_lets_nothing_grow() -> None:
    pace = Pace(5000)
    pace.fail(5000)
    pace.succeed(2500, QUICK + 0.1)
    assert pace.size == 2500


def test_a_small_rest_says_nothing_about_larger_requests() -> None:
    pace = Pace(5000)
    pace.fail(5000)
    pace.succeed(3, 0.1)
    assert pace.size == 2500


def test_several_writers_that_fail_together_halve_once() -> None:
    pace = Pace(4000)
    for _ in range(4):
        pace.fail(4000)
    assert pace.size == 2000


def test_slowness_never_leads_to_single_rows() -> None:
    pace = Pace(5000)
    for _ in range(30):
        pace.fail(pace.size)
    assert pace.size == LEAST


def test_a_proxy_with_a_very_small_limit_gets_single_rows() -> None:
    pace = Pace(5000)
    while pace.size > 1:
        pace.fail(pace.size, too_large=True)
    assert pace.size == 1


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_what_was_too_large_is_not_tried_again(limit: int, most: int) -> None:
    pace = Pace(most)
    refused: list[int] = []
    for _ in range(60):
        rows = pace.size
        if rows > limit:
            refused.append(rows)
            pace.fail(rows, too_large=True)
        else:
            pace.succeed(rows, 0.1)
    assert len(refused) == len(set(refused))
    assert refused == sorted(refused, reverse=True) or len(refused) <= 16
    assert pace.size <= min(limit, most)
    # and it comes near to what the proxy takes
    assert pace.size >= min(limit, most) * 3 // 4 or pace.size <= 8
