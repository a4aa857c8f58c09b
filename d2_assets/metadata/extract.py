"""Both sides' objects of some classes, staged as files: what is planned on is what was read.

``fields=:owner`` gives what an object owns; its parts (data set elements, legends, map views) come
inside it. Only classes that the server's schemas know with an endpoint are asked for.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.schemas import Schemas
from d2_assets.metadata.objects import MetadataObject
from d2_assets.staging.tables import open_table, verify_table

_SCHEMA = pa.schema(
    [
        ("class", pa.dictionary(pa.int32(), pa.string())),
        ("id", pa.string()),
        ("body", pa.string()),
    ]
)
_ROWS_A_BATCH = 500

#: What is told while reading: classes that are done, and objects so far.
Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Side:
    """What one server holds of the classes asked for: bodies by UID, by class."""

    objects: Mapping[str, Mapping[str, Mapping[str, Any]]]

    def of_class(self, plural: str) -> Mapping[str, Mapping[str, Any]]:
        return self.objects.get(plural, {})

    def find(self, plural: str, uid: str) -> Mapping[str, Any] | None:
        return self.of_class(plural).get(uid)

    @property
    def count(self) -> int:
        return sum(len(bodies) for bodies in self.objects.values())

    def __iter__(self) -> Iterator[MetadataObject]:
        for plural, bodies in self.objects.items():
            for uid, body in bodies.items():
                yield MetadataObject(plural, uid, body)


def choose_classes(schemas: Schemas, plurals: Iterable[str]) -> list[str]:
    """Those of the classes that the server lists, each once."""
    known = (schemas.get(plural) for plural in dict.fromkeys(plurals))
    return [schema.plural for schema in known if schema and schema.has_endpoint]


def stage_objects(
    client: DHIS2Client,
    plurals: Sequence[str],
    page_size: int,
    path: Path,
    report: Report = lambda classes, objects: None,
) -> int:
    """Stage every object of the classes; gives their number. ``report`` may raise to stop."""
    with open_table(path, _SCHEMA) as writer:
        report(0, 0)
        for done, plural in enumerate(plurals, start=1):
            for objects in _batches(client.iterate_owned(plural, page_size)):
                writer.write(_make_batch(plural, objects))
                report(done - 1, writer.rows)
            report(done, writer.rows)
    return writer.rows


def load_side(path: Path) -> Side:
    """The staged objects; ContractError when the file is not what was staged."""
    verify_table(path)
    objects: dict[str, dict[str, Any]] = {}
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_ROWS_A_BATCH):
            names, uids, bodies = (column.to_pylist() for column in batch.columns)
            for plural, uid, body in zip(names, uids, bodies, strict=True):
                objects.setdefault(plural, {})[uid] = json.loads(body, parse_float=Decimal)
    return Side(objects)


def _batches(objects: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    waiting: list[Mapping[str, Any]] = []
    for item in objects:
        waiting.append(item)
        if len(waiting) == _ROWS_A_BATCH:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _make_batch(plural: str, objects: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
    names = pa.array([plural] * len(objects), pa.string()).dictionary_encode()
    uids = pa.array([item["id"] for item in objects], pa.string())
    texts = [orjson.dumps(item, default=_write_number).decode() for item in objects]
    bodies = pa.array(texts, pa.string())
    return pa.record_batch([names, uids, bodies], schema=_SCHEMA)


def _write_number(value: Any) -> Any:
    """Decimals as they came."""
    return orjson.Fragment(str(value))
