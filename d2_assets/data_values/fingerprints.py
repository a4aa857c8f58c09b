"""A data value with its stamp as one number, to tell what was met or written before.

What it says is part of it: servers up to 2.42 tell whole seconds [seen], and a person may change a
value in the second in which we wrote it.
"""

from collections.abc import Sequence
from functools import lru_cache

import pyarrow as pa

from d2_assets.data_values.content import KEY
from d2_assets.errors import ContractError
from d2_assets.ledger.written import fingerprint
from d2_assets.stamps import read_stamp

_CONTENT = ("value", "comment", "followup", "deleted")


def read_stamps(rows: pa.RecordBatch) -> list[int]:
    """When each row of ``DATA_VALUE_SCHEMA`` was changed, in milliseconds of UTC; ContractError
    where one does not say it."""
    return [_read(text) for text in rows.column("last_updated").to_pylist()]


def fingerprint_values(rows: pa.RecordBatch, stamps: Sequence[int]) -> list[int]:
    """The fingerprint of each row with its stamp."""
    columns = [rows.column(name).to_pylist() for name in (*KEY, *_CONTENT)]
    return [
        fingerprint(stamp, *("" if cell is None else str(cell) for cell in cells))
        for stamp, *cells in zip(stamps, *columns, strict=True)
    ]


@lru_cache(maxsize=4096)
def _read(text: str | None) -> int:
    if not text:
        raise ContractError(
            "A data value came without its lastUpdated: whether it changed cannot be known.",
            remedy="Check that the server's version is one of the supported ones.",
        )
    return read_stamp(text)
