"""Chunks are sent by several writers, each noted in the journal before and after.

What came of each chunk is told by ``settle``; what landed is told later, by ``reconcile``, from
the destination itself. A push that is cancelled lets the requests under way end, notes how, and
sends nothing more.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from d2_assets.data_values.check import SPREAD
from d2_assets.data_values.chunks import Chunk, iterate_chunks
from d2_assets.data_values.pace import Pace
from d2_assets.data_values.readback import find_missing_values
from d2_assets.data_values.settle import ChunkResult, Row, Settled, leave_row, settle_chunk
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.reports import ImportReport
from d2_assets.errors import CancelledError, D2AssetsError, OutcomeUnknownError, RejectedError
from d2_assets.ledger.journal import Ended, Journal
from d2_assets.ledger.outcomes import Outcome
from d2_assets.staging.database import Database
from d2_assets.staging.tables import TableWriter, open_table

#: Seconds between two looks at the destination after an answer was lost.
STILL_STORING = 10.0

#: What comes back when a request had more rows than could be stored in time: a gateway's answer,
#: or none.
_TOO_SLOW = frozenset({0, 502, 504})
_TOO_LARGE = 413

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
class Line:
    """The way to the destination: who asks, how much at a time, and who keeps the journal.

    ``stop`` is set when nothing more may be sent; ``clock`` gives seconds.
    """

    client: DHIS2Client
    journal: Journal
    pace: Pace
    writers: int
    stop: threading.Event
    clock: Callable[[], float]
    sleep: Callable[[float], None]


@dataclass(slots=True)
class PushResult:
    """Rows sent, rows refused for good, chunks and requests, and what stopped the push."""

    sent: int = 0
    refused: int = 0
    chunks: int = 0
    requests: int = 0
    error: D2AssetsError | None = None


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
        began = self.line.clock()
        try:
            report = self.line.client.post_data_values(
                data_set=self.chunk.data_set, rows=rows, strategy=self.chunk.strategy
            )
        except (RejectedError, OutcomeUnknownError) as error:
            too_large = error.status == _TOO_LARGE
            if too_large or (isinstance(error, OutcomeUnknownError) and error.status in _TOO_SLOW):
                self.line.pace.fail(len(rows), too_large=too_large)
            raise
        self.line.pace.succeed(len(rows), self.line.clock() - began)
        return report

    def find_missing(self, rows: Sequence[Row]) -> Sequence[Row]:
        deleted = self.chunk.strategy == "DELETE"
        return find_missing_values(
            self.line.client, self.chunk.data_set, rows, deleted=deleted, scratch=self.scratch
        )

    def pause(self) -> None:
        with suppress(CancelledError):  # a cancelled run, too, looks where its rows are
            self.line.sleep(STILL_STORING)


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
    with open_table(path, SETTLED_SCHEMA) as writer, closing(chunks):
        _send_all(line, chunks, path, result, writer, report)
        for chunk in chunks:
            words = str(result.error or "")
            _write(writer, [leave_row(row, Outcome.NOT_ATTEMPTED, words) for row in chunk.rows])
    database.attach("settled", path, spread_by=SPREAD)
    return result


def _send_all(
    line: Line,
    chunks: Iterator[Chunk],
    path: Path,
    result: PushResult,
    writer: TableWriter,
    report: Callable[[PushResult], None],
) -> None:
    """Keep all writers busy until the chunks, the first error or a cancellation end it."""
    running: dict[Future[ChunkResult], Chunk] = {}
    with ThreadPoolExecutor(line.writers, thread_name_prefix="writer") as pool:
        try:
            while True:
                # One more than there are writers, so that none waits for its next chunk.
                while result.error is None and len(running) <= line.writers:
                    chunk = next(chunks, None)
                    if chunk is None:
                        break
                    scratch = path.with_name(f"readback-{result.chunks}.download")
                    result.chunks += 1
                    running[pool.submit(_send_chunk, _Post(line, chunk, scratch))] = chunk
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    _add(result, running.pop(future), future.result(), writer)
                report(result)
        except Exception:
            line.stop.set()
            raise
        except BaseException as interruption:  # noqa: BLE001 - raised again by defs.runs
            line.stop.set()
            result.error = CancelledError(interruption)
            for future in wait(running).done:
                _add(result, running[future], future.result(), writer)


def _send_chunk(post: _Post) -> ChunkResult:
    """Settle a chunk between its two lines in the journal; in a thread of its own."""
    chunk, journal = post.chunk, post.line.journal
    if post.is_stopped:
        rows = [leave_row(row, Outcome.NOT_ATTEMPTED) for row in chunk.rows]
        return ChunkResult(rows, error=CancelledError())
    number = journal.send(chunk.digests, data_set=chunk.data_set, strategy=chunk.strategy)
    part = settle_chunk(post, chunk.rows)
    journal.settle(number, _name_ends(chunk.rows, part.settled))
    return part


def _name_ends(rows: Sequence[Row], settled: Sequence[Settled]) -> list[Ended]:
    """Rows that ended alike in one entry: a refusal may have a thousand rows and one reason."""
    places = {row["row"]: place for place, row in enumerate(rows)}
    alike: dict[tuple[str, str, str, int], list[int]] = {}
    for item in settled:
        way = (str(item.outcome), item.code, item.words, item.attempts)
        alike.setdefault(way, []).append(places[item.row])
    return [Ended(*way, rows=found) for way, found in alike.items()]


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
