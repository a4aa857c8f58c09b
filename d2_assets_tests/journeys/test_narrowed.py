"""A run that was narrowed at launch moves a part, says so, and leaves what stands for the whole."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.tracker_world import CURRENT as TRACKED_MONTH
from d2_assets_tests.journeys.tracker_world import ledger, live, start_tracked
from d2_assets_tests.journeys.world import (
    MONTH,
    data_set_elements,
    find_month,
    find_object,
    find_subtree,
    list_units,
    list_values,
    read_live,
)

CODE = "COMMODITIES"
_WHOLE = ("ledger", "quarantine", "journal", "staging")


def launch(journey: Journey, job: str, month: str = MONTH, **chosen: Any) -> Run:
    """A job with what was chosen in the Launchpad."""
    return journey.run_job(job, {"resources": {"launch": {"config": chosen}}}, month)


def read_whole(home: Path) -> Mapping[Path, bytes]:
    """All files of what stands for whole months."""
    files = (file for name in _WHOLE for file in (home / name).rglob("*") if file.is_file())
    return {file: file.read_bytes() for file in files}


def check_table(run: Run, month: str = MONTH) -> dict[str, str]:
    return {row["check"]: row["answer"] for row in run.observe(month, "checks")["checks"]}


def test_one_data_set_is_moved_and_the_month_is_not_marked(journey: Journey) -> None:
    source, destination = journey.source.store, journey.destination.store
    chosen = find_object(source, "dataSets", CODE)["id"]
    elements = set(data_set_elements(source, CODE))
    part = {key: row for key, row in read_live(source, [MONTH]).items() if key[2] in elements}
    run = launch(journey, "data", data_sets=[chosen])
    assert run.success, run.failure
    assert run.tags["d2/partial"] == "true"
    assert (run.materialised, run.materialised_of("overview/quarantine"), run.checks) == (
        [],
        [],
        [],
    )
    assert read_live(destination, [MONTH]) == part
    shown = run.observe(MONTH, "checks")
    assert 0 < shown["created"] <= int(run.tags["d2/written"])
    assert check_table(run) == {"no_row_is_lost": "passed", "destination_equals_source": "passed"}
    (told,) = [one for one in run.observations if "checks" in one.metadata]
    assert f"data_sets: {chosen}" in (told.description or "")
    assert not read_whole(journey.home)
    whole = journey.materialise(MONTH)
    assert whole.success, whole.failure
    assert "d2/partial" not in whole.tags
    assert whole.materialised == [f"{PAIR}|{MONTH}"]
    assert whole.outcomes(MONTH)["unchanged"] >= len(part)
    journey.prove_nothing_is_lost(MONTH)
    journey.prove_registrations(MONTH)


def test_what_stands_for_the_whole_month_stays_as_it_was_and_nothing_is_mirrored(
    start_journey: Start,
) -> None:
    journey = start_journey("2.40", "2.43")
    assert journey.materialise(MONTH).success
    before = read_whole(journey.home)
    source, destination = journey.source.store, journey.destination.store
    district, other = list_units(source, 3)[:2]
    inside = find_subtree(source, district)
    landed = [one for one in destination.data_values() if find_month(one.period) == MONTH]
    # only the destination has these, within what is chosen and beyond it
    extra = [
        next(replace(one, org_unit=unit, value="7") for one in landed if not one.deleted)
        for unit in (district, other)
    ]
    destination.put_data_values(extra)
    there = read_live(destination, [MONTH])
    journey.pair["sync_type"] = "both"
    journey.pair["deletes"] = {"mirror": True, "brake_percent": 100}
    run = launch(journey, "both", org_units=[district])
    assert run.success, run.failure
    shown = run.observe(MONTH, "checks")
    rows = [one for one in list_values(source, [MONTH]) if one.org_unit in inside]
    assert (shown["rows_read"], shown["mirror_deleted"]) == (len(rows), 0)
    assert shown["destination_only"] >= 1
    assert read_whole(journey.home) == before
    assert read_live(destination, [MONTH]) == there
    assert any("org_units say nothing of metadata" in one.user_message for one in run.log)


def test_a_launch_that_cannot_be_is_refused_before_a_server_is_asked(
    start_journey: Start,
) -> None:
    journey = start_journey("2.40", "2.43")
    known = find_object(journey.source.store, "dataSets", CODE)["id"]
    journey.pair["filters"] = {"data_sets": [known]}
    run = launch(journey, "data", data_sets=["BfMAe6Itzgt"])
    assert not run.success
    assert "does not move BfMAe6Itzgt" in run.failure
    assert (run.tags["d2/failure"], run.tags["d2/written"]) == ("permanent", "0")
    assert known in run.tags["d2/mend"]
    run = launch(journey, "data", start_date="soon", families=["nothing"])
    assert "start_date: 'soon'" in run.failure
    assert "families: there is no 'nothing'" in run.failure
    assert run.tags["d2/failure"] == "permanent"
    assert journey.requests() == []


def test_one_program_of_tracked_entities_is_moved(start_journey: Start) -> None:
    journey = start_tracked(start_journey, "2.40", "2.43")
    journey.settings["first_month"] = TRACKED_MONTH  # it holds all that is older
    programs = {one.program for one in live(journey.source, "enrollment")}
    chosen = min(programs)
    run = launch(journey, "all_data", TRACKED_MONTH, programs=[chosen])
    assert run.success, run.failure
    assert run.materialised == []
    landed = {one.program for one in live(journey.destination, "enrollment")}
    assert landed == {chosen} < programs
    assert {one.program for one in live(journey.destination, "event")} == {chosen}
    assert ledger(journey, "tracker") == []
    assert any("programs say nothing of data_values" in one.user_message for one in run.log)


def test_a_preview_of_a_part_plans_that_part(
    start_journey: Start,
) -> None:
    journey = start_journey("2.40", "2.43")
    district = list_units(journey.source.store, 3)[0]
    inside = find_subtree(journey.source.store, district)
    rows = [one for one in list_values(journey.source.store, [MONTH]) if one.org_unit in inside]
    run = launch(journey, "preview", org_units=[district])
    assert run.success, run.failure
    assert run.observe(MONTH, "plan")["rows_read"] == len(rows)
    assert journey.writes() == []
    assert not read_whole(journey.home)
