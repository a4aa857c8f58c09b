"""Rows that may be edited at both ends: what was last shared decides, not a stamp."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.data_values.choices import Choices, Reverse
from d2_assets.data_values.plan import hold_brake, plan_changes
from d2_assets.data_values.verdicts import CHANGED_ON_BOTH_SIDES
from d2_assets.ledger.agreed import load_agreed, record_agreed
from d2_assets.ledger.outcomes import Outcome
from d2_assets.staging.database import Database
from d2_assets_tests.data_values.agreeing import (
    GONE,
    LIVE,
    NEWER,
    OURS,
    THEIRS,
    TWO_WAY,
    actions,
    agree,
    plan,
    reconcile,
)
from d2_assets_tests.data_values.builders import (
    CLINIC_1,
    CLINIC_2,
    CLINIC_3,
    MONTH,
    MONTHLY,
    NOTE,
    QUARTERLY,
    REGION_1,
    Row,
    check_rows,
    compare_in_parts,
    make_row,
    make_scope,
    open_scratch,
    read_rows,
    recall_nothing,
    stage_rows,
)

#: What was shared, what the source has, what the destination has, and the action.
SITUATIONS: Mapping[str, tuple[list[Row], Row, list[Row], str]] = {
    "changed at the source": ([LIVE], OURS, [LIVE], "update"),
    "changed at the destination": ([LIVE], LIVE, [THEIRS], NEWER),
    "changed at both, differently": ([LIVE], OURS, [THEIRS], "quarantined"),
    "changed at both, alike": ([LIVE], OURS, [OURS], "unchanged"),
    "deleted at the source": ([LIVE], GONE, [LIVE], "delete"),
    "deleted at the destination": ([LIVE], LIVE, [GONE], NEWER),
    "deleted at the source, changed at the destination": ([LIVE], GONE, [THEIRS], "quarantined"),
    "changed at the source, deleted at the destination": ([LIVE], OURS, [GONE], "quarantined"),
    "deleted at both": ([LIVE], GONE, [GONE], "unchanged"),
    "brought back at the source": ([GONE], LIVE, [GONE], "create"),
    "brought back at the destination": ([GONE], GONE, [LIVE], NEWER),
    "never shared and different": ([], OURS, [THEIRS], "quarantined"),
    "never shared and alike": ([], OURS, [OURS], "unchanged"),
    "never at the destination": ([], OURS, [], "create"),
    "shared, and without any trace at the destination": ([LIVE], LIVE, [], "create"),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_was_shared_tells_at_which_end_a_row_changed(
    database: Database, tmp_path: Path, situation: str
) -> None:
    shared, source, destination, action = SITUATIONS[situation]
    agree(database, tmp_path, shared, TWO_WAY)
    found = plan(database, tmp_path, [source], destination)
    assert actions(found) == {action: 1}
    (row,) = read_rows(database, "plan")
    in_conflict = action == "quarantined"
    assert row["in_conflict"] is in_conflict
    assert found.conflicts == ({MONTH: 1} if in_conflict else {})
    assert row["verdict"] == (CHANGED_ON_BOTH_SIDES if in_conflict else None)
    assert bool(row["reason"]) is (action in (NEWER, "quarantined"))


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_one_way_pair_writes_over_the_destination_as_ever(
    database: Database, tmp_path: Path, situation: str
) -> None:
    shared, source, destination, _ = SITUATIONS[situation]
    agree(database, tmp_path, shared, Choices())
    found = plan(database, tmp_path, [source], destination, Choices())
    assert not {NEWER, "quarantined"} & actions(found).keys()
    assert found.conflicts == {}


def test_a_strategy_holds_what_changed_at_the_source_of_a_two_way_pair(
    database: Database, tmp_path: Path
) -> None:
    agree(database, tmp_path, [LIVE], TWO_WAY)
    create = replace(TWO_WAY, import_strategy="CREATE")
    assert actions(plan(database, tmp_path, [OURS], [LIVE], create)) == {"held_by_strategy": 1}
    assert actions(plan(database, tmp_path, [LIVE], [THEIRS], create)) == {NEWER: 1}


@pytest.mark.parametrize(
    ("reverse", "covered"),
    [
        (Reverse(), {CLINIC_1, CLINIC_2, CLINIC_3}),
        (Reverse(data_sets=(MONTHLY,)), {CLINIC_1, CLINIC_2, CLINIC_3}),
        (Reverse(data_sets=(QUARTERLY,)), set()),
        (Reverse(org_units=(REGION_1,)), {CLINIC_1, CLINIC_2}),
        (Reverse(org_units=(CLINIC_2, "UnitUnknown")), {CLINIC_2}),
        (Reverse(deepest_level=2), set()),
        (Reverse(org_units=(REGION_1,), deepest_level=3), {CLINIC_1, CLINIC_2}),
    ],
)
def test_only_rows_that_the_reverse_pair_moves_are_two_way(
    database: Database, tmp_path: Path, reverse: Reverse, covered: set[str]
) -> None:
    units = (CLINIC_1, CLINIC_2, CLINIC_3)
    before = [make_row(org_unit=unit) for unit in units]
    after = [make_row(org_unit=unit, value="7") for unit in units]
    choices = Choices(reverse=(reverse,))
    agree(database, tmp_path, before, choices)
    plan(database, tmp_path, before, after, choices)
    rows = read_rows(database, "plan")
    assert {row["org_unit"] for row in rows if row["action"] == NEWER} == covered
    assert all(row["action"] == "update" for row in rows if row["org_unit"] not in covered)


def test_several_reverse_pairs_are_taken_together_each_with_its_own_filters(
    database: Database, tmp_path: Path
) -> None:
    choices = Choices(
        reverse=(
            Reverse(data_sets=(MONTHLY,), org_units=(CLINIC_1,)),
            Reverse(data_sets=(QUARTERLY,), org_units=(CLINIC_2,)),
        )
    )
    before = [make_row(org_unit=unit) for unit in (CLINIC_1, CLINIC_2)]
    agree(database, tmp_path, before, choices)
    after = [row | {"value": "7"} for row in before]
    assert actions(plan(database, tmp_path, before, after, choices)) == {NEWER: 1, "update": 1}


# The rule for what changed at both ends


def test_a_comment_that_merging_keeps_is_no_edit_of_either_end(
    database: Database, tmp_path: Path
) -> None:
    bare, kept = make_row(data_element=NOTE), make_row(data_element=NOTE, comment="kept")
    merge = replace(TWO_WAY, merge=True)
    plan(database, tmp_path, [bare], [kept], merge)
    reconcile(database, tmp_path, [kept], merge)
    record_agreed(database, lambda month: tmp_path / f"agreed-{month}.parquet")
    changed = {"value": "9"}
    for choices, source, destination, action in (
        (merge, bare | changed, kept, "update"),
        (merge, bare, kept | changed, NEWER),
        (merge, bare, kept | {"comment": "mended"}, "unchanged"),
        (merge, bare, kept | changed | {"comment": "mended"}, NEWER),
        (merge, bare | changed, kept | {"value": "8"}, "quarantined"),
        # the other pair, back to the end that lacks the comment
        (TWO_WAY, kept, bare, "update"),
        (TWO_WAY, kept, bare | changed, NEWER),
        (TWO_WAY, kept | changed, bare, "update"),
    ):
        found = plan(database, tmp_path, [source], [destination], choices)
        assert actions(found) == {action: 1}, (source, destination)


@pytest.mark.parametrize(
    ("shared", "theirs", "goes"),
    [([LIVE], LIVE, True), ([], LIVE, False), ([LIVE], THEIRS, False), ([GONE], LIVE, False)],
)
def test_a_mirror_takes_from_a_two_way_pair_only_what_both_ends_had_agreed_on(
    database: Database, tmp_path: Path, shared: list[Row], theirs: Row, goes: bool
) -> None:
    choices = replace(TWO_WAY, mirror=True, brake_percent=0)
    agree(database, tmp_path, shared, TWO_WAY)
    found = plan(database, tmp_path, [], [theirs], choices)
    assert found.destination_only == {MONTH: 1}
    assert found.mirrored == ({MONTH: 1} if goes else {})
    assert [row["action"] for row in read_rows(database, "plan")] == (["delete"] if goes else [])
    if not goes:
        hold_brake(database, found, choices)


# What a run left that was cut short, and what people discarded


def test_conflicts_are_recognised_in_the_ledger_and_gaps_are_explained(
    database: Database, tmp_path: Path
) -> None:
    units = (CLINIC_1, CLINIC_2)
    agree(database, tmp_path, [make_row(org_unit=unit) for unit in units], TWO_WAY)
    source = [make_row(org_unit=CLINIC_1, value="6"), make_row(org_unit=CLINIC_2)]
    destination = [make_row(org_unit=unit, value="7") for unit in units]
    plan(database, tmp_path, source, destination)
    result = reconcile(database, tmp_path, destination)
    assert result.tally.outcomes == {Outcome.QUARANTINED: 1, Outcome.DESTINATION_NEWER: 1}
    assert (result.broken, result.explained, result.conflicts) == (0, 2, 1)
    assert [row["in_conflict"] for row in read_rows(database, "outcomes")] == [True, False]
    assert [bool(item.why) for item in result.differences] == [True, True]
    assert "destination" in result.differences[1].why


_content: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "value": st.sampled_from(["1", "2"]),
        "comment": st.sampled_from([None, "seen"]),
        "deleted": st.booleans(),
    }
)


@settings(max_examples=10)
@given(_content, _content, _content, st.booleans(), st.booleans())
def test_after_a_run_each_way_nothing_is_left_to_write_and_no_lone_edit_is_lost(
    shared: dict[str, Any],
    at_a: dict[str, Any],
    at_b: dict[str, Any],
    a_has_priority: bool,
    in_parts: bool,
) -> None:
    here, there, before = make_row(**at_a), make_row(**at_b), make_row(**shared)

    def alike(one: Row, other: Row) -> bool:
        return (one["deleted"] and other["deleted"]) or (
            one["deleted"] == other["deleted"]
            and (one["value"], one["comment"]) == (other["value"], other["comment"])
        )

    def move(database: Database, folder: Path, source: Row, destination: Row, wins: bool) -> Row:
        choices = replace(TWO_WAY, conflict_rule="priority", source_has_priority=wins)
        found = plan(database, folder, [source], [destination], choices)
        landed = source if found.sends(MONTH) else destination
        reconcile(database, folder, [landed], choices)
        record_agreed(database, lambda month: folder / f"agreed-{month}.parquet")
        return landed

    with open_scratch() as (database, folder), compare_in_parts(1 if in_parts else 60_000):
        agree(database, folder, [before], TWO_WAY)
        b = move(database, folder, here, there, a_has_priority)
        a = move(database, folder, b, here, not a_has_priority)
        assert alike(a, b)
        if alike(here, before):
            assert alike(a, there)
        elif alike(there, before) or a_has_priority:
            assert alike(a, here)
        else:
            assert alike(a, there)
        for one, other in ((a, b), (b, a)):
            assert plan(database, folder, [one], [other]).sends(MONTH) == 0


def test_only_a_two_way_pair_reads_what_was_agreed(database: Database, tmp_path: Path) -> None:
    stage_rows(database, tmp_path, "destination", [THEIRS])
    check_rows(database, tmp_path, [OURS])
    recall_nothing(database, tmp_path)
    database.execute("DROP VIEW agreed")
    assert actions(plan_changes(database, Choices(), make_scope(), tmp_path)) == {"update": 1}
    load_agreed(database, lambda month: tmp_path / month)
    plan_changes(database, TWO_WAY, make_scope(), tmp_path)
    assert read_rows(database, "plan")[0]["in_conflict"]
