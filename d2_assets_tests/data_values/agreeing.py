"""Plans of rows that may be edited at both ends, with what earlier runs left."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from d2_assets.data_values.choices import Choices, Reverse
from d2_assets.data_values.clocks import ON_TIME, ClockErrors
from d2_assets.data_values.plan import Plan, plan_changes
from d2_assets.data_values.push import SETTLED_SCHEMA
from d2_assets.data_values.reconcile import Reconciliation, compare_values
from d2_assets.ledger.agreed import record_agreed
from d2_assets.staging.database import Database
from d2_assets_tests.data_values.builders import (
    MONTH,
    Row,
    check_rows,
    make_row,
    make_scope,
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
