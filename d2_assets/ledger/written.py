"""What our own runs wrote to an instance that is also a source, so that it starts no run back.

A change at a source is ours exactly if it stands there with the stamp that was read back after we
wrote it: a person's later edit has another one. Fingerprints of object and stamp are kept, no
values, in one small file for each run and month, for as long as a look may reach back.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from d2_assets.disk import name_disk_errors
from d2_assets.staging.layout import Home
from d2_assets.staging.tables import TableWriter
from d2_assets.stamps import DAY

_SCHEMA = pa.schema([("item", pa.uint64()), ("stamp", pa.timestamp("ms"))])
_SUFFIX = ".parquet"
_KEPT_DAYS = 14
_BETWEEN = "\x1f"


def fingerprint(stamp: int, *parts: str) -> int:
    """64 bits that stand for an object, what is told of it, and its stamp (``stamps``)."""
    text = _BETWEEN.join((*parts, str(stamp)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


class WrittenItems:
    """Takes fingerprints with their stamps; see ``note_written``."""

    def __init__(self, writer: TableWriter) -> None:
        self._writer = writer

    def add(self, items: Sequence[int], stamps: Sequence[int]) -> None:
        """Note items, each with its stamp."""
        columns = [pa.array(items, pa.uint64()), pa.array(stamps, pa.timestamp("ms"))]
        self._writer.write(pa.RecordBatch.from_arrays(columns, schema=_SCHEMA))


@contextmanager
def note_written(folder: Path, name: str, now: float) -> Iterator[WrittenItems]:
    """A file whose name begins so in the folder, whole or not at all; one that is there stays,
    since a run may move a month twice. Files of which ``now`` (seconds since the epoch) is more
    than two weeks later are removed. ConfigurationError when the disk is full.
    """
    path = _find_free(folder, name)
    temporary = path.with_name(f"{path.name}.part")
    with name_disk_errors(path):
        _prune(folder, now)
        try:
            writer = TableWriter(temporary, _SCHEMA)
            try:
                yield WrittenItems(writer)
            finally:
                writer.close()
            os.utime(temporary, (now, now))
            if writer.rows:
                os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


class OwnWrites:
    """What was written to the instance of that name; nothing is read before it is asked."""

    def __init__(self, home: Home, instance: str) -> None:
        self._home, self._instance = home, instance

    def read(self, asset: str, since: int) -> pa.Array:
        """The fingerprints of what was written with a stamp of ``since`` or later. ``asset``:
        data_values, events, tracker or metadata."""
        folder = self._home.written(asset, self._instance)
        paths = [path for path in folder.glob(f"*{_SUFFIX}") if _may_hold(path, since)]
        if not paths:
            return pa.array([], pa.uint64())
        stamped = ds.field("stamp") >= pa.scalar(since, pa.timestamp("ms"))
        table = ds.dataset(paths, schema=_SCHEMA).to_table(columns=["item"], filter=stamped)
        return table.column("item").combine_chunks()


def find_written(items: Sequence[int], written: pa.Array) -> list[bool]:
    """Of each item, whether it is one of those written."""
    asked = pa.array(items, pa.uint64())
    return pc.call_function("is_in", [asked], pc.SetLookupOptions(written)).to_pylist()


def _may_hold(path: Path, since: int) -> bool:
    """A file is written after what it holds; a day more, since stamps are in the server's zone and
    by its clock."""
    try:
        return path.stat().st_mtime * 1000 >= since - DAY
    except FileNotFoundError:  # another run prunes
        return False


def _find_free(folder: Path, name: str) -> Path:
    names = (f"{name}{_SUFFIX}", *(f"{name}-{number}{_SUFFIX}" for number in range(2, 10_000)))
    return next(path for path in map(folder.joinpath, names) if not path.exists())


def _prune(folder: Path, now: float) -> None:
    for path in folder.iterdir():
        try:
            is_old = path.stat().st_mtime < now - _KEPT_DAYS * DAY / 1000
        except FileNotFoundError:
            continue
        if is_old:
            path.unlink(missing_ok=True)
