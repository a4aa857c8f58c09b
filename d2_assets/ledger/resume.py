"""What runs had settled before they were cut short: read from journals that nobody finished."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from d2_assets.ledger.journal import decode_digests, is_finished, is_live, is_of, read_journal
from d2_assets.staging.database import Database

#: The outcome of a row that the server took, as far as its answer tells.
TAKEN = "taken"

#: Outcomes of rows that a chunk left open: they are not settled.
_OPEN = frozenset({"queued", "not_attempted"})

_SCHEMA = pa.schema(
    [
        ("digest", pa.uint64()),
        ("outcome", pa.string()),
        ("code", pa.string()),
        ("words", pa.string()),
        ("attempts", pa.int32()),
        ("place", pa.int32()),
    ]
)
_TAKEN: Mapping[str, Any] = {"outcome": TAKEN, "code": "", "words": "", "attempts": 1}


def load_journals(database: Database, paths: Iterable[Path], destination: str) -> None:
    """Make the table ``journalled``: digest, outcome ("taken", or why not), code, words, attempts.

    One line a fingerprint. Journals that are finished, of another destination, or written to by a
    live run tell nothing. ContractError for a damaged one.
    """
    database.load("settled_earlier", _SCHEMA.empty_table())
    place = 0
    for path in paths:
        for settled in _iterate_settled(_read_stale(path, destination)):
            place += 1
            numbered = settled.append_column(_SCHEMA.field("place"), _repeat(place, settled))
            database.load("settled_chunk", numbered)
            database.execute("INSERT INTO settled_earlier SELECT * FROM settled_chunk")
    database.execute(
        "CREATE OR REPLACE TABLE journalled AS SELECT DISTINCT ON (digest) * EXCLUDE (place) "
        "FROM settled_earlier ORDER BY digest, place DESC"
    )
    database.execute("DROP TABLE settled_earlier")


def find_last_open(paths: Iterable[Path], destination: str) -> float | None:
    """When (seconds since the epoch) the last chunk was sent whose end no stale journal tells."""
    times: list[float] = []
    for path in paths:
        sent: dict[int, float] = {}
        for entry in _read_stale(path, destination):
            if entry["event"] == "sent":
                sent[entry["chunk"]] = entry["at"]
            elif entry["event"] == "settled":
                sent.pop(entry["chunk"], None)
        times += sent.values()
    return max(times, default=None)


def _read_stale(path: Path, destination: str) -> list[Mapping[str, Any]]:
    if not path.exists() or is_live(path):
        return []
    entries = list(read_journal(path))
    return [] if is_finished(entries) or not is_of(entries, destination) else entries


def _iterate_settled(entries: Iterable[Mapping[str, Any]]) -> Iterator[pa.Table]:
    """The settled rows of each chunk."""
    sent: dict[int, Sequence[int]] = {}
    for entry in entries:
        if entry["event"] == "sent":
            sent[entry["chunk"]] = decode_digests(entry)
        elif entry["event"] == "settled":
            yield _tell_rows(sent.pop(entry["chunk"], ()), entry["ended"])


def _tell_rows(digests: Sequence[int], ended: Sequence[Mapping[str, Any]]) -> pa.Table:
    told = {row: item for item in ended for row in item["rows"]}
    rows = ((digest, told.get(row, _TAKEN)) for row, digest in enumerate(digests))
    settled = [
        {"digest": digest, **{name: item[name] for name in _TAKEN}}
        for digest, item in rows
        if item["outcome"] not in _OPEN
    ]
    return pa.Table.from_pylist(settled, pa.schema(list(_SCHEMA)[:-1]))


def _repeat(place: int, table: pa.Table) -> pa.Array:
    return pa.array([place] * table.num_rows, pa.int32())
