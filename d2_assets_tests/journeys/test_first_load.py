"""A month that was never moved, and the same month again."""

from dataclasses import replace

import pytest

from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.loads import move_before
from d2_assets_tests.journeys.world import (
    CURRENT,
    MONTH,
    element_id,
    find_month,
    list_registrations,
    list_values,
    read_live,
)

pytestmark = pytest.mark.directions_in_turn


@pytest.mark.all_directions
def test_a_first_load_lands_whole(journey: Journey) -> None:
    run = journey.materialise(MONTH)
    assert run.success
    assert run.materialised == [f"{PAIR}|{MONTH}"]
    source = journey.source.store
    live = read_live(source, [MONTH])
    deleted = len(list_values(source, [MONTH])) - len(live)
    expected = {"created": len(live)} | ({"unchanged": deleted} if deleted else {})
    assert run.outcomes(MONTH) == expected
    assert run.completeness(MONTH) == {"created": len(list_registrations(source, [MONTH]))}
    assert all(check.passed for check in run.checks)
    assert journey.rows_sent() == len(live)
    journey.prove_nothing_is_lost(MONTH)
    assert read_live(journey.destination.store, [MONTH]) == live


@pytest.mark.all_directions
def test_nothing_changed_means_nothing_is_written(journey: Journey) -> None:
    move_before(journey)
    journey.clear_requests()
    run = journey.materialise(MONTH)
    assert run.success
    assert journey.writes() == []
    assert run.outcomes(MONTH) == {"unchanged": run.show(MONTH)["rows_read"]}
    assert set(run.completeness(MONTH)) == {"unchanged"}
    assert all(check.passed for check in run.checks)
    journey.prove_nothing_is_lost(MONTH)


def test_only_changed_rows_are_sent(journey: Journey) -> None:
    move_before(journey)
    live = [value for value in list_values(journey.source.store, [MONTH]) if not value.deleted]
    numbers = [value for value in live if value.data_element == element_id(
        journey.source.store, "OPD_MALARIA")][:4]  # fmt: skip
    changed = [
        replace(numbers[0], value="1234", last_updated=None),
        replace(numbers[1], comment="ደርሷል — vérifié", last_updated=None),
        replace(numbers[2], followup=not numbers[2].followup, last_updated=None),
        replace(numbers[3], value="0", last_updated=None),
    ]
    journey.source.store.put_data_values(changed)
    journey.clear_requests()
    run = journey.materialise(MONTH)
    assert run.success
    assert journey.rows_sent() == 4
    assert run.outcomes(MONTH)["updated"] == 4
    assert run.check("destination_equals_source").passed
    journey.prove_nothing_is_lost(MONTH)


@pytest.mark.all_directions
def test_values_travel_as_they_are_written(journey: Journey) -> None:
    source = journey.source.store
    stock = element_id(source, "ACT_IN_STOCK")
    some = [value for value in list_values(source, [MONTH]) if value.data_element == stock][:4]
    texts = ["-0.0", "0.10", "100000000000000000000.5", "12E3"]
    source.put_data_values(
        replace(value, value=text, deleted=False, last_updated=None)
        for value, text in zip(some, texts, strict=True)
    )
    run = journey.materialise(MONTH)
    landed = read_live(journey.destination.store, [MONTH])
    assert [landed[value.key][0] for value in some] == texts
    assert run.check("destination_equals_source").passed
    journey.prove_nothing_is_lost(MONTH)


@pytest.mark.all_directions
def test_rows_deleted_at_the_source_are_deleted_at_the_destination(journey: Journey) -> None:
    move_before(journey)
    live = [value for value in list_values(journey.source.store, [MONTH]) if not value.deleted]
    journey.source.store.delete_data_values(live[::40])
    journey.clear_requests()
    run = journey.materialise(MONTH)
    assert run.success
    assert run.outcomes(MONTH)["deleted"] == len(live[::40]) == journey.rows_sent()
    assert all(check.passed for check in run.checks)
    journey.prove_nothing_is_lost(MONTH)
    journey.clear_requests()
    assert journey.materialise(MONTH).success
    assert journey.writes() == []


def test_a_deleted_row_that_is_entered_again_comes_back(journey: Journey) -> None:
    move_before(journey)
    value = next(item for item in list_values(journey.source.store, [MONTH]) if not item.deleted)
    journey.source.store.delete_data_values([value])
    journey.materialise(MONTH)
    journey.source.store.put_data_values([replace(value, last_updated=None)])
    run = journey.materialise(MONTH)
    assert run.outcomes(MONTH)["created"] == 1
    journey.prove_nothing_is_lost(MONTH)


def test_a_quarter_lands_with_the_month_that_ends_it(journey: Journey) -> None:
    run = journey.materialise("202403")
    assert run.success
    landed = {key[0] for key in read_live(journey.destination.store, ["202403"])}
    assert {"202403", "2024Q1"} <= landed
    journey.prove_nothing_is_lost("202403")


def test_a_running_year_lands_with_the_current_month(journey: Journey) -> None:
    run = journey.materialise(CURRENT)
    assert run.success
    landed = {key[0] for key in read_live(journey.destination.store, [CURRENT])}
    assert {"2024", "2024Q2", "2023July", CURRENT} <= landed
    assert all(find_month(period) == CURRENT for period in landed)
    journey.prove_nothing_is_lost(CURRENT)


def test_a_month_without_values_is_moved_as_well(journey: Journey) -> None:
    journey.settings["first_month"] = "202201"
    run = journey.materialise("202206")
    assert run.success, run.failure
    assert run.materialised == [f"{PAIR}|202206"]
    assert run.outcomes("202206") == {}
    assert all(check.passed for check in run.checks)
    assert journey.writes() == []
    journey.prove_nothing_is_lost("202206")
    journey.prove_registrations("202206")
