"""What changed at the source since the first load is sent, and nothing else."""

from d2_assets.sandbox.stored_tracker import StoredObject
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.tracker_world import (
    MONTHS,
    Contents,
    imports,
    ledger,
    list_contacts,
    live,
    move,
    outcomes,
    prove_landed,
    prove_sound,
    read_program,
    show,
    single_programs,
    start_tracked,
)
from d2_assets_tests.journeys.world import CURRENT, NOW, find_month


def visits(journey: Journey) -> list[StoredObject]:
    """Completed events of enrollments."""
    return [
        item
        for item in live(journey.source, "event")
        if item.enrollment and item.body["status"] == "COMPLETED"
    ]


def reports(journey: Journey) -> list[StoredObject]:
    """Events without registration, of the first month."""
    single = single_programs(journey.source)
    ends = {
        uid for item in live(journey.source, "relationship") for uid in (item.from_uid, item.to_uid)
    }
    return [
        item
        for item in live(journey.source, "event")
        if item.program in single
        and item.uid not in ends
        and find_month(item.occurred_at[:7].replace("-", "")) == MONTHS[0]
    ]


def changed(journey: Journey, asset: str, month: str = "") -> dict[str, str]:
    """What became of the objects that were not right already, nor wait for the other asset."""
    contacts = {uid for _, uid in list_contacts(journey.source)}
    return {
        row["id"]: row["outcome"]
        for row in ledger(journey, asset)
        if row["outcome"] != "unchanged"
        and row["id"] not in contacts
        and month in ("", row["month"])
    }


def test_of_an_entity_only_what_changed_below_it_is_sent(start_journey: Start) -> None:
    journey = start_tracked(start_journey, "2.42", "2.40")
    move(journey, "tracker")
    store, weight = journey.source.store.tracker, read_program(journey).weight
    edited, *_, deleted = visits(journey)
    assert edited.tracked_entity != deleted.tracked_entity
    active = next(
        item
        for item in live(journey.source, "enrollment")
        if item.body["status"] == "ACTIVE"
        and item.tracked_entity not in (edited.tracked_entity, deleted.tracked_entity)
    )
    store.edit_event(edited.uid, weight, "9.25", at=NOW)
    store.complete_enrollment(active.uid, at=NOW)
    store.delete_event(deleted.uid, at=NOW)
    journey.clear_requests()
    run = move(journey, "tracker")
    prove_sound(run, assets=["tracker"])
    assert changed(journey, "tracker") == {
        edited.uid: "updated",
        active.uid: "updated",
        deleted.uid: "deleted",
    }
    assert sum(record.rows for record in imports(journey.destination)) == 3
    prove_landed(journey, "tracker", missing=list_contacts(journey.source))
    there = {item.uid: item.body["status"] for item in live(journey.destination, "enrollment")}
    assert there[active.uid] == "COMPLETED"


def test_an_entity_that_moved_on_is_named_when_its_old_month_is_run_again(
    start_journey: Start,
) -> None:
    journey = start_tracked(start_journey, "2.40", "2.42")
    move(journey, "tracker")
    old = next(
        row["id"]
        for row in ledger(journey, "tracker")
        if row["kind"] == "trackedEntity" and row["month"] == MONTHS[0]
    )
    name = read_program(journey).first_name
    journey.source.store.tracker.edit_attribute(old, name, "Amália", at=NOW)
    run = move(journey, "tracker", months=[MONTHS[0]])
    (line,) = show(run, "moved_on", month=MONTHS[0])
    assert (line["id"], line["month"]) == (old, CURRENT)
    move(journey, "tracker", months=[CURRENT])
    assert changed(journey, "tracker", CURRENT) == {old: "updated"}
    here, there = (
        Contents(end).read(item)
        for end in (journey.source, journey.destination)
        for item in live(end, "trackedEntity")
        if item.uid == old
    )
    assert here == there
    assert here["values"][name] == "Amália"


def test_a_changed_and_a_deleted_report_are_sent_alone(start_journey: Start) -> None:
    journey = start_tracked(start_journey, "2.40", "2.43")
    move(journey, "events")
    store, weight = journey.source.store.tracker, read_program(journey).weight
    edited, deleted, *_ = reports(journey)
    store.edit_event(edited.uid, weight, "4711", at=NOW)
    store.delete_event(deleted.uid, at=NOW)
    journey.clear_requests()
    run = move(journey, "events")
    prove_sound(run, assets=["events"])
    assert changed(journey, "events") == {edited.uid: "updated", deleted.uid: "deleted"}
    assert sum(record.rows for record in imports(journey.destination)) == 2
    prove_landed(journey, "events")


def test_a_pair_that_ignores_deletes_keeps_what_the_source_deleted(start_journey: Start) -> None:
    journey = start_tracked(start_journey, "2.40", "2.42", deletes={"policy": "ignore"})
    move(journey, "events")
    deleted = reports(journey)[0].uid
    journey.source.store.tracker.delete_event(deleted, at=NOW)
    journey.clear_requests()
    run = move(journey, "events")
    prove_sound(run, assets=["events"])
    assert changed(journey, "events") == {deleted: "held_by_strategy"}
    assert outcomes(journey, "events")["held_by_strategy"] == 1
    assert deleted in {item.uid for item in live(journey.destination, "event")}
    assert not imports(journey.destination)
