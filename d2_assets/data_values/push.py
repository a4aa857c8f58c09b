"""Chunks are sent by several writers, each noted in the journal before and after.

What came of each chunk is told by ``settle``; what landed is told later, by ``reconcile``, from
the destination itself. A push that is cancelled lets the requests under way end, notes how, and
sends nothing more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from d2_assets.data_values.check import SPREAD
from d2_assets.data_values.chunks import Chunk, iterate_chunks
from d2_assets.data_values.readback import find_missing_values
from d2_assets.data_values.settle import ChunkResult, Row, leave_row, settle_chunk
from d2_assets.dhis2.reports import ImportReport
from d2_assets.errors import CancelledError
from d2_assets.ledger.outcomes import Outcome
from d2_assets.pushing.line import Line, PushResult
from d2_assets.pushing.settled import send_chunks
from d2_assets.pushing.writers import find_places, name_ends
from d2_assets.staging.database import Database

SETTLED_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("org_unit", pa.string()),
        ("outcome", pa.string()),
        ("code", pa.string()),
        ("words", pa.string()),
        ("attempts", pa.int32()),
    ]
)


@dataclass(frozen=True, slots=True)
class _Post:
    """The destination as one chunk sees it."""

    line: Line
    chunk: Chunk
    scratch: Path

    @property
    def most_rows(self) -> int:
        return self.line.pace.size

    @property
    def is_stopped(self) -> bool:
        return self.line.stop.is_set()

    def post(self, rows: Sequence[Row]) -> ImportReport:
        return self.line.time(
            len(rows),
            lambda: self.line.client.post_data_values(
                data_set=self.chunk.data_set, rows=rows, strategy=self.chunk.strategy
            ),
        )

    def find_missing(self, rows: Sequence[Row]) -> Sequence[Row]:
        deleted = self.chunk.strategy == "DELETE"
        return find_missing_values(
            self.line.client, self.chunk.data_set, rows, deleted=deleted, scratch=self.scratch
        )

    def pause(self) -> None:
        self.line.pause()


def push_changes(
    database: Database,
    line: Line,
    month: str,
    path: Path,
    report: Callable[[PushResult], None] = lambda result: None,
) -> PushResult:
    """Send what the view ``plan`` means to write for a month; stage the view ``settled``.

    ``settled`` holds the rows that were not taken, and those not sent because something stopped
    the push: that error is in the result, for the caller to raise once the ledger is written. A
    cancellation is such an error (CancelledError).
    """
    chunks = iterate_chunks(database, month, lambda: line.pace.size)

    def send(number: int, chunk: Chunk) -> ChunkResult:
        return _send_chunk(_Post(line, chunk, path.with_name(f"readback-{number}.download")))

    result = send_chunks(line, chunks, path, SETTLED_SCHEMA, send, leave_row, report)
    database.attach("settled", path, spread_by=SPREAD)
    return result


def _send_chunk(post: _Post) -> ChunkResult:
    """Settle a chunk between its two lines in the journal; in a thread of its own."""
    chunk, journal = post.chunk, post.line.journal
    if post.is_stopped:
        rows = [leave_row(row, Outcome.NOT_ATTEMPTED) for row in chunk.rows]
        return ChunkResult(rows, error=CancelledError())
    number = journal.send(chunk.digests, data_set=chunk.data_set, strategy=chunk.strategy)
    part = settle_chunk(post, chunk.rows)
    places = find_places([row["row"] for row in chunk.rows])
    journal.settle(number, name_ends(places, part.settled))
    return part
