"""What the checks of a metadata family say, and when they warn instead of failing."""

import dagster as dg
import pytest

from d2_assets.defs.metadata_checks import answer_family_checks
from d2_assets.defs.reports import CheckReport
from d2_assets.ledger.outcomes import Outcome
from d2_assets.sync.metadata import FamilyResult
from d2_assets_tests.defs.family_results import adaptation, difference, make_result, refusal


def answer(result: FamilyResult) -> tuple[CheckReport, CheckReport]:
    accounting, equality = answer_family_checks(result)
    assert accounting.name == "no_row_is_lost"
    assert equality.name == "metadata_equals_source"
    return accounting, equality


def test_what_is_all_there_passes_both_checks() -> None:
    accounting, equality = answer(make_result())
    assert accounting.passed
    assert accounting.description == "All 3 objects read ended in one outcome each."
    assert equality.passed
    assert equality.description == "The destination equals the source in all 3 objects."


@pytest.mark.parametrize("read", [2, 4])
def test_an_object_without_one_outcome_is_an_error(read: int) -> None:
    accounting, _ = answer(make_result(read=read))
    assert not accounting.passed
    assert accounting.severity is dg.AssetCheckSeverity.ERROR
    assert accounting.description.startswith(f"1 of {read} objects read have no outcome or several")


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        ({"refusals": (refusal("a"), refusal("b"))}, "2 quarantined"),
        ({"adaptations": (adaptation("a"), adaptation("a", "user"))}, "1 adapted"),
        ({"by_class": {"dataElements": {Outcome.HELD_BY_STRATEGY: 2}}}, "2 held by strategy"),
        ({"differences": (difference("a", "kept"), difference("a", "kept", "code"))},
         "1 kept otherwise by the server"),
        ({"destination_only": 4}, "4 only at the destination"),
    ],
)  # fmt: skip
def test_a_gap_that_is_named_is_a_warning(gap: dict, words: str) -> None:
    _, equality = answer(make_result(**gap))
    assert not equality.passed
    assert equality.severity is dg.AssetCheckSeverity.WARN
    assert words in equality.description


def test_an_object_in_quarantine_is_not_counted_as_adapted_too() -> None:
    _, equality = answer(make_result(refusals=(refusal("a"),), adaptations=(adaptation("a"),)))
    assert equality.metadata["adapted"] == 0
    assert equality.description.endswith("named: 1 quarantined.")


def test_a_reference_that_was_lost_is_an_error_whatever_else_is_named() -> None:
    result = make_result(differences=(difference("a", "lost"),), broken=1, destination_only=3)
    _, equality = answer(result)
    assert not equality.passed
    assert equality.severity is dg.AssetCheckSeverity.ERROR
    assert equality.description.startswith("1 objects that were to be written or kept differ")


def test_what_was_mended_is_no_gap() -> None:
    _, equality = answer(make_result(differences=(difference("a", "drift"),)))
    assert equality.passed


def test_what_does_not_travel_is_said_and_no_gap() -> None:
    by_class = {"users": {Outcome.FILTERED: 2, Outcome.UNCHANGED: 1}}
    _, equality = answer(make_result(by_class=by_class))
    assert equality.passed
    assert "in all 1 objects of the pair; 2 stay where they are" in equality.description
