"""Accounts that may not do what the pair needs: one clear failure, and nothing is sent."""

import pytest

from d2_assets_tests.journeys.journey import PAIR, Journey, key_of
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import (
    MONTH,
    change_object,
    find_object,
    find_subtree,
    list_units,
    list_values,
    read_live,
)

pytestmark = pytest.mark.one_direction


def assert_nothing_happened(journey: Journey, run: Run) -> None:
    assert not run.success
    assert run.materialised == []
    assert journey.writes() == []
    assert read_live(journey.destination.store, [MONTH]) == {}


def assert_tells(run: Run, *words: str) -> None:
    for word in words:
        assert word in run.failure
    assert run.failure_parts["what to do"] in run.failure
    assert "Traceback" not in run.failure


@pytest.mark.parametrize("name", ["national", "training"])
def test_a_wrong_password_is_told_with_the_instance_and_the_mend(
    journey: Journey, name: str
) -> None:
    (journey.folder / f"{name}.password").write_text("Not-The-Pass-Word-77", encoding="utf-8")
    run = journey.materialise(MONTH)
    assert_nothing_happened(journey, run)
    url = journey.instances[name]["url"]
    assert_tells(run, name, url, "admin", "Check the username and password")
    assert run.failure_parts["kind"] == "settings or rights"
    assert "Not-The-Pass-Word-77" not in run.failure


def test_both_passwords_wrong_are_told_at_once(journey: Journey) -> None:
    for name in ("national", "training"):
        (journey.folder / f"{name}.password").write_text("x", encoding="utf-8")
    run = journey.materialise(MONTH)
    assert_nothing_happened(journey, run)
    assert_tells(run, *(journey.instances[name]["url"] for name in ("national", "training")))


def test_a_missing_secret_is_told_before_anything_is_asked(journey: Journey) -> None:
    journey.instances["training"]["auth"] = {
        "username": "admin",
        "password_env": "D2_NOT_SET_AT_ALL",
    }
    run = journey.materialise(MONTH)
    assert_nothing_happened(journey, run)
    assert_tells(run, "training", "D2_NOT_SET_AT_ALL", "Set D2_NOT_SET_AT_ALL")
    assert journey.requests() == []


@pytest.mark.directions_in_turn
def test_a_token_signs_in_as_well(journey: Journey) -> None:
    key = journey.source.add_token("admin")
    (journey.folder / "national.token").write_text(key, encoding="utf-8")
    journey.instances["national"]["auth"] = {"token_file": "national.token"}
    run = journey.materialise(MONTH)
    assert run.success
    journey.prove_nothing_is_lost(MONTH)
    assert key not in str(run.log)


@pytest.mark.all_directions
def test_an_account_without_the_right_to_write_is_told_what_it_lacks(journey: Journey) -> None:
    journey.set_account("training", "viewer")
    run = journey.materialise(MONTH)
    assert_nothing_happened(journey, run)
    assert_tells(run, "viewer", "training", "may not write data values", "F_DATAVALUE_ADD")


def test_an_account_without_org_units_is_told_what_it_lacks(journey: Journey) -> None:
    change_object(journey.destination.store, "users", "clerk", {"organisationUnits": []})
    journey.set_account("training", "clerk")
    run = journey.materialise(MONTH)
    assert_nothing_happened(journey, run)
    assert_tells(run, "clerk", "training", "no data capture org units", "Give it data capture")


def test_an_account_with_units_elsewhere_is_told_what_it_lacks(journey: Journey) -> None:
    first, *_, last = list_units(journey.destination.store, 2)
    place = [{"id": last}]
    change_object(
        journey.destination.store,
        "users",
        "clerk",
        {"organisationUnits": place, "dataViewOrganisationUnits": place},
    )
    journey.pair["filters"] = {"org_units": [first]}
    journey.set_account("training", "clerk")
    run = journey.materialise(MONTH)
    assert_nothing_happened(journey, run)
    assert_tells(run, "clerk", "training", "may not write to any organisation unit", "above those")


@pytest.mark.all_directions
def test_an_account_without_data_write_access_is_told_what_it_lacks(journey: Journey) -> None:
    store = journey.destination.store
    for data_set in store.metadata("dataSets"):
        sharing = data_set["sharing"] | {"public": "r-r-----", "userGroups": {}}
        store.put_metadata("dataSets", [data_set | {"sharing": sharing}])
    place = [{"id": find_object(store, "organisationUnits", "KV")["id"]}]
    change_object(
        store, "users", "clerk", {"organisationUnits": place, "dataViewOrganisationUnits": place}
    )
    journey.set_account("training", "clerk")
    run = journey.materialise(MONTH)
    assert_nothing_happened(journey, run)
    assert_tells(run, "clerk", "training", "may not write data of any data set", "sharing")


@pytest.mark.directions_in_turn
def test_an_account_of_one_district_writes_there_and_names_the_rest(journey: Journey) -> None:
    """It sees the country and may write to a district: what lies outside is set aside."""
    store = journey.destination.store
    user = find_object(store, "users", "clerk")
    country = find_object(store, "organisationUnits", "KV")["id"]
    region = list_units(store, 2)[0]
    place = {"organisationUnits": [{"id": region}], "dataViewOrganisationUnits": [{"id": country}]}
    store.put_metadata("users", [user | place])
    journey.set_account("training", "clerk")
    journey.pair["filters"] = {"org_units": [region]}
    run = journey.materialise(MONTH)
    assert run.success
    assert run.materialised == [f"{PAIR}|{MONTH}"]
    inside = find_subtree(store, region)
    source = read_live(journey.source.store, [MONTH])
    there = read_live(store, [MONTH])
    assert there == {key: row for key, row in source.items() if key[1] in inside}
    assert run.check("destination_equals_source").passed


@pytest.mark.directions_in_turn
def test_rows_outside_the_hierarchy_of_the_account_wait_in_quarantine(journey: Journey) -> None:
    """The clerk of one district, in a pair that moves the country."""
    journey.set_account("training", "clerk")
    user = find_object(journey.destination.store, "users", "clerk")
    inside = find_subtree(journey.destination.store, user["organisationUnits"][0]["id"])
    rows = list_values(journey.source.store, [MONTH])
    outside = {value.key for value in rows if value.org_unit not in inside}
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    journey.prove_nothing_is_lost(MONTH, missing=outside)
    journey.prove_registrations(MONTH)
    assert {row["code"] for row in journey.quarantine(MONTH)} == {"org_unit_outside_account"}
    assert not run.check("destination_equals_source").passed


@pytest.mark.all_directions
def test_a_delete_that_the_account_cannot_carry_out_is_not_called_done(journey: Journey) -> None:
    journey.materialise(MONTH)
    user = find_object(journey.destination.store, "users", "clerk")
    inside = find_subtree(journey.destination.store, user["organisationUnits"][0]["id"])
    gone = next(
        value
        for value in list_values(journey.source.store, [MONTH])
        if value.org_unit not in inside and not value.deleted
    )
    journey.source.store.delete_data_values([gone])
    journey.set_account("training", "clerk")
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    assert gone.key in read_live(journey.destination.store, [MONTH])
    told = {key_of(row): row["outcome"] for row in journey.ledger(MONTH)}
    assert told[gone.key] == "quarantined"
    assert not run.check("destination_equals_source").passed


@pytest.mark.directions_in_turn
def test_an_account_of_one_district_moves_what_it_sees_at_the_source(journey: Journey) -> None:
    journey.set_account("national", "clerk")
    user = find_object(journey.source.store, "users", "clerk")
    inside = find_subtree(journey.source.store, user["organisationUnits"][0]["id"])
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    journey.prove_nothing_is_lost(MONTH, within=lambda value: value.org_unit in inside)
    assert len(read_live(journey.destination.store, [MONTH])) > 0


@pytest.mark.parametrize("name", ["national", "training"])
def test_another_calendar_is_refused(journey: Journey, name: str) -> None:
    sandbox = {"national": journey.source, "training": journey.destination}[name]
    sandbox.store.put_setting("keyCalendar", "ethiopian")
    run = journey.materialise(MONTH)
    assert_nothing_happened(journey, run)
    assert_tells(run, name, "ethiopian", "iso8601", "cannot be part of a pair")
