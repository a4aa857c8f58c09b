"""What our own runs wrote to an instance that is also a source starts no run back; edits do."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

from d2_assets.ledger.written import OwnWrites
from d2_assets.settings import load_settings
from d2_assets.staging.layout import Home
from d2_assets.sync.connect import connect
from d2_assets.watching.facts import read_facts
from d2_assets.watching.looks import Look, look
from d2_assets.watching.marks import Mark, begin
from d2_assets.watching.resources import list_resources
from d2_assets_tests.journeys.both_ways import BACK
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.metadata_world import change, clone, face_empty
from d2_assets_tests.journeys.tracker_world import live, move, start_tracked
from d2_assets_tests.journeys.world import CURRENT, MONTH, NOW, TODAY

SECOND = timedelta(seconds=1)


class Follower:
    """Looks at the destination as the source of the pair that runs back."""

    def __init__(self, journey: Journey) -> None:
        settings = load_settings(journey.write_settings(), {})
        self.pair = settings.pair(BACK)
        self.client = connect(settings, self.pair.source, {})
        self._facts = read_facts(self.client, self.pair, NOW.timestamp)
        self._look = partial(
            look,
            self.client,
            facts=self._facts,
            pair=self.pair,
            overlap_seconds=120,
            own_writes=OwnWrites(Home(journey.home), self.pair.source),
            today=TODAY,
            first_month="202401",
            folder=journey.folder,
            clock=NOW.timestamp,
        )
        resources = list_resources(self.pair, self._facts)
        self._marks: dict[str, Mark] = {}
        start = begin(self.client, self._facts, 0)
        self._resources = {one.key: one for one in resources}
        self._marks = dict.fromkeys(self._resources, start)

    def look(self) -> Mapping[str, Look]:
        """What is new of each resource."""
        found = {
            key: self._look(resource=one, mark=self._marks[key])
            for key, one in self._resources.items()
        }
        self._marks = {key: one.mark for key, one in found.items()}
        return found

    def changes(self) -> dict[str, dict[str, int]]:
        return {key: dict(one.months) for key, one in self.look().items() if one.months}


@contextmanager
def follow(journey: Journey) -> Iterator[Follower]:
    journey.pairs[BACK] = journey.pair | {"source": "training", "destination": "national"}
    follower = Follower(journey)
    with closing(follower.client):
        yield follower


def test_data_that_a_run_wrote_are_no_changes_and_edits_of_people_are(
    start_journey: Start,
) -> None:
    journey = start_tracked(start_journey, "2.40", "2.43")
    with follow(journey) as follower:
        run = move(journey, "data_values", "events", "tracker", months=(MONTH, CURRENT))
        assert run.success
        found = follower.look()
        assert {key: dict(one.months) for key, one in found.items() if one.months} == {}
        kinds = {key.partition(":")[0] for key, one in found.items() if one.own}
        assert kinds == {"data_set", "events", "entities"}
        store = journey.destination.store
        value = next(one for one in store.data_values() if one.period == MONTH)
        # in the very second in which it was written
        store.edit_value(value.key, "4711", at=NOW)
        event = next(one for one in live(journey.destination, "event") if not one.tracked_entity)
        store.tracker.change("event", event.uid, at=NOW + SECOND, occurredAt="2024-04-02")
        entity = next(one for one in live(journey.destination, "event") if one.tracked_entity)
        store.tracker.delete_event(entity.uid, at=NOW + SECOND)
        changes = follower.changes()
        kinds = {key.partition(":")[0] for key in changes}
        assert kinds == {"data_set", "events", "entities"}
        assert changes[f"events:{event.program}"] == {"202404": 1}
        assert all(sum(months.values()) == 1 for months in changes.values())
        assert follower.changes() == {}


def test_an_edit_beside_what_a_run_writes_to_an_entity_counts(start_journey: Start) -> None:
    """The entity then bears the stamp of the run: only what stands there tells of the edit."""
    journey = start_tracked(start_journey, "2.42", "2.40")
    with follow(journey) as follower:
        move(journey)
        assert follower.changes() == {}
        event = next(one for one in live(journey.source, "event") if one.tracked_entity)
        journey.destination.set_clock(lambda: NOW + SECOND)
        store = journey.destination.store.tracker
        theirs = store.find("event", event.uid)
        assert theirs is not None
        body = theirs.body | {"event": "Extra000001"}
        store.put([replace(theirs, uid="Extra000001", body=body, updated_at=None, number=0)])
        at = NOW + SECOND
        journey.source.store.tracker.change("event", event.uid, at=at, occurredAt="2024-05-02")
        move(journey, "tracker")
        changed = [key for key in follower.changes() if key.startswith("entities:")]
        assert len(changed) == 1


def test_metadata_that_a_run_wrote_are_no_changes_and_edits_of_people_are(
    start_journey: Start,
) -> None:
    journey = start_journey("2.42", "2.38")
    face_empty(journey)
    with follow(journey) as follower:
        run = clone(journey)
        assert run.success, run.failure
        found = follower.look()
        assert sum(one.own for one in found.values()) > 100
        assert {key: dict(one.months) for key, one in found.items() if one.months} == {}
        stamp = "2024-05-20T09:00:01.000"
        change(journey.destination, "dataElements", "ANC_1", name="By hand", lastUpdated=stamp)
        assert follower.changes() == {"class:dataElements": {CURRENT: 1}}
