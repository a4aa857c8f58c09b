from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.dhis2.dialects import find_dialect
from d2_assets.dhis2.tracker_reports import TrackerError, TrackerReport, parse_tracker_report
from d2_assets.errors import OutcomeUnknownError, RejectedError
from d2_assets.ledger.outcomes import Outcome
from d2_assets.tracker.chunks import DELETE, Row
from d2_assets.tracker.groups import ChunkResult
from d2_assets.tracker.nest import for_delete, nest
from d2_assets.tracker.objects import Kind, TrackerObject
from d2_assets.tracker.settle import settle_chunk
from d2_assets_tests.recordings import needs_recordings, read_exchange
from d2_assets_tests.tracker.fake_importer import FakeImporter, Key
from d2_assets_tests.tracker.pushing import make_event, make_tree


@dataclass
class There:
    """A destination as a chunk sees it, before a fake importer."""

    server: FakeImporter
    strategy: str = "CREATE_AND_UPDATE"
    most_rows: int = 100
    is_stopped: bool = False
    pauses: int = 0
    sent: list[list[str]] = field(default_factory=list)

    def post(self, rows: Sequence[Row]) -> TrackerReport:
        self.sent.append([row.id for row in rows])
        if self.strategy == DELETE:
            payload = for_delete(rows[0].kind, [row.id for row in rows])
        else:
            payload = nest([row.to_change() for row in rows], find_dialect("2.42.4")[0])
        return self.server.post_tracker(payload, strategy=self.strategy)

    def find_missing(self, rows: Sequence[Row]) -> Sequence[Row]:
        if self.strategy == DELETE:
            return [row for row in rows if row.key in self.server.stored]
        return [row for row in rows if row.key not in self.server.stored]

    def pause(self) -> None:
        self.pauses += 1


def make_rows(*objects: TrackerObject, action: str = "create") -> list[Row]:
    return [
        Row(n, n, action, one.kind, one.id, one.parent, one.root, None, one.body, None)
        for n, one in enumerate(objects)
    ]


def settle(there: There, rows: Sequence[Row]) -> tuple[ChunkResult, dict[str, tuple[Outcome, str]]]:
    result = settle_chunk(there, rows)
    ids = {row.row: row.id for row in rows}
    return result, {ids[one.row]: (one.outcome, one.code) for one in result.settled}


REFUSED = (Outcome.QUARANTINED, "E1000")
FOLLOWS = (Outcome.QUARANTINED, "parent_refused")


def test_a_refused_object_is_named_with_the_servers_words_and_the_others_are_taken():
    server = FakeImporter(refused={(Kind.EVENT, "EventBad001"): ("E1000", "No access.")})
    rows = make_rows(make_event("EventGood01"), make_event("EventBad001"))
    result, settled = settle(There(server), rows)
    assert settled == {"EventBad001": REFUSED}
    assert result.settled[0].words == "No access."
    assert (Kind.EVENT, "EventGood01") in server.stored


def test_children_of_a_refused_entity_name_it_and_its_cause():
    entity, enrollment, *events = make_tree(1)
    server = FakeImporter(refused={(entity.kind, entity.id): ("E1000", "No access.")})
    result, settled = settle(There(server), make_rows(entity, enrollment, *events))
    assert settled == {
        entity.id: REFUSED,
        **{one.id: FOLLOWS for one in (enrollment, *events)},
    }
    assert all(
        "E1000 No access." in one.words and "which the server refused" in one.words
        for one in result.settled[1:]
    )
    assert result.requests == 1


def test_children_of_a_refused_update_are_sent_again_for_their_parent_stands_there():
    entity, enrollment, event, _ = make_tree(1)
    server = FakeImporter(refused={(entity.kind, entity.id): ("E1000", "No access.")})
    server.stored[entity.kind, entity.id] = dict(entity.body)
    rows = make_rows(entity, action="update") + make_rows(entity, enrollment, event)[1:]
    result, settled = settle(There(server), rows)
    assert settled == {entity.id: REFUSED}
    assert result.requests == 2
    assert (event.kind, event.id) in server.stored


def test_a_bare_failure_is_halved_over_roots_until_the_guilty_event_is_alone():
    trees = [make_tree(number) for number in range(8)]
    guilty = trees[5][2]
    server = FakeImporter(crashing={(guilty.kind, guilty.id)})
    result, settled = settle(There(server), make_rows(*(one for tree in trees for one in tree)))
    assert settled == {guilty.id: (Outcome.QUARANTINED, "")}
    assert result.settled[0].words == "Boom."
    assert len(server.stored) == 8 * 4 - 1


def test_a_request_that_makes_the_server_fall_over_with_500_is_halved_too():
    trees = [make_tree(number) for number in range(4)]
    guilty = trees[1][3]
    server = FakeImporter(crashing={(guilty.kind, guilty.id)}, crash_status=500)
    there = There(server)
    _, settled = settle(there, make_rows(*(one for tree in trees for one in tree)))
    assert settled == {guilty.id: (Outcome.QUARANTINED, "")}
    assert len(server.stored) == 15
    assert there.pauses == 0


def test_an_entity_that_crashes_alone_takes_its_children_along():
    entity, *children = make_tree(1)
    server = FakeImporter(crashing={(entity.kind, entity.id)})
    _, settled = settle(There(server), make_rows(entity, *children))
    assert settled == {
        entity.id: (Outcome.QUARANTINED, ""),
        **{one.id: FOLLOWS for one in children},
    }
    assert server.stored == {}


def test_a_server_that_refuses_everything_is_not_asked_for_ever():
    rows = make_rows(*(make_event(f"Event{number:06}") for number in range(200)))
    server = FakeImporter(crashing={row.key for row in rows})
    result, _ = settle(There(server, most_rows=200), rows)
    assert isinstance(result.error, RejectedError)
    assert result.requests == 40


def test_what_exists_already_is_held_under_the_strategy_create():
    event = make_event("EventThere1")
    server = FakeImporter(stored={(event.kind, event.id): dict(event.body)})
    result, settled = settle(There(server, "CREATE"), make_rows(event, make_event("EventNew001")))
    assert settled == {event.id: (Outcome.HELD_BY_STRATEGY, "E1030")}
    assert "already exists" in result.settled[0].words


def test_what_is_gone_is_held_under_the_strategy_update():
    server = FakeImporter()
    _, settled = settle(There(server, "UPDATE"), make_rows(make_event("EventGone01")))
    assert settled == {"EventGone01": (Outcome.HELD_BY_STRATEGY, "E1032")}


def test_deleting_what_is_deleted_or_was_never_there_has_reached_its_goal():
    server = FakeImporter(deleted={(Kind.EVENT, "EventGone01")})
    rows = make_rows(make_event("EventGone01"), make_event("EventNever1"), action="delete")
    _, settled = settle(There(server, DELETE), rows)
    assert settled == {}


def test_a_deleted_uid_that_is_written_again_is_refused_for_good():
    server = FakeImporter(deleted={(Kind.EVENT, "EventGone01")})
    _, settled = settle(There(server), make_rows(make_event("EventGone01")))
    assert settled == {"EventGone01": (Outcome.QUARANTINED, "E1082")}


def test_after_a_lost_answer_only_what_is_missing_is_sent_again():
    server = FakeImporter(losing=[True], swallowed={(Kind.EVENT, "EventBbbbb1")})
    rows = make_rows(make_event("EventAaaaa1"), make_event("EventBbbbb1"))
    there = There(server)
    result, settled = settle(there, rows)
    assert settled == {}
    assert result.error is None
    assert there.sent == [["EventAaaaa1", "EventBbbbb1"], ["EventBbbbb1"]]
    assert there.pauses == 1


def test_answers_that_are_lost_again_and_again_end_the_push_as_unknown():
    rows = make_rows(make_event("EventAaaaa1"))
    result, settled = settle(There(FakeImporter(losing=[False] * 9)), rows)
    assert isinstance(result.error, OutcomeUnknownError)
    assert settled == {"EventAaaaa1": (Outcome.QUEUED, "")}
    assert result.requests == 3


def test_a_stopped_chunk_sends_nothing_and_says_so_of_each_row():
    server = FakeImporter()
    _, settled = settle(There(server, is_stopped=True), make_rows(*make_tree(1)))
    assert set(settled.values()) == {(Outcome.NOT_ATTEMPTED, "")}
    assert server.requests == []


def test_a_root_larger_than_a_request_goes_in_parts_with_the_parents_first():
    there = There(FakeImporter(), most_rows=4)
    rows = make_rows(*make_tree(1, events=8))
    result, settled = settle(there, rows)
    assert settled == {}
    assert [uid for part in there.sent for uid in part] == [row.id for row in rows]
    assert all(len(part) <= 4 for part in there.sent)
    assert result.requests == 3


def test_events_of_a_root_in_parts_follow_their_refused_entity_unsent():
    entity, *children = make_tree(1, events=8)
    server = FakeImporter(refused={(entity.kind, entity.id): ("E1000", "No access.")})
    there = There(server, most_rows=4)
    _, settled = settle(there, make_rows(entity, *children))
    assert settled == {entity.id: REFUSED, **{one.id: FOLLOWS for one in children}}
    assert len(there.sent) == 1


@needs_recordings
@pytest.mark.parametrize("version", ["2.38", "2.40", "2.42", "2.43"])
def test_every_version_names_a_taken_value_and_the_enrollment_follows(version: str):
    exchange = read_exchange(version, "tr-te-unique-attribute-taken")
    report = parse_tracker_report(exchange.status, exchange.body)
    assert report is not None

    class Recorded(There):
        def post(self, rows: Sequence[Row]) -> TrackerReport:
            self.sent.append([row.id for row in rows])
            assert report is not None
            return report

    sent = exchange.request["body"]["trackedEntities"][0]
    entity = sent["trackedEntity"]
    enrollment = sent["enrollments"][0]["enrollment"]
    rows = [
        Row(0, 0, "create", Kind.TRACKED_ENTITY, entity, "", entity, None, {}, None),
        Row(1, 1, "create", Kind.ENROLLMENT, enrollment, entity, entity, None, {}, None),
    ]
    there = Recorded(FakeImporter())
    _, settled = settle(there, rows)
    assert settled == {entity: (Outcome.QUARANTINED, "E1064"), enrollment: FOLLOWS}
    assert len(there.sent) == 1


def test_errors_that_name_none_of_the_rows_leave_them_to_the_read_back():
    class Strange(There):
        def post(self, rows: Sequence[Row]) -> TrackerReport:
            error = TrackerError("E9999", "What?", "EVENT", "EventOther1")
            return TrackerReport(200, "OK", errors=(error,))

    _, settled = settle(Strange(FakeImporter()), make_rows(make_event("EventAaaaa1")))
    assert settled == {}


_TREES = st.lists(st.integers(0, 5), min_size=1, max_size=6)


@given(_TREES, st.integers(1, 12), st.data())
def test_settled_and_taken_are_together_what_was_given(
    sizes: list[int], most: int, data: st.DataObject
):
    objects = [one for number, size in enumerate(sizes) for one in make_tree(number, size)]
    keys: list[Key] = [(one.kind, one.id) for one in objects]
    refused = data.draw(st.sets(st.sampled_from(keys), max_size=3))
    crashing = data.draw(st.sets(st.sampled_from(keys), max_size=3))
    server = FakeImporter(
        refused=dict.fromkeys(refused, ("E1000", "No access.")), crashing=crashing
    )
    there = There(server, most_rows=most)
    rows = make_rows(*objects)
    result = settle_chunk(there, rows)
    assert result.error is None
    left = [one.row for one in result.settled]
    assert len(left) == len(set(left))
    taken = {row.row for row in rows if row.key in server.stored}
    assert taken | set(left) == {row.row for row in rows}
    assert not taken & set(left)


@given(_TREES, st.integers(1, 12))
def test_no_object_is_sent_before_its_parent(sizes: list[int], most: int):
    objects = [one for number, size in enumerate(sizes) for one in make_tree(number, size)]
    there = There(FakeImporter(), most_rows=most)
    settle_chunk(there, make_rows(*objects))
    assert [uid for part in there.sent for uid in part] == [one.id for one in objects]
    assert all(len(part) <= most for part in there.sent)
