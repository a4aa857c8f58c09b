"""Trees are sent by several writers, each chunk noted in the journal before and after.

What came of each chunk is told by ``settle``; what landed is told later, by ``reconcile``, from
the destination itself. A push that is cancelled lets the requests under way end, notes how, and
sends nothing more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from d2_assets.dhis2.tracker_reports import TrackerReport
from d2_assets.errors import CancelledError, ContractError, D2AssetsError, RejectedError
from d2_assets.ledger.outcomes import Outcome
from d2_assets.pushing.line import Line, PushResult
from d2_assets.pushing.settled import send_chunks
from d2_assets.pushing.writers import find_places, name_ends
from d2_assets.staging.database import Database
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.chunks import DELETE, Chunk, Row, iterate_chunks
from d2_assets.tracker.groups import ChunkResult, Settled, leave_row
from d2_assets.tracker.nest import Change, Payload, for_delete, nest
from d2_assets.tracker.readback import Reader, find_missing_objects
from d2_assets.tracker.settle import settle_chunk

#: The code of an object whose file could not be moved.
FILE_MISSING = "file_missing"

SETTLED_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("outcome", pa.string()),
        ("code", pa.string()),
        ("words", pa.string()),
        ("attempts", pa.int32()),
    ]
)


@dataclass(frozen=True, slots=True)
class _Post:
    """The destination as one chunk sees it. ``placed``: changes whose files are there already."""

    line: Line
    choices: TrackerChoices
    reader: Reader
    chunk: Chunk
    placed: dict[int, Change] = field(default_factory=dict)

    @property
    def strategy(self) -> str:
        return self.chunk.strategy

    @property
    def most_rows(self) -> int:
        return self.line.pace.size

    @property
    def is_stopped(self) -> bool:
        return self.line.stop.is_set()

    def post(self, rows: Sequence[Row]) -> TrackerReport:
        return self.line.time(
            len(rows),
            lambda: self.line.client.post_tracker(
                self._compose(rows),
                strategy=self.strategy,
                skip_rule_engine=self.choices.skip_rule_engine,
                skip_side_effects=self.choices.skip_side_effects,
                run_async=self.choices.run_async,
                sleep=self.line.sleep,
                clock=self.line.clock,
            ),
        )

    def find_missing(self, rows: Sequence[Row]) -> Sequence[Row]:
        return find_missing_objects(self.reader, rows, merge=self.choices.merge)

    def pause(self) -> None:
        self.line.pause()

    def _compose(self, rows: Sequence[Row]) -> Payload:
        if self.strategy == DELETE:
            return for_delete(rows[0].kind, [row.id for row in rows])
        changes = [self.placed.get(row.row) or row.to_change() for row in rows]
        return nest(changes, self.line.client.dialect, merge=self.choices.merge)


def push_changes(
    database: Database,
    line: Line,
    choices: TrackerChoices,
    reader: Reader,
    month: str,
    path: Path,
    report: Callable[[PushResult], None] = lambda result: None,
    place: Callable[[Change], Change] = lambda change: change,
) -> PushResult:
    """Send what the view ``plan`` means to write for a month; stage the view ``settled``.

    ``settled`` holds the objects that were not taken, and those not sent because something stopped
    the push: that error is in the result, for the caller to raise once the ledger is written. A
    cancellation is such an error (CancelledError). ``place`` moves the files of a change.
    """
    chunks = iterate_chunks(database, month, lambda: line.pace.size, choices.import_strategy)

    def send(number: int, chunk: Chunk) -> ChunkResult:
        return _send_chunk(_Post(line, choices, reader, chunk), place)

    result = send_chunks(
        line,
        chunks,
        path,
        SETTLED_SCHEMA,
        send,
        leave_row,
        report,
        phase_of=lambda chunk: chunk.phase,
    )
    database.attach("settled", path)
    return result


def _send_chunk(post: _Post, place: Callable[[Change], Change]) -> ChunkResult:
    """Settle a chunk between its two lines in the journal; in a thread of its own."""
    chunk, journal = post.chunk, post.line.journal
    if post.is_stopped:
        rows = [leave_row(row, Outcome.NOT_ATTEMPTED) for row in chunk.rows]
        return ChunkResult(rows, error=CancelledError())
    part = ChunkResult()
    rows = _place_files(post, place, part)
    number = journal.send(chunk.digests, strategy=chunk.strategy)
    settle_chunk(post, rows, part)
    places = find_places([row.row for row in chunk.rows])
    journal.settle(number, name_ends(places, part.settled))
    return part


def _place_files(
    post: _Post, place: Callable[[Change], Change], part: ChunkResult
) -> Sequence[Row]:
    """Move the files of the chunk's objects; gives the objects that may be sent. An error that is
    not one object's own stops the chunk."""
    if post.strategy == DELETE:
        return post.chunk.rows
    fit: list[Row] = []
    for position, row in enumerate(post.chunk.rows):
        change = row.to_change()
        try:
            placed = place(change)
        except (RejectedError, ContractError) as error:
            words = str(error)
            part.settled.append(Settled(row.row, Outcome.QUARANTINED, FILE_MISSING, words, 0))
            if row.action == "create":
                part.refused[row.key] = f"{FILE_MISSING} {error.message}"
            continue
        except D2AssetsError as error:
            part.error = error
            left = [*fit, *post.chunk.rows[position:]]
            part.settled += [leave_row(one, Outcome.NOT_ATTEMPTED, str(error)) for one in left]
            return ()
        if placed is not change:
            post.placed[row.row] = placed
        fit.append(row)
    return fit
