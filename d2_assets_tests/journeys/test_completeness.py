"""Completeness registrations travel with their data set."""

from dataclasses import replace

import pytest

from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.loads import move_before
from d2_assets_tests.journeys.world import (
    MONTH,
    change_object,
    find_object,
    list_registrations,
)

pytestmark = pytest.mark.directions_in_turn


def registration_writes(journey: Journey) -> list:
    return [record for record in journey.writes() if "Registrations" in record.path]


@pytest.mark.all_directions
def test_registrations_land_and_are_not_sent_again(journey: Journey) -> None:
    registered = len(list_registrations(journey.source.store, [MONTH]))
    run = journey.materialise(MONTH)
    assert run.completeness(MONTH) == {"created": registered}
    journey.prove_registrations(MONTH)
    journey.clear_requests()
    assert journey.materialise(MONTH).completeness(MONTH) == {"unchanged": registered}
    assert registration_writes(journey) == []


@pytest.mark.all_directions
def test_a_new_and_a_taken_back_registration_are_sent_alone(journey: Journey) -> None:
    source = journey.source.store
    first, second, *rest = list_registrations(source, [MONTH])
    source.delete_registrations([first])
    move_before(journey)
    source.put_registrations([first, replace(second, completed=False)])
    journey.clear_requests()
    run = journey.materialise(MONTH)
    assert run.completeness(MONTH) == {"created": 1, "updated": 1, "unchanged": len(rest)}
    assert len(registration_writes(journey)) == 1
    assert journey.rows_sent() == 0
    journey.prove_registrations(MONTH)
    assert run.check("destination_equals_source").passed


def test_registrations_of_units_outside_the_data_set_wait_in_quarantine(journey: Journey) -> None:
    store = journey.destination.store
    unit = list_registrations(journey.source.store, [MONTH])[0]
    code = next(item["code"] for item in store.metadata("dataSets") if item["id"] == unit.data_set)
    left = [
        member
        for member in find_object(store, "dataSets", code)["organisationUnits"]
        if member["id"] != unit.org_unit
    ]
    change_object(store, "dataSets", code, {"organisationUnits": left})
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    assert run.completeness(MONTH)["quarantined"] > 0
    journey.prove_registrations(MONTH)
    waiting = [row for row in journey.quarantine(MONTH) if row["kind"] == "completeness"]
    assert {row["code"] for row in waiting} == {"org_unit_outside_data_set"}
    assert {row["org_unit"] for row in waiting} == {unit.org_unit}
    assert not run.check("destination_equals_source").passed


def test_registrations_that_only_the_destination_has_are_counted(journey: Journey) -> None:
    move_before(journey)
    journey.source.store.delete_registrations(list_registrations(journey.source.store, [MONTH])[:2])
    run = journey.materialise(MONTH)
    assert run.success
    assert "2 only at the destination" in (run.check("destination_equals_source").description or "")
    assert registration_writes(journey) == []
