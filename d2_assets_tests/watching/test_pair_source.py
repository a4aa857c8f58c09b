"""A tick waits for an answer as long as it lasts itself, and no longer."""

from threading import Event

import pytest

from d2_assets.errors import RejectedError, TransientError
from d2_assets.watching.pair_source import ask_in_time


def test_an_answer_in_time_and_an_error_are_given_as_they_are() -> None:
    assert ask_in_time(lambda: 7, 10, "here") == 7

    def refuse() -> int:
        raise RejectedError("No.")

    with pytest.raises(RejectedError, match="No"):
        ask_in_time(refuse, 10, "here")


def test_an_answer_that_outlasts_the_tick_is_left_behind_and_named() -> None:
    answered = Event()
    with pytest.raises(TransientError, match="here: the answer takes longer") as caught:
        ask_in_time(answered.wait, 0.01, "here")
    answered.set()
    assert "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS" in caught.value.remedy
