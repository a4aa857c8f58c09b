"""Chunks of one data set each, in its envelope, sent by several writers.

One data set a request because 2.43 refuses elements that belong to several without it, and a
refusal then concerns as few rows as may be. What came of each chunk is told by ``settle``;
what landed is told later, by ``reconcile``, from the destination itself.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from d2_assets.data_values.check import SPREAD
from d2_assets.data_values.choices import Choices
from d2_assets.data_values.content import KEY
from d2_assets.data_values.plan import is_sent
from d2_assets.data_values.readback import find_missing_values
from d2_assets.data_values.settle import ChunkResult, Row, Settled, leave_row, settle_chunk
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.reports import ImportReport
from d2_assets.errors import D2AssetsError
from d2_assets.ledger.outcomes import Outcome
from d2_assets.staging.database import Database
from d2_assets.staging.tables import TableWriter, open_table

#: Seconds between two looks at the destination after an answer was lost.
STILL_STORING = 10.0

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
class Chunk:
    """Rows of one data set that are sent with one import strategy."""

    data_set: str
    strategy: str
    rows: Sequence[Row]


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

    client: DHIS2Client
    chunk: Chunk
    scratch: Path
    sleep: Callable[[float], None]

    def post(self, rows: Sequence[Row]) -> ImportReport:
        return self.client.post_data_values(
            data_set=self.chunk.data_set, rows=rows, strategy=self.chunk.strategy
        )

    def find_missing(self, rows: Sequence[Row]) -> Sequence[Row]:
        deleted = self.chunk.strategy == "DELETE"
        return find_missing_values(
            self.client, self.chunk.data_set, rows, deleted=deleted, scratch=self.scratch
        )

    def pause(self) -> None:
        self.sleep(STILL_STORING)


def push_changes(
    database: Database,
    client: DHIS2Client,
    month: str,
    choices: Choices,
    path: Path,
    report: Callable[[PushResult], None] = lambda result: None,
    sleep: Callable[[float], None] = lambda seconds: None,
) -> PushResult:
    """Send what the view ``plan`` means to write for a month; stage the view ``settled``.

    ``settled`` holds the rows that were not taken, and those not sent because something stopped
    the push: that error is in the result, for the caller to raise once the ledger is written.
    """
    result = PushResult()
    chunks = iterate_chunks(database, month, choices.chunk_size)
    with open_table(path, SETTLED_SCHEMA) as writer, closing(chunks):
        _send_all(client, chunks, choices.writers, path, result, writer, report, sleep)
        for chunk in chunks:
            words = str(result.error or "")
            _write(writer, [leave_row(row, Outcome.NOT_ATTEMPTED, words) for row in chunk.rows])
    database.attach("settled", path, spread_by=SPREAD)
    return result


def iterate_chunks(database: Database, month: str, size: int) -> Generator[Chunk, None, None]:
    """The plan of a month in chunks of ``size`` rows, writes before deletes."""
    for strategy in ("CREATE_AND_UPDATE", "DELETE"):
        where = f"month = '{month}' AND {is_sent('action', strategy)}"
        for (data_set,) in database.rows(
            f"SELECT DISTINCT data_set FROM plan WHERE {where} ORDER BY ALL"
        ):
            query = (
                f"SELECT row, {', '.join(KEY)}, value, comment, followup FROM plan "
                f"WHERE {where} AND data_set = '{data_set}'"
            )
            for rows in database.iterate(query, size):
                yield Chunk(data_set, strategy, rows.to_pylist())


def _send_all(
    client: DHIS2Client,
    chunks: Iterator[Chunk],
    writers: int,
    path: Path,
    result: PushResult,
    writer: TableWriter,
    report: Callable[[PushResult], None],
    sleep: Callable[[float], None],
) -> None:
    """Keep all writers busy until the chunks or the first error end it."""
    running: dict[Future[ChunkResult], Chunk] = {}
    with ThreadPoolExecutor(writers, thread_name_prefix="writer") as pool:
        while True:
            # One more than there are writers, so that none waits for its next chunk.
            while result.error is None and len(running) <= writers:
                chunk = next(chunks, None)
                if chunk is None:
                    break
                scratch = path.with_name(f"readback-{result.chunks}.download")
                result.chunks += 1
                post = _Post(client, chunk, scratch, sleep)
                running[pool.submit(settle_chunk, post, chunk.rows)] = chunk
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                _add(result, running.pop(future), future.result(), writer)
            report(result)


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
