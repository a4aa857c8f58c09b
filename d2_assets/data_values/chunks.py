"""The plan of a month, cut into requests: rows of one data set and one import strategy each.

One data set a request because 2.43 refuses elements that belong to several without it, and a
refusal then concerns as few rows as may be.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from d2_assets.data_values.content import KEY
from d2_assets.data_values.plan import SENT_ACTIONS, is_sent
from d2_assets.data_values.settle import Row
from d2_assets.staging.database import Database

#: Rows that are read at a time, however small the requests are.
_READ = 5000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of one data set that are sent with one import strategy, with their fingerprints."""

    data_set: str
    strategy: str
    rows: Sequence[Row]

    @property
    def digests(self) -> list[int]:
        return [row["digest"] for row in self.rows]


def iterate_chunks(
    database: Database, month: str, size: Callable[[], int]
) -> Generator[Chunk, None, None]:
    """What the view ``plan`` means to send for a month, writes before deletes.

    ``size`` is asked before each chunk: how many rows may it have at most?
    """
    for strategy in dict.fromkeys(SENT_ACTIONS.values()):
        where = f"month = '{month}' AND {is_sent('action', strategy)}"
        for (data_set,) in database.rows(
            f"SELECT DISTINCT data_set FROM plan WHERE {where} ORDER BY ALL"
        ):
            query = (
                f"SELECT row, digest, {', '.join(KEY)}, value, comment, followup FROM plan "
                f"WHERE {where} AND data_set = '{data_set}'"
            )
            for rows in _cut(database.iterate(query, _READ), size):
                yield Chunk(data_set, strategy, rows.to_pylist())


def _cut(tables: Iterator[pa.Table], size: Callable[[], int]) -> Iterator[pa.Table]:
    """The same rows in tables of ``size()`` rows each, the last one smaller."""
    waiting = next(tables, None)
    while waiting is not None and waiting.num_rows:
        wanted = size()
        while waiting.num_rows < wanted and (more := next(tables, None)) is not None:
            waiting = pa.concat_tables([waiting, more])
        yield waiting.slice(0, wanted)
        waiting = waiting.slice(wanted)
        if not waiting.num_rows:
            waiting = next(tables, None)
