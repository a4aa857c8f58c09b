"""What one look has met, held as numbers: a bulk import of a million rows stays small.

Beyond some rows they lie in a Parquet file, so that a first look that reaches far back is bounded
too; they are gone through as often as is needed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from d2_assets.disk import name_disk_errors
from d2_assets.staging.tables import TableWriter

#: The month of an item that no partition moves now.
OUTSIDE = ""

_ROWS_IN_MEMORY = 200_000
_ROWS_A_BATCH = 65_536
_SCHEMA = pa.schema(
    [
        ("item", pa.uint64()),
        ("stamp", pa.int64()),
        ("written", pa.int64()),
        ("month", pa.dictionary(pa.int32(), pa.string())),
    ]
)


@dataclass(frozen=True, slots=True)
class Items:
    """Some items: fingerprints; stamps on the source's own clock; the stamps as our own writes were
    noted with (``stamps``); and the month that moves each ("202611", ``OUTSIDE``)."""

    items: Sequence[int]
    stamps: Sequence[int]
    written: Sequence[int]
    months: Sequence[str]

    def take(self, numbers: Sequence[int]) -> "Items":
        """Those at the places."""
        return Items(
            [self.items[number] for number in numbers],
            [self.stamps[number] for number in numbers],
            [self.written[number] for number in numbers],
            [self.months[number] for number in numbers],
        )


@dataclass(slots=True)
class Sighting:
    """All items of a look. ``newest``: the latest stamp; ``oldest_written``: the earliest, as our
    own writes are noted; both 0 where nothing was met."""

    path: Path
    rows: int = 0
    newest: int = 0
    oldest_written: int = 0
    _held: list[pa.RecordBatch] = field(default_factory=list)
    _writer: TableWriter | None = None

    def add(self, some: Items) -> None:
        """Items more."""
        if not some.items:
            return
        columns = (some.items, some.stamps, some.written, some.months)
        arrays = [
            pa.array(column, kind.type) for column, kind in zip(columns, _SCHEMA, strict=True)
        ]
        self._held.append(pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA))
        oldest = min(some.written)
        self.oldest_written = min(self.oldest_written, oldest) if self.rows else oldest
        self.rows += len(some.items)
        self.newest = max(self.newest, *some.stamps)
        if self._writer is not None or self.rows > _ROWS_IN_MEMORY:
            self._spill()

    def close(self) -> None:
        """Nothing is added after this."""
        if self._writer is not None:
            self._writer.close()

    def __iter__(self) -> Iterator[Items]:
        if self._writer is None:
            yield from map(_to_items, self._held)
            return
        with pq.ParquetFile(self.path) as file:
            yield from map(_to_items, file.iter_batches(batch_size=_ROWS_A_BATCH))

    def _spill(self) -> None:
        with name_disk_errors(self.path):
            if self._writer is None:
                self._writer = TableWriter(self.path, _SCHEMA)
            for batch in self._held:
                self._writer.write(batch)
        self._held.clear()


@contextmanager
def open_sighting(folder: Path, name: str) -> Iterator[Sighting]:
    """An empty sighting; what it wrote to the folder is removed at the end."""
    sighting = Sighting(folder / f"{name}.items.parquet")
    try:
        yield sighting
    finally:
        sighting.close()
        sighting.path.unlink(missing_ok=True)


def _to_items(batch: pa.RecordBatch) -> Items:
    items, stamps, written, months = (batch.column(name).to_pylist() for name in _SCHEMA.names)
    return Items(items, stamps, written, months)
