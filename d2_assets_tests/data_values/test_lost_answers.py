import pytest

from d2_assets.data_values.settle import ChunkResult, settle_chunk
from d2_assets.errors import (
    D2AssetsError,
    OutcomeUnknownError,
    RejectedError,
)
from d2_assets.ledger.outcomes import Outcome
from d2_assets_tests.data_values.one_server import (
    BROKEN,
    DOWN,
    LOST,
    Server,
    in_turn,
    make_rows,
    outcomes_of,
    refusing,
    store_nothing,
)


def test_a_lost_answer_to_rows_that_landed_sends_nothing_again() -> None:
    server = Server(in_turn(LOST))
    assert settle_chunk(server, make_rows(3)) == ChunkResult(requests=1)
    assert len(server.sent) == 1


def test_a_lost_answer_to_rows_that_did_not_land_sends_them_again() -> None:
    server = Server(in_turn(LOST), stores=store_nothing)
    assert settle_chunk(server, make_rows(3)) == ChunkResult(requests=2)
    assert server.sent == [[0, 1, 2], [0, 1, 2]]


def test_after_a_lost_answer_only_what_is_missing_is_sent_again() -> None:
    server = Server(in_turn(LOST), stores=lambda rows: rows[:2])
    assert settle_chunk(server, make_rows(5)) == ChunkResult(requests=2)
    assert server.sent == [[0, 1, 2, 3, 4], [2, 3, 4]]


def test_answers_that_are_lost_again_and_again_stop_the_chunk() -> None:
    server = Server(in_turn(LOST, LOST, LOST), stores=store_nothing)
    result = settle_chunk(server, make_rows(2))
    assert isinstance(result.error, OutcomeUnknownError)
    assert "again and again" in result.error.message
    assert len(server.sent) == 3
    assert outcomes_of(result) == dict.fromkeys(range(2), Outcome.QUEUED)


def test_a_server_that_was_still_storing_is_not_sent_the_rows_again() -> None:
    server = Server(in_turn(LOST), stores=store_nothing, stored_late={0, 1, 2})
    assert settle_chunk(server, make_rows(3)) == ChunkResult(requests=1, failures=0)
    assert (len(server.sent), server.pauses) == (1, 1)


def test_rows_that_were_sent_before_the_server_went_away_are_queued() -> None:
    server = Server(in_turn(LOST, DOWN), stores=store_nothing)
    assert outcomes_of(settle_chunk(server, make_rows(2))) == dict.fromkeys(
        range(2), Outcome.QUEUED
    )


def test_a_server_that_refuses_whatever_it_is_sent_is_not_asked_row_by_row() -> None:
    server = Server(lambda rows: RejectedError("No.", status=409), stores=store_nothing)
    result = settle_chunk(server, make_rows(1000))
    assert isinstance(result.error, RejectedError)
    assert len(server.sent) == 40
    assert len(result.settled) == 1000


def test_a_server_that_fails_whatever_it_is_sent_is_not_asked_row_by_row() -> None:
    server = Server(lambda rows: BROKEN, stores=store_nothing)
    result = settle_chunk(server, make_rows(1000))
    assert isinstance(result.error, OutcomeUnknownError)
    assert len(server.sent) == 40
    assert len(result.settled) == 1000


@pytest.mark.parametrize("unread", [DOWN, LOST, RejectedError("No.", status=409)])
def test_a_lost_answer_that_cannot_be_settled_leaves_the_rows_queued(
    unread: D2AssetsError,
) -> None:
    server = Server(in_turn(LOST), unreadable=unread)
    result = settle_chunk(server, make_rows(2))
    assert outcomes_of(result) == dict.fromkeys(range(2), Outcome.QUEUED)
    assert isinstance(result.error, OutcomeUnknownError)
    assert LOST.message in result.error.message
    assert unread.message in result.error.message
    assert {item.words for item in result.settled} == {str(result.error)}


def test_a_failing_server_is_asked_without_the_row_that_poisons_it() -> None:
    server = Server(refusing({5}, lambda rows: BROKEN), stores=store_nothing)
    result = settle_chunk(server, make_rows(8))
    assert [(item.row, item.words) for item in result.settled] == [(5, BROKEN.message)]
    assert server.held == {0, 1, 2, 3, 4, 6, 7}


def test_a_failing_server_is_not_sent_again_what_it_stored() -> None:
    server = Server(in_turn(BROKEN), stores=lambda rows: rows[:2])
    assert settle_chunk(server, make_rows(6)).settled == []
    assert server.sent == [[0, 1, 2, 3, 4, 5], [2, 3], [4, 5]]
