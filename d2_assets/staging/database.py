"""DuckDB over staged tables: joins of millions of rows in bounded memory.

Values stay text from Parquet to Parquet: no column is ever cast to a number.

A join of large tables is spread: both sides are cut into parts by the hash of one column of its
key, and joined part by part. DuckDB can spill a join to disk by itself, but not below some 300 MB
for a million rows; spread, it stays below the limit whatever the size.

A view reads its file anew with each query, and Parquet has no checksums that DuckDB would look at
(an altered byte is read as another value). So before each query, and between the parts of a large
result, files that have changed since they were attached are verified again.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from d2_assets.disk import disk_error, name_disk_errors
from d2_assets.errors import ConfigurationError
from d2_assets.staging.tables import TableNote, release_memory, seal_table, verify_table

#: Megabytes that a query may hold before it spills to the scratch folder.
MEMORY_LIMIT = 96

#: Rows of the largest table in one part of a spread query.
_ROWS_A_PART = 40_000

#: Rows of a result that are held at once before they are written.
_BATCH = 8_192

#: The folder that a query spills to, in the scratch folder.
SPILL = "spill"

#: How DuckDB's words begin when a file cannot be written (or read), and when spilling failed.
_DISK_WORDS = ("IO Error: ", "Out of Memory Error: ")

#: What changes with a file: its number, bytes, and the times of its content and of its names.
_Marks = tuple[int, ...]


class Database:
    """One in-memory DuckDB with named tables and views of a piece of work.

    All methods raise ContractError when a file of a view is cut or altered, and ConfigurationError
    when ``scratch``, where it spills to, is full or closed to us.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, scratch: Path) -> None:
        self.connection = connection
        self._scratch = scratch
        self._largest = 0
        self._attached: dict[str, tuple[Path, _Marks]] = {}

    def attach(self, name: str, path: Path, *, spread_by: str = "", weight: int = 1) -> TableNote:
        """A view on a staged table, verified first (ContractError when cut or altered).

        ``spread_by`` names the column whose hash says to which part of a spread query a row
        belongs; a table without it is whole in every part. ``weight``: as many common rows one of
        its rows takes, where rows hold whole bodies.
        """
        marks = _read_marks(path)
        note = verify_table(path)
        part = (
            f"WHERE getvariable('parts') IS NULL "
            f"OR hash({spread_by}) % getvariable('parts') = getvariable('part')"
            if spread_by
            else ""
        )
        view = f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM read_parquet({_quote(path)}) {part}"
        with self._explain():
            self.connection.execute(view)
        self._attached[name] = path, marks
        if spread_by:
            self._largest = max(self._largest, weight * note.rows)
        return note

    def verify(self, name: str) -> TableNote:
        """Read the whole file of an attached view again: ContractError when cut or altered."""
        path, _ = self._attached[name]
        marks = _read_marks(path)
        note = verify_table(path)
        self._attached[name] = path, marks
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
        with name_disk_errors(path), self._explain():
            try:
                rows = self._write(query, temporary, spread=spread)
                return seal_table(temporary, path, rows)
            finally:
                temporary.unlink(missing_ok=True)

    def execute(self, statement: str, *, spread: bool = False) -> None:
        """A statement without a result; ``spread`` repeats it for each part."""
        with self._explain():
            for _ in self._parts() if spread else (None,):
                self.connection.execute(statement)

    def rows(self, query: str) -> list[tuple]:
        """All rows of a small result."""
        with self._explain():
            return self.connection.execute(query).fetchall()

    def value(self, query: str) -> int:
        """The one number that a query gives."""
        rows = self.rows(query)
        return int(rows[0][0] or 0) if rows else 0

    def total(self, query: str) -> int:
        """The sum of the one number that a query gives for each part of the tables it reads."""
        with self._explain():
            return sum(
                int(self.connection.execute(query).fetchall()[0][0] or 0) for _ in self._parts()
            )

    def iterate(self, query: str, size: int) -> Iterator[pa.Table]:
        """A large result, ``size`` rows at a time (the last part may be smaller).

        It runs on a cursor of its own, so that other queries may run in between.
        """
        with self.connection.cursor() as cursor:
            waiting = pa.table({})
            for batch in self._iterate_batches(cursor, query, size):
                part = pa.Table.from_batches([batch])
                waiting = pa.concat_tables([waiting, part]) if waiting.num_columns else part
                while waiting.num_rows >= size:
                    yield waiting.slice(0, size)
                    waiting = waiting.slice(size)
            if waiting.num_rows:
                yield waiting

    def _iterate_batches(
        self, cursor: duckdb.DuckDBPyConnection, query: str, size: int
    ) -> Iterator[pa.RecordBatch]:
        with self._explain():
            batches = iter(cursor.execute(query).to_arrow_reader(size))
        while True:
            with self._explain():
                batch = next(batches, None)
            self._check_files()
            if batch is None:
                return
            yield batch

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
            release_memory()
        return rows

    @contextmanager
    def _explain(self) -> Iterator[None]:
        """Files are whole before a query; one that fails is told by what is wrong on the disk.

        A query that fails midway is to Arrow an OSError without a number, in DuckDB's words.
        """
        self._check_files()
        try:
            yield
        except (duckdb.Error, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            self._check_files()
            if any(words in str(error) for words in _DISK_WORDS):
                raise self._full_disk(str(error)) from error
            raise

    def _full_disk(self, words: str) -> ConfigurationError:
        reason = next(line for line in words.splitlines() if any(w in line for w in _DISK_WORDS))
        return disk_error(self._scratch / SPILL, reason.rstrip("."))

    def _check_files(self) -> None:
        for name, (path, marks) in list(self._attached.items()):
            if _read_marks(path) != marks:
                self.verify(name)

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
    spill = scratch / SPILL
    shutil.rmtree(spill, ignore_errors=True)  # a run that was killed leaves its own
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{memory_limit}MB",
            "temp_directory": str(spill),
            "threads": 1,  # each takes memory of its own, and the servers take most of the time
            "preserve_insertion_order": False,
            # Each file is read a few times; kept in memory, it would stand there until the limit.
            "enable_external_file_cache": False,
            "allocator_flush_threshold": "8MB",
        },
    )
    try:
        yield Database(connection, scratch)
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)


def _read_marks(path: Path) -> _Marks:
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _quote(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
