from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from d2_assets.data_values.settle import ChunkResult, Row, Settled, settle_chunk
from d2_assets.dhis2.reports import Conflict, ImportCount, ImportReport
from d2_assets.errors import (
    CancelledError,
    D2AssetsError,
    RejectedError,
)
from d2_assets.ledger.outcomes import Outcome
from d2_assets_tests.data_values.builders import CLINIC_1, CLINIC_2, make_row
from d2_assets_tests.data_values.fake_dhis2 import refuse_group, refuse_rows
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


def test_rows_that_are_taken_need_one_request() -> None:
    server = Server(in_turn())
    assert settle_chunk(server, make_rows(5)) == ChunkResult(requests=1)
    assert server.sent == [[0, 1, 2, 3, 4]]


def test_rows_that_are_refused_one_by_one_are_quarantined_with_the_servers_words() -> None:
    server = Server(in_turn(refuse_rows([1, 3], 3)))
    result = settle_chunk(server, make_rows(5))
    assert result.settled == [
        Settled(row, CLINIC_1, Outcome.QUARANTINED, "E7619", "Value is not numeric", 1)
        for row in (1, 3)
    ]
    assert result.requests == 1


def test_rows_that_2_43_names_in_words_are_set_aside_and_the_rest_is_sent_again() -> None:
    rows = [make_row(row=number, org_unit=CLINIC_2) for number in range(4)]
    rows[2]["org_unit"] = CLINIC_1
    words = Conflict(
        f"Data set X not usable with org unit(s): `[{CLINIC_1}]`",
        error_code="E8022",
        indexes=(0, 1, 2, 3),
        arguments=f"X-[{CLINIC_1}]",
    )
    server = Server(in_turn(ImportReport(409, "ERROR", ImportCount(), (words,))))
    result = settle_chunk(server, rows)
    assert result.settled == [Settled(2, CLINIC_1, Outcome.QUARANTINED, "E8022", words.message, 1)]
    assert server.sent == [[0, 1, 2, 3], [0, 1, 3]]
    assert server.held == {0, 1, 3}


def test_a_lone_row_that_is_refused_is_guilty_without_being_named() -> None:
    result = settle_chunk(Server(lambda rows: refuse_group(len(rows))), make_rows(1))
    assert result.settled == [Settled(0, CLINIC_1, Outcome.QUARANTINED, "E8099", "Not usable", 1)]


def test_a_refusal_without_any_words_still_has_some() -> None:
    bare = ImportReport(409, "ERROR", ImportCount())
    (settled,) = settle_chunk(Server(lambda rows: bare), make_rows(1)).settled
    assert settled.outcome == Outcome.QUARANTINED
    assert settled.words


def test_one_bad_row_among_many_is_found_in_few_requests() -> None:
    server = Server(refusing({777}, lambda rows: refuse_group(len(rows))))
    result = settle_chunk(server, make_rows(1024))
    assert outcomes_of(result) == {777: Outcome.QUARANTINED}
    assert result.requests == len(server.sent) <= 2 * 10 + 1
    assert server.held == set(range(1024)) - {777}


refusals = st.sampled_from(
    [
        lambda rows: refuse_group(len(rows)),
        lambda rows: RejectedError("Too large.", status=413),
        lambda rows: RejectedError("Not understood.", status=400, code="E1"),
        lambda rows: BROKEN,
    ]
)


@given(st.integers(1, 60), st.data(), refusals)
def test_only_the_guilty_are_refused_when_the_server_names_nobody(
    count: int, data: st.DataObject, refuse: Callable[[Sequence[Row]], Any]
) -> None:
    guilty = data.draw(st.sets(st.integers(0, count - 1)))
    server = Server(refusing(guilty, refuse), stores=store_nothing)
    result = settle_chunk(server, make_rows(count))
    assert result.error is None
    assert outcomes_of(result) == dict.fromkeys(guilty, Outcome.QUARANTINED)
    assert server.held == set(range(count)) - guilty
    assert len(result.settled) + len(server.held) == count


@given(st.integers(1, 40), st.data())
def test_kept_and_refused_are_what_was_given_on_a_server_that_looks_at_rows(
    count: int, data: st.DataObject
) -> None:
    guilty = data.draw(st.sets(st.integers(0, count - 1)))

    def look(rows: Sequence[Row]) -> ImportReport:
        refused = [index for index, row in enumerate(rows) if row["row"] in guilty]
        return refuse_rows(refused, len(rows) - len(refused))

    server = Server(look)
    result = settle_chunk(server, make_rows(count))
    assert set(outcomes_of(result)) == guilty
    assert server.held == set(range(count)) - guilty
    assert result.requests == 1


def test_a_closed_month_of_a_facility_is_found_as_one_thing() -> None:
    def refuse_closed(rows: Sequence[Row]) -> ImportReport:
        if all(row["org_unit"] != CLINIC_2 for row in rows):
            return refuse_rows([], len(rows))
        conflict = Conflict("Period is closed", error_code="E8030")
        return ImportReport(409, "ERROR", ImportCount(), (conflict,))

    units = [CLINIC_1, CLINIC_2] * 50
    rows = [make_row(row=number, org_unit=unit) for number, unit in enumerate(units)]
    server = Server(refuse_closed)
    result = settle_chunk(server, rows)
    assert {item.row for item in result.settled} == set(range(1, 100, 2))
    assert {item.words for item in result.settled} == {"Period is closed"}
    assert server.held == set(range(0, 100, 2))
    assert result.requests == 3


def test_a_request_that_is_too_large_is_halved() -> None:
    def limit(rows: Sequence[Row]) -> ImportReport | D2AssetsError:
        too_large = RejectedError("Too large.", status=413)
        return too_large if len(rows) > 2 else refuse_rows([], len(rows))

    server = Server(limit, stores=store_nothing)
    result = settle_chunk(server, make_rows(8))
    assert result.settled == []
    assert server.held == set(range(8))
    assert max(len(rows) for rows in server.sent[3:]) <= 4


def test_a_chunk_that_is_too_large_by_now_is_cut_into_equal_parts() -> None:
    server = Server(in_turn(), most_rows=4)
    assert settle_chunk(server, make_rows(9)) == ChunkResult(requests=3)
    assert server.sent == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def test_what_is_sent_again_after_a_timeout_goes_in_smaller_requests() -> None:
    answers = in_turn(LOST)

    def slow_down(rows: Sequence[Row]) -> ImportReport | D2AssetsError:
        server.most_rows = 2
        return answers(rows)

    server = Server(slow_down, stores=lambda rows: rows[:1])
    assert settle_chunk(server, make_rows(4)) == ChunkResult(requests=3)
    assert server.sent == [[0, 1, 2, 3], [1], [2, 3]]
    assert server.held == {0, 1, 2, 3}


def test_a_chunk_that_is_stopped_sends_nothing_more() -> None:
    server = Server(in_turn(refuse_group(4)), stops_after=1)
    result = settle_chunk(server, make_rows(4))
    assert server.sent == [[0, 1, 2, 3]]
    assert isinstance(result.error, CancelledError)
    assert outcomes_of(result) == dict.fromkeys(range(4), Outcome.NOT_ATTEMPTED)


def test_rows_whose_answer_was_lost_before_the_stop_are_queued() -> None:
    server = Server(in_turn(LOST), stores=lambda rows: rows[:1], stops_after=1)
    result = settle_chunk(server, make_rows(3))
    assert len(server.sent) == 1
    assert outcomes_of(result) == {1: Outcome.QUEUED, 2: Outcome.QUEUED}


def test_a_server_that_goes_away_leaves_the_rest_not_attempted() -> None:
    refuse = refuse_group(4)
    server = Server(in_turn(refuse, None, DOWN), stores=store_nothing)
    result = settle_chunk(server, make_rows(4))
    assert server.sent == [[0, 1, 2, 3], [0, 1], [2, 3]]
    assert result.error is DOWN
    assert outcomes_of(result) == {2: Outcome.NOT_ATTEMPTED, 3: Outcome.NOT_ATTEMPTED}
    assert server.held == {0, 1}


def test_what_waits_behind_an_error_is_not_attempted_either() -> None:
    server = Server(in_turn(refuse_group(4), DOWN), stores=store_nothing)
    result = settle_chunk(server, make_rows(4))
    assert sorted(outcomes_of(result)) == [0, 1, 2, 3]
    assert set(outcomes_of(result).values()) == {Outcome.NOT_ATTEMPTED}
    assert {item.attempts for item in result.settled} == {1, 2}


def test_a_refused_account_stops_the_chunk() -> None:
    forbidden = RejectedError("The account may not.", status=403)
    result = settle_chunk(Server(lambda rows: forbidden, stores=store_nothing), make_rows(3))
    assert result.error is forbidden
    assert result.requests == 1
    assert set(outcomes_of(result).values()) == {Outcome.NOT_ATTEMPTED}
