"""Pairs that run in both directions: no echo, no edit lost, and every gap named."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from d2_assets.sandbox import Sandbox, StoredValue
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import (
    CURRENT,
    MONTH,
    NOW,
    Key,
    element_id,
    find_month,
    list_values,
    read_live,
)

BACK = "training--national"
HOUR = timedelta(hours=1)


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


def _set_rule(journey: Journey, **conflicts: str) -> None:
    for pair in journey.pairs.values():
        pair["conflicts"] = conflicts


def _move(journey: Journey, pair: str, month: str = MONTH) -> Run:
    run = journey.materialise(month, pairs=(pair,))
    assert run.success, run.failure
    return run


def _rows_written(journey: Journey) -> int:
    """Data values that either server was sent since the last look."""
    rows = sum(record.rows for record in journey.writes())
    journey.clear_requests()
    return rows


def _outcomes(run: Run, month: str = MONTH) -> dict[str, int]:
    """Outcomes of the values without those that say that all was right."""
    return {name: rows for name, rows in run.outcomes(month).items() if name != "unchanged"}


def _keys(server: Sandbox, month: str = MONTH) -> list[Key]:
    """Keys of whole numbers of the month that are there."""
    element = element_id(server.store, "OPD_MALARIA")
    return [
        value.key
        for value in list_values(server.store, [month])
        if not value.deleted and value.data_element == element and (value.value or "").isdigit()
    ]


def _value(server: Sandbox, key: Key) -> str | None:
    found = server.store.find_value(key)
    return None if found is None or found.deleted else found.value


def _bump_stamps(server: Sandbox) -> None:
    """What a metadata import does: every row was updated, and nobody edited it."""
    late = int((NOW + HOUR).timestamp() * 1000)
    values: Iterable[StoredValue] = server.store.data_values()
    server.store.put_data_values([replace(value, last_updated=late) for value in values])


def test_there_and_back_again_brings_no_echo(two_way: Journey) -> None:
    _move(two_way, PAIR)
    assert _rows_written(two_way) > 0
    for pair in (BACK, PAIR, BACK):
        run = _move(two_way, pair)
        assert _rows_written(two_way) == 0
        assert run.check("destination_equals_source").passed
    for server in (two_way.source, two_way.destination):
        _bump_stamps(server)
        for pair in (PAIR, BACK):
            _move(two_way, pair)
            assert _rows_written(two_way) == 0
    two_way.prove_nothing_is_lost(MONTH)
    two_way.prove_nothing_is_lost(MONTH, pair=BACK)


def test_an_edit_at_the_destination_stays_and_is_brought_back(two_way: Journey) -> None:
    _move(two_way, PAIR)
    changed, gone, ours = _keys(two_way.source)[:3]
    two_way.destination.store.edit_value(changed, "4711")
    two_way.destination.store.delete_data_values([_stored(two_way.destination, gone)])
    two_way.source.store.edit_value(ours, "4712")
    _bump_stamps(two_way.source)
    run = _move(two_way, PAIR)
    assert _outcomes(run) == {"updated": 1, "destination_newer": 2}
    equal = run.check("destination_equals_source")
    assert (equal.passed, equal.severity.value) == (False, "WARN")
    assert "2 newer at the destination" in (equal.description or "")
    assert run.show(MONTH)["changed_on_both_sides"] == 0
    assert _value(two_way.destination, changed) == "4711"
    assert _value(two_way.destination, gone) is None
    two_way.prove_nothing_is_lost(MONTH, missing={changed, gone})

    back = _move(two_way, BACK)
    assert _outcomes(back) == {"updated": 1, "deleted": 1}
    assert _value(two_way.source, changed) == "4711"
    assert _value(two_way.source, gone) is None
    two_way.prove_nothing_is_lost(MONTH, pair=BACK)
    two_way.clear_requests()
    assert _outcomes(_move(two_way, PAIR)) == {}
    assert _rows_written(two_way) == 0
    assert read_live(two_way.source.store, [MONTH]) == read_live(two_way.destination.store, [MONTH])


def test_a_value_that_was_entered_at_the_destination_travels_back_and_no_mirror_takes_it(
    one_version: Journey,
) -> None:
    journey = one_version
    journey.pair["deletes"] = {"mirror": True}
    new, vanished = _keys(journey.source)[:2]
    journey.source.store.delete_data_values([_stored(journey.source, new)], forever=True)
    _move(journey, PAIR)
    journey.destination.store.edit_value(new, "4711")
    journey.source.store.delete_data_values([_stored(journey.source, vanished)], forever=True)
    run = _move(journey, PAIR)
    shown = run.show(MONTH)
    assert (shown["destination_only"], shown["mirror_deleted"]) == (2, 1)
    assert _value(journey.destination, new) == "4711"
    assert _value(journey.destination, vanished) is None
    assert _outcomes(_move(journey, BACK)) == {"created": 1}
    assert _value(journey.source, new) == "4711"


def _edit_both(journey: Journey) -> Key:
    """One and the same value is edited at both ends, at the destination last."""
    _move(journey, PAIR)
    key = _keys(journey.source)[0]
    journey.source.store.edit_value(key, "4711", at=NOW)
    journey.destination.store.edit_value(key, "4712", at=NOW + HOUR)
    return key


def test_a_conflict_waits_for_a_person(two_way: Journey) -> None:
    key = _edit_both(two_way)
    for pair, value in ((PAIR, "4711"), (BACK, "4712")):
        two_way.clear_requests()
        run = _move(two_way, pair)
        assert _outcomes(run) == {"quarantined": 1}
        assert run.show(MONTH)["changed_on_both_sides"] == 1
        assert _rows_written(two_way) == 0
        (waiting,) = two_way.quarantine(MONTH, pair)
        assert (waiting["code"], waiting["value"]) == ("changed_on_both_sides", value)
        two_way.prove_nothing_is_lost(MONTH, missing={key}, pair=pair)
    # A person makes both alike at one end: nothing is left to decide.
    two_way.source.store.edit_value(key, "4712")
    run = _move(two_way, PAIR)
    assert _outcomes(run) == {}
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
    _set_rule(journey, **rule)
    key = _edit_both(journey)
    run = _move(journey, PAIR)
    assert _outcomes(run) == {forth: 1}
    assert run.show(MONTH)["changed_on_both_sides"] == 1
    marked = [row for row in journey.ledger(MONTH) if row["in_conflict"]]
    assert [row["outcome"] for row in marked] == [forth]
    assert _outcomes(_move(journey, BACK)) == ({back: 1} if back else {})
    assert _value(journey.source, key) == _value(journey.destination, key) == winner
    assert _outcomes(_move(journey, PAIR)) == {}


@pytest.mark.parametrize("fast", ["source", "destination"])
@pytest.mark.parametrize("hours", [3, -3])
def test_the_newest_edit_wins_also_when_a_clock_is_three_hours_off(
    one_version: Journey, fast: str, hours: int
) -> None:
    journey = one_version
    _set_rule(journey, rule="newest")
    _move(journey, PAIR)
    first, second = _keys(journey.source)[:2]
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
    run = _move(journey, PAIR)
    assert _outcomes(run) == {"updated": 1, "destination_newer": 1}
    assert run.show(MONTH)["changed_on_both_sides"] == 2
    _move(journey, BACK)
    for server in (journey.source, journey.destination):
        assert (_value(server, first), _value(server, second)) == ("2", "2")


def test_a_one_way_pair_writes_over_an_edit_at_the_destination(one_version: Journey) -> None:
    journey = one_version
    journey.pairs[BACK]["active"] = False
    _move(journey, PAIR)
    key = _keys(journey.source)[0]
    before = _value(journey.source, key)
    journey.destination.store.edit_value(key, "4711")
    run = _move(journey, PAIR)
    assert _outcomes(run) == {"updated": 1}
    assert _value(journey.destination, key) == before
    assert run.show(MONTH)["changed_on_both_sides"] == 0


def test_a_pair_that_becomes_two_way_knows_what_was_shared_before(one_version: Journey) -> None:
    journey = one_version
    back = journey.pairs.pop(BACK)
    _move(journey, PAIR)
    journey.pairs[BACK] = back
    key = _keys(journey.source)[0]
    journey.destination.store.edit_value(key, "4711")
    assert _outcomes(_move(journey, PAIR)) == {"destination_newer": 1}
    assert _outcomes(_move(journey, BACK)) == {"updated": 1}
    assert _value(journey.source, key) == "4711"


def test_two_filled_servers_that_meet_for_the_first_time_overwrite_nothing(
    one_version: Journey,
) -> None:
    journey = one_version
    key = _keys(journey.source)[0]
    journey.destination.store.put_data_values(list_values(journey.source.store, [MONTH]))
    journey.destination.store.edit_value(key, "4711")
    journey.clear_requests()
    for pair in (PAIR, BACK):
        run = _move(journey, pair)
        assert _outcomes(run) == {"quarantined": 1}
        assert run.show(MONTH)["changed_on_both_sides"] == 1
        assert _rows_written(journey) == 0


def test_a_running_quarter_is_remembered_when_its_partition_changes(
    one_version: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In May the second quarter belongs to May's partition, in June to June's."""
    journey = one_version
    _move(journey, PAIR, CURRENT)
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
    assert _outcomes(_move(journey, PAIR, "202406"), "202406") == {"destination_newer": 1}


def test_a_preview_tells_edits_of_the_destination_from_ours(one_version: Journey) -> None:
    key = _edit_both(one_version)
    other = next(uid for uid in _keys(one_version.source) if uid != key)
    one_version.destination.store.edit_value(other, "4711")
    shown = one_version.preview(MONTH).observe(MONTH, "plan")
    assert (shown["destination_newer"], shown["quarantined"]) == (1, 1)
    assert (shown["changed_on_both_sides"], shown["rows_to_send"]) == (1, 0)


def _stored(server: Sandbox, key: Key) -> StoredValue:
    found = server.store.find_value(key)
    assert found is not None
    return found
