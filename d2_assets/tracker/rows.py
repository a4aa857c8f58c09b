"""Objects become staged rows, a few hundred at a time; what was staged is never held whole.

Each object of the source is put into the destination's words, judged, and stripped of what the
destination's version does not know; each object of the destination is stripped of what the
source's version does not know, so that neither side has members that the other could never have.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from d2_assets.dhis2.dialects import Dialect
from d2_assets.staging.tables import TableWriter
from d2_assets.tracker.adaptations import Adaptations
from d2_assets.tracker.check import find_filter, judge
from d2_assets.tracker.nest import adapt_to
from d2_assets.tracker.objects import STAGED_SCHEMA, Kind, TrackerObject
from d2_assets.tracker.scope import Scope
from d2_assets.tracker.shape import digest, encode_body, list_notes
from d2_assets.tracker.translate import translate_whole
from d2_assets.tracker.verdicts import Verdict

#: Rows that are written at once.
_ROWS_A_BATCH = 250


@dataclass(frozen=True, slots=True)
class FileIdentities:
    """How UIDs of files in a body become what the files are: UIDs differ on each server.

    ``of_source`` gives a verdict for an object of which a file cannot be read.
    """

    of_source: Callable[[TrackerObject], tuple[TrackerObject, Verdict | None]]
    of_destination: Callable[[TrackerObject], TrackerObject]


#: Of programs without files.
NO_FILES = FileIdentities(lambda item: (item, None), lambda item: item)


class RowWriter:
    """Numbers rows and writes them in batches; ``flush`` at the end."""

    def __init__(self, writer: TableWriter) -> None:
        self._writer = writer
        self._waiting: list[dict[str, Any]] = []
        self.rows = 0

    def add(self, item: TrackerObject, verdict: Verdict | None) -> None:
        """One object more."""
        self._waiting.append(make_row(self.rows, item, verdict))
        self.rows += 1
        if len(self._waiting) >= _ROWS_A_BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        if self._waiting:
            self._writer.write(pa.RecordBatch.from_pylist(self._waiting, STAGED_SCHEMA))
            self._waiting = []


@dataclass(slots=True)
class SourceRows:
    """The rows of the source's objects."""

    scope: Scope
    source: Dialect
    destination: Dialect
    writer: RowWriter
    files: FileIdentities = NO_FILES
    told: Adaptations = field(default_factory=Adaptations)

    def add(self, item: TrackerObject, verdict: Verdict | None = None) -> TrackerObject:
        """Put an object into the destination's words and write it; gives it as written.

        ``verdict``: what is known of it before it is judged.
        """
        translated = translate_whole(item, self.scope)
        for one in translated.adaptations:
            self.told.tell(one.kind, one.member, one.what, one.why, one.objects)
        item = adapt_to(translated.object, self.destination, self.told)
        verdict = verdict or judge(item, self.scope)
        if verdict is None and not item.deleted:
            item, verdict = self.files.of_source(item)
        self.writer.add(item, verdict)
        return item


@dataclass(slots=True)
class DestinationRows:
    """The rows of the destination's objects; those outside the pair's filters say so."""

    scope: Scope
    source: Dialect
    writer: RowWriter
    files: FileIdentities = NO_FILES
    told: Adaptations = field(default_factory=Adaptations)

    def add(self, item: TrackerObject, verdict: Verdict | None = None) -> None:
        """Write an object as it stands there; ``verdict``: why it is not the pair's, if known."""
        item = adapt_to(item, self.source, self.told)
        if not item.deleted:
            item = self.files.of_destination(item)
        self.writer.add(item, verdict or find_filter(item, self.scope))


def make_row(row: int, item: TrackerObject, verdict: Verdict | None) -> dict[str, Any]:
    """One row of ``STAGED_SCHEMA``."""
    return {
        "row": row,
        "month": item.month,
        "kind": str(item.kind),
        "id": item.id,
        "root": item.root,
        "parent": item.parent,
        "program": item.program,
        "stage": item.stage,
        "org_unit": item.org_unit,
        "type": item.type,
        "updated_at": item.updated_at,
        "deleted": item.deleted,
        "digest": digest(item.body),
        "notes": list_notes(item.body),
        "verdict": verdict.code if verdict else None,
        "reason": verdict.reason if verdict else None,
        "body": encode_body(item.body),
    }


def mark_deleted(objects: Iterable[TrackerObject]) -> list[TrackerObject]:
    """What belongs to a deleted object is deleted with it, whatever the server says of it."""
    gone: set[tuple[Kind, str]] = set()
    marked = []
    for item in objects:
        above = Kind.TRACKED_ENTITY if item.kind is Kind.ENROLLMENT else Kind.ENROLLMENT
        if not item.deleted and item.parent and (above, item.parent) in gone:
            item = replace(item, deleted=True, body={str(item.kind): item.id})
        if item.deleted:
            gone.add((item.kind, item.id))
        marked.append(item)
    return marked
