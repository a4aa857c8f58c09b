"""A staged table is a Parquet file beside a note of what it must be.

It is written to a temporary name, noted (rows, bytes, SHA-256), and renamed: a reader finds it
whole or not at all. ``verify_table`` tells a file that was cut short or altered afterwards, so
that nothing is ever sent from it.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from d2_assets.errors import ConfigurationError, ContractError

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class TableNote:
    """What a staged table must be: ``rows``, ``bytes`` on disk and their SHA-256."""

    rows: int
    bytes: int
    sha256: str


class TableWriter:
    """Collects batches under a temporary name; see ``write_table``."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self.rows = 0
        self._writer = pq.ParquetWriter(
            path, schema, compression="zstd", use_dictionary=True, write_statistics=False
        )

    def write(self, batch: pa.RecordBatch | pa.Table) -> None:
        if isinstance(batch, pa.RecordBatch):
            self._writer.write_batch(batch)
        else:
            self._writer.write_table(batch)
        self.rows += batch.num_rows

    def close(self) -> None:
        self._writer.close()


@contextmanager
def open_table(path: Path, schema: pa.Schema) -> Iterator[TableWriter]:
    """A writer whose file takes its name only when the block ends well.

    Raises ConfigurationError naming the folder when the disk is full or not writable.
    """
    temporary = path.with_name(path.name + ".part")
    with _named_disk_errors(path):
        writer = TableWriter(temporary, schema)
        try:
            yield writer
        except BaseException:
            writer.close()
            temporary.unlink(missing_ok=True)
            raise
        writer.close()
        seal_table(temporary, path, writer.rows)


def write_table(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write all batches as one staged table; gives the number of rows."""
    with open_table(path, schema) as writer:
        for batch in batches:
            writer.write(batch)
    return writer.rows


def seal_table(temporary: Path, path: Path, rows: int) -> TableNote:
    """Give a finished Parquet file its name and its note; the old one is replaced in one step."""
    note = TableNote(rows, temporary.stat().st_size, _hash_file(temporary))
    _note_path(path).unlink(missing_ok=True)
    os.replace(temporary, path)
    note_temporary = _note_path(path).with_suffix(".part")
    note_temporary.write_text(json.dumps(asdict(note)), encoding="utf-8")
    os.replace(note_temporary, _note_path(path))
    return note


def verify_table(path: Path) -> TableNote:
    """The note of a table that is what its note says; else ContractError naming the file."""
    try:
        note = TableNote(**json.loads(_note_path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise _refuse(path, "its note is missing or unreadable") from error
    if not path.is_file():
        raise _refuse(path, "the file is missing")
    if path.stat().st_size != note.bytes:
        raise _refuse(path, f"it has {path.stat().st_size} bytes and must have {note.bytes}")
    if _hash_file(path) != note.sha256:
        raise _refuse(path, "its content was altered")
    return note


def _refuse(path: Path, why: str) -> ContractError:
    return ContractError(
        f"The staged file {path} is not what was staged: {why}.",
        remedy="Nothing was sent from it. Launch the partition again: it is staged anew.",
    )


@contextmanager
def _named_disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror or error}.",
            remedy=f"Free space on that disk or make {path.parent} writable, then run again.",
        ) from error


def _note_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _hash_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
