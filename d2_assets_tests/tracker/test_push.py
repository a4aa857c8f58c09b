import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.errors import CancelledError, ConfigurationError, RejectedError
from d2_assets.ledger.journal import is_finished, read_journal
from d2_assets.ledger.resume import load_journals
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.nest import Change
from d2_assets.tracker.objects import Kind
from d2_assets_tests.tracker.fake_importer import FakeImporter, Key
from d2_assets_tests.tracker.pushing import (
    MONTH,
    create,
    list_settled,
    make_event,
    make_relationship,
    make_tree,
    mark_gone,
    open_scratch,
    push,
    stage_plan,
)


def test_trees_relationships_and_deletes_land():
    first, second = make_tree(1), make_tree(2)
    gone = make_event("EventGone01")
    server = FakeImporter(stored={(gone.kind, gone.id): dict(gone.body)})
    planned = [
        *create(make_relationship("Relation001", first[0], second[0]), *first, *second),
        (mark_gone(gone), "delete", None),
    ]
    with open_scratch() as (database, folder):
        stage_plan(database, folder, planned)
        result = push(database, folder, server)
        assert list_settled(database) == {}
    assert result.error is None
    assert (result.sent, result.refused) == (10, 0)
    assert set(server.stored) == {(one.kind, one.id) for one, *_ in planned[:-1]}


def test_only_changed_objects_are_sent_and_flat_where_the_parent_stays():
    entity, enrollment, event, other = make_tree(1)
    changed = replace(event, body={**event.body, "status": "SKIPPED"})
    server = FakeImporter()
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(entity, enrollment, event, other))
        push(database, folder, server)
        planned = [
            (entity, "unchanged", None),
            (enrollment, "unchanged", None),
            (changed, "update", event.body),
            (other, "unchanged", None),
        ]
        stage_plan(database, folder, planned)
        push(database, folder, server)
    assert server.requests[-1][1] == [(Kind.EVENT, event.id)]
    assert server.stored[Kind.EVENT, event.id]["status"] == "SKIPPED"


def test_a_value_that_is_gone_at_the_source_goes_at_the_destination_unless_the_pair_merges():
    event = make_event("EventAaaaa1")
    without = replace(event, body={**event.body, "dataValues": []})
    for merge, values in ((False, 0), (True, 1)):
        server = FakeImporter(stored={(event.kind, event.id): dict(event.body)})
        with open_scratch() as (database, folder):
            stage_plan(database, folder, [(without, "update", event.body)])
            push(database, folder, server, TrackerChoices(merge=merge))
        assert len(server.stored[event.kind, event.id]["dataValues"]) == values


def test_the_next_requests_are_smaller_when_a_proxy_lets_no_large_ones_through():
    events = [make_event(f"Event{number:06}") for number in range(60)]
    server = FakeImporter(most=10)
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(*events))
        result = push(database, folder, server, size=40)
        assert list_settled(database) == {}
    assert result.error is None
    assert len(server.stored) == 60


def test_after_a_cancellation_nothing_more_is_sent_and_every_row_says_so():
    events = [make_event(f"Event{number:06}") for number in range(40)]
    stop = threading.Event()
    stop.set()
    server = FakeImporter()
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(*events))
        result = push(database, folder, server, size=5, stop=stop)
        settled = list_settled(database)
    assert isinstance(result.error, CancelledError)
    assert server.requests == []
    assert {outcome for outcome, *_ in settled.values()} == {"not_attempted"}
    assert len(settled) == 40


def test_an_interruption_lets_requests_end_and_is_kept_in_the_result():
    events = [make_event(f"Event{number:06}") for number in range(60)]

    def interrupt(result: object) -> None:
        raise KeyboardInterrupt

    server = FakeImporter()
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(*events))
        result = push(database, folder, server, size=5, report=interrupt)
        settled = list_settled(database)
    assert isinstance(result.error, CancelledError)
    assert len(settled) + len(server.stored) == 60


def test_the_journal_tells_a_later_run_what_was_taken_and_what_was_refused():
    good, bad = make_event("EventGood01"), make_event("EventBad001")
    server = FakeImporter(refused={(bad.kind, bad.id): ("E1000", "No access.")})
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(good, bad))
        push(database, folder, server)
        journal = folder / f"{MONTH}.jsonl"
        assert not is_finished(read_journal(journal))
        load_journals(database, [journal], server.url)
        told = dict(
            database.rows(
                "SELECT p.id, j.outcome || ' ' || j.code FROM journalled AS j "
                "JOIN plan AS p ON p.digest = j.digest"
            )
        )
    assert told == {good.id: "taken ", bad.id: "quarantined E1000"}


def test_relationships_wait_until_all_trees_have_landed():
    trees = [make_tree(number) for number in range(20)]
    relations = [
        make_relationship(f"Relation{number:03}", trees[number][0], trees[-1 - number][0])
        for number in range(10)
    ]
    server = FakeImporter()
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(*relations, *(one for tree in trees for one in tree)))
        push(database, folder, server, size=4)
        assert list_settled(database) == {}
    kinds = [{kind for kind, _ in keys} for _, keys in server.requests]
    first = next(place for place, held in enumerate(kinds) if Kind.RELATIONSHIP in held)
    assert all(held == {Kind.RELATIONSHIP} for held in kinds[first:])


def test_the_file_of_an_object_that_cannot_be_moved_holds_up_that_object_alone():
    entity, enrollment, event, other = make_tree(1)

    def place(change: Change) -> Change:
        if change.id == event.id:
            raise RejectedError("The file is gone.")
        return replace(change, body={**change.body, "storedBy": "us"})

    server = FakeImporter()
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(entity, enrollment, event, other))
        push(database, folder, server, place=place)
        settled = list_settled(database)
    assert settled == {event.id: ("quarantined", "file_missing", "The file is gone.")}
    assert server.stored[other.kind, other.id]["storedBy"] == "us"


def test_an_error_while_files_are_moved_stops_the_push_before_anything_is_sent():
    def place(change: Change) -> Change:
        raise ConfigurationError("No right to upload.")

    server = FakeImporter()
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(*make_tree(1)))
        result = push(database, folder, server, place=place)
        settled = list_settled(database)
    assert isinstance(result.error, ConfigurationError)
    assert server.requests == []
    assert {outcome for outcome, *_ in settled.values()} == {"not_attempted"}


@pytest.mark.parametrize("size", [3, 50])
def test_pushing_twice_leaves_what_pushing_once_leaves(size: int):
    trees = [one for number in range(6) for one in make_tree(number, number)]
    server = FakeImporter()
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(*trees))
        push(database, folder, server, size=size)
        once = dict(server.stored)
        push(database, folder, server, size=size)
        assert list_settled(database) == {}
    assert server.stored == once


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=12), st.integers(1, 9))
def test_two_requests_never_hold_one_root_unless_it_is_too_large_for_one(
    sizes: list[int], size: int
):
    trees = [make_tree(number, events) for number, events in enumerate(sizes)]
    root_of: dict[Key, str] = {(one.kind, one.id): one.root for tree in trees for one in tree}
    rows_of = {tree[0].root: len(tree) for tree in trees}
    server = FakeImporter()
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(*(one for tree in trees for one in tree)))
        push(database, folder, server, size=size)
        assert list_settled(database) == {}
    assert len(server.stored) == len(root_of)
    met: dict[str, int] = {}
    for _, keys in server.requests:
        for root in {root_of[key] for key in keys}:
            met[root] = met.get(root, 0) + 1
    assert all(times == 1 or rows_of[root] > size for root, times in met.items())
