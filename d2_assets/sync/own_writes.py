"""What a run wrote is noted as it was read back, where the destination is a source as well.

Whoever looks there for changes then tells ours from people's (``ledger.written``). A month that
could not be read back is not noted: at worst a run follows that finds nothing to write.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from d2_assets.data_values.content import same_key
from d2_assets.data_values.fingerprints import fingerprint_values, read_stamps
from d2_assets.dhis2.data_value_rows import DATA_VALUE_SCHEMA
from d2_assets.identifiers import make_slug
from d2_assets.ledger.outcomes import WRITTEN, Outcome
from d2_assets.ledger.written import WrittenItems, fingerprint, note_written
from d2_assets.metadata.objects import Key
from d2_assets.metadata.verify import Ended
from d2_assets.stamps import read_stamp
from d2_assets.sync.family import MetadataWork, PlannedFamily
from d2_assets.sync.tracker_work import PlannedTracker
from d2_assets.sync.work import ASSET, PlannedWork
from d2_assets.tracker.objects import Kind

_METADATA = "metadata"
_WAS_WRITTEN = ", ".join(f"'{outcome}'" for outcome in WRITTEN)
_ROWS_A_BATCH = 8_192


def note_values(planned: PlannedWork, month: str) -> None:
    """Note the data values of a month that were written and stand there as they were sent, from
    the views ``outcomes`` and ``found``; both by the destination's UIDs."""
    work = planned.work
    if not work.notes_writes:
        return
    path = planned.folder / f"written-{month}.parquet"
    columns = ", ".join(f"f.{name}" for name in DATA_VALUE_SCHEMA.names)
    planned.database.save(
        f"SELECT {columns} FROM outcomes AS o JOIN found AS f "
        f"ON f.data_set = o.data_set AND {same_key('o', 'f')} "
        f"WHERE o.outcome IN ({_WAS_WRITTEN}) AND f.deleted = (o.outcome = '{Outcome.DELETED}')",
        path,
        spread=True,
    )
    folder = work.home.written(ASSET, planned.destination.name)
    name = _name_file(work.run, work.asset, month)
    with note_written(folder, name, work.clock()) as written:
        for batch in _iterate(path):
            stamps = read_stamps(batch)
            written.add(fingerprint_values(batch, stamps), stamps)


def note_tracker(planned: PlannedTracker, month: str) -> None:
    """Note the events, or the tracked entities with something under them, that were written.

    What changes under an entity changes the entity [seen]: its stamp is ours only if all of it
    stands there as it was sent, and nothing else does. A person's edit of another part counts.
    """
    work = planned.work
    if not work.notes_writes:
        return
    kind = Kind.TRACKED_ENTITY if work.is_registration else Kind.EVENT
    query = f"""
        SELECT f.id, f.updated_at FROM found AS f JOIN (
            SELECT root FROM outcomes GROUP BY root
            HAVING bool_or(outcome IN ({_WAS_WRITTEN})) AND NOT bool_or(differs)
        ) AS o ON o.root = f.id
        WHERE f.kind = '{kind}' AND f.updated_at <> '' AND f.id NOT IN (
            SELECT s.root FROM found AS s LEFT JOIN outcomes AS k ON k.kind = s.kind AND k.id = s.id
            WHERE NOT s.deleted AND k.id IS NULL AND s.kind <> '{Kind.RELATIONSHIP}')
    """
    folder = work.home.written(work.asset, planned.destination.name)
    name = _name_file(work.run, work.asset, month)
    with note_written(folder, name, work.clock()) as written:
        for table in planned.database.iterate(query, _ROWS_A_BATCH):
            _add(written, ((row["updated_at"], row["id"]) for row in table.to_pylist()))


def note_objects(
    planned: PlannedFamily, ended: Iterable[Ended], bodies: Mapping[Key, Mapping[str, Any]]
) -> None:
    """Note the metadata objects that were written; ``bodies`` are those read back, by class and
    UID."""
    work = planned.work
    if not work.notes_writes:
        return
    keys = [
        one.planned.destination_key for one in ended if one.outcome in WRITTEN and not one.is_broken
    ]
    stamped = (
        (str(stamp), key[1]) for key in keys if (stamp := bodies.get(key, {}).get("lastUpdated"))
    )
    with note_written(_open_folder(planned), _name_run(work), work.clock()) as written:
        _add(written, stamped)


def _open_folder(planned: PlannedFamily) -> Path:
    """All families have one: some set members of other families' objects."""
    return planned.work.home.written(_METADATA, planned.destination.name)


def _name_run(work: MetadataWork) -> str:
    return _name_file(work.run, work.family, work.months[0])


def _name_file(run: str, asset: str, month: str) -> str:
    return f"{make_slug(run)}-{asset}-{month}"


def _iterate(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=_ROWS_A_BATCH)


def _add(written: WrittenItems, stamped: Iterable[tuple[str, str]]) -> None:
    """Objects: their stamps as servers write them, and their UIDs."""
    rows = [(read_stamp(stamp), uid) for stamp, uid in stamped]
    if rows:
        written.add([fingerprint(stamp, uid) for stamp, uid in rows], [at for at, _ in rows])
