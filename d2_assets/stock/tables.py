"""The staged tables of stock: movements, and one row a product and month.

Quantities are whole numbers of dispensing units; they are 64-bit integers from end to end.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from d2_assets.stock.card_months import Flows
from d2_assets.stock.extract import Movement
from d2_assets.stock.product_months import ProductMonth
from d2_assets.stock.reasons import LossKind

MOVEMENTS_SCHEMA = pa.schema(
    [
        ("facility", pa.string()),
        ("program", pa.string()),
        ("orderable", pa.string()),
        ("card", pa.string()),
        ("lot", pa.string()),
        ("line_item", pa.string()),
        ("occurred_date", pa.date32()),
        ("reason", pa.string()),
        ("bucket", pa.string()),
        ("signed", pa.int64()),
    ]
)

_LOSS_KINDS: tuple[LossKind, ...] = ("expired", "damaged", "lost")
_FLOWS = ("received", "issued", "losses", "positive_adjustments", "negative_adjustments")
_COUNTS = ("opening_balance", "closing_balance", "stockout_days", "movements")
_MARKS = ("has_started", "is_withdrawn")
_NAMES = ("facility", "program", "orderable", "month")

#: One row a product; ``adjustments`` is the sum of both kinds, so that the identity can be read
#: off: closing = opening + received - issued - losses + adjustments.
PRODUCT_MONTHS_SCHEMA = pa.schema(
    [(name, pa.string()) for name in _NAMES]
    + [(name, pa.int64()) for name in (*_COUNTS, *_FLOWS, "adjustments", *_LOSS_KINDS)]
    + [(name, pa.bool_()) for name in _MARKS]
)


def tabulate_movements(movements: Iterable[Movement]) -> pa.RecordBatch:
    """Movements as a batch of ``MOVEMENTS_SCHEMA``."""
    return _tabulate(
        ({name: getattr(one, name) for name in MOVEMENTS_SCHEMA.names} for one in movements),
        MOVEMENTS_SCHEMA,
    )


def tabulate_product_months(months: Iterable[ProductMonth]) -> pa.RecordBatch:
    """Product months as a batch of ``PRODUCT_MONTHS_SCHEMA``."""
    return _tabulate((_flatten(one) for one in months), PRODUCT_MONTHS_SCHEMA)


def read_product_months(batch: pa.RecordBatch | pa.Table) -> list[ProductMonth]:
    """Product months from rows of ``PRODUCT_MONTHS_SCHEMA``."""
    return [_unflatten(row) for row in batch.to_pylist()]


def find_unbalanced(path: Path, most: int) -> list[dict[str, object]]:
    """The first rows of a table of product months that do not add up, and by how much."""
    with pq.ParquetFile(path) as file:
        found = (
            _flatten(month) | {"imbalance": month.imbalance}
            for batch in file.iter_batches()
            for month in read_product_months(batch)
            if month.imbalance
        )
        return list(islice(found, most))


def _flatten(month: ProductMonth) -> dict[str, object]:
    flows = month.flows
    return {
        **{name: getattr(month, name) for name in (*_NAMES, *_COUNTS, *_MARKS)},
        **{name: getattr(flows, name) for name in (*_FLOWS, "adjustments")},
        **{kind: flows.losses_by_kind.get(kind, 0) for kind in _LOSS_KINDS},
    }


def _unflatten(row: Mapping[str, object]) -> ProductMonth:
    members = {name: row[name] for name in (*_NAMES, *_COUNTS, *_MARKS)}
    kinds = {kind: row[kind] for kind in _LOSS_KINDS if row[kind]}
    flows = Flows(**{name: row[name] for name in _FLOWS}, losses_by_kind=kinds)  # pyright: ignore[reportArgumentType]
    return ProductMonth(**members, flows=flows)  # pyright: ignore[reportArgumentType]


def _tabulate(rows: Iterable[Mapping[str, object]], schema: pa.Schema) -> pa.RecordBatch:
    columns = list(rows)
    return pa.RecordBatch.from_arrays(
        [pa.array([row[field.name] for row in columns], field.type) for field in schema],
        schema=schema,
    )
