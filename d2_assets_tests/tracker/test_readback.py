from dataclasses import replace

from d2_assets.tracker.chunks import Root, Row
from d2_assets.tracker.objects import Kind
from d2_assets.tracker.readback import count_roots, find_missing_objects, read_back
from d2_assets_tests.tracker.fake_importer import FakeImporter
from d2_assets_tests.tracker.pushing import (
    MONTH,
    PROGRAM,
    TYPE,
    create,
    make_event,
    make_reader,
    make_relationship,
    make_tree,
    mark_gone,
    open_scratch,
    push,
    stage_destination,
    stage_plan,
)


def read_found(planned, server, before=(), *, has_sent: bool = True) -> dict[str, bool]:
    """Whether each found object is deleted, by UID."""
    with open_scratch() as (database, folder):
        stage_plan(database, folder, planned)
        stage_destination(database, folder, before)
        done: list[int] = []
        path = folder / "found.parquet"
        read_back(database, make_reader(server), MONTH, path, done.append, has_sent=has_sent)
        assert done[-1:] == ([count_roots(database, MONTH)] if has_sent and done else [])
        rows = database.rows("SELECT id, deleted FROM found ORDER BY id")
        assert len(rows) == len({uid for uid, _ in rows})
        return dict(rows)


def test_trees_that_were_touched_are_read_again_with_what_belongs_to_them():
    first, second = make_tree(1), make_tree(2)
    relation = make_relationship("Relation001", first[0], second[0])
    planned = create(relation, *first, *second)
    server = FakeImporter()
    with open_scratch() as (database, folder):
        stage_plan(database, folder, planned)
        push(database, folder, server)
    found = read_found(planned, server)
    assert found == dict.fromkeys([one.id for one in (relation, *first, *second)], False)


def test_what_nothing_was_sent_to_is_not_read_twice():
    event = make_event("EventAaaaa1")
    found = read_found([(event, "unchanged", None)], FakeImporter(), [event])
    assert found == {event.id: False}


def test_of_a_touched_root_nothing_older_is_believed():
    entity, enrollment, event, other = make_tree(1)
    planned = [(entity, "unchanged", None), (event, "update", event.body)]
    found = read_found(planned, FakeImporter(), [entity, enrollment, event, other])
    assert found == {}


def test_a_relationship_that_was_deleted_is_not_believed_to_stand_under_its_other_end():
    first, second = make_tree(1)[0], make_tree(2)[0]
    relation = make_relationship("Relation001", first, second)
    planned = [
        (first, "unchanged", None),
        (second, "unchanged", None),
        (mark_gone(relation), "delete", None),
    ]
    server = FakeImporter()
    for one in (first, second):
        server.stored[one.kind, one.id] = dict(one.body)
    found = read_found(planned, server, [first, second, replace(relation, root=second.id)])
    assert found == {first.id: False, second.id: False}


def test_when_nothing_was_sent_the_earlier_reading_stands():
    event = make_event("EventAaaaa1")
    found = read_found(create(event), FakeImporter(), [event], has_sent=False)
    assert found == {event.id: False}


def make_row(number: int, item, action: str = "create") -> Row:
    root = (
        Root(Kind.TRACKED_ENTITY, item.root, "", TYPE)
        if item.parent or item.kind is Kind.TRACKED_ENTITY
        else Root(Kind.EVENT, item.root, PROGRAM, "")
    )
    return Row(
        number, number, action, item.kind, item.id, item.parent, item.root, root, item.body, None
    )


def test_after_a_lost_answer_objects_that_stand_there_as_sent_are_not_missing():
    entity, enrollment, event, other = make_tree(1)
    changed = replace(event, body={**event.body, "status": "SKIPPED"})
    server = FakeImporter()
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(entity, enrollment, event))
        push(database, folder, server)
    rows = [make_row(n, one) for n, one in enumerate((entity, enrollment, changed, other))]
    missing = find_missing_objects(make_reader(server), rows, merge=False)
    assert [row.id for row in missing] == [changed.id, other.id]


def test_a_member_that_a_server_keeps_in_its_own_way_is_not_missing():
    event = make_event("EventAaaaa1", completedAt="2025-11-03T00:00:00.000")
    server = FakeImporter()
    server.stored[event.kind, event.id] = {**event.body, "completedAt": "2025-11-20T08:00:00.000"}
    assert find_missing_objects(make_reader(server), [make_row(0, event)], merge=False) == []


def test_a_deleted_object_is_missing_as_long_as_it_stands_there():
    event = make_event("EventAaaaa1")
    server = FakeImporter()
    rows = [make_row(0, event, "delete")]
    assert find_missing_objects(make_reader(server), rows, merge=False) == []
    server.stored[event.kind, event.id] = dict(event.body)
    assert find_missing_objects(make_reader(server), rows, merge=False) == rows


def test_what_belongs_to_a_deleted_entity_is_read_as_deleted():
    entity, enrollment, event, _ = make_tree(1)
    server = FakeImporter()
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(entity, enrollment, event))
        push(database, folder, server)
    server.stored[entity.kind, entity.id]["deleted"] = True
    planned = [(mark_gone(entity), "delete", None)]
    assert read_found(planned, server) == dict.fromkeys([entity.id, enrollment.id, event.id], True)
