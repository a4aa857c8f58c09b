from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.push import SETTLED_SCHEMA
from d2_assets.data_values.reconcile import LOST_BY_SERVER, Reconciliation, compare_values
from d2_assets.ledger.outcomes import Outcome
from d2_assets.staging.database import Database
from d2_assets_tests.data_values.builders import (
    CLINIC_1,
    CLINIC_2,
    CLINIC_3,
    MONTH,
    MONTHLY,
    NOTE,
    NUMBER,
    Row,
    make_row,
    plan_rows,
    read_rows,
    stage_rows,
)

NEW = make_row()
Settled = tuple[int, str, str, str, int]


def _reconcile(
    database: Database,
    folder: Path,
    source: Sequence[Row],
    *,
    before: Iterable[Row] = (),
    found: Iterable[Row] = (),
    settled: Sequence[Settled] = (),
    choices: Choices | None = None,
    read_back: bool = True,
) -> Reconciliation:
    """Plan ``source`` against ``before``, then compare with what is ``found`` after the push."""
    choices = choices or Choices()
    plan = plan_rows(database, folder, source, before, choices)
    stage_rows(database, folder, "found", found)
    rows = [(row, "", *rest) for row, *rest in settled]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 6
    database.load("settled", pa.table(columns, schema=SETTLED_SCHEMA))
    return compare_values(
        database,
        MONTH,
        plan.read(MONTH),
        plan.destination_only.get(MONTH, 0),
        folder / "ledger.parquet",
        merge=choices.merge,
        read_back=read_back,
    )


def _only(database: Database) -> Row:
    (row,) = read_rows(database, "outcomes")
    return row


@pytest.mark.parametrize(
    ("source", "before", "found", "outcome"),
    [
        (NEW, [], [NEW], Outcome.CREATED),
        (NEW, [make_row(value="6")], [NEW], Outcome.UPDATED),
        (NEW, [NEW], [NEW], Outcome.UNCHANGED),
        (make_row(deleted=True), [NEW], [make_row(deleted=True)], Outcome.DELETED),
        (make_row(deleted=True), [NEW], [], Outcome.DELETED),
        (make_row(org_unit="UnitTooDeep"), [], [], Outcome.FILTERED),
        (make_row(value="x"), [], [], Outcome.QUARANTINED),
    ],
)
def test_what_stands_at_the_destination_decides_the_outcome(
    database: Database,
    tmp_path: Path,
    source: Row,
    before: list[Row],
    found: list[Row],
    outcome: Outcome,
) -> None:
    result = _reconcile(database, tmp_path, [source], before=before, found=found)
    assert result.tally.outcomes == {outcome: 1}
    assert result.tally.unaccounted == result.broken == 0
    assert result.by_data_set == {MONTHLY: {str(outcome): 1}}
    assert _only(database)["outcome"] == outcome


@pytest.mark.parametrize("found", [[], [make_row(value="6")], [make_row(deleted=True)]])
def test_a_row_that_the_server_took_and_lost_is_named(
    database: Database, tmp_path: Path, found: list[Row]
) -> None:
    result = _reconcile(database, tmp_path, [NEW], found=found)
    assert result.tally.outcomes == {Outcome.QUARANTINED: 1}
    assert (result.broken, result.explained) == (1, 0)
    row = _only(database)
    assert (row["code"], row["is_broken"]) == (LOST_BY_SERVER, True)
    assert "server" in row["reason"]
    (difference,) = result.differences
    assert (difference.data_element, difference.org_unit) == (NUMBER, CLINIC_1)
    assert difference.expected == "5"
    assert difference.found == ("6" if found and not found[0]["deleted"] else "(not there)")
    assert difference.why == row["reason"]


def test_a_delete_that_the_server_took_and_lost_is_named(
    database: Database, tmp_path: Path
) -> None:
    gone = make_row(deleted=True)
    result = _reconcile(database, tmp_path, [gone], before=[NEW], found=[NEW])
    assert result.broken == 1
    assert result.differences[0].expected == "(deleted)"
    assert _only(database)["code"] == LOST_BY_SERVER


def test_a_refused_row_is_quarantined_with_the_servers_words(
    database: Database, tmp_path: Path
) -> None:
    said = (0, "quarantined", "E8022", "Not usable with org unit", 3)
    result = _reconcile(database, tmp_path, [NEW], settled=[said])
    assert result.tally.outcomes == {Outcome.QUARANTINED: 1}
    assert (result.broken, result.explained) == (0, 1)
    row = _only(database)
    assert (row["code"], row["reason"], row["attempts"]) == said[2:]


def test_a_refused_row_that_is_right_at_the_destination_has_landed(
    database: Database, tmp_path: Path
) -> None:
    said = (0, "quarantined", "E8022", "Not usable with org unit", 1)
    result = _reconcile(database, tmp_path, [NEW], settled=[said], found=[NEW])
    assert result.tally.outcomes == {Outcome.CREATED: 1}
    assert result.differences == ()
    assert _only(database)["code"] is None


@pytest.mark.parametrize("outcome", ["queued", "not_attempted"])
def test_what_the_run_left_open_is_in_the_ledger_and_breaks_the_claim(
    database: Database, tmp_path: Path, outcome: str
) -> None:
    result = _reconcile(database, tmp_path, [NEW], settled=[(0, outcome, "", "Down.", 0)])
    assert result.tally.outcomes == {Outcome(outcome): 1}
    assert result.tally.unsettled == result.broken == 1
    assert _only(database)["reason"] == "Down."


def test_rows_that_were_sent_are_queued_when_the_destination_cannot_be_read_back(
    database: Database, tmp_path: Path
) -> None:
    held = make_row(org_unit=CLINIC_2)
    refused = make_row(org_unit=CLINIC_3)
    result = _reconcile(
        database,
        tmp_path,
        [NEW, held, refused],
        before=[held],
        found=[held],
        settled=[(2, "quarantined", "E1", "No.", 1)],
        read_back=False,
    )
    assert result.tally.outcomes == {
        Outcome.QUEUED: 1,
        Outcome.UNCHANGED: 1,
        Outcome.QUARANTINED: 1,
    }
    assert result.broken == 1
    assert LOST_BY_SERVER not in {row["code"] for row in read_rows(database, "outcomes")}


def test_a_row_that_changed_at_the_destination_during_the_run_breaks_the_claim(
    database: Database, tmp_path: Path
) -> None:
    result = _reconcile(
        database, tmp_path, [NEW], before=[NEW], found=[make_row(value="someone else's")]
    )
    assert result.tally.outcomes == {Outcome.UNCHANGED: 1}
    assert result.broken == 1
    assert "during the run" in result.differences[0].why


def test_rows_held_by_strategy_differ_and_are_explained(database: Database, tmp_path: Path) -> None:
    choices = Choices(import_strategy="UPDATE")
    result = _reconcile(database, tmp_path, [NEW], choices=choices)
    assert result.tally.outcomes == {Outcome.HELD_BY_STRATEGY: 1}
    assert (result.broken, result.explained) == (0, 1)
    assert "import strategy" in result.differences[0].why


def test_a_quarantined_row_that_is_right_at_the_destination_does_not_differ(
    database: Database, tmp_path: Path
) -> None:
    unfit = make_row(value="x")
    result = _reconcile(database, tmp_path, [unfit], before=[unfit], found=[unfit])
    assert result.tally.outcomes == {Outcome.QUARANTINED: 1}
    assert (result.broken, result.explained) == (0, 0)


def test_mirrored_rows_are_counted_beside_the_rows_read(database: Database, tmp_path: Path) -> None:
    other = make_row(data_element=NOTE)
    choices = Choices(mirror=True, brake_percent=100)
    gone = other | {"deleted": True}
    result = _reconcile(
        database, tmp_path, [NEW], before=[NEW, other], found=[NEW, gone], choices=choices
    )
    assert (result.tally.read, result.tally.outcomes) == (1, {Outcome.UNCHANGED: 1})
    assert (result.mirrored, result.destination_only, result.broken) == (1, 1, 0)
    still = _reconcile(
        database, tmp_path, [NEW], before=[NEW, other], found=[NEW, other], choices=choices
    )
    assert still.broken == 1


def test_a_comment_that_merging_keeps_is_no_difference(database: Database, tmp_path: Path) -> None:
    kept = make_row(comment="kept")
    choices = Choices(merge=True)
    changed = make_row(value="6", comment="kept")
    result = _reconcile(
        database,
        tmp_path,
        [make_row(value="6")],
        before=[kept],
        found=[changed],
        choices=choices,
    )
    assert result.tally.outcomes == {Outcome.UPDATED: 1}
    assert result.broken == 0


def test_only_so_many_differences_are_shown_the_broken_first(
    database: Database, tmp_path: Path
) -> None:
    unfit = [make_row(attribute_option_combo=f"Option{number:05}") for number in range(60)]
    result = _reconcile(database, tmp_path, [*unfit, NEW])
    assert (result.broken, result.explained) == (1, 60)
    assert len(result.differences) == 50
    assert result.differences[0].attribute_option_combo == NEW["attribute_option_combo"]
    assert result.tally.unaccounted == 0
