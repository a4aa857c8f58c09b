"""What the screen shows of events and tracker."""

import dagster as dg

from d2_assets.defs.tracker_tables import (
    show_adaptations,
    show_kinds,
    show_moved_on,
    show_outside,
)
from d2_assets.ledger.outcomes import Outcome, Tally
from d2_assets.tracker.moved_on import Moved, MovedOn
from d2_assets.tracker.objects import Adaptation, Kind
from d2_assets.tracker.outside import NOTHING_OUTSIDE, Outside, ProgramOutside


def read(table: dg.MetadataValue) -> list[dict]:
    assert isinstance(table, dg.TableMetadataValue)
    return [dict(record.data) for record in table.records]


def test_every_kind_is_shown_with_what_was_read_and_every_outcome() -> None:
    (row,) = read(show_kinds({Kind.EVENT: Tally(3, {Outcome.CREATED: 2, Outcome.UNCHANGED: 1})}))
    assert (row["kind"], row["read"], row["created"], row["unchanged"]) == ("events", 3, 2, 1)
    assert {str(outcome) for outcome in Outcome} <= row.keys()


def test_an_adaptation_says_how_many_objects_it_concerns() -> None:
    adapted = Adaptation(Kind.EVENT, "assignedUser", "left out", "Nobody there.", objects=7)
    (row,) = read(show_adaptations([adapted]))
    assert row == {
        "kind": "events",
        "member": "assignedUser",
        "what": "left out",
        "why": "Nobody there.",
        "objects": 7,
    }


def test_events_in_no_partition_are_shown_by_program_with_the_time_of_the_count() -> None:
    programs = {"Visits (a)": ProgramOutside(4, 1, 2), "Cases (b)": ProgramOutside(1)}
    rows = read(show_outside(Outside("x", programs, counted_at=1_700_000_000.0)))
    assert [row["program"] for row in rows] == [
        "Visits (a)",
        "Cases (b)",
        "all, counted 2023-11-14 22:13 UTC",
    ]
    assert rows[-1]["before_first_month"] == 5
    assert (rows[-1]["in_the_future"], rows[-1]["without_date"]) == (1, 2)


def test_of_tracked_entities_none_is_in_no_partition() -> None:
    assert read(show_outside(NOTHING_OUTSIDE)) == [{"": "none"}]


def test_entities_that_moved_on_are_named_with_their_month_and_the_rest_is_counted() -> None:
    moved = tuple(Moved(f"e{place}", "202604") for place in range(60))
    rows = read(show_moved_on(MovedOn(moved, more=5)))
    assert rows[0] == {"id": "e0", "month": "202604"}
    assert len(rows) == 51
    assert rows[-1]["id"] == "and 15 more"


def test_nobody_moved_on() -> None:
    assert read(show_moved_on(MovedOn())) == [{"": "none"}]
