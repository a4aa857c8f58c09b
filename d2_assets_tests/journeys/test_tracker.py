"""Events and tracked entities between two servers: a first load, and what a second run does."""

import pytest

from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.tracker_world import (
    ASSETS,
    MONTHS,
    imports,
    ledger,
    list_contacts,
    live,
    move,
    of_asset,
    outcomes,
    prove_landed,
    prove_sound,
    show,
    start_tracked,
    waiting,
)
from d2_assets_tests.journeys.world import NOW

VERSIONS = (
    ("2.38", "2.40"),
    ("2.40", "2.38"),
    ("2.38", "2.42"),
    ("2.42", "2.40"),
    ("2.40", "2.43"),
)
_WRITTEN = {"created", "updated", "deleted"}


@pytest.mark.parametrize(("source", "destination"), VERSIONS, ids=lambda version: str(version))
def test_everything_lands_and_a_second_run_writes_nothing(
    start_journey: Start, source: str, destination: str
) -> None:
    journey = start_tracked(start_journey, source, destination)
    run = move(journey)
    prove_sound(run)
    for asset in ASSETS:
        prove_landed(journey, asset)
        assert sum(show(run, "created", asset, month) for month in MONTHS) > 30
    last = {(check.asset_key, check.check_name, check.partition): check for check in run.checks}
    assert all(check.passed for check in last.values())
    assert run.tags["d2/outcome"] == "completed"
    assert list_contacts(journey.source) <= of_asset(journey.destination, "tracker").keys()
    journey.clear_requests()
    again = move(journey)
    prove_sound(again)
    assert journey.writes() == []
    for asset in ASSETS:
        assert not _WRITTEN & outcomes(journey, asset).keys()
        prove_landed(journey, asset)
    assert not imports(journey.source)


def test_an_old_entity_one_without_enrollment_and_one_in_two_programs_are_one_row_each(
    start_journey: Start,
) -> None:
    journey = start_tracked(start_journey, "2.40", "2.43")
    prove_sound(move(journey, "tracker"), assets=["tracker"])
    contacts = list_contacts(journey.source)
    assert contacts
    prove_landed(journey, "tracker", missing=contacts)
    assert {code for code, _ in waiting(journey).values()} == {"relationship_end_missing"}
    rows = ledger(journey, "tracker")
    month_of = {row["id"]: row["month"] for row in rows if row["kind"] == "trackedEntity"}
    assert len(month_of) == sum(row["kind"] == "trackedEntity" for row in rows)
    enrolled: dict[str, set[str]] = {}
    for item in live(journey.source, "enrollment"):
        enrolled.setdefault(item.tracked_entity, set()).add(item.program)
    first_day = NOW.replace(month=3, day=1, hour=0)
    old, without, in_two = (
        [item.uid for item in live(journey.source, "trackedEntity") if is_so(item)]
        for is_so in (
            lambda item: (item.updated_at or 0) < first_day.timestamp() * 1000,
            lambda item: item.uid not in enrolled,
            lambda item: len(enrolled.get(item.uid, ())) == 2,
        )
    )
    assert all((old, without, in_two))
    assert {month_of[uid] for uid in old} == {MONTHS[0]}
    assert {*without, *in_two} <= month_of.keys()
    programs = {
        row["program"] for row in rows if row["kind"] == "enrollment" and row["parent"] in in_two
    }
    assert len(programs) == 2
