"""The rows of an indicator as a staged table, and which of them can be data values.

Every row ends as a data value or with a code and words: what no mapping names, what was closed to
the account, what there is no number of, and numbers that would overwrite each other. How much stock
a row stands for goes with it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from d2_assets.ledger.outcomes import Outcome
from d2_assets.staging.database import Database
from d2_assets.staging.tables import TableWriter
from d2_assets.stock.attributes import ATTRIBUTES, Indicator
from d2_assets.stock.consumption import Consumption, derive_consumption
from d2_assets.stock.mapping_files import Target
from d2_assets.stock.product_months import Product, ProductMonth
from d2_assets.stock.stage import Closed
from d2_assets.stock.tables import read_product_months
from d2_assets.stock.to_data_values import StockMapping, StockValue, derive_values

#: One row for each number of an indicator, or for each product or facility that it wants of.
VALUES_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        *((name, pa.string()) for name in ("facility", "program", "orderable", "month")),
        ("facility_name", pa.string()),
        ("product_name", pa.string()),
        ("attribute", pa.string()),
        ("value", pa.string()),
        ("org_unit", pa.string()),
        ("data_element", pa.string()),
        ("category_option_combo", pa.string()),
        ("data_set", pa.string()),
        ("stock_on_hand", pa.int64()),
        ("code", pa.string()),
        ("reason", pa.string()),
    ]
)

#: How a row ends that is no data value, by its code; all others wait for a person.
LEFT_OUT: Mapping[str, Outcome] = {
    "not_started": Outcome.FILTERED,
    "nothing_consumed": Outcome.FILTERED,
    "withdrawn": Outcome.FILTERED,
}

FACILITY_CLOSED = "facility_closed"
SHARED_TARGET = "duplicate_key"
ZERO_NOT_STORED = "zero_not_stored"
_WITHDRAWN = "withdrawn"

_ROWS_A_BATCH = 4_000


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides on the rows of an indicator, beside the mapping."""

    indicator: Indicator
    leave_out_withdrawn: bool


def list_targets(mapping: StockMapping, indicator: Indicator) -> list[Target]:
    """Where the numbers of an indicator go, each target once."""
    found = {
        target: None
        for key, target in mapping.products.targets.items()
        if ATTRIBUTES[key.attribute].indicator == indicator
    }
    return list(found)


def write_values(
    writer: TableWriter,
    rules: Rules,
    mapping: StockMapping,
    months: Iterable[ProductMonth],
    consumption: Mapping[Product, Consumption],
) -> None:
    """Write the rows of some products of a month."""
    known = list(months)
    stock = {month.product: month.closing_balance for month in known}
    gone = (
        {month.product for month in known if _is_gone(month)} if rules.leave_out_withdrawn else ()
    )
    rows = derive_values(rules.indicator, known, mapping, consumption)
    writer.write(
        _tabulate(
            writer.rows,
            (
                _flatten(_leave_out(row) if _product(row) in gone else row, mapping, stock)
                for row in rows
            ),
        )
    )  # fmt: skip


def write_closed(
    writer: TableWriter, mapping: StockMapping, month: str, closed: Iterable[Closed]
) -> None:
    """Write a row for each facility and program that the account may not see."""
    rows = (
        StockValue(
            one.facility, one.program, "", month, "", None, code=FACILITY_CLOSED, reason=one.words
        )
        for one in closed
    )
    writer.write(_tabulate(writer.rows, (_flatten(row, mapping, {}) for row in rows)))


def iterate_batches(
    database: Database, month: str, earlier: Sequence[str]
) -> Iterator[tuple[list[ProductMonth], dict[Product, Consumption]]]:
    """The products of a month from the view ``products_<month>``, some facilities at a time, with
    what they consumed in that month and the ``earlier`` ones: memory holds what is looked at."""
    for table in database.iterate(f"SELECT * FROM products_{month}", _ROWS_A_BATCH):
        now = read_product_months(table)
        if not earlier:
            yield now, {}
            continue
        database.load("held_products", table.select(["facility", "program", "orderable"]))
        before = [_read_same_products(database, one) for one in earlier]
        yield now, {month.product: derive_consumption(month, before) for month in now}


def _read_same_products(database: Database, month: str) -> dict[Product, ProductMonth]:
    found = {}
    for table in database.iterate(
        f"SELECT p.* FROM products_{month} AS p SEMI JOIN held_products "
        "USING (facility, program, orderable)",
        _ROWS_A_BATCH,
    ):
        found |= {month.product: month for month in read_product_months(table)}
    return found


def place_values(database: Database, without_zeros: Collection[str], path: Path) -> None:
    """Stage ``placed``: the rows of the view ``values`` with how they end where they are no data
    values (``outcome``, else NULL). ``without_zeros``: data elements that the server keeps no 0 of.

    Numbers with one target and org unit would overwrite each other: none of them travels.
    """
    database.load(
        "without_zeros", pa.table({"data_element": pa.array(sorted(without_zeros), pa.string())})
    )
    key = "month, data_element, category_option_combo, org_unit"
    # Among rows whose key may have come twice only, told by a number: keys are long, and many.
    database.execute(
        f"""
        CREATE OR REPLACE TABLE shared AS
        SELECT {key}, string_agg(product_name || ' at ' || facility_name, ', '
                                 ORDER BY product_name, facility_name) AS who
        FROM "values" WHERE code = '' AND hash({key}) IN (
            SELECT hash({key}) FROM "values" WHERE code = '' GROUP BY 1 HAVING count(*) > 1)
        GROUP BY ALL HAVING count(*) > 1
        """
    )
    left_out = " ".join(f"WHEN '{code}' THEN '{outcome}'" for code, outcome in LEFT_OUT.items())
    database.save(
        f"""
        WITH told AS (
            SELECT v.* REPLACE (
                CASE WHEN v.code <> '' THEN v.code
                     WHEN shared.who IS NOT NULL THEN '{SHARED_TARGET}'
                     WHEN z.data_element IS NOT NULL AND v.value IN ('0', '0.0')
                         THEN '{ZERO_NOT_STORED}' ELSE '' END AS code,
                CASE WHEN v.code <> '' THEN v.reason
                     WHEN shared.who IS NOT NULL THEN concat(
                         'Several numbers go to data element ', v.data_element,
                         ' of organisation unit ', v.org_unit, ': ', shared.who,
                         '. Give each a target of its own in the mapping files.')
                     WHEN z.data_element IS NOT NULL AND v.value IN ('0', '0.0') THEN concat(
                         'The destination keeps no 0 of data element ', v.data_element,
                         '. Set "store zero data values" (zeroIsSignificant) of it there.')
                     ELSE '' END AS reason)
            FROM "values" AS v
            LEFT JOIN shared USING ({key})
            LEFT JOIN without_zeros AS z USING (data_element)
        )
        SELECT *, CASE WHEN code <> '' THEN
                      CASE code {left_out} ELSE '{Outcome.QUARANTINED}' END END AS outcome
        FROM told
        """,
        path,
    )
    database.attach("placed", path)


def _is_gone(month: ProductMonth) -> bool:
    """Whether nothing is left to tell of a product that was withdrawn."""
    return month.is_withdrawn and not month.opening_balance and not month.movements


def _leave_out(row: StockValue) -> StockValue:
    words = "The product was withdrawn and nothing of it is left; the pair leaves it out."
    return replace(row, value=None, code=_WITHDRAWN, reason=words)


def _product(row: StockValue) -> Product:
    return row.facility, row.program, row.orderable


def _flatten(
    row: StockValue, mapping: StockMapping, stock: Mapping[Product, int]
) -> dict[str, object]:
    target = row.target if not row.code else None
    return {
        "facility": row.facility,
        "program": row.program,
        "orderable": row.orderable,
        "month": row.month,
        "facility_name": mapping.names.facility(row.facility),
        "product_name": mapping.names.orderable(row.orderable),
        "attribute": row.attribute,
        "value": None if row.value is None else str(row.value),
        "org_unit": row.org_unit,
        "data_element": target.data_element if target else "",
        "category_option_combo": target.category_option_combo if target else "",
        "data_set": target.data_set if target else "",
        "stock_on_hand": stock.get(_product(row)),
        "code": row.code,
        "reason": row.reason,
    }


def _tabulate(first: int, rows: Iterable[Mapping[str, object]]) -> pa.RecordBatch:
    """The rows as a batch, numbered from ``first`` on."""
    held = [{"row": number, **row} for number, row in enumerate(rows, first)]
    return pa.RecordBatch.from_arrays(
        [pa.array([row[field.name] for row in held], field.type) for field in VALUES_SCHEMA],
        schema=VALUES_SCHEMA,
    )
