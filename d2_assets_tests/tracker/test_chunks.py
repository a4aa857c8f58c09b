from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from d2_assets.tracker.chunks import Chunk, Row, cut_roots, iterate_chunks
from d2_assets.tracker.objects import Kind
from d2_assets_tests.tracker.pushing import (
    MONTH,
    create,
    make_event,
    make_relationship,
    make_tree,
    mark_gone,
    open_scratch,
    stage_plan,
)


def cut(planned, size: int = 100, strategy: str = "CREATE_AND_UPDATE") -> list[Chunk]:
    with open_scratch() as (database, folder):
        stage_plan(database, folder, planned)
        return list(iterate_chunks(database, MONTH, lambda: size, strategy))


def make_simple_row(number: int, root: str) -> Row:
    return Row(number, number, "create", Kind.EVENT, f"e{number}", "", root, None, {}, None)


def test_parents_come_before_their_children_and_roots_stay_together():
    trees = [make_tree(1), make_tree(2)]
    mixed = [item for pair in zip(*trees, strict=True) for item in reversed(pair)]
    (chunk,) = cut(create(*mixed))
    assert [row.id for row in chunk.rows] == [item.id for tree in trees for item in tree]


def test_a_chunk_holds_whole_roots_even_when_one_alone_is_larger():
    chunks = cut(create(*make_tree(1, events=8), *make_tree(2), *make_tree(3)), size=5)
    assert [[row.root_id for row in chunk.rows] for chunk in chunks] == [
        ["Entity00001"] * 10,
        ["Entity00002"] * 4,
        ["Entity00003"] * 4,
    ]


def test_deletes_go_first_from_the_outside_in_and_relationships_last():
    entity, enrollment, event, other = make_tree(1)
    old = make_relationship("RelationOld", entity, other)
    new = make_relationship("RelationNew", entity, event)
    planned = [
        *create(make_event("EventAlone1"), new),
        *((mark_gone(item), "delete", None) for item in (entity, enrollment, event, other, old)),
    ]
    chunks = cut(planned)
    assert [(chunk.strategy, [str(row.kind) for row in chunk.rows]) for chunk in chunks] == [
        ("DELETE", ["relationship"]),
        ("DELETE", ["event", "event"]),
        ("DELETE", ["enrollment"]),
        ("DELETE", ["trackedEntity"]),
        ("CREATE_AND_UPDATE", ["event"]),
        ("CREATE_AND_UPDATE", ["relationship"]),
    ]
    assert [chunk.phase for chunk in chunks] == sorted({chunk.phase for chunk in chunks})


def test_what_is_not_to_be_written_is_in_no_chunk():
    actions = ("unchanged", "filtered", "quarantined", "held_by_strategy", "delete_with_parent")
    planned = [(make_event(f"Event{action[:6]}"), action, None) for action in actions]
    assert cut(planned) == []


def test_the_strategy_of_the_pair_is_that_of_what_is_written():
    planned = [
        *create(make_event("EventAlone1")),
        (mark_gone(make_event("EventGone01")), "delete", None),
    ]
    assert [chunk.strategy for chunk in cut(planned, strategy="CREATE")] == ["DELETE", "CREATE"]


@given(st.lists(st.integers(1, 7), max_size=20), st.integers(1, 9))
def test_cutting_keeps_every_row_in_order_and_no_root_is_in_two_chunks(sizes: list[int], size: int):
    rows = [
        make_simple_row(number, f"root{root}")
        for number, root in enumerate(
            chain.from_iterable([root] * rows for root, rows in enumerate(sizes))
        )
    ]
    chunks = list(cut_roots(rows, lambda: size))
    assert [row for chunk in chunks for row in chunk] == rows
    roots = [{row.root_id for row in chunk} for chunk in chunks]
    assert sum(map(len, roots)) == len(set().union(*roots)) if roots else not sizes
    assert all(
        len(chunk) <= size or len(held) == 1 for chunk, held in zip(chunks, roots, strict=True)
    )
