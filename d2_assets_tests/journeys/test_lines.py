"""Servers and lines that fail: what may pass is asked again, what is unknown is read back."""

import pytest

from d2_assets.sandbox import Fault, start_sandbox
from d2_assets.sync.work import PlannedWork
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import (
    MONTH,
    list_registrations,
    list_values,
    read_clock,
    read_live,
)

pytestmark = pytest.mark.one_direction

VALUES = "/api/dataValueSets"
REGISTRATIONS = "/api/completeDataSetRegistrations"


def assert_all_landed(journey: Journey, run: Run) -> None:
    assert run.success, run.failure
    assert all(check.passed for check in run.checks)
    journey.prove_nothing_is_lost(MONTH)
    live = read_live(journey.source.store, [MONTH])
    assert read_live(journey.destination.store, [MONTH]) == live
    assert run.outcomes(MONTH)["created"] == len(live)


@pytest.mark.parametrize("name", ["national", "training"])
def test_a_login_page_instead_of_data_is_recognised(journey: Journey, name: str) -> None:
    sandbox = {"national": journey.source, "training": journey.destination}[name]
    sandbox.add_fault(Fault("html", times=None))
    run = journey.materialise(MONTH)
    assert not run.success
    assert run.materialised == []
    assert journey.writes() == []
    assert name in run.failure
    assert sandbox.url in run.failure
    assert "page" in run.failure
    assert run.failure_parts["what to do"] != "Look at the log of this run."


def test_a_page_instead_of_values_stops_before_anything_is_sent(journey: Journey) -> None:
    journey.source.add_fault(Fault("html", path_prefix=VALUES, times=None))
    run = journey.materialise(MONTH)
    assert not run.success
    assert journey.writes() == []
    assert journey.source.url in run.failure


def test_text_that_is_no_json_is_not_taken_for_values(journey: Journey) -> None:
    journey.source.add_fault(Fault("not_json", path_prefix=VALUES, times=None))
    run = journey.materialise(MONTH)
    assert not run.success
    assert journey.writes() == []
    assert "JSON" in run.failure


@pytest.mark.directions_in_turn
def test_a_page_as_the_answer_of_a_write_is_settled_by_reading_back(journey: Journey) -> None:
    journey.destination.add_fault(Fault("html", method="POST", path_prefix=VALUES, times=1))
    run = journey.materialise(MONTH)
    assert_all_landed(journey, run)


def test_a_destination_that_is_not_there_is_told(journey: Journey) -> None:
    journey.destination.stop()
    run = journey.materialise(MONTH)
    assert not run.success
    assert run.materialised == []
    assert journey.writes() == []
    assert "training" in run.failure
    assert journey.destination.url in run.failure
    assert "refused" in run.failure
    assert "Check the instance's URL" in run.failure
    assert run.failure_parts["kind"] == "line or server"


def test_a_destination_that_goes_down_leaves_a_ledger_and_the_next_run_ends_it(
    journey: Journey,
) -> None:
    port = int(journey.destination.url.rpartition(":")[2])
    journey.pair["chunk_size"] = 40
    with journey.between_plan_and_push(lambda planned: journey.destination.stop()):
        run = journey.materialise(MONTH)
    assert not run.success
    assert run.materialised == []
    assert run.failure_parts["kind"] == "line or server"
    outcomes = {row["outcome"] for row in journey.ledger(MONTH)}
    assert outcomes <= {"not_attempted", "unchanged"}
    assert len(journey.ledger(MONTH)) == len(list_values(journey.source.store, [MONTH]))
    assert {row["outcome"] for row in journey.ledger(MONTH, asset="completeness")} == {
        "not_attempted"
    }
    assert run.observe(MONTH, "rows_read")["created"] == 0
    with start_sandbox(
        journey.destination.version[:4],
        journey.destination.store.path,
        port=port,
        clock=read_clock,
    ) as journey.destination:
        assert_all_landed(journey, journey.materialise(MONTH))


def test_a_destination_that_fails_half_way_loses_nothing(journey: Journey) -> None:
    journey.pair.update(chunk_size=30, writers=2)
    journey.destination.add_fault(
        Fault("status_503", method="POST", path_prefix=VALUES, after=5, times=None)
    )
    run = journey.materialise(MONTH)
    assert not run.success
    assert run.materialised == []
    assert "503" in run.failure
    rows = journey.ledger(MONTH)
    counted = {name: sum(row["outcome"] == name for row in rows) for name in
               ("created", "not_attempted", "unchanged")}  # fmt: skip
    assert sum(counted.values()) == len(rows) == len(list_values(journey.source.store, [MONTH]))
    assert counted["created"] == len(read_live(journey.destination.store, [MONTH])) > 0
    assert counted["not_attempted"] > 0
    lost = [check for check in run.checks if check.check_name == "no_row_is_lost"]
    assert [check.passed for check in lost] == [True]
    journey.destination.clear_faults()
    journey.clear_requests()
    again = journey.materialise(MONTH)
    assert again.success
    assert again.outcomes(MONTH)["created"] == counted["not_attempted"] == journey.rows_sent()
    journey.prove_nothing_is_lost(MONTH)


@pytest.mark.parametrize("framing", ["chunked", "content_length"])
def test_an_answer_that_is_cut_is_read_again(journey: Journey, framing: str) -> None:
    journey.source.add_fault(
        Fault("cut", path_prefix=VALUES, times=2, after=1, framing=framing)  # type: ignore[arg-type]
    )
    journey.destination.add_fault(Fault("cut", path_prefix="/api/organisationUnits"))
    run = journey.materialise(MONTH)
    assert_all_landed(journey, run)
    assert any(record.fault == "cut" for record in journey.source.requests())


@pytest.mark.directions_in_turn
def test_what_was_stored_behind_a_504_is_not_sent_twice(journey: Journey) -> None:
    journey.destination.add_fault(
        Fault("stored_504", method="POST", path_prefix=VALUES, times=None)
    )
    run = journey.materialise(MONTH)
    assert_all_landed(journey, run)
    assert journey.rows_sent() == len(read_live(journey.source.store, [MONTH]))


def test_a_503_is_waited_for_as_long_as_the_server_asks(journey: Journey) -> None:
    journey.source.add_fault(Fault("status_503", path_prefix=VALUES, retry_after=1))
    journey.destination.add_fault(
        Fault("status_503", method="POST", path_prefix=VALUES, times=2, retry_after=0)
    )
    run = journey.materialise(MONTH)
    assert_all_landed(journey, run)
    assert journey.rows_sent() == len(read_live(journey.source.store, [MONTH]))


def test_a_write_slower_than_the_timeout_is_settled_by_reading_back(journey: Journey) -> None:
    journey.instances["training"]["timeout_seconds"] = 2.0
    journey.destination.add_fault(
        Fault("slow", method="POST", path_prefix=VALUES, times=1, seconds=2.5)
    )
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    journey.prove_nothing_is_lost(MONTH)


def test_a_read_slower_than_the_timeout_is_asked_again(start_journey: Start) -> None:
    journey = start_journey("2.40", "2.43")
    journey.instances["national"]["timeout_seconds"] = 2.0
    journey.source.add_fault(Fault("slow", path_prefix=VALUES, times=1, seconds=2.5))
    assert_all_landed(journey, journey.materialise(MONTH))


def test_an_import_that_cannot_be_read_back_is_left_open_and_said_so(journey: Journey) -> None:
    def stop_reads(planned: PlannedWork) -> None:
        journey.destination.add_fault(
            Fault("status_503", method="GET", path_prefix=VALUES, times=None)
        )

    with journey.between_plan_and_push(stop_reads):
        run = journey.materialise(MONTH)
    assert not run.success
    assert run.materialised == []
    assert {row["outcome"] for row in journey.ledger(MONTH)} <= {"queued", "unchanged"}
    assert len(read_live(journey.destination.store, [MONTH])) > 0
    assert run.failure_parts["what to do"]
    journey.destination.clear_faults()
    journey.clear_requests()
    again = journey.materialise(MONTH)
    assert again.success
    assert journey.rows_sent() == 0
    journey.prove_nothing_is_lost(MONTH)


def test_a_lost_answer_about_completeness_is_settled_by_reading_back(journey: Journey) -> None:
    journey.destination.add_fault(
        Fault("stored_504", method="POST", path_prefix=REGISTRATIONS, times=None)
    )
    run = journey.materialise(MONTH)
    assert_all_landed(journey, run)
    registered = len(list_registrations(journey.source.store, [MONTH]))
    assert run.completeness(MONTH) == {"created": registered}
    assert f"{PAIR}|{MONTH}" in run.materialised
