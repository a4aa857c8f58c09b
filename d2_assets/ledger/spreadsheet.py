"""A staged table once more as CSV, for people whose tool is a spreadsheet.

A spreadsheet runs a cell that begins with ``=`` or ``@`` as a formula, whoever wrote it at the
source, and rounds or rewrites what looks like a number. Such cells get an apostrophe in front.
"""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq

from d2_assets.errors import ConfigurationError

#: UTF-8 with this mark is read as UTF-8 by Excel, too.
_MARK = b"\xef\xbb\xbf"

#: What a spreadsheet would run: all that begins like a formula and is not a plain number.
_RUN = r"[=@\t\r]|[+-](?:$|[^0-9]|[0-9]+(?:[^0-9.,]|[.,](?:$|[^0-9]|[0-9]+[^0-9])))"
#: What it would rewrite: numbers of 16 digits and more are rounded, leading zeros of a number are
#: cut, and 12e4 is taken as a power of ten. The ids of rows and runs are of hexadecimal digits and
#: may look like each of them.
_REWRITTEN = (
    r"[+-]?[0-9.,]{16,}$|[+-]?0[0-9]+(?:[.,][0-9]*)?$|[0-9]+(?:[.,][0-9]*)?[eE][+-]?[0-9]+$"
)

_ROWS_A_BATCH = 20_000


def write_spreadsheet(table: Path, path: Path, *, without: frozenset[str] = frozenset()) -> None:
    """Write a Parquet file's rows, in their order, as CSV; whole or not at all.

    ``without`` names columns that say nothing to a person. ConfigurationError when the file cannot
    be written.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        _write(table, temporary, without)
        os.replace(temporary, path)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror or error}.",
            remedy=f"Free space on that disk, make {path.parent} writable, or close the file "
            "where it is open; then run again. The same rows are in the Parquet file beside it.",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def guard_cells(cells: pa.Array) -> pa.Array:
    """The texts of a column, those that a spreadsheet would run or rewrite behind an apostrophe."""
    replace = pc.replace_substring_regex  # pyright: ignore[reportAttributeAccessIssue]
    return replace(cells, f"^({_RUN}|{_REWRITTEN})", r"'\1")


def _write(table: Path, path: Path, without: frozenset[str]) -> None:
    with pq.ParquetFile(table) as file, path.open("wb") as stream:
        stream.write(_MARK)
        names = [name for name in file.schema_arrow.names if name not in without]
        schema = pa.schema([(name, pa.string()) for name in names])
        with csv.CSVWriter(stream, schema) as writer:
            for batch in file.iter_batches(_ROWS_A_BATCH, columns=names):
                cells = [guard_cells(column.cast(pa.string())) for column in batch.columns]
                writer.write_batch(pa.RecordBatch.from_arrays(cells, schema=schema))
        stream.flush()
        os.fsync(stream.fileno())
