"""What a killed run had settled, and what a person discarded, is not sent again."""

from pathlib import Path

import pytest

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.plan import plan_changes
from d2_assets.data_values.verdicts import LOST_BY_SERVER
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
    digest_of,
    plan,
    reconcile,
)
from d2_assets_tests.data_values.builders import (
    CLINIC_2,
    Row,
    check_rows,
    make_row,
    make_scope,
    read_rows,
    stage_rows,
)


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
