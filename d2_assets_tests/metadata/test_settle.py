"""Whatever a server answers, each object ends taken or refused for a reason, or it is said that
nobody knows."""

from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from d2_assets.errors import (
    CancelledError,
    ConfigurationError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from d2_assets.metadata.chunks import Sending, order_circles
from d2_assets.metadata.objects import Key
from d2_assets.metadata.settle import settle_chunk
from d2_assets.metadata.settlement import Settlement
from d2_assets_tests.metadata.importing import FakeImports


def key(number: int) -> Key:
    return "dataElements", f"element{number}"


def send(number: int, *needs: int) -> Sending:
    return Sending(key(number), {"id": key(number)[1]}, frozenset(key(need) for need in needs))


def settle(server: FakeImports, sendings: Collection[Sending]) -> Settlement:
    settlement = Settlement()
    settle_chunk(server, order_circles(sendings), settlement)
    return settlement


def test_good_objects_go_in_one_request() -> None:
    server = FakeImports()
    settlement = settle(server, [send(n) for n in range(100)])
    assert settlement.requests == 1
    assert len(settlement.taken) == 100


def test_the_guilty_are_named_by_the_report_and_the_rest_is_sent_again() -> None:
    server = FakeImports(bad=frozenset({key(3)}))
    settlement = settle(server, [send(n) for n in range(10)])
    assert settlement.refused[key(3)].code == "E4000"
    assert settlement.taken == {key(n) for n in range(10)} - {key(3)}
    assert settlement.requests == 2


def test_what_needs_a_refused_object_is_refused_with_its_cause() -> None:
    server = FakeImports(bad=frozenset({key(0)}))
    settlement = settle(server, [send(0), send(1, 0), send(2, 1), send(3)])
    assert settlement.taken == {key(3)}
    assert settlement.refused[key(2)].need == key(1)
    assert settlement.refused[key(1)].words == "Bad element0."


def test_a_refusal_without_a_report_is_halved_until_the_guilty_are_alone() -> None:
    server = FakeImports(unreadable=frozenset({key(5), key(70)}))
    settlement = settle(server, [send(n) for n in range(100)])
    assert settlement.refused.keys() == {key(5), key(70)}
    assert len(settlement.taken) == 98
    assert settlement.requests < 30
    assert "No enum constant" in settlement.refused[key(5)].words


def test_within_a_circle_the_unreadable_one_is_told_apart_from_those_that_need_it() -> None:
    server = FakeImports(unreadable=frozenset({key(1)}))
    settlement = settle(server, [send(0, 1), send(1, 2), send(2, 0), send(3)])
    assert settlement.taken == {key(3)}
    assert settlement.refused[key(1)].code == "refused_by_server"
    assert settlement.refused[key(0)].code == settlement.refused[key(2)].code == "needs_refused"


def test_an_answer_that_was_lost_is_settled_by_looking() -> None:
    lost = OutcomeUnknownError("The line broke.")
    server = FakeImports(failures=[lost], stores_before_failing=True)
    settlement = settle(server, [send(n) for n in range(5)])
    assert len(settlement.taken) == 5
    assert len(server.requests) == 1


def test_what_did_not_land_after_a_lost_answer_is_sent_again() -> None:
    server = FakeImports(failures=[OutcomeUnknownError("The line broke.", status=504)])
    settlement = settle(server, [send(n) for n in range(5)])
    assert len(settlement.taken) == 5
    assert server.pauses == 6  # it may still be storing
    assert len(server.requests) == 2


def test_answers_that_are_lost_again_and_again_end_the_push_unconfirmed() -> None:
    server = FakeImports(failures=[OutcomeUnknownError("The line broke.") for _ in range(9)])
    settlement = settle(server, [send(n) for n in range(5)])
    assert isinstance(settlement.error, OutcomeUnknownError)
    assert settlement.unconfirmed == {key(n) for n in range(5)}
    assert len(server.requests) == 3


def test_a_request_that_is_too_large_is_halved() -> None:
    server = FakeImports(failures=[RejectedError("Too large.", status=413)])
    settlement = settle(server, [send(n) for n in range(8)])
    assert len(settlement.taken) == 8
    assert [len(request) for request in server.requests] == [8, 4, 4]


def test_requests_have_no_more_objects_than_the_server_takes_now() -> None:
    server = FakeImports(most_objects=3)
    settlement = settle(server, [send(n) for n in range(10)])
    assert len(settlement.taken) == 10
    assert max(len(request) for request in server.requests) <= 3


def test_a_server_that_refuses_everything_without_a_report_is_not_asked_for_ever() -> None:
    server = FakeImports(unreadable=frozenset(key(n) for n in range(500)))
    settlement = settle(server, [send(n) for n in range(500)])
    assert isinstance(settlement.error, RejectedError)
    assert settlement.requests < 60


def test_missing_rights_stop_the_push_and_nothing_is_blamed_on_objects() -> None:
    for error in (
        ConfigurationError("No."),
        TransientError("Away."),
        RejectedError("x", status=404),
    ):
        settlement = settle(FakeImports(failures=[error]), [send(0)])
        assert settlement.error is error
        assert not settlement.refused
        assert not settlement.taken


def test_nothing_is_sent_once_the_run_is_cancelled() -> None:
    server = FakeImports(most_objects=2)

    def stop() -> None:
        server.is_stopped = True

    server.on_request = stop
    settlement = settle(server, [send(n) for n in range(6)])
    assert isinstance(settlement.error, CancelledError)
    assert len(server.requests) == 1
    assert len(settlement.taken) == 2


@st.composite
def graphs(draw: st.DrawFn) -> list[Sending]:
    count = draw(st.integers(1, 14))
    needs = [draw(st.sets(st.integers(0, count - 1), max_size=3)) - {n} for n in range(count)]
    return [send(number, *needs[number]) for number in range(count)]


@given(graphs(), st.sets(st.integers(0, 13)), st.sets(st.integers(0, 13)), st.integers(1, 20))
def test_every_object_is_taken_or_refused_and_only_the_guilty_and_their_dependants_are_refused(
    sendings: list[Sending], bad: set[int], unreadable: set[int], most: int
) -> None:
    guilty = {key(n) for n in bad | unreadable} & {one.key for one in sendings}
    server = FakeImports(
        bad=frozenset(map(key, bad)), unreadable=frozenset(map(key, unreadable)), most_objects=most
    )
    settlement = settle(server, sendings)
    assert settlement.error is None
    fallen = set(guilty)
    while more := {one.key for one in sendings if one.needs & fallen} - fallen:
        fallen |= more
    assert settlement.refused.keys() == fallen
    assert settlement.taken == {one.key for one in sendings} - fallen
    assert server.stored.keys() == settlement.taken
