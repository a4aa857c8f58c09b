"""The world moves on while a run is under way: clocks differ, and people edit at both ends."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from d2_assets.sandbox import Sandbox
from d2_assets_tests.journeys.faults import (
    Disturbance,
    Name,
    Standing,
    cross,
    in_turn,
    look,
    prepare,
    prove_every_row_is_accounted,
    prove_next_run,
    server_of,
    travel,
)
from d2_assets_tests.journeys.fixtures import DIRECTIONS, Start
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.loads import Change, load_update
from d2_assets_tests.journeys.world import MONTH, NOW, Key, read_live


def _set_clock(name: Name, hours: int) -> Change:
    def change(journey: Journey) -> None:
        server_of(journey, name).set_clock(lambda: NOW + timedelta(hours=hours))

    return change


@cross(
    [
        Disturbance(f"clock of {name} {hours:+} hours", before=_set_clock(name, hours))
        for name in ("national", "training")
        for hours in (3, -3)
    ]
)
def test_a_clock_that_is_hours_off(
    start_journey: Start, source: str, destination: str, load: Change, disturbance: Disturbance
) -> None:
    travel(start_journey(source, destination), load, disturbance)


def _numbers(journey: Journey, among: Sequence[Key]) -> list[Key]:
    """Keys with a whole number at the source that are longer than one digit."""
    live = read_live(journey.source.store, [MONTH])
    return [key for key in among if len(live[key][0]) > 1 and live[key][0].isdecimal()]


def _planned(before: Standing) -> list[Key]:
    """Live rows that will be written."""
    return [key for key, content in before.wanted.items() if content and key in before.changed]


def _delete(server: Sandbox, key: Key) -> None:
    found = server.store.find_value(key)
    assert found is not None
    server.store.delete_data_values([found])


@in_turn(3)
def test_what_changes_at_the_source_after_the_plan_comes_with_the_next_run(
    start_journey: Start, source: str, destination: str, load: Change
) -> None:
    journey = start_journey(source, destination)
    before = prepare(journey, load)
    changed, gone = _numbers(journey, _planned(before))[:2]

    def edit(_: object) -> None:
        journey.source.store.edit_value(changed, "1")
        _delete(journey.source, gone)

    with journey.between_plan_and_push(edit):
        run = journey.materialise(MONTH)
    assert run.success, run.failure
    assert all(check.passed for check in run.checks)
    assert journey.rows_sent() == before.different
    prove_every_row_is_accounted(journey, run, before)
    there = look(journey).there
    assert all(there.get(key) == content for key, content in before.wanted.items())
    assert prove_next_run(journey) == 2


@in_turn(4)
def test_what_someone_enters_at_the_destination_after_the_plan_gives_way(
    start_journey: Start, source: str, destination: str, load: Change
) -> None:
    """A planned row is written over it, as in every one-way pair."""
    journey = start_journey(source, destination)
    before = prepare(journey, load)
    key, other = _numbers(journey, _planned(before))[:2]

    def enter(_: object) -> None:
        for place in (key, other):
            found = journey.source.store.find_value(place)
            assert found is not None
            journey.destination.store.put_data_values([found])
        journey.destination.store.edit_value(other, "1")

    with journey.between_plan_and_push(enter):
        run = journey.materialise(MONTH)
    assert run.success, run.failure
    assert all(check.passed for check in run.checks)
    prove_every_row_is_accounted(journey, run, before)
    journey.prove_nothing_is_lost(MONTH)
    assert prove_next_run(journey) == 0


@pytest.mark.parametrize(("source", "destination"), DIRECTIONS[1::2])
def test_what_was_right_and_changes_after_the_plan_is_seen_and_mended_by_the_next_run(
    start_journey: Start, source: str, destination: str
) -> None:
    journey = start_journey(source, destination)
    before = prepare(journey, load_update)
    right = [key for key, there in before.there.items() if before.wanted.get(key) == there]
    changed, gone = _numbers(journey, right)[:2]

    def edit(_: object) -> None:
        journey.destination.store.edit_value(changed, "1")
        _delete(journey.destination, gone)

    with journey.between_plan_and_push(edit):
        run = journey.materialise(MONTH)
    assert run.success, run.failure
    equal = run.check("destination_equals_source")
    assert (equal.passed, equal.severity.value) == (False, "ERROR")
    assert "2 rows" in (equal.description or "")
    shown = {row["why"] for row in run.show(MONTH)["differences"]}
    assert shown == {"It changed at the destination during the run."}
    prove_every_row_is_accounted(journey, run, before, but=(changed, gone))
    assert prove_next_run(journey) == 2
