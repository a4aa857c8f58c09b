"""What the checks of events and tracker say, and when they warn instead of failing."""

from typing import Any

import dagster as dg
import pytest

from d2_assets.defs.reports import CheckReport
from d2_assets.defs.tracker_checks import answer_tracker_checks
from d2_assets.ledger.outcomes import Outcome, Tally
from d2_assets.tracker.objects import Kind
from d2_assets_tests.defs.tracker_results import make_objects


def answer(quarantined: int = 0, **more: Any) -> tuple[CheckReport, CheckReport]:
    accounting, equality = answer_tracker_checks(make_objects(**more), quarantined)
    assert accounting.name == "no_row_is_lost"
    assert equality.name == "destination_equals_source"
    return accounting, equality


def test_what_is_all_there_passes_both_checks() -> None:
    accounting, equality = answer()
    assert accounting.passed
    assert accounting.description == "All 5 objects read ended in one outcome each."
    assert equality.passed
    assert equality.description == "The destination equals the source in all 5 objects."


def test_a_kind_that_lost_one_is_not_made_good_by_a_kind_that_doubled_one() -> None:
    by_kind = {
        Kind.ENROLLMENT: Tally(2, {Outcome.CREATED: 1}),
        Kind.EVENT: Tally(2, {Outcome.CREATED: 3}),
    }
    accounting, _ = answer(by_kind=by_kind)
    assert not accounting.passed
    assert accounting.severity is dg.AssetCheckSeverity.ERROR
    assert accounting.description.startswith("2 of 4 objects read have no outcome or several")
    assert accounting.metadata["unaccounted: enrollments"] == 1
    assert accounting.metadata["unaccounted: events"] == 1


@pytest.mark.parametrize("more", [{"lost": 1}, {"doubled": 1}])
def test_an_object_without_one_outcome_is_an_error_whatever_the_sums_say(
    more: dict[str, int],
) -> None:
    accounting, _ = answer(**more)
    assert not accounting.passed


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        ({"quarantined": 2}, "2 quarantined"),
        ({"kept": 1}, "1 kept otherwise by the server"),
        ({"destination_only": 4, "mirrored": 1}, "3 only at the destination"),
        ({"by_kind": {Kind.EVENT: Tally(1, {Outcome.HELD_BY_STRATEGY: 1})}}, "1 held by strategy"),
        ({"by_kind": {Kind.EVENT: Tally(1, {Outcome.DESTINATION_NEWER: 1})}},
         "1 newer at the destination"),
    ],
)  # fmt: skip
def test_a_gap_that_is_named_is_a_warning(gap: dict[str, Any], words: str) -> None:
    _, equality = answer(**gap)
    assert not equality.passed
    assert equality.severity is dg.AssetCheckSeverity.WARN
    assert words in equality.description


def test_an_object_that_differs_is_an_error_whatever_else_is_named() -> None:
    _, equality = answer(quarantined=3, broken=1)
    assert not equality.passed
    assert equality.severity is dg.AssetCheckSeverity.ERROR
    assert equality.description.startswith("1 objects that were to be written or kept differ")
