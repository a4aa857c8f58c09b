"""Rows that may be edited at both ends: what was last shared decides, not a stamp."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.data_values.choices import Choices, Reverse
from d2_assets.data_values.clocks import ON_TIME, SAME_MOMENT, ClockErrors
from d2_assets.data_values.plan import Plan, hold_brake, plan_changes
from d2_assets.data_values.push import SETTLED_SCHEMA
from d2_assets.data_values.reconcile import Reconciliation, compare_values
from d2_assets.data_values.verdicts import CHANGED_ON_BOTH_SIDES, LOST_BY_SERVER
from d2_assets.ledger.agreed import load_agreed, record_agreed
from d2_assets.ledger.outcomes import Outcome
from d2_assets.staging.database import Database
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

LIVE, OURS, THEIRS, GONE = (
    make_row(),
    make_row(value="6"),
    make_row(value="7"),
    make_row(deleted=True),
)
TWO_WAY = Choices(reverse=(Reverse(),))
NEWER = "destination_newer"


def agree(database: Database, folder: Path, rows: Sequence[Row], choices: Choices) -> None:
    """A run that found these rows alike at both ends."""
    plan(database, folder, rows, rows, choices)
    reconcile(database, folder, rows, choices)
    record_agreed(database, lambda month: folder / f"agreed-{month}.parquet")


def reconcile(
    database: Database, folder: Path, found: Sequence[Row], choices: Choices = TWO_WAY
) -> Reconciliation:
    """What the plan came to, when the destination was read back as ``found``."""
    stage_rows(database, folder, "found", found)
    database.load("settled", pa.table([[]] * len(SETTLED_SCHEMA), schema=SETTLED_SCHEMA))
    read = database.value("SELECT count(*) FROM plan WHERE row >= 0")
    return compare_values(database, MONTH, read, 0, folder / "ledger.parquet", merge=choices.merge)


def plan(
    database: Database,
    folder: Path,
    source: Sequence[Row],
    destination: Sequence[Row],
    choices: Choices = TWO_WAY,
    clocks: ClockErrors = ON_TIME,
    journalled: Sequence[tuple] = (),
) -> Plan:
    """Plan with what ``agree`` noted in the folder; a journal is (digest, outcome, code, words)."""
    stage_rows(database, folder, "destination", destination)
    check_rows(database, folder, source)
    recall_nothing(database, folder)
    for digest, outcome, code, words in journalled:
        database.execute(
            f"INSERT INTO journalled VALUES ({digest}, '{outcome}', '{code}', '{words}', 2)"
        )
    return plan_changes(database, choices, make_scope(), folder, clocks)


def actions(found: Plan) -> dict[str, int]:
    return dict(found.actions.get(MONTH, {}))


def digest_of(database: Database, folder: Path, row: Row) -> int:
    """The fingerprint of a row as it would be sent."""
    plan(database, folder, [row], [], Choices())
    return read_rows(database, "plan")[0]["digest"]


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


@pytest.mark.parametrize(("has_priority", "action"), [(True, "update"), (False, NEWER)])
def test_the_priority_instance_wins(
    database: Database, tmp_path: Path, has_priority: bool, action: str
) -> None:
    choices = replace(TWO_WAY, conflict_rule="priority", source_has_priority=has_priority)
    agree(database, tmp_path, [LIVE], choices)
    found = plan(database, tmp_path, [OURS], [THEIRS], choices)
    assert actions(found) == {action: 1}
    assert found.conflicts == {MONTH: 1}
    assert read_rows(database, "plan")[0]["verdict"] is None


NOON, LATER = "2025-11-20T12:00:00.000+0000", "2025-11-20T12:30:00.000+0000"
THREE_HOURS = 3 * 60 * 60 * 1000


@pytest.mark.parametrize(
    ("ours", "theirs", "clocks", "action"),
    [
        (LATER, NOON, ON_TIME, "update"),
        (NOON, LATER, ON_TIME, NEWER),
        # A clock that is ahead makes its own edits look late.
        (LATER, NOON, ClockErrors(source=THREE_HOURS), NEWER),
        (NOON, LATER, ClockErrors(destination=THREE_HOURS), "update"),
        (NOON, LATER, ClockErrors(source=-THREE_HOURS), "update"),
        (NOON, LATER, ClockErrors(THREE_HOURS, THREE_HOURS), NEWER),
        # Offsets say the same moment in other words.
        ("2025-11-20T15:30:00.000+0300", NOON, ON_TIME, "update"),
        ("2025-11-20T15:30:00.000+0530", NOON, ON_TIME, NEWER),
        ("2025-11-20T12:30:00Z", NOON, ON_TIME, "update"),
        ("2025-11-20T12:30:00.000+00:00", NOON, ON_TIME, "update"),
        # No order.
        (NOON, NOON, ON_TIME, "quarantined"),
        (LATER, None, ON_TIME, "quarantined"),
        (None, LATER, ON_TIME, "quarantined"),
        ("2025-11-20T12:30:00.000", NOON, ON_TIME, "quarantined"),
        ("yesterday", NOON, ON_TIME, "quarantined"),
        (LATER, NOON, ClockErrors(source=None), "quarantined"),
        (LATER, NOON, ClockErrors(destination=None), "quarantined"),
        (NOON, NOON, ClockErrors(source=-SAME_MOMENT), "quarantined"),
        (NOON, NOON, ClockErrors(source=-SAME_MOMENT - 1), "update"),
        (NOON, NOON, ClockErrors(destination=-SAME_MOMENT - 1), NEWER),
    ],
)
def test_the_newest_edit_wins_by_stamps_corrected_for_each_clock(
    database: Database,
    tmp_path: Path,
    ours: str | None,
    theirs: str | None,
    clocks: ClockErrors,
    action: str,
) -> None:
    choices = replace(TWO_WAY, conflict_rule="newest")
    agree(database, tmp_path, [LIVE], choices)
    source, destination = OURS | {"last_updated": ours}, THEIRS | {"last_updated": theirs}
    found = plan(database, tmp_path, [source], [destination], choices, clocks)
    assert actions(found) == {action: 1}
    assert found.conflicts == {MONTH: 1}


def test_stamps_are_not_looked_at_where_one_end_alone_changed(
    database: Database, tmp_path: Path
) -> None:
    choices = replace(TWO_WAY, conflict_rule="newest")
    agree(database, tmp_path, [LIVE], choices)
    late, early = {"last_updated": LATER}, {"last_updated": NOON}
    found = plan(database, tmp_path, [OURS | early], [LIVE | late], choices)
    assert actions(found) == {"update": 1}
    found = plan(database, tmp_path, [LIVE | late], [THEIRS | early], choices)
    assert actions(found) == {NEWER: 1}
    found = plan(database, tmp_path, [LIVE | late], [LIVE | early], choices)
    assert actions(found) == {"unchanged": 1}


# Merging and mirroring


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


def test_a_row_that_the_killed_run_had_refused_is_not_sent_again(
    database: Database, tmp_path: Path
) -> None:
    sent = digest_of(database, tmp_path, OURS)
    journal = [(sent, "quarantined", "E7619", "Not a number.")]
    for choices in (Choices(), TWO_WAY):
        found = plan(database, tmp_path, [OURS], [], choices, journalled=journal)
        assert actions(found) == {"quarantined": 1}
        (row,) = read_rows(database, "plan")
        assert (row["verdict"], row["reason"], row["attempts"]) == ("E7619", "Not a number.", 2)
    result = reconcile(database, tmp_path, [])
    assert (result.tally.outcomes, result.broken) == ({Outcome.QUARANTINED: 1}, 0)
    assert read_rows(database, "outcomes")[0]["attempts"] == 2
    changed = plan(database, tmp_path, [THEIRS], [], journalled=journal)
    assert actions(changed) == {"create": 1}


@pytest.mark.parametrize("destination", [[], [THEIRS], [GONE]])
def test_what_the_killed_run_wrote_and_is_not_there_on_a_one_way_pair_is_lost(
    database: Database, tmp_path: Path, destination: list[Row]
) -> None:
    journal = [(digest_of(database, tmp_path, OURS), "taken", "", "")]
    found = plan(database, tmp_path, [OURS], destination, Choices(), journalled=journal)
    assert actions(found) == {"quarantined": 1}
    assert read_rows(database, "plan")[0]["verdict"] == LOST_BY_SERVER
    assert reconcile(database, tmp_path, destination, Choices()).broken == 1


def test_what_the_killed_run_wrote_counts_as_agreed_on_a_two_way_pair(
    database: Database, tmp_path: Path
) -> None:
    agree(database, tmp_path, [LIVE], TWO_WAY)
    journal = [(digest_of(database, tmp_path, OURS), "taken", "", "")]
    for destination, action in (
        ([OURS], "unchanged"),
        ([THEIRS], NEWER),
        ([LIVE], NEWER),
        ([], "quarantined"),
    ):
        found = plan(database, tmp_path, [OURS], destination, journalled=journal)
        assert actions(found) == {action: 1}, destination
    assert read_rows(database, "plan")[0]["verdict"] == LOST_BY_SERVER


def test_a_discarded_row_stays_discarded_until_its_content_changes(
    database: Database, tmp_path: Path
) -> None:
    unfit = make_row(value="x")
    plan(database, tmp_path, [unfit, OURS | {"org_unit": CLINIC_2}], [])
    digests = ", ".join(f"({row['digest']})" for row in read_rows(database, "plan"))
    database.execute(f"INSERT INTO discarded VALUES {digests}")
    found = plan_changes(database, Choices(), make_scope(), tmp_path)
    assert actions(found) == {"discarded": 2}
    result = reconcile(database, tmp_path, [])
    assert result.tally.outcomes == {Outcome.DISCARDED: 2}
    assert (result.broken, result.explained, result.tally.unaccounted) == (0, 2, 0)
    stage_rows(database, tmp_path, "source", [THEIRS])
    check_rows(database, tmp_path, [THEIRS])
    assert actions(plan_changes(database, Choices(), make_scope(), tmp_path)) == {"create": 1}


# Reconciliation


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


@settings(max_examples=15)
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
