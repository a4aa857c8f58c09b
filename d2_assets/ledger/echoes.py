"""What a server was seen to keep otherwise than we sent it, so that it is not sent again and again.

Some servers normalise a member by rules that we do not know. As long as what we want and what
stands there both stay the same, the object counts as unchanged, and the difference is told each
time. The file holds fingerprints, no values.
"""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from d2_assets.errors import ContractError
from d2_assets.staging.tables import verify_table, write_table

_COLUMNS = ("class", "id", "property", "wanted", "found")
_SCHEMA = pa.schema([(name, pa.string()) for name in _COLUMNS])

#: Class, UID at the destination and member: fingerprints of what we want and of what it keeps.
Echoes = Mapping[tuple[str, str, str], tuple[str, str]]


def load_echoes(path: Path) -> Echoes:
    """What was noted. A file that is missing or damaged says nothing: objects are sent once more,
    and what the server keeps is noted anew."""
    try:
        verify_table(path)
    except ContractError:
        return {}
    rows = pq.read_table(path).to_pylist()
    return {
        (row["class"], row["id"], row["property"]): (row["wanted"], row["found"]) for row in rows
    }


def record_echoes(path: Path, echoes: Echoes) -> None:
    """Note what holds now; a file in which nothing would change is not written."""
    if echoes == load_echoes(path):
        return
    columns = [
        pa.array(values, pa.string())
        for values in zip(*((*key, *value) for key, value in sorted(echoes.items())), strict=True)
    ] or [pa.array([], pa.string()) for _ in _COLUMNS]
    write_table(path, _SCHEMA, [pa.record_batch(columns, schema=_SCHEMA)])
