import pytest

from d2_assets.errors import ContractError
from d2_assets.tracker.objects import Kind
from d2_assets.tracker.plan import hold_brake
from d2_assets_tests.tracker.fake_client import FakeClient
from d2_assets_tests.tracker.fake_metadata import (
    CHILD,
    OTHER_CLINIC,
    PERSON,
    make_tracker_program,
)
from d2_assets_tests.tracker.planning import MONTH, plan_between

TE, EN, EV = "tePerson001", "enChild0001", "evBirth0001"
X = "evMalaria01"


def _serve() -> tuple[FakeClient, FakeClient]:
    return FakeClient("national"), FakeClient("training")


def _put_child(server: FakeClient) -> None:
    server.put_entity(TE)
    server.put_enrollment(EN, TE)
    server.put_child_event(EV, EN)


def test_an_event_that_only_the_destination_has_is_counted_and_stays() -> None:
    theirs, ours = _serve()
    ours.put_event(X)

    with plan_between(theirs, ours) as planned:
        assert planned.actions == {}
        assert planned.plan.destination_only == {MONTH: {Kind.EVENT: 1}}
        assert planned.plan.mirrored == {}


def test_with_mirror_it_is_deleted_and_was_not_read_at_the_source() -> None:
    theirs, ours = _serve()
    ours.put_event(X)

    with plan_between(theirs, ours, mirror=True) as planned:
        row = planned.row(X)
        assert (row["action"], row["row"] < 0, row["month"]) == ("delete", True, MONTH)
        assert row["reason"] == "Only the destination has it."
        assert planned.plan.mirrored == {MONTH: {Kind.EVENT: 1}}
        assert planned.plan.read(MONTH) == planned.plan.sends(MONTH) == 0


def test_an_event_that_the_source_has_in_another_month_is_never_mirrored() -> None:
    theirs, ours = _serve()
    theirs.put_event(X, "2025-09-01")
    ours.put_event(X, "2025-11-01")

    with plan_between(theirs, ours, mirror=True) as planned:
        assert planned.actions == {}
        assert planned.plan.destination_only == {}


def test_an_event_that_the_filters_leave_out_is_never_mirrored() -> None:
    theirs, ours = _serve()
    ours.put_event(X, orgUnit=OTHER_CLINIC)

    with plan_between(theirs, ours, mirror=True, deepest_level=2) as planned:
        assert planned.actions == {}


def test_a_child_that_only_the_destination_has_under_an_entity_that_was_read_is_mirrored() -> None:
    theirs, ours = _serve()
    _put_child(ours)
    theirs.put_entity(TE)

    with plan_between(theirs, ours, is_registration=True) as planned:
        assert planned.plan.destination_only == {MONTH: {Kind.ENROLLMENT: 1, Kind.EVENT: 1}}
    with plan_between(theirs, ours, is_registration=True, mirror=True) as planned:
        assert planned.actions == {TE: "unchanged", EN: "delete", EV: "delete_with_parent"}


def test_entities_that_only_the_destination_has_are_looked_for_with_mirror_only() -> None:
    theirs, ours = _serve()
    _put_child(ours)

    with plan_between(theirs, ours, is_registration=True) as planned:
        assert planned.plan.destination_only == {}
    assert ours.calls == []
    with plan_between(theirs, ours, is_registration=True, mirror=True) as planned:
        assert planned.actions == {
            TE: "delete",
            EN: "delete_with_parent",
            EV: "delete_with_parent",
        }


def test_an_entity_that_the_source_has_in_another_month_is_never_mirrored() -> None:
    theirs, ours = _serve()
    theirs.put_entity(TE, updatedAt="2025-12-09T00:00:00.000")
    ours.put_entity(TE)

    with plan_between(theirs, ours, is_registration=True, mirror=True) as planned:
        assert planned.actions == {}


def test_an_entity_that_is_enrolled_in_a_program_beyond_the_pair_is_never_mirrored() -> None:
    theirs, ours = _serve()
    program = make_tracker_program()
    ours.programs.append(type(program)("prOther0001", "Other", "", True, PERSON))
    _put_child(ours)
    ours.put_enrollment("enOther0001", TE, program="prOther0001")
    options = {"is_registration": True, "mirror": True, "programs": (CHILD,)}

    with plan_between(theirs, ours, **options) as planned:
        assert planned.actions == {}
    ours.stored.pop((Kind.ENROLLMENT, "enOther0001"))
    with plan_between(theirs, ours, **options) as planned:
        assert planned.action(TE) == "delete"


def test_an_entity_without_an_enrollment_is_not_mirrored_where_the_pair_names_programs() -> None:
    theirs, ours = _serve()
    ours.put_entity(TE)
    options = {"is_registration": True, "mirror": True, "programs": (CHILD,)}

    with plan_between(theirs, ours, **options) as planned:
        assert planned.actions == {}


def test_a_relationship_that_only_the_destination_has_is_mirrored() -> None:
    theirs, ours = _serve()
    for server in (theirs, ours):
        server.put_entity(TE)
        server.put_entity("teMother001", name="Berta")
    ends = (Kind.TRACKED_ENTITY, TE), (Kind.TRACKED_ENTITY, "teMother001")
    ours.put_relationship("reMother001", *ends)

    with plan_between(theirs, ours, is_registration=True, mirror=True) as planned:
        assert planned.action("reMother001") == "delete"


def test_nothing_is_mirrored_by_a_strategy_that_only_creates() -> None:
    theirs, ours = _serve()
    ours.put_event(X)

    with plan_between(theirs, ours, mirror=True, import_strategy="CREATE") as planned:
        assert planned.actions == {}


def test_the_brake_stops_a_plan_that_would_take_too_much() -> None:
    theirs, ours = _serve()
    for number in range(10):
        uid = f"evKept0000{number}"
        ours.put_event(uid)
        if number:
            theirs.put_event(uid)

    with plan_between(theirs, ours, mirror=True, brake_percent=10) as planned:
        hold_brake(planned.database, planned.plan, planned.choices)
    with (
        plan_between(theirs, ours, mirror=True, brake_percent=9.9) as planned,
        pytest.raises(ContractError, match="1 of 10 objects"),
    ):
        hold_brake(planned.database, planned.plan, planned.choices)


def test_the_brake_is_not_asked_where_the_pair_does_not_mirror() -> None:
    theirs, ours = _serve()
    ours.put_event(X)

    with plan_between(theirs, ours, brake_percent=0) as planned:
        hold_brake(planned.database, planned.plan, planned.choices)
