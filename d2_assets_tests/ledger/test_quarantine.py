from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from d2_assets.ledger.quarantine import SHOWN, list_reasons, list_rows, stage_quarantine
from d2_assets.staging.database import Database, open_database
from d2_assets_tests.data_values.builders import MONTH, MONTHLY, NUMBER, make_row


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


def _load(database: Database, *codes: str, outcome: str = "quarantined") -> None:
    """The views that a run leaves: rows with these codes and one registration each way."""
    rows = [
        make_row(row=number) | {"code": code, "reason": f"It is {code}.", "attempts": 1}
        for number, code in enumerate(codes)
    ]
    outcomes = [row | {"outcome": outcome} for row in rows]
    outcomes.append(make_row(row=len(rows)) | {"code": None, "reason": None, "attempts": 0})
    outcomes[-1]["outcome"] = "created"
    database.load("outcomes", pa.Table.from_pylist(outcomes))
    registration = {
        "month": MONTH,
        "data_set": MONTHLY,
        "period": MONTH,
        "org_unit": "UnitClinic1",
        "attribute_option_combo": "HllvX50cXC0",
        "completed": True,
        "code": "not_registered",
        "reason": "No write access.",
    }
    registrations = [registration | {"outcome": name} for name in (outcome, "created")]
    database.load("registrations", pa.Table.from_pylist(registrations))


def _stage(database: Database, folder: Path) -> int:
    return stage_quarantine(database, folder / "q.parquet", pair="people's--own", run="run 'one'")


def test_values_and_registrations_that_wait_are_in_one_file(
    database: Database, tmp_path: Path
) -> None:
    _load(database, "value_misfit", "value_misfit", "E8022")
    assert _stage(database, tmp_path) == 4
    kept = pq.read_table(tmp_path / "q.parquet").to_pylist()
    assert [row["kind"] for row in kept] == ["data_value"] * 3 + ["completeness"]
    assert {(row["pair"], row["run"]) for row in kept} == {("people's--own", "run 'one'")}
    assert kept[0]["data_element"] == NUMBER
    assert kept[3]["value"] == "true"


def test_the_file_holds_the_truth_of_the_last_run(database: Database, tmp_path: Path) -> None:
    _load(database, "E8022")
    assert _stage(database, tmp_path) == 2
    _load(database, "E8022", outcome="updated")
    assert _stage(database, tmp_path) == 0
    assert pq.read_table(tmp_path / "q.parquet").num_rows == 0
    assert list_reasons(database) == list_rows(database) == []


def test_reasons_come_with_an_example_the_most_frequent_first(
    database: Database, tmp_path: Path
) -> None:
    _load(database, "E8022", "value_misfit", "value_misfit")
    _stage(database, tmp_path)
    assert list_reasons(database) == [
        ("value_misfit", "It is value_misfit.", 2),
        ("E8022", "It is E8022.", 1),
        ("not_registered", "No write access.", 1),
    ]


def test_the_screen_shows_the_first_rows_as_text(database: Database, tmp_path: Path) -> None:
    _load(database, *["E8022"] * (SHOWN + 5))
    assert _stage(database, tmp_path) == SHOWN + 6
    shown = list_rows(database)
    assert len(shown) == SHOWN
    assert all(isinstance(cell, str) for row in shown for cell in row.values())
    assert shown[0]["value"] == "5"
