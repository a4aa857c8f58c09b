import pytest

from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import CURRENT, MONTH

pytestmark = pytest.mark.one_direction


def read_table(run: Run) -> list[dict]:
    """The table of instances, in the output or in the failure."""
    for event in run.events:
        data = event.event_specific_data
        failure = getattr(data, "user_failure_data", None)
        for holder in (data, failure):
            table = (getattr(holder, "metadata", None) or {}).get("instances")
            if table is not None:
                return [dict(record.data) for record in table.records]
    raise AssertionError("No table of instances is shown.")


def test_instances_are_shown_with_what_their_accounts_may_do(journey: Journey) -> None:
    journey.set_account("training", "viewer")
    run = journey.run_job("test_instances")
    assert run.success, run.failure
    national, training = read_table(run)
    assert (national["name"], training["name"]) == ("national", "training")
    assert national["reachable"]
    assert national["version"] == journey.source.version
    assert national["may_write"] == "yes"
    assert training["account"] == "viewer"
    assert training["may_write"] == "no: a role with F_DATAVALUE_ADD is missing"


def test_an_instance_that_is_down_fails_the_job_and_is_named(journey: Journey) -> None:
    journey.destination.stop()
    run = journey.run_job("test_instances")
    assert not run.success
    assert run.failure == "training cannot be used."
    national, training = read_table(run)
    assert national["may_write"] == "yes"
    assert "Check the instance's URL" in training["message"]


def test_an_asset_that_has_no_plan_is_refused_by_name(journey: Journey) -> None:
    config = {"ops": {"plan": {"config": {"assets": ["data_value"]}}}}
    run = journey.run_job("preview", config, MONTH)
    assert not run.success
    assert "There is no asset data_value to preview" in run.failure
    assert "data_values" in run.failure_parts["what to do"]
    assert journey.requests() == []


@pytest.mark.parametrize("job", ["data", "preview"])
def test_progress_is_observed_on_the_partition(journey: Journey, job: str) -> None:
    run = journey.run_job(job, month=CURRENT)
    assert run.success, run.failure
    told = [item for item in run.observations if "stage" in item.metadata]
    assert told[0].metadata["stage"].value == "reading both sides"
    assert {item.partition for item in told} == {f"{PAIR}|{CURRENT}"}
    names = {"percent", "total", "processed", "success", "warnings", "errors", "rate", "elapsed"}
    assert names <= told[0].metadata.keys()
