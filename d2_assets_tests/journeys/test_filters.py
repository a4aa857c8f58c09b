"""What a pair leaves out, and how it asks: the rows that belong to it arrive all the same."""

from dataclasses import replace
from datetime import date

import pytest

from d2_assets.periods import parse_period
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.world import (
    CURRENT,
    MONTH,
    data_set_elements,
    find_month,
    find_object,
    find_subtree,
    list_registrations,
    list_units,
    list_values,
    read_live,
)

pytestmark = pytest.mark.one_direction

#: The month in which a financial year of the districts ends, running on the day of the servers.
WITH_DISTRICTS = CURRENT


@pytest.mark.directions_in_turn
def test_units_below_the_deepest_level_are_counted_as_filtered(journey: Journey) -> None:
    journey.pair["filters"] = {"deepest_level": 3}
    below = frozenset(list_units(journey.source.store, 4))
    rows = list_values(journey.source.store, [WITH_DISTRICTS])
    deep = {value.key for value in rows if value.org_unit in below}
    run = journey.materialise(WITH_DISTRICTS)
    assert run.success, run.failure
    assert run.outcomes(WITH_DISTRICTS)["filtered"] == len(deep)
    assert 0 < run.outcomes(WITH_DISTRICTS)["created"] <= len(rows) - len(deep)
    journey.prove_nothing_is_lost(WITH_DISTRICTS, missing=deep)
    assert run.check("destination_equals_source").passed
    landed = read_live(journey.destination.store, [WITH_DISTRICTS])
    assert not {key[1] for key in landed} & below


@pytest.mark.parametrize("level", [2, 4])
def test_reads_split_by_a_level_give_the_same_rows(journey: Journey, level: int) -> None:
    journey.pair["filters"] = {"pull_level": level}
    run = journey.materialise(WITH_DISTRICTS)
    assert run.success, run.failure
    journey.prove_nothing_is_lost(WITH_DISTRICTS)
    journey.prove_registrations(WITH_DISTRICTS)
    live = read_live(journey.source.store, [WITH_DISTRICTS])
    assert read_live(journey.destination.store, [WITH_DISTRICTS]) == live
    asked = [record for record in journey.source.requests() if "dataValueSets" in record.path]
    whole = len(journey.source.store.metadata("dataSets"))
    assert len(asked) >= whole * len(list_units(journey.source.store, level))


@pytest.mark.directions_in_turn
def test_only_the_chosen_parts_of_the_hierarchy_are_read(journey: Journey) -> None:
    region, district = (
        list_units(journey.source.store, 2)[0],
        list_units(journey.source.store, 3)[0],
    )
    journey.pair["filters"] = {"org_units": [region, district]}
    inside = find_subtree(journey.source.store, region) | find_subtree(
        journey.source.store, district
    )
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    journey.prove_nothing_is_lost(MONTH, within=lambda value: value.org_unit in inside)
    landed = read_live(journey.destination.store, [MONTH])
    assert landed == {
        key: row
        for key, row in read_live(journey.source.store, [MONTH]).items()
        if key[1] in inside
    }
    assert {
        item.org_unit for item in list_registrations(journey.destination.store, [MONTH])
    } <= inside


def test_an_org_unit_that_the_source_lacks_is_named(journey: Journey) -> None:
    journey.pair["filters"] = {"org_units": ["Zx9Zx9Zx9Zx"]}
    run = journey.materialise(MONTH)
    assert not run.success
    assert journey.writes() == []
    assert "national has no organisation unit Zx9Zx9Zx9Zx" in run.failure
    assert "filters.org_units" in run.failure


@pytest.mark.directions_in_turn
def test_only_the_chosen_data_sets_are_read(journey: Journey) -> None:
    source = journey.source.store
    chosen = ("COMMODITIES", "SURVEILLANCE")
    ids = [find_object(source, "dataSets", code)["id"] for code in chosen]
    journey.pair["filters"] = {"data_sets": ids}
    elements = {uid for code in chosen for uid in data_set_elements(source, code)}
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    journey.prove_nothing_is_lost(MONTH, within=lambda value: value.data_element in elements)
    landed = read_live(journey.destination.store, [MONTH])
    assert landed
    assert {key[2] for key in landed} <= elements
    registered = list_registrations(journey.destination.store, [MONTH])
    assert {item.data_set for item in registered} == set(ids)


def test_a_data_set_that_the_source_lacks_is_named(journey: Journey) -> None:
    journey.pair["filters"] = {"data_sets": ["Zx9Zx9Zx9Zx"]}
    run = journey.materialise(MONTH)
    assert not run.success
    assert "national has no data set Zx9Zx9Zx9Zx" in run.failure
    assert "filters.data_sets" in run.failure


def test_dates_cut_to_the_day(journey: Journey) -> None:
    start, end = date(2024, 4, 10), date(2024, 4, 20)
    journey.pair["filters"] = {"start_date": f"{start}", "end_date": f"{end}"}

    def is_within(value) -> bool:
        period = parse_period(value.period)
        return period.end >= start and period.start <= end

    run = journey.materialise(MONTH)
    assert run.success, run.failure
    journey.prove_nothing_is_lost(MONTH, within=is_within)
    landed = {key[0] for key in read_live(journey.destination.store, [MONTH])}
    assert {"202404", "2024W15"} <= landed
    assert not {"2024W14", "2024W17", "20240409", "20240421"} & landed


@pytest.mark.directions_in_turn
def test_values_outside_the_partitions_are_counted_and_shown(journey: Journey) -> None:
    journey.settings["first_month"] = "202401"
    source = journey.source.store
    one = next(value for value in list_values(source, [MONTH]) if value.period == MONTH)
    future = [replace(one, period=period, deleted=False) for period in ("202406", "2025", "2024Q3")]
    source.put_data_values(future)
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    before = sum(
        find_month(value.period) < "202401" and not value.deleted for value in source.data_values()
    )
    shown = [row["values"] for row in run.show(MONTH)["outside_partitions"]]
    assert shown == [before, len(future), before + len(future)]
    assert before > 0
    journey.prove_nothing_is_lost(MONTH)
