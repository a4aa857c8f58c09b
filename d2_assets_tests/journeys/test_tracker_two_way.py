"""Events and tracked entities in both directions: no echo, no edit lost, conflicts named."""

from datetime import timedelta

from d2_assets_tests.journeys.both_ways import BACK
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.tracker_world import (
    ASSETS,
    Contents,
    imports,
    ledger,
    live,
    move,
    prove_landed,
    prove_sound,
    read_program,
    start_tracked,
)
from d2_assets_tests.journeys.world import CURRENT, NOW

#: In between, the destination's own stamps are those of the day of the servers.
LATER = NOW + timedelta(hours=1)


def start_two_way(start: Start, source: str, destination: str) -> Journey:
    journey = start_tracked(start, source, destination)
    journey.pairs[BACK] = journey.pair | {"source": "training", "destination": "national"}
    return journey


def changed(journey: Journey, asset: str, pair: str) -> dict[str, str]:
    return {
        row["id"]: row["outcome"]
        for row in ledger(journey, asset, pair)
        if row["outcome"] != "unchanged"
    }


def test_there_and_back_again_brings_no_echo(start_journey: Start) -> None:
    journey = start_two_way(start_journey, "2.42", "2.38")
    prove_sound(move(journey))
    assert imports(journey.destination)
    journey.clear_requests()
    for pair in (BACK, PAIR):
        prove_sound(move(journey, pair=pair))
        assert not imports(journey.source)
        assert not imports(journey.destination)
        for asset in ASSETS:
            assert changed(journey, asset, pair) == {}
    for asset in ASSETS:
        prove_landed(journey, asset)


def test_an_edit_at_the_destination_stays_and_is_brought_back(start_journey: Start) -> None:
    journey = start_two_way(start_journey, "2.40", "2.42")
    move(journey)
    name = read_program(journey).first_name
    theirs, ours, both = [
        item.uid for item in live(journey.source, "trackedEntity") if item.body["attributes"]
    ][:3]
    journey.destination.store.tracker.edit_attribute(theirs, name, "Nzinga", at=LATER)
    journey.source.store.tracker.edit_attribute(ours, name, "Amália", at=LATER)
    journey.source.store.tracker.edit_attribute(both, name, "Ana", at=LATER)
    journey.destination.store.tracker.edit_attribute(both, name, "Anna", at=LATER)
    prove_sound(move(journey))
    assert changed(journey, "tracker", PAIR) == {
        theirs: "destination_newer",
        ours: "updated",
        both: "quarantined",
    }
    (code,) = {row["code"] for row in ledger(journey, "tracker") if row["id"] == both}
    assert code == "changed_on_both_sides"
    back = move(journey, "tracker", months=[CURRENT], pair=BACK)
    prove_sound(back, [CURRENT], ["tracker"])
    assert changed(journey, "tracker", BACK) == {theirs: "updated", both: "quarantined"}
    here, there = (
        {item.uid: contents.read(item) for item in live(end, "trackedEntity")}
        for end in (journey.source, journey.destination)
        for contents in (Contents(end),)
    )
    assert {uid for uid in here if here[uid] != there[uid]} == {both}
    journey.clear_requests()
    move(journey, "tracker")
    assert not imports(journey.destination)
