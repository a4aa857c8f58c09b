"""Metadata that the destination lacks: the rows that need it wait, the others travel."""

from collections.abc import Collection

import pytest

from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.refusing import (
    assert_completed_with_warnings,
    find_live,
    remove_elements,
)
from d2_assets_tests.journeys.world import (
    MONTH,
    Key,
    change_object,
    data_set_elements,
    element_id,
    find_object,
    list_registrations,
    list_values,
)

pytestmark = pytest.mark.directions_in_turn


def find_keys(journey: Journey, elements: Collection[str]) -> set[Key]:
    """The rows of some elements, soft-deleted ones too: nobody could see whether they are gone."""
    values = list_values(journey.source.store, [MONTH])
    return {value.key for value in values if value.data_element in elements}


def assert_set_aside(journey: Journey, unfit: set[Key], code: str) -> None:
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    registered = run.completeness(MONTH).get("quarantined", 0)
    assert_completed_with_warnings(run, len(unfit) + registered)
    journey.prove_nothing_is_lost(MONTH, missing=unfit)
    journey.prove_registrations(MONTH)
    rows = journey.quarantine(MONTH)
    assert {row["code"] for row in rows} == {code}
    assert len(rows) == len(unfit) + registered


def test_an_element_that_is_not_yet_at_the_destination_is_named(journey: Journey) -> None:
    store = journey.destination.store
    malaria = element_id(store, "OPD_MALARIA")
    remove_elements(store, "HF_MONTHLY", {malaria})
    unfit = find_keys(journey, {malaria})
    assert_set_aside(journey, unfit, "data_element_outside_data_set")


def test_a_data_set_that_is_not_yet_at_the_destination_is_named(journey: Journey) -> None:
    store = journey.destination.store
    elements = data_set_elements(store, "HF_MONTHLY")
    store.delete_metadata("dataSets", [find_object(store, "dataSets", "HF_MONTHLY")["id"]])
    assert_set_aside(journey, find_keys(journey, elements), "data_set_unknown")


def test_an_org_unit_that_is_not_yet_at_the_destination_is_named(journey: Journey) -> None:
    """It is not asked for there either: up to 2.42 that would be an error."""
    store = journey.destination.store
    unit = list_registrations(journey.source.store, [MONTH])[0].org_unit
    for data_set in store.metadata("dataSets"):
        left = [member for member in data_set["organisationUnits"] if member["id"] != unit]
        store.put_metadata("dataSets", [data_set | {"organisationUnits": left}])
    store.delete_metadata("organisationUnits", [unit])
    values = list_values(journey.source.store, [MONTH])
    unfit = {value.key for value in values if value.org_unit == unit and not value.deleted}
    assert_set_aside(journey, unfit, "org_unit_unknown")


def test_a_data_set_that_the_account_may_only_read_is_named(journey: Journey) -> None:
    store = journey.destination.store
    country = [{"id": find_object(store, "organisationUnits", "KV")["id"]}]
    places = {"organisationUnits": country, "dataViewOrganisationUnits": country}
    change_object(store, "users", "clerk", places)
    sharing = find_object(store, "dataSets", "HF_MONTHLY")["sharing"]
    change_object(store, "dataSets", "HF_MONTHLY", {"sharing": sharing | {"userGroups": {}}})
    journey.set_account("training", "clerk")
    elements = data_set_elements(store, "HF_MONTHLY")
    unfit = {value.key for value in find_live(journey, MONTH, elements)}
    assert_set_aside(journey, unfit, "data_set_read_only")
