"""Import strategies hold on every version, also where the server ignores them."""

from dataclasses import dataclass, replace

import pytest

from d2_assets.sandbox import StoredValue
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.loads import move_before
from d2_assets_tests.journeys.world import MONTH, data_set_elements, list_values, read_live

pytestmark = pytest.mark.directions_in_turn


@dataclass(frozen=True, slots=True)
class Differences:
    """Rows of a month that differ between the two servers, by what a push would do."""

    new: list[StoredValue]
    changed: list[StoredValue]
    deleted: list[StoredValue]

    def keys(self, *names: str):
        return {value.key for name in names for value in getattr(self, name)}


@pytest.fixture
def differences(journey: Journey) -> Differences:
    """Both servers hold the month; then four rows are new, three changed and two deleted."""
    move_before(journey)
    source, destination = journey.source.store, journey.destination.store
    elements = data_set_elements(source, "HF_MONTHLY")
    live = [
        value
        for value in list_values(source, [MONTH])
        if not value.deleted and value.data_element in elements
    ]
    found = Differences(
        new=live[0:4],
        changed=[replace(value, comment="Corrected", last_updated=None) for value in live[4:7]],
        deleted=live[7:9],
    )
    destination.delete_data_values(found.new, forever=True)
    source.put_data_values(found.changed)
    source.delete_data_values(found.deleted)
    journey.clear_requests()
    return found


@pytest.mark.all_directions
@pytest.mark.parametrize(
    ("strategy", "outcomes", "held"),
    [
        ("CREATE", {"created": 4}, ("changed", "deleted")),
        ("UPDATE", {"updated": 3}, ("new", "deleted")),
        ("DELETE", {"deleted": 2}, ("new", "changed")),
        ("CREATE_AND_UPDATE", {"created": 4, "updated": 3, "deleted": 2}, ()),
    ],
)
def test_a_strategy_holds_whatever_the_server_does(
    journey: Journey,
    differences: Differences,
    strategy: str,
    outcomes: dict[str, int],
    held: tuple[str, ...],
) -> None:
    journey.pair["import_strategy"] = strategy
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    found = run.outcomes(MONTH)
    del found["unchanged"]
    kept = differences.keys(*held)
    assert found == outcomes | ({"held_by_strategy": len(kept)} if kept else {})
    assert journey.rows_sent() == sum(outcomes.values())
    journey.prove_nothing_is_lost(MONTH, missing=kept)
    equal = run.check("destination_equals_source")
    assert equal.passed is not bool(kept)
    if kept:
        assert equal.severity.value == "WARN"
        assert f"{len(kept)} held by strategy" in (equal.description or "")


def test_deletes_stay_where_the_policy_ignores_them(
    journey: Journey, differences: Differences
) -> None:
    journey.pair["deletes"] = {"policy": "ignore"}
    run = journey.materialise(MONTH)
    assert run.outcomes(MONTH)["held_by_strategy"] == 2
    journey.prove_nothing_is_lost(MONTH, missing=differences.keys("deleted"))
    there = read_live(journey.destination.store, [MONTH])
    assert differences.keys("deleted") <= there.keys()


def test_merging_keeps_a_comment_that_the_source_lacks(journey: Journey) -> None:
    move_before(journey)
    source = journey.source.store
    one = next(
        value
        for value in list_values(source, [MONTH])
        if not value.deleted and not value.comment and value.period == MONTH
    )
    there = replace(one, comment="Seen by the district")
    journey.destination.store.put_data_values([there])
    journey.pair["merge_mode"] = "MERGE"
    journey.clear_requests()
    assert journey.materialise(MONTH).check("destination_equals_source").passed
    assert journey.writes() == []
    source.put_data_values([replace(one, followup=not one.followup, last_updated=None)])
    run = journey.materialise(MONTH)
    assert run.outcomes(MONTH)["updated"] == 1
    landed = read_live(journey.destination.store, [MONTH])[one.key]
    assert landed == (one.value, "Seen by the district", not one.followup)


def put_extra(journey: Journey, rows: int) -> set:
    """Rows that only the destination has: the source has lost every trace of them."""
    extra = [value for value in list_values(journey.source.store, [MONTH]) if not value.deleted]
    journey.source.store.delete_data_values(extra[:rows], forever=True)
    return {value.key for value in extra[:rows]}


def test_rows_that_only_the_destination_has_are_counted_and_left(journey: Journey) -> None:
    move_before(journey)
    extra = put_extra(journey, 5)
    journey.clear_requests()
    run = journey.materialise(MONTH)
    assert run.success
    assert run.show(MONTH)["destination_only"] == 5
    equal = run.check("destination_equals_source")
    assert (equal.passed, equal.severity.value) == (False, "WARN")
    assert "5 only at the destination" in (equal.description or "")
    assert journey.writes() == []
    assert extra <= read_live(journey.destination.store, [MONTH]).keys()
    journey.prove_nothing_is_lost(MONTH)


def test_a_mirror_removes_what_only_the_destination_has(journey: Journey) -> None:
    move_before(journey)
    put_extra(journey, 5)
    journey.pair["deletes"] = {"mirror": True}
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    assert run.show(MONTH)["mirror_deleted"] == 5
    assert run.check("destination_equals_source").passed
    live = read_live(journey.source.store, [MONTH])
    assert read_live(journey.destination.store, [MONTH]) == live
    journey.prove_nothing_is_lost(MONTH)


def test_the_brake_stops_a_mirror_that_would_take_too_much(journey: Journey) -> None:
    move_before(journey)
    before = read_live(journey.destination.store, [MONTH])
    put_extra(journey, len(before) // 4)
    journey.pair["deletes"] = {"mirror": True, "brake_percent": 20}
    journey.clear_requests()
    run = journey.materialise(MONTH)
    assert not run.success
    assert run.materialised == []
    assert journey.writes() == []
    assert read_live(journey.destination.store, [MONTH]) == before
    assert f"{len(before) // 4} of {len(before)} rows" in run.failure
    assert "brake_percent" in run.failure_parts["what to do"]
