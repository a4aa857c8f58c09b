from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.ledger.outcomes import Outcome
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.echoes import attach_echoes, record_echoes
from d2_assets.tracker.objects import Kind
from d2_assets.tracker.reconcile import AGREED, iterate_differences
from d2_assets.tracker.shape import decode_body
from d2_assets_tests.tracker.fake_importer import FakeImporter
from d2_assets_tests.tracker.pushing import (
    PROGRAM,
    create,
    list_outcomes,
    make_event,
    make_relationship,
    make_tree,
    mark_gone,
    open_scratch,
    push,
    reconcile,
    stage_destination,
    stage_plan,
)


def run(planned, server, before=(), choices=None):
    """Push and reconcile; gives the reconciliation, outcomes and reasons by UID."""
    with open_scratch() as (database, folder):
        stage_plan(database, folder, planned)
        stage_destination(database, folder, before)
        result = push(database, folder, server, choices)
        found = reconcile(database, folder, server, choices, read_again=result.sent > 0)
        reasons = dict(database.rows("SELECT id, code || ': ' || reason FROM outcomes"))
        return found, list_outcomes(database), reasons


def test_each_object_has_one_outcome_and_the_sums_hold_for_each_kind():
    first, second = make_tree(1), make_tree(2)
    relation = make_relationship("Relation001", first[0], second[0])
    found, outcomes, _ = run(create(relation, *first, *second), FakeImporter())
    assert set(outcomes.values()) == {Outcome.CREATED}
    assert {kind: (one.read, one.unaccounted) for kind, one in found.by_kind.items()} == {
        Kind.TRACKED_ENTITY: (2, 0),
        Kind.ENROLLMENT: (2, 0),
        Kind.EVENT: (4, 0),
        Kind.RELATIONSHIP: (1, 0),
    }
    assert (found.broken, found.explained, found.lost, found.doubled, found.kept) == (0,) * 5
    assert found.differences == ()
    assert found.by_program == {"": {"created": 3}, PROGRAM: {"created": 6}}
    assert found.tally.count(Outcome.CREATED) == 9


def test_an_object_that_was_taken_and_is_not_there_is_lost_by_the_server():
    event = make_event("EventAaaaa1")
    server = FakeImporter(swallowed={(event.kind, event.id)})
    found, outcomes, reasons = run(create(event), server)
    assert outcomes == {event.id: Outcome.QUARANTINED}
    assert reasons[event.id].startswith("lost_by_server: ")
    assert "it is not there" in reasons[event.id]
    assert found.broken == 1
    assert found.differences[0].found == "(not there)"


def test_a_value_that_the_server_stores_otherwise_is_lost_and_named():
    event = make_event("EventAaaaa1")
    server = FakeImporter(
        rewritten={(event.kind, event.id): {"status": "ACTIVE"}},
    )
    found, outcomes, reasons = run(create(event), server)
    assert outcomes == {event.id: Outcome.QUARANTINED}
    assert "status is \u00abACTIVE\u00bb, not \u00abCOMPLETED\u00bb" in reasons[event.id]
    (difference,) = found.differences
    assert (difference.member, difference.expected, difference.found) == (
        "status",
        "COMPLETED",
        "ACTIVE",
    )


def test_a_member_that_a_server_may_keep_in_its_own_way_is_told_and_remembered():
    event = make_event("EventAaaaa1", completedAt="2025-11-03T00:00:00.000")
    stamp = {"completedAt": "2025-11-20T08:00:00.000"}
    server = FakeImporter(rewritten={(event.kind, event.id): stamp})
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(event))
        echoes = folder / "echoes.parquet"
        attach_echoes(database, echoes)
        push(database, folder, server)
        found = reconcile(database, folder, server)
        assert list_outcomes(database) == {event.id: Outcome.CREATED}
        assert (found.broken, found.kept, found.differences) == (0, 1, ())
        (line,) = iterate_differences(database)
        assert line[4:8] == ("completedAt", "2025-11-03T00:00:00.000", *stamp.values(), "kept")
        record_echoes(database, echoes)
        before = echoes.read_bytes(), echoes.stat().st_mtime_ns
        record_echoes(database, echoes)
        assert (echoes.read_bytes(), echoes.stat().st_mtime_ns) == before
        digests = database.rows("SELECT digest::VARCHAR, found_digest::VARCHAR FROM outcomes")
        noted = database.rows("SELECT class, id, wanted, found FROM echoes")
        assert noted == [("event", event.id, *digests[0])]


def test_an_echo_is_forgotten_when_the_server_keeps_what_it_was_sent():
    event = make_event("EventAaaaa1", completedAt="2025-11-03T00:00:00.000")
    other = make_event("EventBbbbb1", completedAt="2025-11-03T00:00:00.000")
    stamp = {"completedAt": "2025-11-20T08:00:00.000"}
    server = FakeImporter(
        rewritten={(one.kind, one.id): stamp for one in (event, other)},
    )
    with open_scratch() as (database, folder):
        attach_echoes(database, folder / "echoes.parquet")
        for planned in (create(event, other), [(event, "update", event.body)]):
            stage_plan(database, folder, planned)
            push(database, folder, server)
            reconcile(database, folder, server)
            record_echoes(database, folder / "echoes.parquet")
            server.rewritten.clear()
        assert database.rows("SELECT id FROM echoes") == [(other.id,)]


def test_damaged_echoes_say_nothing():
    with open_scratch() as (database, folder):
        (folder / "echoes.parquet").write_bytes(b"damaged")
        attach_echoes(database, folder / "echoes.parquet")
        assert database.value("SELECT count(*) FROM echoes") == 0


def test_deletes_are_deleted_and_what_goes_with_its_parent_is_so_too():
    entity, enrollment, event, _ = make_tree(1)
    server = FakeImporter()
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(entity, enrollment, event))
        push(database, folder, server)
    planned = [
        (mark_gone(entity), "delete", None),
        (mark_gone(enrollment), "delete_with_parent", None),
        (mark_gone(event), "delete_with_parent", None),
    ]
    found, outcomes, _ = run(planned, server, [entity, enrollment, event])
    assert set(outcomes.values()) == {Outcome.DELETED}
    assert len(server.requests[-1][1]) == 1
    assert found.broken == 0


def test_what_goes_with_a_parent_whose_delete_is_refused_is_quarantined_with_it():
    entity, enrollment, event, _ = make_tree(1)
    server = FakeImporter()
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(entity, enrollment, event))
        push(database, folder, server)
    server.refused[entity.kind, entity.id] = ("E1100", "No F_TEI_CASCADE_DELETE.")
    planned = [
        (mark_gone(entity), "delete", None),
        (mark_gone(enrollment), "delete_with_parent", None),
        (mark_gone(event), "delete_with_parent", None),
    ]
    found, outcomes, reasons = run(planned, server, [entity, enrollment, event])
    assert set(outcomes.values()) == {Outcome.QUARANTINED}
    assert reasons[entity.id] == "E1100: No F_TEI_CASCADE_DELETE."
    assert reasons[event.id].startswith("parent_refused: ")
    assert (found.broken, found.explained) == (0, 3)


@pytest.mark.parametrize(
    "action", ["unchanged", "filtered", "quarantined", "held_by_strategy", "destination_newer"]
)
def test_what_was_not_sent_keeps_its_action_as_outcome(action: str):
    event = make_event("EventAaaaa1")
    other = replace(event, body={**event.body, "status": "ACTIVE"})
    before = event if action == "unchanged" else other
    found, outcomes, _ = run([(event, action, None)], FakeImporter(), [before])
    assert outcomes == {event.id: Outcome(action)}
    assert found.broken == 0
    assert found.explained == (action not in ("unchanged", "filtered"))


def test_what_counts_as_unchanged_and_differs_is_broken():
    event = make_event("EventAaaaa1")
    other = replace(event, body={**event.body, "status": "ACTIVE"})
    found, _, _ = run([(event, "unchanged", None)], FakeImporter(), [other])
    assert found.broken == 1


def test_when_the_destination_cannot_be_read_back_what_was_sent_is_queued():
    event = make_event("EventAaaaa1")
    server = FakeImporter()
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(event))
        push(database, folder, server)
        found = reconcile(database, folder, server, read_again=False)
        assert list_outcomes(database) == {event.id: Outcome.QUEUED}
    assert found.broken == 1


def test_a_note_that_did_not_land_is_a_loss_and_a_note_of_theirs_is_none():
    note = {"note": "NoteAaaaaa1", "value": "seen"}
    event = make_event("EventAaaaa1", notes=[note])
    theirs = {"note": "NoteBbbbbb1", "value": "ours"}
    for stored, outcome in (([note, theirs], Outcome.CREATED), ([theirs], Outcome.QUARANTINED)):
        server = FakeImporter(rewritten={(event.kind, event.id): {"notes": stored}})
        _, outcomes, _ = run(create(event), server)
        assert outcomes == {event.id: outcome}


def test_merging_leaves_what_only_the_destination_has_and_calls_it_right():
    event = make_event("EventAaaaa1")
    wanted = replace(event, body={**event.body, "dataValues": [], "status": "ACTIVE"})
    server = FakeImporter(stored={(event.kind, event.id): dict(event.body)})
    planned = [(wanted, "update", event.body)]
    found, outcomes, _ = run(planned, server, [event], TrackerChoices(merge=True))
    assert outcomes == {event.id: Outcome.UPDATED}
    assert (found.broken, found.kept) == (0, 0)


def test_mirrored_deletes_are_counted_apart_from_what_was_read():
    event = make_event("EventAaaaa1")
    server = FakeImporter(stored={(event.kind, event.id): dict(event.body)})
    with open_scratch() as (database, folder):
        stage_plan(database, folder, [(event, "delete", None)])
        database.execute(
            "CREATE OR REPLACE TABLE planned AS SELECT * REPLACE (-1 AS row) FROM plan"
        )
        database.save("SELECT * FROM planned", folder / "mirrored.parquet")
        database.attach("plan", folder / "mirrored.parquet", spread_by="id")
        push(database, folder, server)
        found = reconcile(database, folder, server)
        (agreed,) = database.rows(AGREED)
    assert found.mirrored == 1
    assert found.by_kind == {}
    assert (found.lost, found.doubled) == (0, 0)
    assert agreed == ("event", event.id, b'{"event":"EventAaaaa1"}', None)


def test_what_both_ends_share_is_given_as_wanted_and_as_found():
    same = make_event("EventAaaaa1")
    kept = make_event("EventBbbbb1", completedAt="2025-11-03T00:00:00.000")
    refused = make_event("EventCcccc1")
    stamp = {"completedAt": "2025-11-20T08:00:00.000"}
    server = FakeImporter(
        rewritten={(kept.kind, kept.id): stamp},
        refused={(refused.kind, refused.id): ("E1000", "No access.")},
    )
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(same, kept, refused))
        push(database, folder, server)
        reconcile(database, folder, server)
        agreed = {uid: (body, found) for _, uid, body, found in database.rows(AGREED)}
    assert set(agreed) == {same.id, kept.id}
    assert agreed[same.id][1] is None
    assert decode_body(agreed[kept.id][0]) == kept.body
    assert decode_body(agreed[kept.id][1]) == {**kept.body, **stamp}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=5), st.data())
def test_no_object_is_lost_or_counted_twice_whatever_the_server_does(
    sizes: list[int], data: st.DataObject
):
    objects = [one for number, size in enumerate(sizes) for one in make_tree(number, size)]
    keys = st.sampled_from([(one.kind, one.id) for one in objects])
    server = FakeImporter(
        refused=dict.fromkeys(data.draw(st.sets(keys, max_size=2)), ("E1000", "No.")),
        crashing=data.draw(st.sets(keys, max_size=2)),
        swallowed=data.draw(st.sets(keys, max_size=2)),
        losing=data.draw(st.lists(st.booleans(), max_size=1)),
    )
    found, outcomes, reasons = run(create(*objects), server)
    assert (found.lost, found.doubled) == (0, 0)
    assert all(one.unaccounted == 0 for one in found.by_kind.values())
    stored = {one.id for one in objects if (one.kind, one.id) in server.stored}
    assert {uid for uid, one in outcomes.items() if one is Outcome.CREATED} == stored
    assert all(reasons[uid] for uid, one in outcomes.items() if one is Outcome.QUARANTINED)
