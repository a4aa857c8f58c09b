"""What a destination refuses, or cannot take: everything else lands, and each gap is named."""

from collections import Counter
from dataclasses import replace

from d2_assets.sandbox.stored_tracker import StoredObject
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.tracker_world import (
    imports,
    ledger,
    list_contacts,
    list_family,
    live,
    move,
    prove_landed,
    prove_sound,
    read_program,
    show,
    start_tracked,
    waiting,
)
from d2_assets_tests.journeys.world import find_object, find_subtree, list_units


def number_of(journey: Journey, entity: StoredObject) -> str:
    """The national identifier of an entity, which is unique."""
    attribute = read_program(journey).national_id
    return next(one["value"] for one in entity.body["attributes"] if one["attribute"] == attribute)


def take_numbers(journey: Journey, entities: list[StoredObject]) -> dict[str, str]:
    """Somebody else has these numbers at the destination; who, by entity of the source."""
    attribute = read_program(journey).national_id
    held: dict[str, str] = {}
    for place, entity in enumerate(entities):
        uid = f"Holder{place:05d}"
        body = {
            "trackedEntity": uid,
            "trackedEntityType": entity.type,
            "orgUnit": entity.org_unit,
            "attributes": [{"attribute": attribute, "value": number_of(journey, entity)}],
        }
        own = replace(entity, uid=uid, number=0).with_body(body)
        journey.destination.store.tracker.put([own])
        held[entity.uid] = uid
    return held


def test_half_of_the_entities_want_numbers_that_are_taken_and_the_other_half_lands(
    start_journey: Start,
) -> None:
    journey = start_tracked(start_journey, "2.40", "2.42")
    everybody = live(journey.source, "trackedEntity")
    held = take_numbers(journey, everybody[::2])
    run = move(journey)
    prove_sound(run)
    family = list_family(journey.source, held)
    prove_landed(journey, "tracker", missing=family)
    codes = {key: code for key, (code, _) in waiting(journey).items()}
    assert {codes["trackedEntity", uid] for uid in held} == {"E1064"}
    assert "E5000" not in codes.values()
    children = {key for key in family if key[0] in ("enrollment", "event")}
    assert {codes[key] for key in children} == {"parent_refused"}
    told = {
        line["entity"]: line
        for month in {row["month"] for row in ledger(journey, "tracker")}
        for line in show(run, "collisions", month=month)
    }
    assert {entity: line["holder"] for entity, line in told.items()} == held
    assert {line["name"] for line in told.values()} == {"National identifier"}
    reasons = {uid: reason for (kind, uid), (_, reason) in waiting(journey).items()}
    for entity in everybody[::2]:
        assert held[entity.uid] in reasons[entity.uid]
        assert number_of(journey, entity) in reasons[entity.uid]
    for kind, uid in children:
        parent = next(row for row in ledger(journey, "tracker") if row["id"] == uid)
        assert parent["parent"] in reasons[uid] or parent["root"] in reasons[uid], (kind, uid)


def test_an_option_that_the_destination_lacks_is_named_before_anything_is_sent(
    start_journey: Start,
) -> None:
    journey = start_tracked(start_journey, "2.42", "2.40")
    store = journey.destination.store
    option_set = find_object(store, "optionSets", "SEX_OPTIONS")["id"]
    (gone,) = [
        body
        for body in store.metadata("options")
        if body["code"] == "F" and body["optionSet"]["id"] == option_set
    ]
    store.put_metadata("options", [gone | {"code": "FEMALE"}])
    prove_sound(move(journey, "tracker"), assets=["tracker"])
    sex = find_object(store, "trackedEntityAttributes", "SEX")["id"]
    girls = {
        item.uid
        for item in live(journey.source, "trackedEntity")
        if any((one["attribute"], one["value"]) == (sex, "F") for one in item.body["attributes"])
    }
    assert girls
    missing = list_family(journey.source, girls) | list_contacts(journey.source)
    prove_landed(journey, "tracker", missing=missing)
    told = waiting(journey)
    codes = Counter(code for code, _ in told.values())
    assert codes["option_unknown"] == len(girls)
    assert codes["parent_quarantined"] > 0
    for uid in girls:
        reason = told["trackedEntity", uid][1]
        assert "«F»" in reason
        assert "Sex of the person" in reason
    assert sum(one.rows for one in imports(journey.destination)) == sum(
        row["outcome"] == "created" for row in ledger(journey, "tracker")
    )


def test_a_relationship_to_an_entity_that_is_not_in_scope_waits_and_names_it(
    start_journey: Start,
) -> None:
    journey = start_tracked(start_journey, "2.40", "2.43")
    source = journey.source
    contacts = list_contacts(source)
    bond = next(
        item
        for item in live(source, "relationship")
        if "trackedEntity" in item.body["from"] and ("relationship", item.uid) not in contacts
    )
    districts = {root: find_subtree(source.store, root) for root in list_units(source.store, 2)}
    away = source.store.tracker.find("trackedEntity", bond.to_uid)
    assert away is not None
    inside = [root for root, units in districts.items() if away.org_unit not in units]
    home = min(districts[inside[0]])
    source.store.tracker.change("trackedEntity", bond.from_uid, orgUnit=home)
    journey.pair["filters"] = {"org_units": inside}
    prove_sound(move(journey, "tracker"), assets=["tracker"])
    code, reason = waiting(journey)["relationship", bond.uid]
    assert code == "relationship_end_missing"
    assert bond.to_uid in reason
    assert "outside the pair's filters" in reason
    there = {item.uid for item in live(journey.destination, "trackedEntity")}
    assert bond.from_uid in there
    assert bond.to_uid not in there


def test_rules_that_are_not_skipped_refuse_a_report_and_the_others_land(
    start_journey: Start,
) -> None:
    journey = start_tracked(
        start_journey, "2.40", "2.42", tracker={"skip_rule_engine": False, "chunk_size": 20}
    )
    cases = find_object(journey.source.store, "dataElements", "EVENT_INTEGER")["id"]
    refused = live(journey.source, "event")
    single = [item for item in refused if not item.enrollment][:2]
    for item in single:
        journey.source.store.tracker.edit_event(item.uid, cases, "0")
    run = move(journey, "events")
    prove_sound(run, assets=["events"])
    told = waiting(journey, "events")
    assert {("event", item.uid) for item in single} <= told.keys()
    prove_landed(journey, "events", missing=told.keys())
    for item in single:
        code, reason = told["event", item.uid]
        assert code == "E1300"
        assert reason
    assert len(imports(journey.destination)) > 0
