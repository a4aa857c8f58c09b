from datetime import date

from d2_assets.tracker.extract_events import plan_destination_reads, plan_source_reads
from d2_assets.tracker.objects import Kind
from d2_assets.tracker.windows import Span
from d2_assets_tests.tracker.fake_client import FakeClient
from d2_assets_tests.tracker.fake_metadata import CASE, CLINIC, MALARIA, OTHER_CLINIC, rename
from d2_assets_tests.tracker.planning import plan_between


def _serve() -> tuple[FakeClient, FakeClient]:
    return FakeClient("national"), FakeClient("training")


def test_events_are_cut_to_the_month_though_a_wider_window_was_asked_for() -> None:
    theirs, ours = _serve()
    theirs.put_event("evOctober01", "2025-10-31")
    theirs.put_event("evFirst0001", "2025-11-01")
    theirs.put_event("evLast00001", "2025-11-30")
    theirs.put_event("evDecember1", "2025-12-01")

    with plan_between(theirs, ours) as planned:
        assert set(planned.actions) == {"evFirst0001", "evLast00001"}


def test_deleted_events_are_read_too() -> None:
    theirs, ours = _serve()
    theirs.put_event("evGone00001")
    theirs.delete(Kind.EVENT, "evGone00001")

    with plan_between(theirs, ours) as planned:
        assert planned.row("evGone00001")["deleted"] is True


def test_events_outside_the_dates_of_the_pair_are_not_read() -> None:
    theirs, ours = _serve()
    theirs.put_event("evEarly0001", "2025-11-03")
    theirs.put_event("evLater0001", "2025-11-20")

    with plan_between(theirs, ours, start_date=date(2025, 11, 10)) as planned:
        assert set(planned.actions) == {"evLater0001"}


def test_an_event_that_stands_under_another_day_at_the_destination_is_found_by_its_uid() -> None:
    theirs, ours = _serve()
    theirs.put_event("evMoved0001", "2025-11-03")
    ours.put_event("evMoved0001", "2025-09-03")

    with plan_between(theirs, ours) as planned:
        assert planned.action("evMoved0001") == "update"

    assert "events by UID: evMoved0001" in ours.calls


def test_nothing_is_looked_up_where_the_program_holds_nothing_outside_the_window() -> None:
    theirs, ours = _serve()
    theirs.put_event("evNew000001")
    ours.put_event("evOther0001", "2025-12-01")

    with plan_between(theirs, ours) as planned:
        assert planned.action("evNew000001") == "create"

    assert not [call for call in ours.calls if "by UID" in call]


def test_the_destination_is_asked_in_its_own_words() -> None:
    theirs, ours = _serve()
    rename(ours, MALARIA, "prMalariaB1")
    theirs.codes[MALARIA] = ours.codes["prMalariaB1"] = "MAL"
    rename(ours, CASE, "stCaseB0001")
    theirs.put_event("evSame00001")
    ours.put_event("evSame00001", program="prMalariaB1", programStage="stCaseB0001")

    with plan_between(theirs, ours) as planned:
        span = Span(("202511",), "202501")
        asked = plan_destination_reads(planned.scope, span)

        assert planned.action("evSame00001") == "unchanged"
        assert [query.program for query in asked] == ["prMalariaB1"]
        assert [query.program for query in plan_source_reads(planned.scope, span)] == [MALARIA]


def test_a_stage_that_the_pair_names_is_asked_for_alone() -> None:
    theirs, ours = _serve()

    with plan_between(theirs, ours, stages=(CASE,)) as planned:
        span = Span(("202511",), "202501")
        queries = plan_source_reads(planned.scope, span) + plan_destination_reads(
            planned.scope, span
        )

    assert [query.stage for query in queries] == [CASE, CASE]


def test_every_object_that_is_read_is_a_row_also_one_that_a_filter_leaves_out() -> None:
    theirs, ours = _serve()
    theirs.put_event("evInside001")
    theirs.put_event("evDeep00001", orgUnit=OTHER_CLINIC)

    with plan_between(theirs, ours, deepest_level=2) as planned:
        assert planned.staged.rows == 2
        assert set(planned.actions.values()) == {"filtered"}


def test_a_relationship_of_two_events_is_one_row_of_the_later_ones_month() -> None:
    theirs, ours = _serve()
    theirs.put_event("evOctober01", "2025-10-05")
    theirs.put_event("evNovember1", "2025-11-05")
    theirs.put_relationship("reBoth00001", (Kind.EVENT, "evNovember1"), (Kind.EVENT, "evOctober01"))

    with plan_between(theirs, ours, months=("202510", "202511")) as planned:
        assert planned.row("reBoth00001")["month"] == "202511"
        assert planned.action("reBoth00001") == "create"


def test_a_relationship_whose_other_end_is_of_a_month_outside_the_run_goes_with_the_one_that_was_met() -> (  # noqa: E501
    None
):
    theirs, ours = _serve()
    for server in (theirs, ours):
        server.put_event("evDecember1", "2025-12-05")
    theirs.put_event("evNovember1", "2025-11-05")
    theirs.put_relationship("reBoth00001", (Kind.EVENT, "evNovember1"), (Kind.EVENT, "evDecember1"))

    with plan_between(theirs, ours) as planned:
        assert planned.row("reBoth00001")["month"] == "202511"
        assert planned.action("reBoth00001") == "create"


def test_a_relationship_with_a_tracked_entity_is_left_to_the_other_asset() -> None:
    theirs, ours = _serve()
    theirs.put_event("evNovember1")
    theirs.put_relationship(
        "reMixed0001", (Kind.TRACKED_ENTITY, "tePerson001"), (Kind.EVENT, "evNovember1")
    )

    with plan_between(theirs, ours) as planned:
        row = planned.row("reMixed0001")

    assert (row["action"], row["verdict"]) == ("filtered", "relationship_elsewhere")
    assert "tracked entity tePerson001" in row["reason"]


def test_a_relationship_with_an_event_of_an_enrollment_is_left_to_the_other_asset() -> None:
    theirs, ours = _serve()
    theirs.put_event("evNovember1")
    theirs.put_child_event("evChild0001", "enChild0001")
    theirs.put_relationship("reMixed0001", (Kind.EVENT, "evNovember1"), (Kind.EVENT, "evChild0001"))

    with plan_between(theirs, ours) as planned:
        assert planned.row("reMixed0001")["verdict"] == "relationship_elsewhere"


def test_what_the_destinations_version_does_not_know_is_told() -> None:
    theirs, ours = _serve()
    theirs.put_event("evStrange01", mood="good")

    with plan_between(theirs, ours) as planned:
        told = {(one.kind, one.member) for one in planned.staged.adaptations}

    assert (Kind.EVENT, "mood") in told


def test_events_under_one_root_only_are_read_where_the_pair_names_org_units() -> None:
    theirs, ours = _serve()
    theirs.put_event("evClinic001", orgUnit=CLINIC)

    with plan_between(theirs, ours, org_units=(CLINIC,)) as planned:
        queries = plan_source_reads(planned.scope, Span(("202511",), "202501"))

    assert [query.org_unit for query in queries] == [CLINIC]
