"""A small country for the tests of the line: its metadata, its rows, and staged tables of them.

One monthly and one quarterly data set share the element ``NUMBER``, as real ones do. The day is
2025-11-20: November runs, and so do the fourth quarter and the year.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any
from unittest.mock import patch

import pyarrow as pa

from d2_assets.data_values.check import SPREAD, find_unfit
from d2_assets.data_values.choices import Choices
from d2_assets.data_values.extract import STAGED_SCHEMA, Window, open_window
from d2_assets.data_values.plan import Plan, plan_changes
from d2_assets.data_values.scope import Cut, Scope
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.metadata import CategoryCombo, DataSet, DataSetElement, OrgUnit
from d2_assets.ledger.agreed import load_agreed
from d2_assets.ledger.discards import load_discards
from d2_assets.ledger.journal import open_journal
from d2_assets.ledger.resume import load_journals
from d2_assets.pushing.line import Line
from d2_assets.pushing.pace import Pace
from d2_assets.staging import database as staged_database
from d2_assets.staging.database import Database, open_database
from d2_assets.staging.tables import write_table

TODAY = date(2025, 11, 20)
MONTH = "202511"
QUARTER = "2025Q4"

MONTHLY, QUARTERLY = "DataSetMon1", "DataSetQua1"
NUMBER, FLAG, NOTE, STOCK = "ElementNum1", "ElementFla1", "ElementNot1", "ElementSto1"
COUNTRY, REGION_1, REGION_2 = "UnitCountry", "UnitRegion1", "UnitRegion2"
CLINIC_1, CLINIC_2, CLINIC_3 = "UnitClinic1", "UnitClinic2", "UnitClinic3"
COMBO, OPTION = "bjDvmb4bfuf", "HllvX50cXC0"

Row = dict[str, Any]


def make_unit(path: str, opening_date: str | None = "2010-01-01") -> OrgUnit:
    """The org unit at the end of a path ("/UnitCountry/UnitRegion1")."""
    uid = path.rsplit("/", 1)[-1]
    return OrgUnit(uid, uid, path, path.count("/"), opening_date, None)


UNITS: Mapping[str, OrgUnit] = {
    unit.id: unit
    for unit in (
        make_unit(f"/{COUNTRY}"),
        make_unit(f"/{COUNTRY}/{REGION_1}"),
        make_unit(f"/{COUNTRY}/{REGION_2}"),
        make_unit(f"/{COUNTRY}/{REGION_1}/{CLINIC_1}"),
        make_unit(f"/{COUNTRY}/{REGION_1}/{CLINIC_2}"),
        make_unit(f"/{COUNTRY}/{REGION_2}/{CLINIC_3}"),
    )
}


def make_data_set(uid: str, period_type: str, elements: Mapping[str, str]) -> DataSet:
    """A data set of elements by value type, assigned to all units."""
    links = tuple(DataSetElement(element, kind, COMBO) for element, kind in elements.items())
    return DataSet(uid, uid, period_type, 0, COMBO, links, frozenset(UNITS), may_write=True)


DATA_SETS: Mapping[str, DataSet] = {
    MONTHLY: make_data_set(
        MONTHLY, "Monthly", {NUMBER: "INTEGER", FLAG: "BOOLEAN", NOTE: "LONG_TEXT"}
    ),
    QUARTERLY: make_data_set(QUARTERLY, "Quarterly", {NUMBER: "INTEGER", STOCK: "NUMBER"}),
}
CATEGORY_COMBOS = (CategoryCombo(COMBO, frozenset({OPTION})),)


def make_scope(**changes: Any) -> Scope:
    """The whole country, alike on both sides; ``changes`` are members of ``Scope``."""
    whole = (Cut((COUNTRY,), children=True),)
    scope = Scope(
        data_sets=DATA_SETS,
        left_out={},
        destination_data_sets=DATA_SETS,
        source_units=UNITS,
        destination_units=UNITS,
        writable=frozenset(UNITS),
        option_combos={combo.id: combo.option_combos for combo in CATEGORY_COMBOS},
        source_cuts=whole,
        destination_cuts=whole,
        strict_keys=False,
        requires_value=False,
    )
    return replace(scope, **changes)


def make_row(**changes: Any) -> Row:
    """A staged row that is fit: number 0, the value "5" of November at the first clinic."""
    row = dict.fromkeys(STAGED_SCHEMA.names) | {
        "row": 0,
        "data_set": MONTHLY,
        "month": MONTH,
        "data_element": NUMBER,
        "period": MONTH,
        "org_unit": CLINIC_1,
        "category_option_combo": OPTION,
        "attribute_option_combo": OPTION,
        "value": "5",
        "followup": False,
        "deleted": False,
    }
    return row | changes


def number_rows(rows: Iterable[Row]) -> list[Row]:
    """The rows with their numbers from 0 on, as a staged table has them."""
    return [row | {"row": number} for number, row in enumerate(rows)]


def make_window(months: Sequence[str] = (MONTH,)) -> Window:
    return open_window(months, TODAY)


@contextmanager
def open_scratch() -> Iterator[tuple[Database, Path]]:
    """A database and its folder, gone afterwards (for property tests)."""
    with TemporaryDirectory() as folder, open_database(Path(folder)) as database:
        yield database, Path(folder)


def stage_rows(database: Database, folder: Path, name: str, rows: Iterable[Row]) -> None:
    """Staged rows, numbered from 0 on, as a view of that name."""
    path = folder / f"{name}.parquet"
    batch = pa.RecordBatch.from_pylist(number_rows(rows), STAGED_SCHEMA)
    write_table(path, STAGED_SCHEMA, [batch])
    database.attach(name, path, spread_by=SPREAD)


@contextmanager
def compare_in_parts(rows: int) -> Iterator[None]:
    """Spread queries are answered in parts of so few rows, as those of millions are."""
    with patch.object(staged_database, "_ROWS_A_PART", rows):
        yield


def check_rows(
    database: Database,
    folder: Path,
    source: Iterable[Row],
    scope: Scope | None = None,
    window: Window | None = None,
) -> list[Row]:
    """The rows of ``checked`` in their order, from these rows of the source."""
    stage_rows(database, folder, "source", source)
    find_unfit(database, scope or make_scope(), window or make_window(), folder / "checked.parquet")
    return read_rows(database, "checked")


def plan_rows(
    database: Database,
    folder: Path,
    source: Iterable[Row],
    destination: Iterable[Row],
    choices: Choices | None = None,
    scope: Scope | None = None,
    window: Window | None = None,
) -> Plan:
    """Check and plan: the view ``plan`` stands afterwards."""
    stage_rows(database, folder, "destination", destination)
    check_rows(database, folder, source, scope, window)
    recall_nothing(database, folder)
    return plan_changes(database, choices or Choices(), scope or make_scope(), folder)


def recall_nothing(database: Database, folder: Path) -> None:
    """No earlier run left anything."""
    load_journals(database, [], "")
    load_discards(database, folder / "discards.jsonl")
    load_agreed(database, lambda month: folder / f"agreed-{month}.parquet")


@contextmanager
def open_line(client: DHIS2Client, folder: Path, choices: Choices | None = None) -> Iterator[Line]:
    """The way to a server, with a journal of its own in the folder."""
    chosen = choices or Choices()
    path = folder / "journal.jsonl"
    with open_journal(path, "run-1", client.url, lambda: 0.0) as journal:
        yield Line(
            client=client,
            journal=journal,
            pace=Pace(chosen.chunk_size),
            writers=chosen.writers,
            stop=Event(),
            clock=lambda: 0.0,
            sleep=lambda seconds: None,
        )


def read_rows(database: Database, name: str) -> list[Row]:
    """All rows of a view, by their number."""
    return (
        database.connection.execute(f"SELECT * FROM {name} ORDER BY row")
        .to_arrow_table()
        .to_pylist()
    )


def scope_with_monthly(**changes: Any) -> Scope:
    """A scope whose destination has another monthly data set than the source."""
    changed = {**DATA_SETS, MONTHLY: replace(DATA_SETS[MONTHLY], **changes)}
    return make_scope(destination_data_sets=changed)


def list_verdicts(rows: Iterable[Row]) -> list[str | None]:
    """The verdict of each checked row, in order."""
    return [row["verdict"] for row in rows]
