"""The source alone, read for the hashes of its months: nothing is staged, nobody else is asked.

It is read as a whole run reads it, so that the hashes of the two are of the same things.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Event

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.ledger.month_hashes import ContentHash
from d2_assets.tracker.adaptations import Adaptations
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.extract_entities import (
    EntityReads,
    count_batches,
    list_entities,
    read_trees,
)
from d2_assets.tracker.extract_events import EventReads, plan_source_reads
from d2_assets.tracker.month_hash import MonthHashes
from d2_assets.tracker.scope import Scope
from d2_assets.tracker.scope_source import read_source
from d2_assets.tracker.windows import Span


@dataclass(frozen=True, slots=True)
class SourceReading:
    """What a reading of the source needs. ``begin`` and ``report`` as in ``stage_both``."""

    source: DHIS2Client
    choices: TrackerChoices
    is_registration: bool
    span: Span
    stop: Event = field(default_factory=Event)
    begin: Callable[[str, int], None] = lambda words, total: None
    report: Callable[[int, int], None] = lambda done, rows: None


def hash_source(reading: SourceReading) -> Mapping[str, ContentHash]:
    """The hash of each month of the span that the source holds something of.

    ConfigurationError names what the pair names and the source lacks.
    """
    theirs = read_source(reading.source, reading.choices, reading.is_registration)
    scope = Scope(
        is_registration=reading.is_registration,
        programs=theirs.programs,
        types=theirs.types,
        stages=theirs.stages,
        is_narrow=theirs.is_narrow,
        source_roots=theirs.roots,
    )
    hashes = MonthHashes()
    read = _read_entities if reading.is_registration else _read_events
    for _ in read(reading, scope, hashes):
        pass
    return hashes.by_month()


def _read_events(reading: SourceReading, scope: Scope, hashes: MonthHashes) -> Iterable[object]:
    queries = plan_source_reads(scope, reading.span)
    reading.begin("reading the source", len(queries))
    reads = EventReads(
        reading.source,
        queries,
        reading.span,
        reading.choices.page_size,
        Adaptations(),
        hashes=hashes,
    )
    return reads.read(reading.report, reading.stop)


def _read_entities(reading: SourceReading, scope: Scope, hashes: MonthHashes) -> Iterable[object]:
    reading.begin("listing tracked entities", 0)
    listed = list_entities(
        reading.source,
        scope.types,
        scope.source_roots,
        reading.span,
        reading.choices.page_size,
        reading.stop,
    )
    reading.begin("reading the source", count_batches(listed))
    reads = EntityReads(reading.source, Adaptations(), hashes=hashes)
    return read_trees(listed, reads, scope, reading.report, reading.stop)
