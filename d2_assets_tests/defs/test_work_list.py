"""The asset and the jobs of the work list, as the UI gets them from the files alone."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from d2_assets.data_values.extract import STAGED_SCHEMA
from d2_assets.defs.work_list_table import show_work_list
from d2_assets.errors import ConfigurationError
from d2_assets.ledger.quarantine import stage_quarantine
from d2_assets.staging.database import open_database
from d2_assets.staging.layout import Home
from d2_assets.sync.work_list import (
    discard_rows,
    find_discarded,
    find_rows,
    restore_rows,
)
from d2_assets_tests.data_values.builders import CLINIC_1, CLINIC_2, MONTH, make_row
from d2_assets_tests.defs.test_tables import read

PAIR = "national--training"
NOON = datetime(2025, 11, 20, 12, tzinfo=UTC)
SAID = {"name": "Awa Diop", "reason": "Entered twice.", "at": NOON, "run": "run-2"}
MONTHS = {PAIR: [MONTH]}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Two rows wait."""
    home = Home(tmp_path)
    told = {"outcome": "quarantined", "reason": "No.", "attempts": 1}
    rows = [
        make_row(org_unit=CLINIC_1) | told | {"code": "E1", "digest": 1},
        make_row(row=1, org_unit=CLINIC_2) | told | {"code": "E2", "digest": 2},
    ]
    added = [(name, pa.string()) for name in ("outcome", "code", "reason")]
    numbers = [("attempts", pa.int32()), ("digest", pa.uint64())]
    schema = pa.schema([*STAGED_SCHEMA, *added, *numbers])
    with open_database(tmp_path) as database:
        database.load("outcomes", pa.Table.from_pylist(rows, schema))
        database.execute(
            "CREATE TABLE registrations (month VARCHAR, data_set VARCHAR, period VARCHAR, "
            "org_unit VARCHAR, attribute_option_combo VARCHAR, completed BOOLEAN, "
            "outcome VARCHAR, code VARCHAR, reason VARCHAR, digest UBIGINT)"
        )
        path = home.quarantine("data_values", PAIR, MONTH)
        assert stage_quarantine(database, path, pair=PAIR, run="run-1") == 2
    return home


def find_id(home: Home, code: str) -> str:
    (listed,) = find_rows(home, MONTHS, codes=[code])
    return listed.rows[0]["id"]


def test_a_month_without_a_list_shows_none(tmp_path: Path) -> None:
    shown = show_work_list(Home(tmp_path), PAIR, MONTH)
    assert shown["rows"] == 0
    for name in ("work_list", "reasons", "discards"):
        assert read(shown[name]) == [{"": "none"}]


def test_the_list_shows_rows_reasons_and_files(home: Home) -> None:
    shown = show_work_list(home, PAIR, MONTH)
    assert shown["rows"] == shown["dagster/partition_row_count"] == 2
    assert [row["org_unit"] for row in read(shown["work_list"])] == [CLINIC_1, CLINIC_2]
    assert {row["code"] for row in read(shown["reasons"])} == {"E1", "E2"}
    for name in ("work_list_file", "spreadsheet_file"):
        value = shown[name]
        assert isinstance(value, dg.PathMetadataValue)
        assert value.path is not None
        assert Path(value.path).is_file()


def test_rows_are_found_by_id_or_code_or_all_at_once(home: Home) -> None:
    one = find_id(home, "E1")
    (both,) = find_rows(home, MONTHS, [f"'{one.upper()} "], ["E2"])
    (every,) = find_rows(home, MONTHS)
    assert len(both.rows) == len(every.rows) == 2
    assert every.choose().values == {
        (row["data_element"], row["period"], row["org_unit"],
         row["category_option_combo"], row["attribute_option_combo"])
        for row in every.rows
    }  # fmt: skip
    assert find_rows(home, {PAIR: ["202510"]}) == []


@pytest.mark.parametrize(("ids", "codes"), [(["0" * 16], []), ([], ["E3"])])
def test_rows_that_do_not_wait_are_named(home: Home, ids: list[str], codes: list[str]) -> None:
    with pytest.raises(ConfigurationError, match=f"has no (id|code) {(ids + codes)[0]}"):
        find_rows(home, MONTHS, ids, codes)
    with pytest.raises(ConfigurationError, match="The discarded rows"):
        find_discarded(home, MONTHS, [find_id(home, "E1")])


def test_a_discard_is_shown_with_who_when_and_why_and_can_be_taken_back(home: Home) -> None:
    before = find_rows(home, MONTHS)
    one = find_id(home, "E1")
    (listed,) = find_rows(home, MONTHS, [one])
    assert discard_rows(home, listed, **SAID) == 1
    shown = show_work_list(home, PAIR, MONTH)
    (told,) = read(shown["discards"])
    assert told == {
        "at": "2025-11-20T12:00:00+00:00",
        "name": "Awa Diop",
        "reason": "Entered twice.",
        "id": one,
        "value": "5",
        "code": "E1",
    }
    assert shown["rows"] == 1
    assert read(show_work_list(home, PAIR, "202510")["discards"]) == [{"": "none"}]
    (discarded,) = find_discarded(home, MONTHS, [one])
    assert restore_rows(home, discarded, **SAID) == 1
    assert find_rows(home, MONTHS) == before


def test_a_row_that_left_meanwhile_is_not_discarded(home: Home) -> None:
    (listed,) = find_rows(home, MONTHS, [find_id(home, "E1")])
    discard_rows(home, listed, **SAID)
    assert discard_rows(home, listed, **SAID) == 0
    assert len(read(show_work_list(home, PAIR, MONTH)["discards"])) == 1
