"""Sweeps: what no time of change shows at the source is found in the hashes of whole months."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from d2_assets.ledger.written import OwnWrites
from d2_assets.sandbox import Sandbox
from d2_assets.sandbox.stored_tracker import StoredObject
from d2_assets.settings import load_settings
from d2_assets.staging.layout import Home
from d2_assets.sync.connect import connect
from d2_assets.watching.facts import read_facts
from d2_assets.watching.looks import look
from d2_assets.watching.marks import begin
from d2_assets.watching.resources import Resource
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.test_tracker_changes import reports, visits
from d2_assets_tests.journeys.tracker_world import MONTHS, Contents, read_program, start_tracked
from d2_assets_tests.journeys.world import (
    CURRENT,
    NOW,
    TODAY,
    find_object,
    list_registrations,
    list_values,
)

THREE = ("202403", "202404", CURRENT)
_CHANGED_ONLY = {"resources": {"launch": {"config": {"changed_only": True}}}}


def sweep(journey: Journey, job: str, months: Sequence[str]) -> Run:
    """The job with changed_only, for a month or a range; both servers forget what went before."""
    journey.clear_requests()
    first, last = f"{PAIR}|{months[0]}", f"{PAIR}|{months[-1]}"
    done = (
        journey.build_definitions()
        .resolve_job_def(job)
        .execute_in_process(
            run_config=_CHANGED_ONLY,
            instance=journey.instance,
            raise_on_error=False,
            partition_key=first if first == last else None,
            tags={
                "dagster/asset_partition_range_start": first,
                "dagster/asset_partition_range_end": last,
            }
            if first != last
            else None,
        )
    )
    run = Run(journey.instance, done.run_id)
    assert run.success, run.failure
    return run


def moved(run: Run, asset: str = "data_values") -> list[str]:
    """The months of an asset that were moved."""
    return [key.partition("|")[2] for key in run.materialised_of(f"data/{asset}")]


def passed_over(run: Run, asset: str = "data_values") -> list[str]:
    """The months of an asset that an observation says were swept and found unchanged."""
    return sorted(
        str(item.partition).partition("|")[2]
        for item in run.observations
        if item.asset_key.path[-1] == asset
        and "swept" in item.metadata
        and item.metadata["swept"].value == "unchanged"
    )


def look_for_changes(journey: Journey, data_set: str) -> set[str]:
    """The months in which a look at the times of change of the last day sees anything."""
    settings = load_settings(journey.write_settings(), {})
    (pair,) = settings.pairs
    with closing(connect(settings, "national")) as client:
        facts = read_facts(client, pair, NOW.timestamp)
        found = look(
            client,
            Resource("data_set", data_set),
            facts,
            begin(client, facts, 24),
            pair=pair,
            overlap_seconds=120,
            own_writes=OwnWrites(Home(journey.home), "national"),
            today=TODAY,
            first_month=settings.first_month,
            folder=journey.folder,
            clock=NOW.timestamp,
        )
    return set(found.months)


def count_reads(server: Sandbox) -> int:
    return len([record for record in server.requests() if record.method == "GET"])


def list_hashes(journey: Journey) -> set[str]:
    return {path.stem for path in Path(journey.home / "hashes").rglob("*.json")}


def weigh_without_stamp(journey: Journey, event: StoredObject) -> None:
    """Set a data value of an event behind the back of its server."""
    weight = read_program(journey).weight
    values = [one for one in event.body["dataValues"] if one["dataElement"] != weight]
    values.append({"dataElement": weight, "value": "7.25"})
    journey.source.store.tracker.put([event.with_body({**event.body, "dataValues": values})])


def prove_alike(journey: Journey, item: StoredObject) -> None:
    """The destination holds an object as the source holds it now."""
    here, there = (one.store.tracker.find(item.kind, item.uid) for one in journey.servers)
    assert here is not None
    assert there is not None
    assert Contents(journey.destination).read(there) == Contents(journey.source).read(here)


def test_a_sweep_of_values_moves_the_months_that_hold_something_else(
    start_journey: Start,
) -> None:
    journey = start_journey("2.40", "2.42")
    store = journey.source.store
    first = sweep(journey, "data", THREE)
    assert moved(first) == list(THREE), "nothing was noted yet"
    assert list_hashes(journey) == set(THREE)
    reads = count_reads(journey.source)

    again = sweep(journey, "data", THREE)
    assert (moved(again), passed_over(again)) == ([], list(THREE))
    assert journey.destination.requests() == [], "a sweep asks the source alone"
    assert 0 < count_reads(journey.source) <= reads

    row, gone, *_ = (
        value for value in list_values(store, ["202403"]) if not value.deleted and value.value
    )
    store.put_data_values([replace(row, comment="late", last_updated=row.created or 0)])
    data_sets = [
        body["id"]
        for body in store.metadata("dataSets")
        if row.data_element in {one["dataElement"]["id"] for one in body["dataSetElements"]}
    ]
    assert all("202403" not in look_for_changes(journey, uid) for uid in data_sets)
    found = sweep(journey, "data", THREE)
    assert (moved(found), passed_over(found)) == (["202403"], ["202404", CURRENT])
    assert journey.rows_sent() == 1
    journey.prove_nothing_is_lost(*THREE)

    known, *_ = list_registrations(store, ["202404"])
    store.put_registrations([replace(known, completed=not known.completed)])
    store.delete_data_values([gone], forever=True)
    found = sweep(journey, "data", THREE)
    assert (moved(found), passed_over(found)) == (["202403", "202404"], [CURRENT])
    assert journey.rows_sent() == 0
    journey.prove_registrations(*THREE)

    journey.pair["filters"] = {"data_sets": [find_object(store, "dataSets", "HF_MONTHLY")["id"]]}
    assert moved(sweep(journey, "data", THREE)) == list(THREE), "other filters, other months"
    one = sweep(journey, "data", [CURRENT])
    assert (moved(one), passed_over(one)) == ([], [CURRENT])


def test_a_sweep_finds_events_and_entities_that_changed_without_a_stamp(
    start_journey: Start,
) -> None:
    journey = start_tracked(start_journey, "2.42", "2.40")
    store = journey.source.store.tracker
    first = sweep(journey, "all_data", MONTHS)
    for asset in ("events", "tracker"):
        assert set(MONTHS) <= set(moved(first, asset))
    again = sweep(journey, "all_data", MONTHS)
    for asset in ("events", "tracker", "data_values"):
        assert (moved(again, asset), passed_over(again, asset)) == ([], list(MONTHS))
    assert journey.destination.requests() == []

    event = reports(journey)[0]
    weigh_without_stamp(journey, event)
    found = sweep(journey, "all_data", MONTHS)
    assert (moved(found, "events"), moved(found, "tracker")) == ([MONTHS[0]], [])
    prove_alike(journey, event)

    visit = visits(journey)[0]
    weigh_without_stamp(journey, visit)
    entity = store.find("trackedEntity", visit.tracked_entity)
    assert entity is not None
    month = datetime.fromtimestamp((entity.updated_at or 0) / 1000, UTC).strftime("%Y%m")
    found = sweep(journey, "all_data", MONTHS)
    assert (moved(found, "events"), moved(found, "tracker")) == ([], [max(month, MONTHS[0])])
    prove_alike(journey, visit)
