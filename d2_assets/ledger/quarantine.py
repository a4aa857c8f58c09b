"""The work list: rows that could not land wait here until they land or a person discards them.

One Parquet file a pair and month. A run adds what it could not land and takes off what it found
landed; a row that it did not meet stays: filters may have changed, or the row may be gone at the
source, and neither says that it arrived. The CSV beside it holds the same rows for a spreadsheet.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from d2_assets.ledger.outcomes import OUTCOME_WORDS, Outcome
from d2_assets.ledger.work_list import (
    IN_PART,
    ROW_ID,
    attach_work_list,
    hold_work_list,
    save_work_list,
)
from d2_assets.staging.database import Database

#: Rows shown on the screen; all of them are in the file.
SHOWN = 50

#: Code of a row that a replay asked for and the source did not give.
GONE_AT_SOURCE = "gone_at_source"

_SHOWN_COLUMNS = (
    "id",
    "kind",
    "data_set",
    "data_element",
    "period",
    "org_unit",
    "category_option_combo",
    "value",
    "code",
    "reason",
    "attempts",
    "run",
)

#: Outcomes after which a row leaves the list.
_LEAVES = (
    Outcome.CREATED,
    Outcome.UPDATED,
    Outcome.UNCHANGED,
    Outcome.DELETED,
    Outcome.DISCARDED,
)
#: Outcomes of a run that decided not to send: the row stays, and says so.
_HELD = (Outcome.FILTERED, Outcome.HELD_BY_STRATEGY, Outcome.DESTINATION_NEWER)


def stage_quarantine(
    database: Database, path: Path, *, pair: str, run: str, asked: Collection[str] = ()
) -> int:
    """Bring the work list up to date from ``outcomes`` and ``registrations``; gives its rows.

    ``asked`` are the ids that a replay asked for: those that the source did not give are told.
    Makes the view ``quarantine``. ContractError when the list on disk is damaged: it stays as is.
    """
    database.load("asked", pa.table({"id": pa.array(sorted(asked), pa.string())}))
    with hold_work_list(database, path, f"run {run}"):
        save_work_list(database, _MERGED.format(pair=_quote(pair), run=_quote(run)), path)
    return attach_work_list(database, path)


def list_reasons(database: Database) -> list[tuple[str, str, int]]:
    """Code, one of its reasons, and rows, the most frequent first."""
    return [
        (code or "", reason or "", rows)
        for code, reason, rows in database.rows(
            "SELECT code, min(reason), count(*) FROM quarantine GROUP BY code ORDER BY 3 DESC, 1"
        )
    ]


def list_rows(database: Database) -> list[dict[str, str]]:
    """The first rows for the screen, column by name, all as text."""
    rows = database.rows(
        f"SELECT {', '.join(_SHOWN_COLUMNS)} FROM quarantine ORDER BY kind DESC, row LIMIT {SHOWN}"
    )
    return [_show(row) for row in rows]


def _show(row: Sequence[Any]) -> dict[str, str]:
    cells = zip(_SHOWN_COLUMNS, row, strict=True)
    return {name: "" if cell is None else str(cell) for name, cell in cells}


def _name(outcomes: Collection[Outcome]) -> str:
    return ", ".join(f"'{outcome}'" for outcome in outcomes)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_HELD_WORDS = " ".join(
    f"WHEN '{outcome}' THEN {_quote(f'It was not sent: {OUTCOME_WORDS[outcome]}.')}"
    for outcome in _HELD
)

_GONE_WORDS = _quote(
    "The source does not give this row any more: it is gone there, or the pair leaves it out now. "
    "Discard it when it is not needed."
)

_MERGED = f"""
    WITH named AS (
        SELECT * REPLACE ({ROW_ID} AS id) FROM (
            SELECT * FROM no_rows
            UNION ALL BY NAME SELECT 'data_value' AS kind, * FROM outcomes
            UNION ALL BY NAME
            SELECT 'completeness' AS kind, completed::VARCHAR AS value, * EXCLUDE (completed)
            FROM registrations WHERE {IN_PART}
        )
    ), met AS (
        SELECT * FROM named
        WHERE outcome = 'quarantined' OR id IN (SELECT id FROM listed)
    ), before AS (
        SELECT id, max(attempts) AS attempts, any_value(first_run) AS first_run
        FROM listed GROUP BY id
    ), held AS (
        SELECT id, any_value(outcome) AS outcome, any_value(reason) AS words
        FROM met WHERE outcome IN ({_name(_HELD)}) GROUP BY id
    ), refused AS (
        SELECT met.* REPLACE (
            coalesce(before.attempts, 0) + greatest(coalesce(met.attempts, 0), 1) AS attempts,
            {{pair}} AS pair, coalesce(before.first_run, {{run}}) AS first_run, {{run}} AS run)
        FROM met LEFT JOIN before USING (id) WHERE met.outcome = 'quarantined'
    ), stays AS (
        SELECT * FROM listed WHERE id NOT IN (
            SELECT id FROM met WHERE outcome IN ('quarantined', {_name(_LEAVES)}))
    )
    SELECT * FROM refused
    UNION ALL BY NAME
    SELECT stays.* REPLACE (
        CASE WHEN held.id IS NOT NULL THEN held.outcome
             WHEN gone.id IS NOT NULL THEN '{GONE_AT_SOURCE}' ELSE stays.code END AS code,
        CASE WHEN held.id IS NOT NULL
                 THEN coalesce(held.words, CASE held.outcome {_HELD_WORDS} END)
             WHEN gone.id IS NOT NULL THEN {_GONE_WORDS} ELSE stays.reason END AS reason,
        CASE WHEN held.id IS NOT NULL OR gone.id IS NOT NULL THEN {{run}}
             ELSE stays.run END AS run)
    FROM stays
    LEFT JOIN held ON held.id = stays.id
    LEFT JOIN (SELECT id FROM asked WHERE id NOT IN (SELECT id FROM met)) AS gone
        ON gone.id = stays.id
"""
