"""Pairs that run in both directions: no echo, no edit lost, and every gap named."""

from datetime import timedelta

import pytest

from d2_assets_tests.journeys.both_ways import (
    BACK,
    HOUR,
    bump_stamps,
    edit_both,
    keys_of,
    move,
    outcomes,
    rows_written,
    set_rule,
    stored,
    value_at,
)
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.world import (
    CURRENT,
    MONTH,
    NOW,
    find_month,
    list_values,
    read_live,
)


@pytest.fixture
def two_way(journey: Journey) -> Journey:
    """Both directions between 2.40 and 2.43."""
    journey.pairs[BACK] = {"source": "training", "destination": "national"}
    return journey


@pytest.fixture
def one_version(start_journey: Start) -> Journey:
    """Both directions between two servers of 2.40: for what no version decides."""
    journey = start_journey("2.40", "2.40")
    journey.pairs[BACK] = {"source": "training", "destination": "national"}
    return journey


def test_there_and_back_again_brings_no_echo(two_way: Journey) -> None:
    move(two_way, PAIR)
    assert rows_written(two_way) > 0
    for pair in (BACK, PAIR, BACK):
        run = move(two_way, pair)
        assert rows_written(two_way) == 0
        assert run.check("destination_equals_source").passed
    for server in (two_way.source, two_way.destination):
        bump_stamps(server)
        for pair in (PAIR, BACK):
            move(two_way, pair)
            assert rows_written(two_way) == 0
    two_way.prove_nothing_is_lost(MONTH)
    two_way.prove_nothing_is_lost(MONTH, pair=BACK)


def test_an_edit_at_the_destination_stays_and_is_brought_back(two_way: Journey) -> None:
    move(two_way, PAIR)
    changed, gone, ours = keys_of(two_way.source)[:3]
    two_way.destination.store.edit_value(changed, "4711")
    two_way.destination.store.delete_data_values([stored(two_way.destination, gone)])
    two_way.source.store.edit_value(ours, "4712")
    bump_stamps(two_way.source)
    run = move(two_way, PAIR)
    assert outcomes(run) == {"updated": 1, "destination_newer": 2}
    equal = run.check("destination_equals_source")
    assert (equal.passed, equal.severity.value) == (False, "WARN")
    assert "2 newer at the destination" in (equal.description or "")
    assert run.show(MONTH)["changed_on_both_sides"] == 0
    assert value_at(two_way.destination, changed) == "4711"
    assert value_at(two_way.destination, gone) is None
    two_way.prove_nothing_is_lost(MONTH, missing={changed, gone})

    back = move(two_way, BACK)
    assert outcomes(back) == {"updated": 1, "deleted": 1}
    assert value_at(two_way.source, changed) == "4711"
    assert value_at(two_way.source, gone) is None
    two_way.prove_nothing_is_lost(MONTH, pair=BACK)
    two_way.clear_requests()
    assert outcomes(move(two_way, PAIR)) == {}
    assert rows_written(two_way) == 0
    assert read_live(two_way.source.store, [MONTH]) == read_live(two_way.destination.store, [MONTH])


def test_a_value_that_was_entered_at_the_destination_travels_back_and_no_mirror_takes_it(
    one_version: Journey,
) -> None:
    journey = one_version
    journey.pair["deletes"] = {"mirror": True}
    new, vanished = keys_of(journey.source)[:2]
    journey.source.store.delete_data_values([stored(journey.source, new)], forever=True)
    move(journey, PAIR)
    journey.destination.store.edit_value(new, "4711")
    journey.source.store.delete_data_values([stored(journey.source, vanished)], forever=True)
    run = move(journey, PAIR)
    shown = run.show(MONTH)
    assert (shown["destination_only"], shown["mirror_deleted"]) == (2, 1)
    assert value_at(journey.destination, new) == "4711"
    assert value_at(journey.destination, vanished) is None
    assert outcomes(move(journey, BACK)) == {"created": 1}
    assert value_at(journey.source, new) == "4711"


def test_a_conflict_waits_for_a_person(two_way: Journey) -> None:
    key = edit_both(two_way)
    for pair, value in ((PAIR, "4711"), (BACK, "4712")):
        two_way.clear_requests()
        run = move(two_way, pair)
        assert outcomes(run) == {"quarantined": 1}
        assert run.show(MONTH)["changed_on_both_sides"] == 1
        assert rows_written(two_way) == 0
        (waiting,) = two_way.quarantine(MONTH, pair)
        assert (waiting["code"], waiting["value"]) == ("changed_on_both_sides", value)
        two_way.prove_nothing_is_lost(MONTH, missing={key}, pair=pair)
    # A person makes both alike at one end: nothing is left to decide.
    two_way.source.store.edit_value(key, "4712")
    run = move(two_way, PAIR)
    assert outcomes(run) == {}
    assert run.show(MONTH)["changed_on_both_sides"] == 0
    two_way.prove_nothing_is_lost(MONTH)


@pytest.mark.parametrize(
    ("rule", "winner", "forth", "back"),
    [
        ({"rule": "newest"}, "4712", "destination_newer", "updated"),
        (
            {"rule": "priority", "priority_instance": "training"},
            "4712",
            "destination_newer",
            "updated",
        ),
        ({"rule": "priority", "priority_instance": "national"}, "4711", "updated", ""),
    ],
)
def test_a_conflict_goes_by_the_rule_and_is_counted(
    one_version: Journey, rule: dict[str, str], winner: str, forth: str, back: str
) -> None:
    journey = one_version
    set_rule(journey, **rule)
    key = edit_both(journey)
    run = move(journey, PAIR)
    assert outcomes(run) == {forth: 1}
    assert run.show(MONTH)["changed_on_both_sides"] == 1
    marked = [row for row in journey.ledger(MONTH) if row["in_conflict"]]
    assert [row["outcome"] for row in marked] == [forth]
    assert outcomes(move(journey, BACK)) == ({back: 1} if back else {})
    assert value_at(journey.source, key) == value_at(journey.destination, key) == winner
    assert outcomes(move(journey, PAIR)) == {}


@pytest.mark.parametrize("fast", ["source", "destination"])
@pytest.mark.parametrize("hours", [3, -3])
def test_the_newest_edit_wins_also_when_a_clock_is_three_hours_off(
    one_version: Journey, fast: str, hours: int
) -> None:
    journey = one_version
    set_rule(journey, rule="newest")
    move(journey, PAIR)
    first, second = keys_of(journey.source)[:2]
    off = {"source": 0 * HOUR, "destination": 0 * HOUR} | {fast: hours * HOUR}

    def stand(minutes: int) -> None:
        """Both clocks so many minutes later, one of them off."""
        now = NOW + timedelta(minutes=minutes)
        journey.source.set_clock(lambda: now + off["source"])
        journey.destination.set_clock(lambda: now + off["destination"])

    stand(10)
    journey.source.store.edit_value(first, "1")
    journey.destination.store.edit_value(second, "1")
    stand(20)
    journey.destination.store.edit_value(first, "2")
    journey.source.store.edit_value(second, "2")
    stand(30)
    run = move(journey, PAIR)
    assert outcomes(run) == {"updated": 1, "destination_newer": 1}
    assert run.show(MONTH)["changed_on_both_sides"] == 2
    move(journey, BACK)
    for server in (journey.source, journey.destination):
        assert (value_at(server, first), value_at(server, second)) == ("2", "2")


def test_a_one_way_pair_writes_over_an_edit_at_the_destination(one_version: Journey) -> None:
    journey = one_version
    journey.pairs[BACK]["active"] = False
    move(journey, PAIR)
    key = keys_of(journey.source)[0]
    before = value_at(journey.source, key)
    journey.destination.store.edit_value(key, "4711")
    run = move(journey, PAIR)
    assert outcomes(run) == {"updated": 1}
    assert value_at(journey.destination, key) == before
    assert run.show(MONTH)["changed_on_both_sides"] == 0


def test_a_pair_that_becomes_two_way_knows_what_was_shared_before(one_version: Journey) -> None:
    journey = one_version
    back = journey.pairs.pop(BACK)
    move(journey, PAIR)
    journey.pairs[BACK] = back
    key = keys_of(journey.source)[0]
    journey.destination.store.edit_value(key, "4711")
    assert outcomes(move(journey, PAIR)) == {"destination_newer": 1}
    assert outcomes(move(journey, BACK)) == {"updated": 1}
    assert value_at(journey.source, key) == "4711"


def test_two_filled_servers_that_meet_for_the_first_time_overwrite_nothing(
    one_version: Journey,
) -> None:
    journey = one_version
    key = keys_of(journey.source)[0]
    journey.destination.store.put_data_values(list_values(journey.source.store, [MONTH]))
    journey.destination.store.edit_value(key, "4711")
    journey.clear_requests()
    for pair in (PAIR, BACK):
        run = move(journey, pair)
        assert outcomes(run) == {"quarantined": 1}
        assert run.show(MONTH)["changed_on_both_sides"] == 1
        assert rows_written(journey) == 0


def test_a_running_quarter_is_remembered_when_its_partition_changes(
    one_version: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In May the second quarter belongs to May's partition, in June to June's."""
    journey = one_version
    move(journey, PAIR, CURRENT)
    quarterly = [
        value
        for value in list_values(journey.source.store, [CURRENT])
        if value.period == "2024Q2" and not value.deleted and (value.value or "").isdigit()
    ]
    key = quarterly[0].key
    journey.destination.store.edit_value(key, "4711")
    june = NOW.date() + timedelta(days=31)
    monkeypatch.setattr(
        "d2_assets_tests.journeys.world.StandingDate.today", classmethod(lambda cls: june)
    )
    assert find_month("2024Q2") == CURRENT
    assert outcomes(move(journey, PAIR, "202406"), "202406") == {"destination_newer": 1}


def test_a_preview_tells_edits_of_the_destination_from_ours(one_version: Journey) -> None:
    key = edit_both(one_version)
    other = next(uid for uid in keys_of(one_version.source) if uid != key)
    one_version.destination.store.edit_value(other, "4711")
    shown = one_version.preview(MONTH).observe(MONTH, "plan")
    assert (shown["destination_newer"], shown["quarantined"]) == (1, 1)
    assert (shown["changed_on_both_sides"], shown["rows_to_send"]) == (1, 0)
