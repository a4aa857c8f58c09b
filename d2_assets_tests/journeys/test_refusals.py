"""Rows that the destination cannot take: named, counted, and never in the way of the others."""

from dataclasses import replace

import pytest

from d2_assets.sandbox import ContentSpec, Store
from d2_assets.sync.work import PlannedWork
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import Journey, key_of
from d2_assets_tests.journeys.refusing import (
    assert_completed_with_warnings,
    find_live,
    keep_units,
    remove_elements,
)
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import (
    CURRENT,
    MONTH,
    Key,
    change_object,
    data_set_elements,
    find_object,
    list_values,
    read_live,
)

pytestmark = pytest.mark.directions_in_turn


def test_half_of_the_units_outside_the_data_set_wait_in_quarantine(journey: Journey) -> None:
    elements = data_set_elements(journey.source.store, "HF_MONTHLY")
    outside = keep_units(journey.destination.store, "HF_MONTHLY", 2)
    unfit = {
        value.key for value in find_live(journey, MONTH, elements) if value.org_unit in outside
    }
    run = journey.materialise(MONTH)
    registered = run.completeness(MONTH).get("quarantined", 0)
    assert registered > 0
    assert run.outcomes(MONTH)["quarantined"] == len(unfit)
    assert_completed_with_warnings(run, len(unfit) + registered)
    journey.prove_nothing_is_lost(MONTH, missing=unfit)
    reasons = {row["code"]: row["reason"] for row in journey.quarantine(MONTH)}
    assert set(reasons) == {"org_unit_outside_data_set"}
    assert "Assign it there" in reasons["org_unit_outside_data_set"]
    shown = run.show(MONTH)["quarantine_reasons"]
    assert [(row["code"], row["rows"]) for row in shown] == [
        ("org_unit_outside_data_set", len(unfit) + registered)
    ]


def test_what_was_in_quarantine_lands_when_the_destination_is_mended(journey: Journey) -> None:
    store = journey.destination.store
    before = find_object(store, "dataSets", "HF_MONTHLY")
    keep_units(store, "HF_MONTHLY", 2)
    waiting = journey.materialise(MONTH).outcomes(MONTH)["quarantined"]
    store.put_metadata("dataSets", [before])
    journey.clear_requests()
    run = journey.materialise(MONTH)
    assert run.outcomes(MONTH)["created"] == waiting == journey.rows_sent()
    assert run.check("destination_equals_source").passed
    assert "d2/outcome" not in run.tags
    assert journey.quarantine(MONTH) == []
    journey.prove_nothing_is_lost(MONTH)


@pytest.mark.all_directions
def test_half_of_the_rows_refused_by_the_server_wait_in_quarantine(journey: Journey) -> None:
    elements = data_set_elements(journey.source.store, "HF_MONTHLY")
    gone = set(elements[: len(elements) // 2])
    refused = {value.key for value in find_live(journey, MONTH, gone)}
    assert len(refused) > len(read_live(journey.source.store, [MONTH])) // 3

    def lose_elements(planned: PlannedWork) -> None:
        remove_elements(journey.destination.store, "HF_MONTHLY", gone)

    with journey.between_plan_and_push(lose_elements):
        run = journey.materialise(MONTH)
    assert run.outcomes(MONTH)["quarantined"] == len(refused)
    assert_completed_with_warnings(run, len(refused))
    journey.prove_nothing_is_lost(MONTH, missing=refused)
    codes = {row["code"] for row in journey.quarantine(MONTH)}
    assert codes == {"E8020" if journey.destination.version.startswith("2.43") else "E7610"}
    assert min(row["attempts"] for row in journey.quarantine(MONTH)) >= 1


def test_a_period_that_2_40_keeps_closed_is_refused_with_its_words(start_journey: Start) -> None:
    journey = start_journey("2.43", "2.40")
    change_object(journey.destination.store, "dataSets", "HF_MONTHLY", {"openFuturePeriods": 0})
    elements = data_set_elements(journey.source.store, "HF_MONTHLY")
    refused = {value.key for value in find_live(journey, CURRENT, elements)}
    run = journey.materialise(CURRENT)
    assert_completed_with_warnings(run, len(refused))
    journey.prove_nothing_is_lost(CURRENT, missing=refused)
    assert {row["code"] for row in journey.quarantine(CURRENT)} == {"E7641"}
    assert "after latest open future period" in journey.quarantine(CURRENT)[0]["reason"]


def test_a_unit_that_opened_later_is_known_before_2_43_refuses_it(start_journey: Start) -> None:
    journey = start_journey("2.40", "2.43")
    store = journey.destination.store
    unit = list_values(journey.source.store, [MONTH])[0].org_unit
    late = next(body for body in store.metadata("organisationUnits") if body["id"] == unit)
    store.put_metadata("organisationUnits", [late | {"openingDate": "2024-05-01T00:00:00.000"}])
    unfit = {
        value.key
        for value in list_values(journey.source.store, [MONTH])
        if value.org_unit == unit and not value.deleted
    }
    run = journey.materialise(MONTH)
    assert_completed_with_warnings(run, len(unfit))
    journey.prove_nothing_is_lost(MONTH, missing=unfit)
    assert {row["code"] for row in journey.quarantine(MONTH)} == {"org_unit_not_open"}


@pytest.mark.all_directions
def test_what_real_servers_accept_in_silence_does_not_reach_the_destination(
    journey: Journey,
) -> None:
    source = journey.source.store
    one = find_live(journey, MONTH, data_set_elements(source, "HF_MONTHLY"))[0]
    spoilt = [
        replace(one, period="2024Q1", last_updated=None),
        replace(one, period="2024W10", last_updated=None),
        replace(one, period="202403", value="12,5", last_updated=None),
    ]
    source.put_data_values(spoilt)
    run = journey.materialise("202403")
    assert_completed_with_warnings(run, 3)
    journey.prove_nothing_is_lost("202403", missing={value.key for value in spoilt})
    codes = sorted(row["code"] for row in journey.quarantine("202403"))
    assert codes == ["period_wrong_type", "period_wrong_type", "value_misfit"]


@pytest.mark.all_directions
def test_a_comment_without_a_value_lands_or_is_named_before_it_is_sent(journey: Journey) -> None:
    source = journey.source.store
    one = find_live(journey, MONTH, data_set_elements(source, "HF_MONTHLY"))[0]
    alone = replace(one, value=None, comment="Registre perdu", last_updated=None)
    source.put_data_values([alone])
    run = journey.materialise(MONTH)
    assert run.success
    if journey.destination.version.startswith("2.43"):
        assert {row["code"] for row in journey.quarantine(MONTH)} == {"comment_without_value"}
        journey.prove_nothing_is_lost(MONTH, missing={alone.key})
    else:
        journey.prove_nothing_is_lost(MONTH)
    journey.clear_requests()
    assert journey.materialise(MONTH).success
    assert journey.writes() == []


MANY = ContentSpec(values=10_000, months=1, last_month=CURRENT)


@pytest.fixture
def ten_thousand(start_journey: Start) -> Journey:
    """Ten thousand live rows on their way to 2.43 in one month, all in one request a data set."""
    journey = start_journey("2.40", "2.43", MANY)
    journey.pair["chunk_size"] = 20_000
    store = journey.source.store
    store.put_data_values(replace(value, deleted=False) for value in store.data_values())
    assert len(read_live(store, [CURRENT])) == 10_000
    return journey


def find_number(store: Store) -> str:
    """An element of the monthly data set that takes 0 and 7."""
    types = {body["id"]: body["valueType"] for body in store.metadata("dataElements")}
    elements = data_set_elements(store, "HF_MONTHLY")
    return next(uid for uid in elements if types[uid] == "INTEGER_ZERO_OR_POSITIVE")


def assert_all_but_one_landed(journey: Journey, run: Run, bad: Key, code: str) -> None:
    assert run.outcomes(CURRENT) == {"created": 9_999, "quarantined": 1}
    assert_completed_with_warnings(run, 1)
    (row,) = journey.quarantine(CURRENT)
    assert (key_of(row), row["code"]) == (bad, code)
    assert len(read_live(journey.destination.store, [CURRENT])) == 9_999
    journey.prove_nothing_is_lost(CURRENT, missing={bad})


def test_one_bad_value_in_ten_thousand_leaves_the_others_alone(ten_thousand: Journey) -> None:
    """The destination learns to refuse it after it was checked."""
    source, destination = ten_thousand.source.store, ten_thousand.destination.store
    count = find_number(destination)
    one, *others = find_live(ten_thousand, CURRENT, {count})
    source.put_data_values(replace(value, value="7", last_updated=None) for value in others)
    source.put_data_values([replace(one, value="0", last_updated=None)])

    def forbid_zero(planned: PlannedWork) -> None:
        body = next(item for item in destination.metadata("dataElements") if item["id"] == count)
        destination.put_metadata("dataElements", [body | {"valueType": "INTEGER_POSITIVE"}])

    with ten_thousand.between_plan_and_push(forbid_zero):
        run = ten_thousand.materialise(CURRENT)
    assert_all_but_one_landed(ten_thousand, run, one.key, "E8122")


def test_one_bad_key_in_ten_thousand_does_not_take_its_group_with_it(
    ten_thousand: Journey,
) -> None:
    """2.43 refuses the whole request for it; the check could not know."""
    source, destination = ten_thousand.source.store, ten_thousand.destination.store
    elements = data_set_elements(source, "HF_MONTHLY")
    values = find_live(ten_thousand, CURRENT, elements)
    lonely = values[0].org_unit
    mine = [value for value in values if value.org_unit == lonely]
    elsewhere = find_object(destination, "organisationUnits", "KV")["id"]
    source.delete_data_values(mine[1:], forever=True)
    source.put_data_values(replace(value, org_unit=elsewhere) for value in mine[1:])
    assigned = find_object(destination, "dataSets", "HF_MONTHLY")["organisationUnits"]
    change_object(
        destination, "dataSets", "HF_MONTHLY", {"organisationUnits": [*assigned, {"id": elsewhere}]}
    )

    def unassign(planned: PlannedWork) -> None:
        left = [unit for unit in [*assigned, {"id": elsewhere}] if unit["id"] != lonely]
        change_object(destination, "dataSets", "HF_MONTHLY", {"organisationUnits": left})

    with ten_thousand.between_plan_and_push(unassign):
        run = ten_thousand.materialise(CURRENT)
    assert_all_but_one_landed(ten_thousand, run, mine[0].key, "E8022")
