from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.plan.resume_retry import ReexecutionStrategy
from dagster._core.test_utils import create_run_for_test
from filelock import FileLock, Timeout

from d2_assets.sandbox import Fault
from d2_assets_tests.journeys.daemon import Daemon, open_daemon
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.world import MONTH
from d2_assets_tests.settings.texts import GOOD

#: Where a daemon may end: after the sensor answered, and at each step towards the run.
MOMENTS = ("AUTOMATION_EVALUATIONS_ADDED", "RUN_IDS_RESERVED", "RUN_CREATED", "RUN_LAUNCHED")


@pytest.fixture
def journey(start_journey: Start) -> Journey:
    return start_journey("2.42", "2.43")


@pytest.fixture
def daemon(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    with open_daemon(journey.folder / "dagster", journey.write_settings(), monkeypatch) as daemon:
        yield daemon


def fail_at_the_destination(journey: Journey, daemon: Daemon) -> dg.DagsterRun:
    """A run of the month that ends because the destination does not take anything for a while."""
    journey.destination.add_fault(Fault("status_503", "/api/dataValueSets", "POST", times=None))
    result = (
        journey.build_definitions()
        .resolve_job_def("data")
        .execute_in_process(
            instance=daemon.instance, partition_key=f"{PAIR}|{MONTH}", raise_on_error=False
        )
    )
    assert not result.success
    return daemon.read(result.dagster_run)


def make_due(daemon: Daemon, run: dg.DagsterRun) -> None:
    """As if its minute had passed."""
    daemon.instance.add_run_tags(run.run_id, {"d2/retry_at": "0"})


def assert_no_lease_is_held(journey: Journey) -> None:
    locks = list((journey.home / "leases").glob("*.lock"))
    assert locks
    for lock in locks:
        try:
            FileLock(lock).acquire(timeout=0).lock.release()
        except Timeout:
            raise AssertionError(f"{lock.name} is held.") from None


def test_a_server_that_was_away_gets_its_rows_by_the_next_try_and_the_chain_is_shown(
    journey: Journey, daemon: Daemon
) -> None:
    daemon.switch_on("retries")
    failed = fail_at_the_destination(journey, daemon)
    assert failed.tags["d2/failure"] == "transient"
    assert failed.tags["d2/status"] == "failed"
    daemon.run_sensors()
    waiting = daemon.read(failed)
    assert (waiting.tags["d2/retry"], waiting.tags["d2/status"]) == ("waiting", "retrying")
    assert daemon.list_queue() == []
    assert_no_lease_is_held(journey)

    journey.destination.clear_faults()
    make_due(daemon, failed)
    daemon.run_sensors()
    (retry,) = daemon.work_off_queue()
    assert retry.status is dg.DagsterRunStatus.SUCCESS
    assert retry.tags["d2/status"].startswith("completed")
    assert retry.tags["d2/trigger"] == "retry"
    # What the page of the run group reads.
    assert (retry.root_run_id, retry.parent_run_id) == (failed.run_id, failed.run_id)
    group = daemon.instance.get_run_group(retry.run_id)
    assert group is not None
    assert [run.run_id for run in group[1]] == [failed.run_id, retry.run_id]
    daemon.run_sensors()
    assert daemon.read(failed).tags["d2/retry"] == "launched"
    assert daemon.list_queue() == []
    journey.destination.clear_requests()
    assert journey.materialise(MONTH).success
    assert "POST" not in {request.method for request in journey.destination.requests()}


def test_a_daemon_that_ends_between_tick_and_launch_neither_loses_nor_doubles_a_retry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(GOOD, encoding="utf-8")
    with open_daemon(tmp_path / "dagster", settings, monkeypatch) as daemon:
        daemon.switch_on("retries")
        for month, moment in enumerate(MOMENTS, 1):
            tags = {"dagster/partition": f"{PAIR}|2025{month:02}", "d2/failure": "transient"}
            failed = create_run_for_test(
                daemon.instance, "data", tags=tags, status=dg.DagsterRunStatus.STARTED
            )
            daemon.instance.report_run_failed(failed)
            daemon.run_sensors()
            make_due(daemon, failed)
            with pytest.raises(KeyboardInterrupt):
                daemon.run_sensors(killed_at={"retries": moment})
            daemon.run_sensors()
            daemon.run_sensors()
            of_failed = dg.RunsFilter(tags={"dagster/parent_run_id": failed.run_id})
            retries = daemon.instance.get_runs(of_failed)
            assert [run.status for run in retries] == [dg.DagsterRunStatus.QUEUED], moment
            assert daemon.read(failed).tags["d2/retry"] == "launched"


def test_a_run_that_a_person_executes_again_does_not_say_how_the_first_one_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(GOOD, encoding="utf-8")
    asked = {"dagster/partition": f"{PAIR}|202503", "team": "hmis"}
    found = {"d2/retry": "used_up", "d2/failure": "permanent", "d2/attempt": "3"}
    with open_daemon(tmp_path / "dagster", settings, monkeypatch) as daemon:
        parent = create_run_for_test(
            daemon.instance, "data", tags=asked | found, status=dg.DagsterRunStatus.FAILURE
        )
        context = daemon.workspace.create_request_context()
        (location,) = context.code_locations
        again = daemon.instance.create_reexecuted_run(
            request_context=context,
            parent_run=parent,
            code_location=location,
            remote_job=next(iter(location.get_repositories().values())).get_full_job("data"),
            strategy=ReexecutionStrategy.ALL_STEPS,
            use_parent_run_tags=True,
        )
    assert asked.items() <= again.tags.items()
    assert not found.keys() & again.tags.keys()
    assert again.parent_run_id == parent.run_id
