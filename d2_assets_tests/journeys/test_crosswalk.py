"""The destination knows the same things by other UIDs: what has one code is one thing."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from random import Random

import orjson
import pytest

from d2_assets.identifiers import generate_uid
from d2_assets.sandbox import StoredValue
from d2_assets_tests.journeys.both_ways import BACK, move, outcomes, rows_written
from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.refusing import remove_elements
from d2_assets_tests.journeys.working_off import replay
from d2_assets_tests.journeys.world import (
    MONTH,
    change_object,
    content_of,
    data_set_elements,
    element_id,
    find_object,
    list_registrations,
    list_values,
)

pytestmark = pytest.mark.one_direction

_UID = re.compile(rb"[A-Za-z][A-Za-z0-9]{10}")
Walk = Mapping[str, str]


def choose_uids(journey: Journey) -> Walk:
    """An element, its option combos, an org unit and a data set: other UIDs by the source's."""
    store = journey.source.store
    element = find_object(store, "dataElements", "OPD_MALARIA")
    used = [row for row in list_values(store, [MONTH]) if row.data_element == element["id"]]
    combos = {row.category_option_combo for row in used}
    data_set = find_object(store, "dataSets", "HF_MONTHLY")["id"]
    chosen = sorted({element["id"], used[0].org_unit, data_set, *combos})
    return {uid: generate_uid(Random(f"other/{uid}")) for uid in chosen}


def rename(journey: Journey, walk: Walk) -> None:
    """Give objects of the destination other UIDs, wherever they are named."""
    store = journey.destination.store

    def exchange(match: re.Match[bytes]) -> bytes:
        return walk.get(match[0].decode(), match[0].decode()).encode()

    for plural in store.plurals:
        bodies = store.metadata(plural)
        renamed = [orjson.loads(_UID.sub(exchange, orjson.dumps(body))) for body in bodies]
        if renamed != bodies:
            store.delete_metadata(plural, [body["id"] for body in bodies])
            store.put_metadata(plural, renamed)


def translate(rows: Iterable[StoredValue], walk: Walk) -> dict[tuple, tuple]:
    """Live rows by key, with the destination's UIDs."""
    translated = (
        replace(
            row,
            data_element=walk.get(row.data_element, row.data_element),
            org_unit=walk.get(row.org_unit, row.org_unit),
            category_option_combo=walk.get(row.category_option_combo, row.category_option_combo),
        )
        for row in rows
        if not row.deleted
    )
    return {row.key: content_of(row) for row in translated}


def live_malaria(journey: Journey) -> list[StoredValue]:
    """The source's values of one of the elements."""
    malaria = element_id(journey.source.store, "OPD_MALARIA")
    rows = list_values(journey.source.store, [MONTH])
    return [row for row in rows if row.data_element == malaria and not row.deleted]


def spoil(journey: Journey) -> StoredValue:
    """One of them becomes a word; gives it as it was."""
    spoilt = live_malaria(journey)[0]
    journey.source.store.put_data_values([replace(spoilt, value="few", last_updated=None)])
    return spoilt


def give_table(journey: Journey, *lines: str) -> None:
    """The pair's own table of matches, beside the settings file."""
    text = "\n".join(["class,source,destination,note", *lines])
    (journey.folder / "matches.csv").write_text(text, encoding="utf-8")
    journey.pair["metadata"] = {"crosswalk": "matches.csv"}


def assert_equal(journey: Journey, walk: Walk) -> None:
    theirs = translate(list_values(journey.source.store, [MONTH]), walk)
    ours = translate(list_values(journey.destination.store, [MONTH]), {})
    assert ours == theirs


@pytest.mark.directions_in_turn
def test_values_arrive_under_the_destinations_uids(journey: Journey) -> None:
    walk = choose_uids(journey)
    rename(journey, walk)
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    assert "quarantined" not in run.outcomes(MONTH)
    assert_equal(journey, walk)
    registered = list_registrations(journey.destination.store, [MONTH])
    assert len(registered) == len(list_registrations(journey.source.store, [MONTH]))
    assert {one.data_set for one in registered}.isdisjoint(walk)
    assert all(check.passed for check in run.checks)


def test_a_second_run_writes_nothing(journey: Journey) -> None:
    rename(journey, choose_uids(journey))
    journey.materialise(MONTH)
    journey.clear_requests()
    run = journey.materialise(MONTH)
    assert set(run.outcomes(MONTH)) == {"unchanged"}
    assert journey.writes() == []


def test_updates_and_deletes_travel_to_the_renamed_rows(journey: Journey) -> None:
    walk = choose_uids(journey)
    rename(journey, walk)
    journey.materialise(MONTH)
    store = journey.source.store
    live = live_malaria(journey)
    store.put_data_values([replace(live[0], value="777", last_updated=None)])
    store.delete_data_values([live[1]])
    run = journey.materialise(MONTH)
    assert (run.outcomes(MONTH)["updated"], run.outcomes(MONTH)["deleted"]) == (1, 1)
    assert_equal(journey, walk)


def test_only_the_option_combos_differ(journey: Journey) -> None:
    """As when both servers made them by themselves: nothing else is strange."""
    store = journey.source.store
    combos = {row.category_option_combo for row in list_values(store, [MONTH])}
    default = find_object(store, "categoryOptionCombos", "default")["id"]
    walk = {uid: generate_uid(Random(f"made/{uid}")) for uid in sorted(combos - {default})}
    rename(journey, walk)
    journey.destination.store.put_metadata(
        "categoryOptionCombos",
        [
            {name: value for name, value in body.items() if name != "code"}
            for body in journey.destination.store.metadata("categoryOptionCombos")
            if body["id"] != default
        ],
    )
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    assert "quarantined" not in run.outcomes(MONTH)
    assert_equal(journey, walk)


def test_what_waits_in_quarantine_is_replayed_under_the_destinations_uids(
    journey: Journey,
) -> None:
    walk = choose_uids(journey)
    rename(journey, walk)
    store = journey.source.store
    malaria = element_id(store, "OPD_MALARIA")
    spoilt = spoil(journey)
    journey.materialise(MONTH)
    (row,) = journey.quarantine(MONTH)
    assert row["data_element"] == malaria
    assert f"data_element {walk[malaria]}" in row["at_destination"]
    store.put_data_values([replace(spoilt, value="8", last_updated=None)])
    run = replay(journey, rows=[row["id"]])
    assert run.success, run.failure
    assert journey.quarantine(MONTH) == []
    assert_equal(journey, walk)


def test_servers_that_share_their_uids_are_asked_for_no_identities(journey: Journey) -> None:
    journey.materialise(MONTH)
    asked = [record for record in journey.requests() if "username" in record.query]
    assert [record.path for record in asked if record.path != "/api/me"] == []


@pytest.fixture
def two_way(journey: Journey) -> Journey:
    journey.pairs[BACK] = {"source": "training", "destination": "national"}
    return journey


@pytest.mark.directions_in_turn
def test_two_ways_bring_no_echo(two_way: Journey) -> None:
    walk = choose_uids(two_way)
    rename(two_way, walk)
    move(two_way, PAIR)
    assert rows_written(two_way) > 0
    for pair in (BACK, PAIR, BACK):
        move(two_way, pair)
        assert rows_written(two_way) == 0
    assert_equal(two_way, walk)


def test_edits_at_either_end_are_told_from_what_both_were_seen_to_share(two_way: Journey) -> None:
    walk = choose_uids(two_way)
    rename(two_way, walk)
    theirs, others = live_malaria(two_way)[:2]
    move(two_way, PAIR)
    ours = translate([theirs], walk)
    ((key, _),) = ours.items()
    (edited,) = [row for row in two_way.destination.store.data_values() if row.key == key]
    two_way.destination.store.put_data_values([replace(edited, value="77", last_updated=None)])
    two_way.source.store.put_data_values([replace(others, value="78", last_updated=None)])
    run = move(two_way, PAIR)
    assert outcomes(run) == {"updated": 1, "destination_newer": 1}
    assert run.show(MONTH)["changed_on_both_sides"] == 0
    assert outcomes(move(two_way, BACK)) == {"updated": 1}
    two_way.clear_requests()
    assert outcomes(move(two_way, PAIR)) == {}
    assert rows_written(two_way) == 0
    assert_equal(two_way, walk)


def test_a_range_of_months_is_told_apart(journey: Journey) -> None:
    walk = choose_uids(journey)
    rename(journey, walk)
    spoil(journey)
    run = journey.materialise("202403", MONTH)
    assert run.success, run.failure
    assert journey.quarantine("202403") == []
    assert len(journey.quarantine(MONTH)) == 1


def test_what_waited_for_its_match_leaves_the_list_when_it_has_one(journey: Journey) -> None:
    """The destination gets the element later, and by another UID: it is the same row."""
    walk = choose_uids(journey)
    store = journey.destination.store
    malaria = find_object(store, "dataElements", "OPD_MALARIA")
    remember = {"dataElements": [malaria], "dataSets": store.metadata("dataSets")}
    remove_elements(store, "HF_MONTHLY", {malaria["id"]})
    journey.materialise(MONTH)
    assert {row["data_element"] for row in journey.quarantine(MONTH)} == {malaria["id"]}
    for plural, bodies in remember.items():
        store.put_metadata(plural, bodies)
    only = {malaria["id"]: walk[malaria["id"]]}
    rename(journey, only)
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    assert journey.quarantine(MONTH) == []
    assert_equal(journey, only)


def test_the_pairs_own_table_says_what_no_code_tells(journey: Journey) -> None:
    malaria = element_id(journey.source.store, "OPD_MALARIA")
    walk = {malaria: "otherMalar1"}
    rename(journey, walk)
    change_object(
        journey.destination.store, "dataElements", "OPD_MALARIA", {"code": "M", "name": "Fièvre"}
    )
    journey.materialise(MONTH)
    assert {row["data_element"] for row in journey.quarantine(MONTH)} == {malaria}
    give_table(journey, f"dataElements,{malaria},otherMalar1,same form")
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    assert journey.quarantine(MONTH) == []
    assert_equal(journey, walk)


def test_two_elements_are_never_merged_into_one(journey: Journey) -> None:
    """The table takes the place of an element that the source has too: that one waits."""
    store = journey.source.store
    malaria = element_id(store, "OPD_MALARIA")
    other = next(uid for uid in data_set_elements(store, "HF_MONTHLY") if uid != malaria)
    of_other = [row for row in list_values(store, [MONTH]) if row.data_element == other]
    give_table(journey, f"dataElements,{malaria},{other},")
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    waiting = [row for row in journey.quarantine(MONTH) if row["data_element"] == other]
    assert {row["code"] for row in waiting} == {"identity_unclear"}
    assert len(waiting) == len(of_other) > 0
    assert malaria in waiting[0]["reason"]
    there = {row.key: content_of(row) for row in list_values(journey.destination.store, [MONTH])}
    of_malaria = [replace(row, data_element=other) for row in live_malaria(journey)]
    assert {row.key: content_of(row) for row in of_malaria}.items() <= there.items()
    assert [
        key for key in there if other in key if key not in {row.key for row in of_malaria}
    ] == []
