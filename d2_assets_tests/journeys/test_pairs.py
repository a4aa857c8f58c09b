"""Pairs that are not part of an asset, and looking before sending."""

from collections.abc import Callable

import pytest

from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.world import MONTH, read_live

pytestmark = pytest.mark.one_direction


def leave_out_by_type(journey: Journey) -> None:
    journey.pair["sync_type"] = "metadata"


def leave_out_by_pair(journey: Journey) -> None:
    journey.pair["active"] = False


def leave_out_by_instance(journey: Journey) -> None:
    journey.instances["training"]["active"] = False


@pytest.mark.parametrize(
    ("job", "leave_out"),
    [
        ("materialise", leave_out_by_type),
        ("materialise", leave_out_by_pair),
        ("materialise", leave_out_by_instance),
        ("preview", leave_out_by_pair),
        ("preview", leave_out_by_instance),
    ],
)
def test_a_pair_that_is_left_out_asks_and_marks_nothing(
    journey: Journey, job: str, leave_out: Callable[[Journey], None]
) -> None:
    leave_out(journey)
    run = getattr(journey, job)(MONTH)
    assert run.success, run.failure
    assert run.materialised == []
    assert run.observations == []
    assert journey.requests() == []
    assert any("not part of" in entry.user_message for entry in run.log)


@pytest.mark.parametrize("excluded_first", [True, False])
def test_a_pair_that_is_left_out_does_not_hold_up_the_other(
    journey: Journey, excluded_first: bool
) -> None:
    other = {"source": "training", "destination": "national", "sync_type": "metadata"}
    if excluded_first:
        journey.pairs = {"definitions": other, **journey.pairs}
    else:
        journey.pairs["definitions"] = other
    run = journey.materialise(MONTH, pairs=list(journey.pairs))
    assert run.success, run.failure
    assert run.materialised == [f"{PAIR}|{MONTH}"]
    checked = {(check.check_name, check.partition, check.passed) for check in run.checks}
    assert checked == {
        ("no_row_is_lost", f"{PAIR}|{MONTH}", True),
        ("destination_equals_source", f"{PAIR}|{MONTH}", True),
    }
    journey.prove_nothing_is_lost(MONTH)


@pytest.mark.directions_in_turn
def test_a_preview_shows_what_a_push_would_do_and_sends_nothing(journey: Journey) -> None:
    run = journey.preview(MONTH)
    assert run.success, run.failure
    assert journey.writes() == []
    assert run.materialised == []
    assert read_live(journey.destination.store, [MONTH]) == {}
    plan = run.observe(MONTH, "plan")
    live = read_live(journey.source.store, [MONTH])
    assert plan["rows_to_send"] == plan["create"] == len(live)
    assert plan["rows_read"] == plan["create"] + plan["unchanged"]
    assert len(plan["changes"]) == 50
    assert journey.materialise(MONTH).outcomes(MONTH)["created"] == plan["create"]
    after = journey.preview(MONTH).observe(MONTH, "plan")
    assert after["rows_to_send"] == 0
    assert after["unchanged"] == plan["rows_read"]


def test_a_preview_of_a_range_observes_each_month(journey: Journey) -> None:
    run = journey.preview("202403", MONTH)
    assert run.success, run.failure
    for month in ("202403", MONTH):
        plan = run.observe(month, "plan")
        assert plan["create"] == len(read_live(journey.source.store, [month]))
    assert journey.writes() == []
    assert journey.instance.get_materialized_partitions(run.observations[0].asset_key) == set()


def test_a_preview_that_cannot_read_says_why(journey: Journey) -> None:
    journey.destination.stop()
    run = journey.preview(MONTH)
    assert not run.success
    assert "training" in run.failure
    assert "Check the instance's URL" in run.failure
