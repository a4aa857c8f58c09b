"""A work list on disk: one Parquet file a pair and month, and the same rows as CSV beside it.

It is only ever replaced whole, by one writer at a time, and never when what is there cannot be
trusted: a row that got lost here would be lost for good.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from d2_assets.errors import ContractError
from d2_assets.ledger.lease import hold_lease
from d2_assets.ledger.spreadsheet import write_spreadsheet
from d2_assets.staging.database import Database
from d2_assets.staging.tables import verify_table, was_never_named

#: The columns of a work list. UIDs are the source's; ``at_destination`` names those that the
#: destination knows by another one. ``id`` stands for kind and key, whatever the content;
#: ``digest`` for key and content. ``attempts``: a run that refuses the row counts one, or its
#: sends if more. ``run`` is the last run that met the row, ``row`` its number there.
COLUMNS: Mapping[str, str] = {
    "id": "VARCHAR",
    "pair": "VARCHAR",
    "month": "VARCHAR",
    "period": "VARCHAR",
    "kind": "VARCHAR",
    "data_set": "VARCHAR",
    "data_element": "VARCHAR",
    "org_unit": "VARCHAR",
    "category_option_combo": "VARCHAR",
    "attribute_option_combo": "VARCHAR",
    "at_destination": "VARCHAR",
    "value": "VARCHAR",
    "comment": "VARCHAR",
    "followup": "BOOLEAN",
    "deleted": "BOOLEAN",
    "last_updated": "VARCHAR",
    "code": "VARCHAR",
    "reason": "VARCHAR",
    "attempts": "INTEGER",
    "first_run": "VARCHAR",
    "run": "VARCHAR",
    "row": "BIGINT",
    "digest": "UBIGINT",
}

_ARROW = {
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "UBIGINT": pa.uint64(),
}
_SCHEMA = pa.schema([(name, _ARROW[kind]) for name, kind in COLUMNS.items()])

#: SQL: a data value is known by its key whatever data set it came through, a registration is not.
ROW_ID = """left(md5(concat_ws(chr(31), kind,
    CASE kind WHEN 'completeness' THEN data_set ELSE data_element END, period, org_unit,
    coalesce(category_option_combo, ''), attribute_option_combo)), 16)"""

#: SQL: a table that is not spread is whole in every part of a spread query; this is the share of
#: the part.
IN_PART = (
    "(getvariable('parts') IS NULL OR hash(org_unit) % getvariable('parts') = getvariable('part'))"
)


@contextmanager
def hold_work_list(database: Database, path: Path, holder: str) -> Iterator[None]:
    """The list on disk as the view ``listed``, for one writer at a time."""
    with hold_lease(path.parent, "work list", holder):
        _attach(database, "listed", path)
        yield


def save_work_list(database: Database, query: str, path: Path) -> None:
    """Replace the list by a query's rows; only within ``hold_work_list``."""
    columns = ", ".join(f"{name}::{kind} AS {name}" for name, kind in COLUMNS.items())
    database.save(f"SELECT {columns} FROM ({query}) ORDER BY kind DESC, row", path, spread=True)
    write_spreadsheet(path, spreadsheet_of(path), without=frozenset({"digest"}))


def attach_work_list(database: Database, path: Path) -> int:
    """Make the view ``quarantine`` of the list on disk; gives its rows, 0 when there is none."""
    _attach(database, "quarantine", path)
    return database.value("SELECT count(*) FROM quarantine")


def count_waiting(path: Path) -> int:
    """The rows of the list on disk, 0 when there is none; errors as in ``verify_work_list``."""
    if not _is_kept(path):
        return 0
    verify_work_list(path)
    return verify_table(path).rows


def verify_work_list(path: Path) -> None:
    """ContractError when the list is not what was written: nothing may be built on it."""
    if not _is_kept(path):
        return
    try:
        verify_table(path)
    except ContractError as error:
        raise ContractError(
            f"The work list {path} is damaged. {error.message}",
            remedy="Nothing was sent and nothing was overwritten. Put the file and its note "
            f"({path.name}.json) back from a backup. Without one, move both away and keep them: "
            "the next run lists anew what it meets; rows that no run meets any more are only in "
            f"{spreadsheet_of(path).name} beside it.",
            findings=[str(path)],
        ) from error


def spreadsheet_of(path: Path) -> Path:
    """The CSV file beside a work list."""
    return path.with_suffix(".csv")


def take_off(database: Database, path: Path, ids: Collection[str]) -> None:
    """Remove rows; only within ``hold_work_list``."""
    database.load("taken_off", pa.table({"id": pa.array(sorted(ids), pa.string())}))
    save_work_list(
        database, "SELECT * FROM listed WHERE id NOT IN (SELECT id FROM taken_off)", path
    )


def put_back(database: Database, path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows that are not on the list; only within ``hold_work_list``."""
    database.load("put_back", pa.Table.from_pylist([dict(row) for row in rows], _SCHEMA))
    save_work_list(
        database,
        f"""SELECT * FROM listed UNION ALL BY NAME SELECT * FROM put_back
        WHERE {IN_PART} AND id NOT IN (SELECT id FROM listed)""",
        path,
    )


def select_rows(
    database: Database, view: str, ids: Collection[str] = (), codes: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Rows of a view (``quarantine``, ``listed``) with one of the ids or codes; all of them when
    neither is named."""
    database.load("wanted_id", pa.table({"id": pa.array(sorted(ids), pa.string())}))
    database.load("wanted_code", pa.table({"code": pa.array(sorted(codes), pa.string())}))
    where = "WHERE id IN (FROM wanted_id) OR code IN (FROM wanted_code)" if ids or codes else ""
    names = list(COLUMNS)
    found = database.rows(f"SELECT {', '.join(names)} FROM {view} {where} ORDER BY kind, row")
    return [dict(zip(names, row, strict=True)) for row in found]


def _attach(database: Database, name: str, path: Path) -> None:
    columns = ", ".join(f"{column} {kind}" for column, kind in COLUMNS.items())
    database.execute(f"CREATE OR REPLACE TABLE no_rows ({columns})")
    if not _is_kept(path):
        database.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM no_rows")
        return
    verify_work_list(path)
    database.attach(f"{name}_file", path, spread_by="org_unit")
    database.execute(
        f"""CREATE OR REPLACE VIEW {name} AS
        SELECT * REPLACE ({ROW_ID} AS id, coalesce(attempts, 1) AS attempts,
                          coalesce(first_run, run) AS first_run)
        FROM (SELECT * FROM no_rows UNION ALL BY NAME SELECT * FROM {name}_file)"""
    )


def _is_kept(path: Path) -> bool:
    """Whether there is, or should be, a list: a note without its file is a list that was lost."""
    noted = path.with_name(path.name + ".json").exists()
    return path.exists() or (noted and not was_never_named(path))
