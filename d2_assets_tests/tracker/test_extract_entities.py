from typing import Any

import pytest

from d2_assets.errors import TransientError
from d2_assets.tracker.objects import Kind
from d2_assets_tests.tracker.fake_client import FakeClient
from d2_assets_tests.tracker.fake_metadata import CHILD, PERSON, WEIGHT, rename
from d2_assets_tests.tracker.planning import plan_between

TE, EN, EV, RE = "tePerson001", "enChild0001", "evBirth0001", "reMother001"


def _serve() -> tuple[FakeClient, FakeClient]:
    return FakeClient("national"), FakeClient("training")


def _put_child(server: FakeClient, value: str = "3") -> None:
    server.put_entity(TE)
    server.put_enrollment(EN, TE)
    server.put_child_event(EV, EN, value)


def test_a_tree_is_a_row_for_each_of_its_objects_with_the_entitys_month() -> None:
    theirs, ours = _serve()
    _put_child(theirs)
    theirs.put(Kind.EVENT, EV, updatedAt="2025-10-01T00:00:00.000")

    with plan_between(theirs, ours, is_registration=True) as planned:
        assert [(row["id"], row["month"], row["root"]) for row in planned.rows] == [
            (TE, "202511", TE),
            (EN, "202511", TE),
            (EV, "202511", TE),
        ]


def test_an_entity_older_than_the_first_month_belongs_to_it() -> None:
    theirs, ours = _serve()
    theirs.put_entity(TE, updatedAt="2016-02-03T00:00:00.000")

    with plan_between(theirs, ours, is_registration=True, months=("202501",)) as planned:
        assert planned.row(TE)["month"] == "202501"


def test_an_entity_without_any_enrollment_counts_too() -> None:
    theirs, ours = _serve()
    theirs.put_entity(TE)

    with plan_between(theirs, ours, is_registration=True) as planned:
        assert planned.action(TE) == "create"


def test_an_entity_without_an_enrollment_in_the_programs_that_the_pair_names_is_left_out() -> None:
    theirs, ours = _serve()
    theirs.put_entity(TE)

    with plan_between(theirs, ours, is_registration=True, programs=(CHILD,)) as planned:
        row = planned.row(TE)

    assert (row["action"], row["verdict"]) == ("filtered", "entity_filtered")


def test_the_destination_is_asked_for_the_same_entities_whatever_its_stamps_say() -> None:
    theirs, ours = _serve()
    _put_child(theirs)
    _put_child(ours)
    ours.put(Kind.TRACKED_ENTITY, TE, updatedAt="2031-01-01T00:00:00.000")

    with plan_between(theirs, ours, is_registration=True) as planned:
        assert set(planned.actions.values()) == {"unchanged"}


def test_types_and_programs_may_have_other_uids_at_the_destination() -> None:
    theirs, ours = _serve()
    _put_child(theirs)
    rename(ours, PERSON, "tyPersonB01")
    rename(ours, WEIGHT, "deWeightB01")
    _put_child(ours)
    ours.put(Kind.TRACKED_ENTITY, TE, trackedEntityType="tyPersonB01")
    ours.put(Kind.EVENT, EV, dataValues=[{"dataElement": "deWeightB01", "value": "3"}])

    with plan_between(theirs, ours, is_registration=True) as planned:
        assert set(planned.actions.values()) == {"unchanged"}


def test_what_is_under_a_deleted_entity_is_deleted_whatever_the_server_says() -> None:
    theirs, ours = _serve()
    _put_child(theirs)
    _put_child(ours)
    theirs.delete(Kind.TRACKED_ENTITY, TE)

    with plan_between(theirs, ours, is_registration=True) as planned:
        assert planned.actions == {
            TE: "delete",
            EN: "delete_with_parent",
            EV: "delete_with_parent",
        }


def test_a_deleted_entity_without_a_tree_is_a_row_all_the_same() -> None:
    theirs, ours = _serve()
    theirs.put_entity(TE)
    theirs.delete(Kind.TRACKED_ENTITY, TE)
    ours.put_entity(TE)
    nothing: Any = lambda *asked: []  # noqa: E731
    theirs.read_entities = nothing

    with plan_between(theirs, ours, is_registration=True) as planned:
        assert planned.actions == {TE: "delete"}


def test_a_live_entity_that_was_listed_and_not_given_stops_the_run() -> None:
    theirs, ours = _serve()
    theirs.put_entity(TE)
    nothing: Any = lambda *asked: []  # noqa: E731
    theirs.read_entities = nothing

    with (
        pytest.raises(TransientError, match=TE),
        plan_between(theirs, ours, is_registration=True),
    ):
        pass


def test_a_relationship_is_one_row_of_the_later_ends_month() -> None:
    theirs, ours = _serve()
    theirs.put_entity("teMother001", updatedAt="2025-10-04T00:00:00.000")
    theirs.put_entity(TE)
    ends = (Kind.TRACKED_ENTITY, TE), (Kind.TRACKED_ENTITY, "teMother001")
    theirs.put_relationship(RE, *ends)

    months = ("202510", "202511")
    with plan_between(theirs, ours, is_registration=True, months=months) as planned:
        assert planned.row(RE)["month"] == "202511"
        assert planned.action(RE) == "create"


def test_a_relationship_to_an_entity_that_is_nowhere_waits_and_names_it() -> None:
    theirs, ours = _serve()
    theirs.put_entity(TE)
    theirs.put_relationship(RE, (Kind.TRACKED_ENTITY, TE), (Kind.TRACKED_ENTITY, "teStranger1"))

    with plan_between(theirs, ours, is_registration=True) as planned:
        row = planned.row(RE)

    assert (row["action"], row["verdict"]) == ("quarantined", "relationship_end_missing")
    assert "teStranger1" in row["reason"]


def test_a_relationship_to_an_entity_that_only_the_destination_was_seen_to_have_travels() -> None:
    theirs, ours = _serve()
    theirs.put_entity(TE)
    ours.put_entity("teMother001")
    theirs.put_relationship(RE, (Kind.TRACKED_ENTITY, TE), (Kind.TRACKED_ENTITY, "teMother001"))

    with plan_between(theirs, ours, is_registration=True) as planned:
        assert planned.action(RE) == "create"


def test_a_relationship_to_an_event_of_the_other_asset_is_looked_up_at_the_destination() -> None:
    theirs, ours = _serve()
    theirs.put_entity(TE)
    ours.put_event("evMalaria01")
    theirs.put_relationship(RE, (Kind.TRACKED_ENTITY, TE), (Kind.EVENT, "evMalaria01"))

    with plan_between(theirs, ours, is_registration=True) as planned:
        assert planned.action(RE) == "create"


def test_an_enrollment_that_was_not_met_is_taken_as_there() -> None:
    theirs, ours = _serve()
    theirs.put_entity(TE)
    theirs.put_relationship(RE, (Kind.TRACKED_ENTITY, TE), (Kind.ENROLLMENT, "enOther0001"))

    with plan_between(theirs, ours, is_registration=True) as planned:
        assert planned.action(RE) == "create"
