"""What happens to metadata that change at either end, and to those that cannot land."""

from typing import Any

import pytest

from d2_assets.sandbox import Fault
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.metadata_world import (
    change,
    clone,
    clone_before,
    face_empty,
    ledger,
    outcomes,
    refused,
    writes_at,
)
from d2_assets_tests.journeys.world import MONTH, find_object


@pytest.fixture
def cloned(journey: Journey) -> Journey:
    """A journey whose destination has everything already."""
    clone_before(journey)
    return journey


def _find(journey: Journey, family: str, uid: str) -> dict[str, Any]:
    (row,) = [row for row in ledger(journey, family) if row["id"] == uid]
    return row


def test_an_object_that_is_renamed_is_updated_alone(cloned: Journey) -> None:
    body = change(cloned.source, "dataElements", "ANC_1", name="Antenatal visit, first")
    run = clone(cloned)
    assert run.success, run.failure
    assert _find(cloned, "data_elements", body["id"])["outcome"] == "updated"
    assert outcomes(cloned)["updated"] == 1
    there = cloned.destination.store.get_object("dataElements", body["id"])
    assert there is not None
    assert there["name"] == "Antenatal visit, first"


def test_an_edit_at_the_destination_is_shown_and_mended(cloned: Journey) -> None:
    body = change(cloned.destination, "dataElements", "ANC_1", description="By hand, by night")
    cloned.preview(MONTH)
    row = find_object(cloned.destination.store, "dataElements", "ANC_1")
    assert row["description"] == "By hand, by night"
    run = clone(cloned)
    shown = run.show(MONTH, asset="metadata/data_elements")["differences"]
    assert ("description", "By hand, by night") in {
        (row["property"], row["destination"]) for row in shown if row["id"] == body["id"]
    }
    mended = cloned.destination.store.get_object("dataElements", body["id"])
    assert mended is not None
    assert not mended.get("description")


def test_an_object_that_is_deleted_at_the_source_stays_unless_the_pair_mirrors(
    cloned: Journey,
) -> None:
    body = (
        find_object(cloned.source.store, "constants", "PI")
        if any(item.get("code") == "PI" for item in cloned.source.store.metadata("constants"))
        else cloned.source.store.metadata("constants")[0]
    )
    cloned.source.store.delete_metadata("constants", [body["id"]])
    run = clone(cloned)
    assert run.success, run.failure
    assert cloned.destination.store.get_object("constants", body["id"]) is not None
    assert run.show(MONTH, asset="metadata/system")["destination_only"] >= 1
    cloned.pair["deletes"] = {"mirror": True, "brake_percent": 100}
    run = clone(cloned)
    assert run.success, run.failure
    assert cloned.destination.store.get_object("constants", body["id"]) is None


def test_the_brake_stops_a_mirror_that_would_take_too_much(cloned: Journey) -> None:
    for plural in ("constants", "attributes"):
        uids = [body["id"] for body in cloned.source.store.metadata(plural)]
        cloned.source.store.delete_metadata(plural, uids)
    before = len(cloned.destination.store.metadata("constants"))
    cloned.pair["deletes"] = {"mirror": True, "brake_percent": 10}
    cloned.clear_requests()
    run = clone(cloned)
    assert not run.success
    assert "brake" in run.failure
    assert len(cloned.destination.store.metadata("constants")) == before


def test_an_object_whose_reference_is_gone_waits_and_names_it(cloned: Journey) -> None:
    body = find_object(cloned.source.store, "indicators", cloned.source.store.metadata(
        "indicators")[0]["code"])  # fmt: skip
    ghost = "Ghost123456"
    cloned.source.store.put_metadata("indicators", [{**body, "indicatorType": {"id": ghost}}])
    run = clone(cloned)
    assert run.success, run.failure
    waiting = refused(cloned)
    assert ghost in waiting["indicators", body["id"]]
    assert run.tags["d2/outcome"] == "completed_with_warnings"


def test_a_family_that_fails_stops_only_what_refers_to_it(cloned: Journey) -> None:
    cloned.source.add_fault(Fault("status_503", path_prefix="/api/validationRules", times=99))
    change(cloned.source, "dataElements", "ANC_1", name="Another name")
    run = clone(cloned)
    assert not run.success
    assert not run.materialised_of("metadata/validation")
    assert run.materialised_of("metadata/data_elements")
    assert run.materialised_of("metadata/analytics")


def test_a_family_that_fails_stops_those_that_need_it(cloned: Journey) -> None:
    cloned.source.add_fault(Fault("status_503", path_prefix="/api/dataElements", times=99))
    run = clone(cloned)
    assert not run.success
    for family in ("data_elements", "indicators", "data_sets", "programs", "validation"):
        assert not run.materialised_of(f"metadata/{family}"), family
    for family in ("system", "options", "organisation", "users", "categories", "tracker"):
        assert run.materialised_of(f"metadata/{family}"), family


@pytest.mark.directions_in_turn
def test_an_account_without_the_right_to_import_sends_nothing(journey: Journey) -> None:
    face_empty(journey)
    journey.set_account("training", "viewer")
    run = clone(journey)
    assert not run.success
    assert "F_METADATA_IMPORT" in run.failure
    assert writes_at(journey.destination) == []


@pytest.mark.directions_in_turn
def test_an_import_that_says_ok_and_loses_objects_is_found_out(journey: Journey) -> None:
    face_empty(journey)
    journey.destination.add_fault(
        Fault("success_lost", path_prefix="/api/metadata", method="POST", max_rows=1)
    )
    run = clone(journey)
    lost = [reason for reason in refused(journey).values() if "not there" in reason]
    assert lost
    assert not all(check.passed for check in run.checks if check.check_name.endswith("source"))
    run = clone(journey)
    assert run.success, run.failure
    assert not [reason for reason in refused(journey).values() if "not there" in reason]
