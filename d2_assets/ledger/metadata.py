"""The tables that a metadata family leaves: the outcome of every object, and what is told of it.

All columns are text. Each table is Parquet, written whole or not at all; those that a person works
with have a CSV beside them.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from d2_assets.ledger.spreadsheet import write_spreadsheet
from d2_assets.staging.tables import write_table

#: Columns of each table, by its name.
TABLES: Mapping[str, Sequence[str]] = {
    "ledger": (
        "class",
        "id",
        "destination_id",
        "name",
        "code",
        "action",
        "outcome",
        "reason_code",
        "reason",
        "differences",
        "second_pass",
    ),
    "quarantine": ("class", "id", "name", "code", "reason", "pair", "family", "run"),
    "adaptations": ("class", "id", "name", "property", "what", "why"),
    "crosswalk": ("class", "source", "destination", "matched_by", "name"),
    "differences": ("class", "id", "name", "property", "source", "destination", "state", "why"),
}

#: Tables that people open in a spreadsheet.
_FOR_PEOPLE = frozenset({"quarantine", "adaptations", "differences"})

_ROWS_A_BATCH = 2000

Row = Sequence[str]


def write_rows(table: str, path: Path, rows: Iterable[Row]) -> int:
    """Write one of the tables; gives its rows. ConfigurationError when the disk is full."""
    schema = pa.schema([(name, pa.string()) for name in TABLES[table]])
    waiting = list(rows)
    batches = (
        pa.record_batch(
            [pa.array(column, pa.string()) for column in zip(*part, strict=True)], schema=schema
        )
        for start in range(0, len(waiting), _ROWS_A_BATCH)
        if (part := waiting[start : start + _ROWS_A_BATCH])
    )
    written = write_table(path, schema, batches)
    if table in _FOR_PEOPLE:
        write_spreadsheet(path, path.with_suffix(".csv"))
    return written
