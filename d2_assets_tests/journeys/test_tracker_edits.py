"""Every sort of edit that people make at a source arrives, and the run after it writes nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from d2_assets.sandbox.stored_tracker import StoredObject
from d2_assets.sandbox.tracker_store import TrackerStore
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.tracker_world import (
    ASSETS,
    imports,
    live,
    move,
    prove_landed,
    prove_sound,
    read_program,
    start_tracked,
)
from d2_assets_tests.journeys.world import NOW

VERSIONS = (("2.42", "2.38"), ("2.38", "2.42"), ("2.40", "2.43"))


class Edits:
    """What is left of the source's objects: each edit takes some that no other one touched."""

    def __init__(self, journey: Journey) -> None:
        self.store: TrackerStore = journey.source.store.tracker
        self.program = read_program(journey)
        #: Stages in which an enrollment may have several events.
        self.repeatable = {
            body["id"]
            for body in journey.source.store.metadata("programStages")
            if body["repeatable"]
        }
        self._events = live(journey.source, "event")
        self._enrollments = live(journey.source, "enrollment")
        self._entities = live(journey.source, "trackedEntity")
        self._used: set[str] = set()

    def event(self, fits: Callable[[StoredObject], bool]) -> StoredObject:
        return self._take(self._events, fits)

    def enrollment(self, fits: Callable[[StoredObject], bool]) -> StoredObject:
        return self._take(self._enrollments, fits)

    def entity(self, fits: Callable[[StoredObject], bool]) -> StoredObject:
        return self._take(self._entities, fits)

    def _take(
        self, objects: list[StoredObject], fits: Callable[[StoredObject], bool]
    ) -> StoredObject:
        for item in objects:
            if item.uid not in self._used and fits(item):
                self._used.add(item.uid)
                return item
        raise AssertionError("no object fits")

    def change(self, item: StoredObject, **members: object) -> None:
        self.store.change(item.kind, item.uid, at=NOW, **members)


def edit_events(edits: Edits) -> None:
    """Single reports: values, places, states, notes and files."""

    def is_report(item: StoredObject) -> bool:
        return not item.enrollment

    done = edits.event(lambda item: is_report(item) and item.body["status"] == "COMPLETED")
    edits.change(done, status="ACTIVE", completedAt=None, completedBy=None)
    fewer = edits.event(lambda item: is_report(item) and len(item.body["dataValues"]) > 2)
    edits.change(fewer, dataValues=fewer.body["dataValues"][:1])
    edits.change(
        edits.event(lambda item: is_report(item) and "geometry" in item.body), geometry=None
    )
    assigned = edits.event(lambda item: is_report(item) and "assignedUser" in item.body)
    edits.change(assigned, assignedUser=None)
    noted = edits.event(lambda item: is_report(item) and not item.body["notes"])
    note = {"note": "NoteOfEdit1", "value": "Corrigé", "storedAt": "2024-05-20T09:00:00.000"}
    edits.change(noted, notes=[note | {"storedBy": "admin", "createdBy": "admin"}])
    dated = edits.event(lambda item: is_report(item) and item.occurred_at.startswith("2024-04"))
    edits.change(dated, occurredAt="2024-05-02T00:00:00.000")
    flagged = edits.event(lambda item: is_report(item) and not item.body["followUp"])
    edits.change(flagged, followUp=True)


def edit_entities(edits: Edits) -> None:
    """Attributes, states and places of persons; enrollments and visits that begin and end."""
    fewer = edits.entity(lambda item: len(item.body["attributes"]) > 3)
    edits.store.edit_attribute(fewer.uid, edits.program.first_name, None, at=NOW)
    edits.change(edits.entity(lambda item: "geometry" in item.body), geometry=None)
    edits.change(edits.entity(lambda item: not item.body["inactive"]), inactive=True)
    again = edits.enrollment(lambda item: item.body["status"] == "COMPLETED")
    edits.change(again, status="ACTIVE", completedAt=None, completedBy=None)
    dropped = edits.enrollment(lambda item: item.body["status"] == "ACTIVE")
    edits.change(dropped, status="CANCELLED")
    dated = edits.enrollment(lambda item: item.body["status"] == "ACTIVE")
    edits.change(dated, enrolledAt="2024-03-03T00:00:00.000", followUp=True)
    edits.store.delete_enrollment(
        edits.enrollment(lambda item: item.body["status"] == "ACTIVE").uid, at=NOW
    )
    visit = edits.event(
        lambda item: item.stage in edits.repeatable and item.body["status"] == "COMPLETED"
    )
    copy = visit.body | {"event": "VisitOfEdit"}
    edits.store.put([replace(visit, uid="VisitOfEdit", number=0).with_body(copy)])
    edits.store.edit_event("VisitOfEdit", edits.program.weight, "7.5", at=NOW)
    planned = edits.event(lambda item: item.body["status"] == "SCHEDULE")
    edits.change(
        planned,
        status="COMPLETED",
        occurredAt="2024-05-19T00:00:00.000",
        completedAt="2024-05-20T09:00:00.000",
        dataValues=visit.body["dataValues"][:1],
    )
    edits.store.delete_entity(edits.entity(lambda item: bool(item.body["attributes"])).uid, at=NOW)


@pytest.mark.parametrize(("source", "destination"), VERSIONS)
def test_every_sort_of_edit_arrives_and_the_run_after_it_writes_nothing(
    start_journey: Start, source: str, destination: str
) -> None:
    journey = start_tracked(start_journey, source, destination)
    prove_sound(move(journey))
    edits = Edits(journey)
    edit_events(edits)
    edit_entities(edits)
    journey.clear_requests()
    prove_sound(move(journey))
    for asset in ASSETS:
        prove_landed(journey, asset)
    assert imports(journey.destination)
    journey.clear_requests()
    prove_sound(move(journey))
    assert not imports(journey.destination)
