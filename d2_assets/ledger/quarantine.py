"""Rows that wait for a person: one Parquet file a month and pair, readable with any tool.

The file always holds the whole truth of the last run: a row that went through since is gone
from it.
"""

from pathlib import Path

from d2_assets.staging.database import Database

#: Rows shown on the screen; all of them are in the file.
SHOWN = 50


def stage_quarantine(database: Database, path: Path, *, pair: str, run: str) -> int:
    """Write the quarantined rows of ``outcomes`` and ``registrations``; gives their number."""
    note = database.save(
        f"""
        SELECT '{_escape(pair)}' AS pair, '{_escape(run)}' AS run, * FROM (
            SELECT 'data_value' AS kind, month, data_set, data_element, period, org_unit,
                   category_option_combo, attribute_option_combo, value, comment, followup,
                   deleted, last_updated, code, reason, attempts, row
            FROM outcomes WHERE outcome = 'quarantined'
            UNION ALL BY NAME
            SELECT 'completeness' AS kind, month, data_set, period, org_unit,
                   attribute_option_combo, completed::VARCHAR AS value, code, reason
            FROM registrations WHERE outcome = 'quarantined'
        )
        """,
        path,
    )
    database.attach("quarantine", path)
    return note.rows


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
    columns = (
        "kind",
        "data_set",
        "data_element",
        "period",
        "org_unit",
        "category_option_combo",
        "value",
        "code",
        "reason",
    )
    return [
        {name: "" if cell is None else str(cell) for name, cell in zip(columns, row, strict=True)}
        for row in database.rows(
            f"SELECT {', '.join(columns)} FROM quarantine ORDER BY kind DESC, row LIMIT {SHOWN}"
        )
    ]


def _escape(text: str) -> str:
    return text.replace("'", "''")
