"""Events through the older endpoints and in jobs of the server; and a preview of both assets."""

from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.tracker_world import (
    ASSETS,
    imports,
    move,
    prove_landed,
    prove_sound,
    start_tracked,
)
from d2_assets_tests.journeys.world import CURRENT


def test_what_the_older_endpoints_tell_lands_and_is_what_the_new_ones_tell(
    start_journey: Start,
) -> None:
    options = {"chunk_size": 20, "old_endpoints": True}
    journey = start_tracked(start_journey, "2.38", "2.42", tracker=options)
    prove_sound(move(journey))
    for asset in ASSETS:
        prove_landed(journey, asset)
    asked = {record.path for record in journey.source.requests()}
    assert {"/api/events", "/api/trackedEntityInstances"} <= {
        path.removesuffix(".json") for path in asked
    }
    assert not any(path.startswith("/api/tracker/") for path in asked)
    journey.clear_requests()
    journey.pair["tracker"] = {"chunk_size": 20}
    prove_sound(move(journey))
    assert not imports(journey.destination)


def test_jobs_of_the_destination_take_them_too(start_journey: Start) -> None:
    options = {"chunk_size": 20, "import_mode": "async"}
    journey = start_tracked(start_journey, "2.42", "2.38", tracker=options)
    prove_sound(move(journey))
    for asset in ASSETS:
        prove_landed(journey, asset)
    assert all("async=true" in record.query for record in imports(journey.destination))


def test_a_preview_of_both_sends_nothing(start_journey: Start) -> None:
    journey = start_tracked(start_journey, "2.40", "2.42")
    config = {"ops": {"plan": {"config": {"assets": list(ASSETS)}}}}
    run = journey.run_job("preview", config, CURRENT)
    assert run.success, run.failure
    shown = [item.metadata for item in run.observations if "plan" in item.metadata]
    assert len(shown) == len(ASSETS)
    assert all(one["objects_to_send"].value for one in shown)
    assert not journey.writes()
