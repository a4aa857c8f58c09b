"""Chunks are sent by several writers, each noted in the journal before and after.

What came of each chunk is told by ``settle``; what landed is told later, by ``reconcile``, from
the destination itself. A push that is cancelled lets the requests under way end, notes how, and
sends nothing more.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from d2_assets.data_values.check import SPREAD
from d2_assets.data_values.chunks import Chunk, iterate_chunks
from d2_assets.data_values.readback import find_missing_values
from d2_assets.data_values.settle import ChunkResult, Row, Settled, leave_row, settle_chunk
from d2_assets.dhis2.reports import ImportReport
from d2_assets.errors import CancelledError
from d2_assets.ledger.outcomes import Outcome
from d2_assets.pushing.line import Line, PushResult
from d2_assets.pushing.writers import find_places, name_ends, send_all
from d2_assets.staging.database import Database
from d2_assets.staging.tables import TableWriter, open_table

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
    result = PushResult()
    chunks = iterate_chunks(database, month, lambda: line.pace.size)

    def send(number: int, chunk: Chunk) -> ChunkResult:
        return _send_chunk(_Post(line, chunk, path.with_name(f"readback-{number}.download")))

    with open_table(path, SETTLED_SCHEMA) as writer, closing(chunks):

        def add(chunk: Chunk, part: ChunkResult) -> None:
            _add(result, chunk, part, writer)

        for chunk in send_all(line, chunks, result, send, add, report):
            words = str(result.error or "")
            _write(writer, [leave_row(row, Outcome.NOT_ATTEMPTED, words) for row in chunk.rows])
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


def _add(result: PushResult, chunk: Chunk, part: ChunkResult, writer: TableWriter) -> None:
    _write(writer, part.settled)
    result.requests += part.requests
    result.refused += sum(item.outcome == Outcome.QUARANTINED for item in part.settled)
    result.sent += len(chunk.rows) - sum(
        item.outcome == Outcome.NOT_ATTEMPTED for item in part.settled
    )
    result.error = result.error or part.error


def _write(writer: TableWriter, settled: Sequence[Settled]) -> None:
    if settled:
        columns = [
            [item.row for item in settled],
            [item.org_unit for item in settled],
            [str(item.outcome) for item in settled],
            [item.code for item in settled],
            [item.words for item in settled],
            [item.attempts for item in settled],
        ]
        writer.write(pa.record_batch(columns, schema=SETTLED_SCHEMA))
