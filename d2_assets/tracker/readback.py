"""What stands at the destination now: objects are read by the roots that hold them.

An answer of an import says little: after each month all that was touched is read back, and after
a lost answer what that request held. Trees are read whole, and never all at once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pyarrow as pa

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.staging.database import Database
from d2_assets.staging.tables import TableWriter, open_table
from d2_assets.tracker.adaptations import Adaptations
from d2_assets.tracker.chunks import IS_SENT, ROOTS, WITH_PARENT, Root, Row
from d2_assets.tracker.differences import compare_bodies
from d2_assets.tracker.objects import Kind, TrackerObject
from d2_assets.tracker.rows import mark_deleted
from d2_assets.tracker.shape import digest, encode_body, flatten_entity, flatten_event, list_notes

#: Roots that are read and held at a time.
_ROOTS_A_BATCH = 100

FOUND_SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("id", pa.string()),
        ("root", pa.string()),
        ("deleted", pa.bool_()),
        ("updated_at", pa.string()),
        ("digest", pa.uint64()),
        ("notes", pa.list_(pa.string())),
        ("body", pa.binary()),
    ]
)


@dataclass(frozen=True, slots=True)
class Reader:
    """How objects are found again. ``programs``: those of each tracked entity type, by the
    destination's UIDs. ``identify``: an object as it is compared (its version, its files)."""

    client: DHIS2Client
    programs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    identify: Callable[[TrackerObject], TrackerObject] = lambda item: item

    def read(self, roots: Iterable[Root]) -> Iterator[TrackerObject]:
        """The objects that these roots hold now, relationships once for each root; what is not
        there is missing."""
        places: dict[tuple[Kind, str], list[str]] = {}
        for root in roots:
            place = root.program if root.kind is Kind.EVENT else root.type
            places.setdefault((root.kind, place), []).append(root.id)
        for (kind, place), ids in places.items():
            for start in range(0, len(ids), _ROOTS_A_BATCH):
                yield from self._read(kind, place, ids[start : start + _ROOTS_A_BATCH])

    def _read(self, kind: Kind, place: str, ids: Sequence[str]) -> Iterator[TrackerObject]:
        told = Adaptations()
        if kind is Kind.EVENT:
            trees = (flatten_event(body, told) for body in self.client.list_events(place, ids))
        else:
            bodies = self.client.read_entities(place, ids, self.programs.get(place, ()))
            trees = (flatten_entity(body, told) for body in bodies)
        for objects in trees:
            for item in mark_deleted(objects):
                yield item if item.deleted else self.identify(item)


def find_missing_objects(reader: Reader, rows: Sequence[Row], *, merge: bool) -> list[Row]:
    """Those of the rows that the destination does not hold as sent (or, deleted, still holds).

    A row whose root is not known cannot be looked for: it counts as missing.
    """
    roots = {row.root.id: row.root for row in rows if row.root is not None}
    wanted = {row.key for row in rows}
    found = {
        (item.kind, item.id): item
        for item in reader.read(roots.values())
        if (item.kind, item.id) in wanted
    }
    return [row for row in rows if not _has_landed(row, found.get(row.key), merge=merge)]


def read_back(
    database: Database,
    reader: Reader,
    month: str,
    path: Path,
    report: Callable[[int], None] = lambda roots: None,
    *,
    has_sent: bool = True,
) -> None:
    """Make the view ``found``: the destination as it stands now where something was sent, and as
    it was read before elsewhere. ``report`` is told the roots read so far.

    Without ``has_sent`` nothing is read again: nothing can have changed.
    """
    with open_table(path, FOUND_SCHEMA) as writer:
        if has_sent:
            _write_found(database, reader, month, writer, report)
    database.attach("read_back", path, spread_by="id")
    is_touched = f"month = '{month}' AND ({IS_SENT} OR action = '{WITH_PARENT}') AND {has_sent}"
    database.execute(
        "CREATE OR REPLACE TABLE touched AS SELECT id AS held, kind, id FROM plan "
        f"WHERE {is_touched} UNION SELECT root, NULL, NULL FROM plan WHERE {is_touched}"
    )
    names = ", ".join(FOUND_SCHEMA.names)
    database.execute(
        f"""
        CREATE OR REPLACE VIEW found AS
        SELECT {names} FROM read_back
        UNION ALL SELECT {names} FROM destination AS d
        WHERE root NOT IN (SELECT held FROM touched WHERE id IS NULL)
            AND NOT EXISTS (SELECT 1 FROM touched AS t WHERE t.kind = d.kind AND t.id = d.id)
            AND NOT EXISTS (SELECT 1 FROM read_back AS r WHERE r.kind = d.kind AND r.id = d.id)
        """
    )


def count_roots(database: Database, month: str) -> int:
    """How many roots ``read_back`` reads for a month."""
    return database.value(f"SELECT count(*) FROM ({_roots_query(month)})")


def _roots_query(month: str) -> str:
    return f"""
        SELECT r.kind, r.id, r.program, r.type FROM ({ROOTS}) AS r WHERE r.id IN (
            SELECT root FROM plan WHERE month = '{month}' AND {IS_SENT})
    """


def _write_found(
    database: Database,
    reader: Reader,
    month: str,
    writer: TableWriter,
    report: Callable[[int], None],
) -> None:
    done = 0
    seen: set[str] = set()  # relationships are met on both of their ends
    for table in database.iterate(f"{_roots_query(month)} ORDER BY ALL", _ROOTS_A_BATCH):
        roots = [
            Root(Kind(row["kind"]), row["id"], row["program"] or "", row["type"] or "")
            for row in table.to_pylist()
        ]
        objects = _drop_repeated(reader.read(roots), seen)
        while batch := list(islice(objects, 1000)):
            rows = [_make_found(item) for item in batch]
            writer.write(pa.RecordBatch.from_pylist(rows, FOUND_SCHEMA))
        done += len(roots)
        report(done)


def _drop_repeated(objects: Iterable[TrackerObject], seen: set[str]) -> Iterator[TrackerObject]:
    for item in objects:
        if item.kind is Kind.RELATIONSHIP:
            if item.id in seen:
                continue
            seen.add(item.id)
        yield item


def _make_found(item: TrackerObject) -> dict[str, object]:
    return {
        "kind": str(item.kind),
        "id": item.id,
        "root": item.root,
        "deleted": item.deleted,
        "updated_at": item.updated_at,
        "digest": digest(item.body),
        "notes": list_notes(item.body),
        "body": encode_body(item.body),
    }


def _has_landed(row: Row, found: TrackerObject | None, *, merge: bool) -> bool:
    if row.action == "delete":
        return found is None or found.deleted
    if found is None or found.deleted:
        return False
    differences = compare_bodies(row.kind, row.body, found.body, merge=merge)
    return all(one.is_soft for one in differences)
