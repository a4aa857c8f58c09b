"""What a run leaves of each row, for tests of the work list."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from d2_assets.data_values.extract import STAGED_SCHEMA
from d2_assets.staging.database import Database
from d2_assets_tests.data_values.builders import CLINIC_1, MONTH, MONTHLY, OPTION, make_row

Row = dict[str, Any]


def ended(number: int, outcome: str, code: str = "E8022", **changes: Any) -> Row:
    """An outcome of the ``number``-th org unit's value."""
    row = make_row(row=number, org_unit=f"UnitNumb{number:03}") | {
        "outcome": outcome,
        "code": code,
        "reason": f"It is {code}.",
        "attempts": 1,
        "digest": 2**63 + number,
    }
    return row | changes


def registered(outcome: str, **changes: Any) -> Row:
    registration = {
        "month": MONTH,
        "data_set": MONTHLY,
        "period": MONTH,
        "org_unit": CLINIC_1,
        "attribute_option_combo": OPTION,
        "completed": True,
        "outcome": outcome,
        "code": "not_registered",
        "reason": "No write access.",
        "digest": 7,
    }
    return registration | changes


_VALUES = pa.schema(
    [
        *STAGED_SCHEMA,
        ("outcome", pa.string()),
        ("code", pa.string()),
        ("reason", pa.string()),
        ("attempts", pa.int32()),
        ("digest", pa.uint64()),
    ]
)
_REGISTRATIONS = pa.Table.from_pylist([registered("created")]).schema


def load_ended(database: Database, *values: Row, registrations: tuple[Row, ...] = ()) -> None:
    """The views that a run leaves."""
    database.load("outcomes", pa.Table.from_pylist(list(values), _VALUES))
    database.load("registrations", pa.Table.from_pylist(list(registrations), _REGISTRATIONS))


def load_spread(database: Database, folder: Path, *values: Row, **more: Any) -> None:
    """The same, with outcomes in a staged table that is worked on in parts."""
    database.execute("DROP VIEW IF EXISTS outcomes")
    load_ended(database, *values, **more)
    database.save("SELECT * FROM outcomes", folder / "outcomes.parquet")
    database.execute("DROP TABLE outcomes")
    database.attach("outcomes", folder / "outcomes.parquet", spread_by="org_unit")
