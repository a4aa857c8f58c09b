"""Several months of a pair, or several pairs of a month, in one run."""

import socket
from dataclasses import replace

import pytest
from dagster._core.execution.backfill import BulkActionStatus

from d2_assets.defs.assets.data_values import KEY
from d2_assets.sandbox import Fault
from d2_assets.sync.work import PlannedWork
from d2_assets_tests.journeys.backfills import backfill, open_instance
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import (
    MONTH,
    SIX_MONTHS,
    data_set_elements,
    find_object,
    list_registrations,
    list_values,
    read_live,
)

pytestmark = pytest.mark.directions_in_turn

VALUES = "/api/dataValueSets"


def test_six_months_move_in_one_run(journey: Journey) -> None:
    run = journey.materialise(*SIX_MONTHS)
    assert run.success, run.failure
    assert run.materialised == [f"{PAIR}|{month}" for month in SIX_MONTHS]
    for month in SIX_MONTHS:
        live = read_live(journey.source.store, [month])
        assert run.outcomes(month)["created"] == len(live)
        registered = len(list_registrations(journey.source.store, [month]))
        assert run.completeness(month) == {"created": registered}
    journey.prove_nothing_is_lost(*SIX_MONTHS)
    journey.prove_registrations(*SIX_MONTHS)
    assert all(check.passed for check in run.checks)
    told = {check.partition for check in run.checks if check.check_name == "no_row_is_lost"}
    assert {f"{PAIR}|{month}" for month in SIX_MONTHS} <= told
    journey.clear_requests()
    assert journey.materialise(*SIX_MONTHS).success
    assert journey.writes() == []


def test_metadata_is_read_once_for_a_range(journey: Journey) -> None:
    journey.materialise(*SIX_MONTHS)
    asked = [record.path for record in journey.source.requests()]
    assert asked.count("/api/organisationUnits") == 1
    assert asked.count("/api/system/info") == 2  # before anything is sent, and by the asset


def test_a_month_that_fails_leaves_those_before_it_finished(journey: Journey) -> None:
    first, fourth, rest = SIX_MONTHS[:3], SIX_MONTHS[3], SIX_MONTHS[4:]

    def go_down(planned: PlannedWork) -> None:
        journey.destination.add_fault(
            Fault("status_503", method="POST", path_prefix=VALUES, times=None)
        )

    with journey.after_month(first[-1], go_down):
        run = journey.materialise(*SIX_MONTHS)
    assert not run.success
    assert "training" in run.failure
    assert "503" in run.failure
    assert run.materialised == [f"{PAIR}|{month}" for month in first]
    journey.prove_nothing_is_lost(*first)
    journey.prove_registrations(*first)
    shown = run.observe(fourth, "rows_read")
    assert shown["not_attempted"] == len(read_live(journey.source.store, [fourth]))
    assert {row["outcome"] for row in journey.ledger(fourth)} <= {"not_attempted", "unchanged"}
    failed = {(check.partition, check.check_name) for check in run.checks if not check.passed}
    assert failed == {(f"{PAIR}|{fourth}", "destination_equals_source")}
    assert read_live(journey.destination.store, rest) == {}

    journey.destination.clear_faults()
    again = journey.materialise(fourth, *rest)
    assert again.success
    assert again.materialised == [f"{PAIR}|{month}" for month in (fourth, *rest)]
    journey.prove_nothing_is_lost(*SIX_MONTHS)


def test_a_range_is_as_good_as_its_worst_month(journey: Journey) -> None:
    source = journey.source.store
    one = next(value for value in list_values(source, ["202402"]) if value.period == "202402")
    spoilt = replace(one, value="many", deleted=False)
    source.put_data_values([spoilt])
    run = journey.materialise("202401", "202402", "202403")
    assert run.success
    whole = run.check("destination_equals_source")
    assert not whole.passed
    assert whole.severity.value == "WARN"
    assert "1 of 3 partitions" in (whole.description or "")
    assert "1 quarantined" in (whole.description or "")
    assert run.tags["d2/outcome"] == "completed_with_warnings"
    journey.prove_nothing_is_lost("202401", "202402", "202403", missing={spoilt.key})


@pytest.mark.parametrize("second_first", [False, True])
def test_two_pairs_of_one_month_move_in_one_run(journey: Journey, second_first: bool) -> None:
    source = journey.source.store
    monthly = find_object(source, "dataSets", "HF_MONTHLY")["id"]
    others = [item["id"] for item in source.metadata("dataSets") if item["id"] != monthly]
    journey.pair["filters"] = {"data_sets": [monthly]}
    second = {"source": "national", "destination": "training", "filters": {"data_sets": others}}
    if second_first:
        journey.pairs = {"the-others": second, **journey.pairs}
    else:
        journey.pairs["the-others"] = second
    run = journey.materialise(MONTH, pairs=list(journey.pairs))
    assert run.success, run.failure
    assert set(run.materialised) == {f"{name}|{MONTH}" for name in journey.pairs}
    elements = frozenset(data_set_elements(source, "HF_MONTHLY"))
    journey.prove_nothing_is_lost(MONTH, within=lambda value: value.data_element in elements)
    journey.prove_nothing_is_lost(
        MONTH, within=lambda value: value.data_element not in elements, pair="the-others"
    )
    live = read_live(source, [MONTH])
    created = [run.outcomes(MONTH, name)["created"] for name in journey.pairs]
    assert sum(created) == len(live)
    assert read_live(journey.destination.store, [MONTH]) == live


def test_a_pair_whose_source_is_down_does_not_hold_up_the_other(journey: Journey) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    journey.instances["remote"] = journey.instances["national"] | {"url": url}
    down = {"source": "remote", "destination": "training"}
    journey.pairs = {"a-remote-one": down, **journey.pairs}
    run = journey.materialise(MONTH, pairs=list(journey.pairs))
    assert not run.success
    assert run.materialised == [f"{PAIR}|{MONTH}"]
    assert "remote" in run.failure
    assert url in run.failure
    assert "Check the instance's URL" in run.failure
    journey.prove_nothing_is_lost(MONTH)


def test_there_and_back_in_one_run_changes_nothing_at_the_source(journey: Journey) -> None:
    journey.pairs["training--national"] = {"source": "training", "destination": "national"}
    before = read_live(journey.source.store, [MONTH])
    run = journey.materialise(MONTH, pairs=list(journey.pairs))
    assert run.success, run.failure
    assert set(run.outcomes(MONTH, "training--national")) == {"unchanged"}
    assert [record for record in journey.source.requests() if record.method != "GET"] == []
    assert read_live(journey.source.store, [MONTH]) == before
    journey.prove_nothing_is_lost(MONTH)
    journey.prove_nothing_is_lost(MONTH, pair="training--national")


def test_a_backfill_of_six_months_is_one_run(journey: Journey) -> None:
    with open_instance(journey.folder / "dagster") as journey.instance:
        keys = [f"{PAIR}|{month}" for month in SIX_MONTHS]
        ended = backfill(journey.instance, journey.write_settings(), KEY, keys)
        assert ended is BulkActionStatus.COMPLETED_SUCCESS
        (record,) = journey.instance.get_runs()
        run = Run(journey.instance, record.run_id)
        assert run.success
        assert run.materialised == keys
        assert journey.instance.get_materialized_partitions(KEY) == set(keys)
        assert all(check.passed for check in run.checks)
    journey.prove_nothing_is_lost(*SIX_MONTHS)
    journey.prove_registrations(*SIX_MONTHS)


def test_a_backfill_that_fails_half_way_keeps_what_it_finished(start_journey: Start) -> None:
    journey = start_journey("2.40", "2.43")

    def go_down(planned: PlannedWork) -> None:
        journey.destination.add_fault(
            Fault("status_503", method="POST", path_prefix=VALUES, times=None)
        )

    keys = [f"{PAIR}|{month}" for month in SIX_MONTHS]
    with open_instance(journey.folder / "dagster") as journey.instance:
        with journey.after_month(SIX_MONTHS[2], go_down):
            ended = backfill(journey.instance, journey.write_settings(), KEY, keys)
        assert ended is BulkActionStatus.COMPLETED_FAILED
        assert journey.instance.get_materialized_partitions(KEY) == set(keys[:3])
    journey.prove_nothing_is_lost(*SIX_MONTHS[:3])
