"""The destination knows the same things by other UIDs: what has one code is one thing."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from random import Random

import orjson
import pytest

from d2_assets.identifiers import generate_uid
from d2_assets.sandbox import StoredValue
from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.working_off import replay
from d2_assets_tests.journeys.world import (
    MONTH,
    content_of,
    element_id,
    find_object,
    list_registrations,
    list_values,
)

pytestmark = pytest.mark.directions_in_turn

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


def assert_equal(journey: Journey, walk: Walk) -> None:
    theirs = translate(list_values(journey.source.store, [MONTH]), walk)
    ours = translate(list_values(journey.destination.store, [MONTH]), {})
    assert ours == theirs


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
    malaria = element_id(store, "OPD_MALARIA")
    live = [
        row
        for row in list_values(store, [MONTH])
        if row.data_element == malaria and not row.deleted
    ]
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
    spoilt = next(
        row
        for row in list_values(store, [MONTH])
        if row.data_element == malaria and not row.deleted
    )
    store.put_data_values([replace(spoilt, value="few", last_updated=None)])
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


def test_two_ways_bring_no_echo(journey: Journey) -> None:
    journey.pairs["back"] = {"source": "training", "destination": "national"}
    walk = choose_uids(journey)
    rename(journey, walk)
    journey.materialise(MONTH, pairs=[PAIR])
    journey.clear_requests()
    run = journey.materialise(MONTH, pairs=["back"])
    assert run.success, run.failure
    assert journey.writes() == []
    assert_equal(journey, walk)
