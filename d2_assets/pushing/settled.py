"""What came of chunks is staged while others are sent: the rows that were not taken, and why."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol, TypeVar

import pyarrow as pa

from d2_assets.errors import D2AssetsError
from d2_assets.ledger.outcomes import Outcome
from d2_assets.pushing.line import Line, PushResult
from d2_assets.pushing.writers import Ending, send_all
from d2_assets.staging.tables import TableWriter, open_table

_Row = TypeVar("_Row")
_RowOut = TypeVar("_RowOut", covariant=True)


class Part(Protocol):
    """What came of one chunk."""

    @property
    def settled(self) -> Sequence[Ending]: ...
    @property
    def requests(self) -> int: ...
    @property
    def error(self) -> D2AssetsError | None: ...


class ChunkOf(Protocol[_RowOut]):
    """Rows of one request."""

    @property
    def rows(self) -> Sequence[_RowOut]: ...


_Chunk = TypeVar("_Chunk", bound=ChunkOf)
_Part = TypeVar("_Part", bound=Part)


def send_chunks(
    line: Line,
    chunks: Generator[_Chunk, None, None],
    path: Path,
    schema: pa.Schema,
    send: Callable[[int, _Chunk], _Part],
    leave: Callable[[_Row, Outcome, str], Ending],
    report: Callable[[PushResult], None],
    *,
    phase_of: Callable[[_Chunk], int] = lambda chunk: 0,
) -> PushResult:
    """Send all chunks (see ``send_all``) and stage the rows that were not taken.

    Rows of chunks that were not begun, because an error stopped the work, are staged by ``leave``;
    the error is in the result. ``schema`` names members of what ``send`` and ``leave`` give.
    """
    result = PushResult()
    with open_table(path, schema) as writer, closing(chunks):

        def add(chunk: _Chunk, part: _Part) -> None:
            _write(writer, schema, part.settled)
            left = sum(item.outcome == Outcome.NOT_ATTEMPTED for item in part.settled)
            result.requests += part.requests
            result.refused += sum(item.outcome == Outcome.QUARANTINED for item in part.settled)
            result.sent += len(chunk.rows) - left
            result.error = result.error or part.error

        for chunk in send_all(line, chunks, result, send, add, report, phase_of=phase_of):
            words = str(result.error or "")
            rows = [leave(row, Outcome.NOT_ATTEMPTED, words) for row in chunk.rows]
            _write(writer, schema, rows)
    return result


def _write(writer: TableWriter, schema: pa.Schema, settled: Sequence[Ending]) -> None:
    if settled:
        columns = [
            pa.array([getattr(item, field.name) for item in settled], field.type)
            for field in schema
        ]
        writer.write(pa.record_batch(columns, schema=schema))
