"""Both sides of a run's months, staged as Parquet for the plan: read whole or not at all."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pyarrow as pa

from d2_assets.both_sides import ask_both
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.ledger.month_hashes import ContentHash
from d2_assets.staging.database import Database
from d2_assets.staging.tables import open_table
from d2_assets.tracker.adaptations import Adaptations
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.ends import stage_ends
from d2_assets.tracker.extract_entities import (
    EntityReads,
    count_batches,
    list_entities,
    stage_entities,
)
from d2_assets.tracker.extract_events import (
    EventReads,
    plan_destination_reads,
    plan_source_reads,
    stage_events,
)
from d2_assets.tracker.mirror import find_events_elsewhere, stage_lone_entities
from d2_assets.tracker.month_hash import MonthHashes
from d2_assets.tracker.objects import STAGED_SCHEMA, Adaptation
from d2_assets.tracker.rows import NO_FILES, DestinationRows, FileIdentities, RowWriter, SourceRows
from d2_assets.tracker.scope import Scope
from d2_assets.tracker.windows import Span

#: How many common rows a row with its body takes.
_BODY = 4
_ELSEWHERE = pa.schema([("id", pa.string())])


@dataclass(frozen=True, slots=True)
class Staged:
    """``rows`` and ``rows_there``: objects that were read at the source and at the destination;
    ``hashes``: of what the source holds, by month."""

    adaptations: tuple[Adaptation, ...]
    rows: int
    rows_there: int
    hashes: Mapping[str, ContentHash]


@dataclass(slots=True)
class _Progress:
    """How far both sides are, told as one."""

    begin: Callable[[str, int], None]
    report: Callable[[int, int], None]
    so_far: dict[int, tuple[int, int]] = field(default_factory=dict)

    def note(self, side: int) -> Callable[[int, int], None]:
        def tell(done: int, rows: int) -> None:
            self.so_far[side] = done, rows

        return tell

    def tell(self) -> None:
        done, rows = (sum(values) for values in zip((0, 0), *self.so_far.values(), strict=True))
        self.report(done, rows)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Everything that a reading of both sides needs."""

    source: DHIS2Client
    destination: DHIS2Client
    scope: Scope
    choices: TrackerChoices
    span: Span
    rows: SourceRows
    rows_there: DestinationRows
    progress: _Progress
    stop: Event
    hashes: MonthHashes = field(default_factory=MonthHashes)

    @property
    def notes(self) -> tuple[Callable[[int, int], None], Callable[[int, int], None]]:
        return self.progress.note(0), self.progress.note(1)


def stage_both(
    database: Database,
    source: DHIS2Client,
    destination: DHIS2Client,
    scope: Scope,
    choices: TrackerChoices,
    span: Span,
    folder: Path,
    *,
    files: FileIdentities = NO_FILES,
    stop: Event | None = None,
    begin: Callable[[str, int], None] = lambda words, total: None,
    report: Callable[[int, int], None] = lambda done, rows: None,
) -> Staged:
    """Write ``source.parquet`` and ``destination.parquet``, and attach them as views of the names.

    Also the tables that the plan needs besides: ends of relationships, and what the source has in
    another month. ``begin(words, total)`` and ``report(done, rows)`` tell how far it is.
    """
    stop = stop or Event()
    paths = {name: folder / f"{name}.parquet" for name in ("source", "destination")}
    with ExitStack() as open_tables:
        writers = [
            RowWriter(open_tables.enter_context(open_table(path, STAGED_SCHEMA)))
            for path in paths.values()
        ]
        reading = _Reading(
            source=source,
            destination=destination,
            scope=scope,
            choices=choices,
            span=span,
            rows=SourceRows(scope, source.dialect, destination.dialect, writers[0], files),
            rows_there=DestinationRows(scope, source.dialect, writers[1], files),
            progress=_Progress(begin, report),
            stop=stop,
        )
        stage = _stage_entities if scope.is_registration else _stage_events
        elsewhere = stage(reading)
        for writer in writers:
            writer.flush()
    for name, path in paths.items():
        database.attach(name, path, spread_by="id", weight=_BODY)
    ids = pa.table([pa.array(sorted(elsewhere), pa.string())], schema=_ELSEWHERE)
    database.load("elsewhere", ids)
    stage_ends(database, destination, scope, stop)
    hashes = reading.hashes.by_month()
    return Staged(reading.rows.told.rows(), writers[0].rows, writers[1].rows, hashes)


def _stage_events(reading: _Reading) -> set[str]:
    """Gives the destination's events that the source has in another month."""
    scope, span, size = reading.scope, reading.span, reading.choices.page_size
    theirs = EventReads(
        reading.source,
        plan_source_reads(scope, span),
        span,
        size,
        reading.rows.told,
        hashes=reading.hashes,
    )
    ours = EventReads(
        reading.destination, plan_destination_reads(scope, span), span, size, Adaptations()
    )
    reading.progress.begin("reading both sides", len(theirs.queries) + len(ours.queries))
    stage_events(
        theirs,
        ours,
        reading.rows,
        reading.rows_there,
        reading.notes,
        reading.stop,
        reading.progress.tell,
    )
    return find_events_elsewhere(theirs, ours, scope) if reading.choices.mirrors else set()


def _stage_entities(reading: _Reading) -> set[str]:
    scope, span, stop = reading.scope, reading.span, reading.stop
    size = reading.choices.page_size
    reading.progress.begin("listing tracked entities", 0)
    types_there = scope.destination_types if reading.choices.mirrors else ()
    listed, listed_there = ask_both(
        lambda: list_entities(reading.source, scope.types, scope.source_roots, span, size, stop),
        lambda: list_entities(
            reading.destination, types_there, scope.destination_roots, span, size, stop
        ),
        stop,
    )
    theirs = EntityReads(reading.source, reading.rows.told, hashes=reading.hashes)
    ours = EntityReads(reading.destination, Adaptations())
    reading.progress.begin("reading both sides", 2 * count_batches(listed))
    stage_entities(
        listed,
        theirs,
        ours,
        reading.rows,
        reading.rows_there,
        reading.notes,
        stop,
        reading.progress.tell,
    )
    stage_lone_entities(listed, listed_there, reading.source, ours, reading.rows_there, stop)
    for item in ours.relations.drain():
        reading.rows_there.add(item)
    return set()
