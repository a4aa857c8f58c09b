"""DuckDB over staged tables: joins of millions of rows in bounded memory.

Values stay text from Parquet to Parquet: no column is ever cast to a number.

A join of large tables is spread: both sides are cut into parts by the hash of one column of its
key, and joined part by part. DuckDB can spill a join to disk by itself, but not below some 300 MB
for a million rows; spread, it stays below the limit whatever the size.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from d2_assets.errors import ConfigurationError
from d2_assets.staging.tables import TableNote, seal_table, verify_table

#: Megabytes that a query may hold before it spills to the scratch folder.
MEMORY_LIMIT = 96

#: Rows of the largest table in one part of a spread query.
_ROWS_A_PART = 60_000

_BATCH = 20_000


class Database:
    """One in-memory DuckDB with named tables and views of a piece of work."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._largest = 0

    def attach(self, name: str, path: Path, *, spread_by: str = "") -> TableNote:
        """A view on a staged table, verified first (ContractError when cut or altered).

        ``spread_by`` names the column whose hash says to which part of a spread query a row
        belongs; a table without it is whole in every part.
        """
        note = verify_table(path)
        part = (
            f"WHERE getvariable('parts') IS NULL "
            f"OR hash({spread_by}) % getvariable('parts') = getvariable('part')"
            if spread_by
            else ""
        )
        self.connection.execute(
            f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM read_parquet({_quote(path)}) {part}"
        )
        if spread_by:
            self._largest = max(self._largest, note.rows)
        return note

    def load(self, name: str, table: pa.Table) -> None:
        """A small Arrow table as a table of that name."""
        self.connection.register("loading", table)
        self.connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM loading")
        self.connection.unregister("loading")

    def save(self, query: str, path: Path, *, spread: bool = False) -> TableNote:
        """The result of a query as a staged table, whole or not at all.

        ``spread``: the query reads tables that are spread, and may be answered part by part.
        """
        temporary = path.with_name(path.name + ".part")
        try:
            rows = self._write(query, temporary, spread=spread)
            return seal_table(temporary, path, rows)
        except (OSError, duckdb.IOException) as error:
            # A query that fails midway is an OSError too to Arrow, one without a number.
            if isinstance(error, OSError) and error.errno is None:
                raise
            raise ConfigurationError(
                f"{path} cannot be written: {error}.",
                remedy=f"Free space on that disk or make {path.parent} writable, then run again.",
            ) from error
        finally:
            temporary.unlink(missing_ok=True)

    def execute(self, statement: str, *, spread: bool = False) -> None:
        """A statement without a result; ``spread`` repeats it for each part."""
        for _ in self._parts() if spread else (None,):
            self.connection.execute(statement)

    def rows(self, query: str) -> list[tuple]:
        """All rows of a small result."""
        return self.connection.execute(query).fetchall()

    def value(self, query: str) -> int:
        """The one number that a query gives."""
        row = self.connection.execute(query).fetchone()
        return int(row[0] or 0) if row else 0

    def iterate(self, query: str, size: int) -> Iterator[pa.Table]:
        """A large result, ``size`` rows at a time (the last part may be smaller).

        It runs on a cursor of its own, so that other queries may run in between.
        """
        with self.connection.cursor() as cursor:
            waiting = pa.table({})
            for batch in cursor.execute(query).to_arrow_reader(size):
                part = pa.Table.from_batches([batch])
                waiting = pa.concat_tables([waiting, part]) if waiting.num_columns else part
                while waiting.num_rows >= size:
                    yield waiting.slice(0, size)
                    waiting = waiting.slice(size)
            if waiting.num_rows:
                yield waiting

    def _write(self, query: str, path: Path, *, spread: bool) -> int:
        """The rows written; one Parquet file whatever the number of parts."""
        rows = 0
        writer: pq.ParquetWriter | None = None
        try:
            for _ in self._parts() if spread else (None,):
                answer = self.connection.execute(query).to_arrow_reader(_BATCH)
                writer = writer or pq.ParquetWriter(path, answer.schema, compression="zstd")
                for batch in answer:
                    writer.write_batch(batch)
                    rows += batch.num_rows
        finally:
            if writer is not None:
                writer.close()
        return rows

    def _parts(self) -> Iterator[None]:
        """Set the connection to each part in turn, and back to the whole at the end."""
        parts = 1 + self._largest // _ROWS_A_PART
        self.connection.execute(f"SET VARIABLE parts = {parts}::UBIGINT")
        try:
            for part in range(parts):
                self.connection.execute(f"SET VARIABLE part = {part}::UBIGINT")
                yield
        finally:
            self.connection.execute("RESET VARIABLE parts")


@contextmanager
def open_database(scratch: Path, memory_limit: int = MEMORY_LIMIT) -> Iterator[Database]:
    """A database that spills into ``scratch`` (emptied afterwards)."""
    spill = scratch / "spill"
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{memory_limit}MB",
            "temp_directory": str(spill),
            "threads": 2,
            "preserve_insertion_order": False,
        },
    )
    try:
        yield Database(connection)
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)


def _quote(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
