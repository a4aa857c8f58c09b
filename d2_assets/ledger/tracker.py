"""The tables that a month of events or tracked entities leaves.

The ledger holds every object and its one outcome, without its values. The others are of text, and
those that a person works with have a CSV beside them. Each is written whole or not at all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa

from d2_assets.ledger.spreadsheet import write_spreadsheet
from d2_assets.staging.database import Database
from d2_assets.staging.tables import write_table

#: Objects shown on the screen; all of them are in the files.
SHOWN = 50

#: Columns of each table of text, by its name.
TABLES: Mapping[str, Sequence[str]] = {
    "adaptations": ("kind", "member", "what", "why", "objects"),
    "differences": (
        "kind",
        "id",
        "program",
        "org_unit",
        "member",
        "source",
        "destination",
        "state",
        "why",
    ),
    "collisions": ("entity", "attribute", "name", "value", "holder"),
    "moved_on": ("id", "month"),
}

_LEDGER = (
    "row, month, kind, id, root, parent, program, stage, org_unit, type, updated_at, deleted, "
    "action, outcome, code, reason, attempts, digest, in_conflict, differs, is_broken, is_kept"
)
_QUARANTINE = (
    "kind",
    "id",
    "root",
    "parent",
    "program",
    "stage",
    "org_unit",
    "type",
    "updated_at",
    "code",
    "reason",
    "attempts",
)
_ROWS_A_BATCH = 2000


def save_ledger(database: Database, path: Path) -> int:
    """Every object of the view ``outcomes`` and its one outcome; gives their number."""
    return database.save(f"SELECT {_LEDGER} FROM outcomes", path, spread=True).rows


def save_quarantine(database: Database, path: Path, *, pair: str, run: str) -> int:
    """The objects of ``outcomes`` that could not land, as the view ``quarantine`` and as CSV;
    gives their number."""
    database.save(
        f"SELECT row, {', '.join(_QUARANTINE)}, {_quote(pair)} AS pair, {_quote(run)} AS run "
        "FROM outcomes WHERE outcome = 'quarantined' ORDER BY row",
        path,
    )
    note = database.attach("quarantine", path)
    write_spreadsheet(path, path.with_suffix(".csv"), without=frozenset({"row"}))
    return note.rows


def list_reasons(database: Database) -> list[tuple[str, str, int]]:
    """Code, one of its reasons, and objects, the most frequent first."""
    return [
        (code or "", reason or "", rows)
        for code, reason, rows in database.rows(
            "SELECT code, min(reason), count(*) FROM quarantine GROUP BY code ORDER BY 3 DESC, 1"
        )
    ]


def list_rows(database: Database) -> list[dict[str, str]]:
    """The first quarantined objects for the screen, column by name, all as text."""
    rows = database.rows(
        f"SELECT {', '.join(_QUARANTINE)} FROM quarantine ORDER BY row LIMIT {SHOWN}"
    )
    return [
        {
            name: "" if cell is None else str(cell)
            for name, cell in zip(_QUARANTINE, row, strict=True)
        }
        for row in rows
    ]


def write_rows(table: str, path: Path, rows: Iterable[Sequence[str]]) -> int:
    """Write one of the tables of text, and its CSV; gives its rows. ``rows`` may be many: they are
    not held. ConfigurationError when the disk is full."""
    schema = pa.schema([(name, pa.string()) for name in TABLES[table]])
    batches = (
        pa.record_batch(
            [pa.array(column, pa.string()) for column in zip(*part, strict=True)], schema=schema
        )
        for part in _cut(rows)
    )
    written = write_table(path, schema, batches)
    write_spreadsheet(path, path.with_suffix(".csv"))
    return written


def _cut(rows: Iterable[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    left = iter(rows)
    while part := list(islice(left, _ROWS_A_BATCH)):
        yield part


def _show(cell: object) -> str:
    return "" if cell is None else str(cell)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
