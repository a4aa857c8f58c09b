from collections.abc import Callable, Mapping, Sequence

import pytest

from d2_assets.tracker.objects import STAGED_SCHEMA, Kind
from d2_assets.tracker.shape import decode_body
from d2_assets_tests.tracker.fake_client import FakeClient
from d2_assets_tests.tracker.planning import (
    EN,
    EV,
    MONTH,
    RE,
    TE,
    X,
    plan_between,
    put_child,
    serve,
)

STRATEGIES = ("CREATE", "UPDATE", "CREATE_AND_UPDATE", "DELETE")
HELD = "held_by_strategy"


def _live(server: FakeClient) -> None:
    server.put_event(X)


def _other(server: FakeClient) -> None:
    server.put_event(X, status="COMPLETED")


def _gone(server: FakeClient) -> None:
    server.put_event(X)
    server.delete(Kind.EVENT, X)


def _absent(server: FakeClient) -> None:
    server.stored.clear()


Put = Callable[[FakeClient], None]

#: What the source has, what the destination has.
SITUATIONS: Mapping[str, tuple[Put, Put]] = {
    "new": (_live, _absent),
    "changed": (_other, _live),
    "same": (_live, _live),
    "deleted at the source": (_gone, _live),
    "deleted at both": (_gone, _gone),
    "deleted before it travelled": (_gone, _absent),
    "deleted at the destination": (_live, _gone),
}
#: The action of each situation under CREATE, UPDATE, CREATE_AND_UPDATE and DELETE.
ACTIONS: Mapping[str, Sequence[str]] = {
    "new": ("create", HELD, "create", HELD),
    "changed": (HELD, "update", "update", HELD),
    "same": ("unchanged",) * 4,
    "deleted at the source": (HELD, HELD, "delete", "delete"),
    "deleted at both": ("unchanged",) * 4,
    "deleted before it travelled": ("unchanged",) * 4,
    "deleted at the destination": ("quarantined", HELD, "quarantined", HELD),
}
CELLS = [
    (situation, strategy, actions[number])
    for situation, actions in ACTIONS.items()
    for number, strategy in enumerate(STRATEGIES)
]


@pytest.mark.parametrize(("situation", "strategy", "action"), CELLS)
def test_every_situation_has_one_action_under_each_strategy(
    situation: str, strategy: str, action: str
) -> None:
    theirs, ours = serve()
    put_theirs, put_ours = SITUATIONS[situation]
    put_theirs(theirs)
    put_ours(ours)

    with plan_between(theirs, ours, import_strategy=strategy) as planned:
        assert planned.actions == {X: action}
        assert planned.plan.actions == {MONTH: {Kind.EVENT: {action: 1}}}
        assert planned.plan.read(MONTH) == planned.plan.read(MONTH, Kind.EVENT) == 1
        assert planned.plan.sends(MONTH) == (action in ("create", "update", "delete"))


def test_deletes_are_held_where_the_pair_does_not_propagate_them() -> None:
    theirs, ours = serve()
    _gone(theirs)
    _live(ours)

    with plan_between(theirs, ours, propagate_deletes=False) as planned:
        assert planned.action(X) == HELD


def test_a_uid_that_was_deleted_at_the_destination_cannot_be_created_again() -> None:
    theirs, ours = serve()
    _live(theirs)
    _gone(ours)

    with plan_between(theirs, ours) as planned:
        row = planned.row(X)

    assert row["verdict"] == "deleted_at_destination"
    assert row["reason"].startswith("It was deleted at the destination")


def test_the_plan_has_the_staged_columns_and_what_is_done() -> None:
    theirs, ours = serve()
    _other(theirs)
    _live(ours)

    with plan_between(theirs, ours) as planned:
        row = planned.row(X)

    assert set(STAGED_SCHEMA.names) <= row.keys()
    assert (row["attempts"], row["in_conflict"], row["at_destination"]) == (0, False, True)
    assert decode_body(row["body"])["status"] == "COMPLETED"
    assert decode_body(row["old_body"])["status"] == "ACTIVE"
    assert row["old_digest"] not in (None, row["digest"])


def test_old_bodies_are_kept_of_updates_only() -> None:
    theirs, ours = serve()
    _live(theirs)
    _live(ours)

    with plan_between(theirs, ours) as planned:
        assert planned.row(X)["old_body"] is None


def test_only_the_changed_event_under_an_entity_is_written() -> None:
    theirs, ours = serve()
    put_child(theirs, "4")
    put_child(ours, "3")

    with plan_between(theirs, ours, is_registration=True) as planned:
        assert planned.actions == {TE: "unchanged", EN: "unchanged", EV: "update"}


def test_an_object_whose_notes_the_destination_has_all_of_is_unchanged() -> None:
    theirs, ours = serve()
    theirs.put_event(X, notes=[{"note": "noOne000001", "value": "1"}])
    ours.put_event(
        X,
        notes=[
            {"note": "noOne000001", "value": "1"},
            {"note": "noTwo000001", "value": "entered there"},
        ],
    )

    with plan_between(theirs, ours) as planned:
        assert planned.action(X) == "unchanged"


def test_an_object_with_a_new_note_is_an_update() -> None:
    theirs, ours = serve()
    theirs.put_event(X, notes=[{"note": "noOne000001", "value": "1"}])
    ours.put_event(X)

    with plan_between(theirs, ours) as planned:
        assert planned.action(X) == "update"


def test_children_follow_a_parent_that_cannot_land() -> None:
    theirs, ours = serve()
    put_child(theirs)
    theirs.put_entity(TE, attributes=[{"attribute": "atUnknown01", "value": "1"}])

    with plan_between(theirs, ours, is_registration=True) as planned:
        verdicts = {row["id"]: (row["action"], row["verdict"]) for row in planned.rows}
        reason = planned.row(EV)["reason"]

    assert verdicts == {
        TE: ("quarantined", "attribute_unknown"),
        EN: ("quarantined", "parent_quarantined"),
        EV: ("quarantined", "parent_quarantined"),
    }
    assert f"enrollment {EN}" in reason


def test_children_of_a_refused_parent_that_is_at_the_destination_travel() -> None:
    theirs, ours = serve()
    put_child(theirs, "4")
    put_child(ours, "3")
    theirs.put_entity(TE, attributes=[{"attribute": "atUnknown01", "value": "1"}])

    with plan_between(theirs, ours, is_registration=True) as planned:
        assert planned.actions == {TE: "quarantined", EN: "unchanged", EV: "update"}


def test_children_of_a_parent_that_was_deleted_at_the_destination_wait_with_it() -> None:
    theirs, ours = serve()
    put_child(theirs)
    ours.put_entity(TE)
    ours.delete(Kind.TRACKED_ENTITY, TE)

    with plan_between(theirs, ours, is_registration=True) as planned:
        assert planned.row(TE)["verdict"] == "deleted_at_destination"
        assert planned.row(EN)["verdict"] == planned.row(EV)["verdict"] == "parent_quarantined"


def test_children_of_a_create_that_the_strategy_holds_are_held_too() -> None:
    theirs, ours = serve()
    put_child(theirs)

    with plan_between(theirs, ours, is_registration=True, import_strategy="UPDATE") as planned:
        assert set(planned.actions.values()) == {HELD}


def test_a_relationship_to_an_entity_that_cannot_land_waits_and_names_the_cause() -> None:
    theirs, ours = serve()
    theirs.put_entity(TE)
    theirs.put_entity("teMother001", attributes=[{"attribute": "atUnknown01", "value": "1"}])
    theirs.put_relationship(RE, (Kind.TRACKED_ENTITY, TE), (Kind.TRACKED_ENTITY, "teMother001"))

    with plan_between(theirs, ours, is_registration=True) as planned:
        row = planned.row(RE)

    assert row["verdict"] == "relationship_end_missing"
    assert "attribute_unknown" in row["reason"]


def test_a_deleted_enrollment_takes_its_events_with_it() -> None:
    theirs, ours = serve()
    put_child(theirs)
    put_child(ours)
    theirs.delete(Kind.ENROLLMENT, EN)

    with plan_between(theirs, ours, is_registration=True) as planned:
        assert planned.actions == {TE: "unchanged", EN: "delete", EV: "delete_with_parent"}
        assert planned.plan.sends(MONTH) == 1


def test_what_goes_with_a_deleted_parent_is_not_only_the_destinations() -> None:
    theirs, ours = serve()
    theirs.put_entity(TE)
    theirs.delete(Kind.TRACKED_ENTITY, TE)
    put_child(ours)

    with plan_between(theirs, ours, is_registration=True) as planned:
        assert planned.plan.destination_only == {}
