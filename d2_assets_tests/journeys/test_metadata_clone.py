"""A country's metadata onto an empty server, and the same again."""

import pytest

from d2_assets.metadata.families import FAMILIES
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.metadata_world import (
    all_ledgers,
    checks_by_asset,
    clone,
    face_empty,
    ledger,
    list_objects,
    outcomes,
    prove_objects,
    refused,
    writes_at,
)
from d2_assets_tests.journeys.world import MONTH, read_live

pytestmark = pytest.mark.one_direction


@pytest.mark.all_directions
def test_every_object_lands_or_is_explained_and_a_second_run_writes_nothing(
    journey: Journey,
) -> None:
    face_empty(journey)
    run = clone(journey)
    assert run.success, run.failure
    assert writes_at(journey.source) == []
    waiting = refused(journey)
    prove_objects(journey, waiting)
    assert len(waiting) <= 8, waiting
    assert outcomes(journey)["created"] > 200
    assert all(checks["no_row_is_lost"] for checks in checks_by_asset(run).values())
    again = _clone_again(journey)
    assert set(outcomes(journey)) <= {"unchanged", "filtered", "quarantined"}
    assert refused(journey).keys() == waiting.keys()
    assert all(checks["no_row_is_lost"] for checks in checks_by_asset(again).values())


def _clone_again(journey: Journey):
    journey.clear_requests()
    run = clone(journey)
    assert run.success, run.failure
    assert writes_at(journey.destination) == []
    return run


def test_what_is_right_already_is_not_sent(journey: Journey) -> None:
    """Both servers hold the same generated country."""
    journey.pair["sync_type"] = "metadata"
    clone(journey)
    journey.clear_requests()
    assert clone(journey).success
    assert writes_at(journey.destination) == []


def test_values_follow_their_metadata(journey: Journey) -> None:
    face_empty(journey)
    journey.pair["sync_type"] = "both"
    assert clone(journey).success
    units = [unit["id"] for unit in journey.destination.store.metadata("organisationUnits")]
    journey.destination.set_org_units("admin", units[:1])
    roots = [u["id"] for u in journey.destination.store.metadata("organisationUnits")
             if not u.get("parent")]  # fmt: skip
    journey.destination.set_org_units("admin", roots)
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    assert read_live(journey.destination.store, [MONTH]) == read_live(journey.source.store, [MONTH])


def test_each_family_is_shown_with_its_classes(journey: Journey) -> None:
    face_empty(journey)
    run = clone(journey)
    for name, family in FAMILIES.items():
        shown = run.show(MONTH, asset=f"metadata/{name}")
        assert shown["objects_read"] == len(ledger(journey, name))
        assert {row["class"] for row in shown["classes"]} <= {*family.classes, "systemSettings"}
    not_carried = {row["class"] for row in run.show(MONTH, asset="metadata/system")["not_carried"]}
    assert not_carried >= {"jobConfigurations"}
    assert list_objects(journey.destination)
    assert all(row["outcome"] for row in all_ledgers(journey))
