"""A staged table is a Parquet file beside a note of what it must be.

It is written to a temporary name, noted (rows, bytes, SHA-256), and renamed: a reader finds it
whole or not at all. ``verify_table`` tells a file that was cut short or altered afterwards, so
that nothing is ever sent from it.

The power may go at any moment: contents reach the disk before names do, and while a table takes
another's place the note holds both, so that the older one is whole until the newer one is.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from d2_assets.disk import flush_to_disk, name_disk_errors
from d2_assets.errors import ContractError

_BLOCK = 1 << 20

#: In the note of a table that takes no other's place, until it has its name.
_FIRST = "first"


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
        release_memory()


def release_memory() -> None:
    """Give back what Arrow holds for later: large tables come seldom, and a run stays small."""
    pa.default_memory_pool().release_unused()


@contextmanager
def open_table(path: Path, schema: pa.Schema) -> Iterator[TableWriter]:
    """A writer whose file takes its name only when the block ends well.

    Raises ConfigurationError naming the folder when the disk is full or not writable.
    """
    temporary = path.with_name(path.name + ".part")
    with name_disk_errors(path):
        try:
            writer = TableWriter(temporary, schema)
            try:
                yield writer
            except BaseException:
                with suppress(OSError):  # what is not wanted need not end well
                    writer.close()
                raise
            writer.close()
            seal_table(temporary, path, writer.rows)
        finally:
            temporary.unlink(missing_ok=True)


def write_table(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write all batches as one staged table; gives the number of rows."""
    with open_table(path, schema) as writer:
        for batch in batches:
            writer.write(batch)
    return writer.rows


def seal_table(temporary: Path, path: Path, rows: int) -> TableNote:
    """Give a finished Parquet file its name and its note; the old one is replaced in one step.

    Before it and after it the table of that name is whole, also after a power cut in between.
    """
    note = TableNote(rows, temporary.stat().st_size, _hash_file(temporary))
    before = _find_note(path)
    flush_to_disk(temporary)
    _write_note(path, note, before)
    flush_to_disk(path.parent)
    os.replace(temporary, path)
    flush_to_disk(path.parent)
    _write_note(path, note, note)
    return note


def was_never_named(path: Path) -> bool:
    """Whether the first table of that name was cut short before it had the name: none is lost."""
    return not path.exists() and bool(_read_content(path).get(_FIRST))


def _find_note(path: Path) -> TableNote | None:
    """The note of the table that stands there now, if it is whole."""
    try:
        return verify_table(path)
    except ContractError:
        return None


def verify_table(path: Path) -> TableNote:
    """The note of a table that is what its note says; else ContractError naming the file."""
    notes = _read_notes(path)
    if not notes:
        raise _refuse(path, "its note is missing or unreadable")
    try:
        size, digest = path.stat().st_size, _hash_file(path)
    except FileNotFoundError as error:
        raise _refuse(path, "the file is missing") from error
    except OSError as error:
        raise _refuse(path, f"it cannot be read ({error.strerror})") from error
    for note in notes:
        if (note.bytes, note.sha256) == (size, digest):
            return note
    if _read_notes(path) != notes:  # another run has just given the name to its own table
        return verify_table(path)
    if size != notes[0].bytes:
        raise _refuse(path, f"it has {size} bytes and must have {notes[0].bytes}")
    raise _refuse(path, "its content was altered")


def _read_notes(path: Path) -> list[TableNote]:
    """What the table must be; a second note is of the one that it was taking the place of."""
    content = _read_content(path)
    before = content.pop("before", None)
    content.pop(_FIRST, None)
    try:
        return [TableNote(**one) for one in (content, before) if one]
    except TypeError:
        return []


def _read_content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(_note_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_note(path: Path, note: TableNote, before: TableNote | None) -> None:
    """``before`` is what stands there now: None when nothing does, ``note`` itself at the end."""
    content: dict[str, Any] = asdict(note)
    if before is None:
        content[_FIRST] = True
    elif before != note:
        content["before"] = asdict(before)
    target = _note_path(path)
    temporary = target.with_name(target.name + ".part")
    try:
        temporary.write_text(json.dumps(content), encoding="utf-8")
        flush_to_disk(temporary)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _refuse(path: Path, why: str) -> ContractError:
    return ContractError(
        f"The staged file {path} is not what was staged: {why}.",
        remedy="Nothing was sent from it. Launch the partition again: it is staged anew.",
    )


def _note_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _hash_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
