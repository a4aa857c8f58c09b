import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.http.policy import RetryPolicy, parse_retry_after

NOW = "Sun, 22 Nov 2026 20:44:45 GMT"


def test_delays_double_up_to_the_longest():
    policy = RetryPolicy(first_delay=1, longest_delay=5)
    assert [policy.delay(n, None, 1.0) for n in range(1, 6)] == [1, 2, 4, 5, 5]


def test_half_of_a_delay_is_spread():
    policy = RetryPolicy(first_delay=4)
    assert (policy.delay(1, None, 0.0), policy.delay(1, None, 0.5)) == (2, 3)


def test_the_server_may_ask_for_a_longer_delay():
    assert RetryPolicy().delay(1, 42.0, 0.0) == 42.0


def test_a_server_that_asks_for_too_long_is_not_waited_for():
    policy = RetryPolicy(attempts=3, longest_retry_after=60)
    assert not policy.gives_up(1, 60.0)
    assert policy.gives_up(1, 61.0)
    assert policy.gives_up(3, None)


@given(st.integers(1, 50), st.none() | st.floats(0, 300), st.floats(0, 0.999))
def test_a_delay_is_never_negative_nor_longer_than_asked_for(attempt, retry_after, jitter):
    policy = RetryPolicy()
    delay = policy.delay(attempt, retry_after, jitter)
    assert 0 < delay <= max(policy.longest_delay, retry_after or 0)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Sun, 22 Nov 2026 20:45:45 GMT", 60.0),
        ("Sun, 22 Nov 2026 20:44:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert parse_retry_after(value, NOW) == seconds


def test_a_retry_after_date_means_nothing_without_the_servers_clock():
    assert parse_retry_after("Sun, 22 Nov 2026 20:45:45 GMT", "") is None
