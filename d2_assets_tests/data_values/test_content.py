from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d2_assets.data_values.content import define_names, digest, same_content
from d2_assets.staging.database import Database
from d2_assets_tests.data_values.builders import (
    CLINIC_2,
    FLAG,
    NOTE,
    NUMBER,
    Row,
    make_row,
    open_scratch,
    stage_rows,
)


def _fingerprints(
    database: Database, folder: Path, rows: list[Row], value_type: str = "TEXT"
) -> list[int]:
    stage_rows(database, folder, "rows_", rows)
    database.execute(
        f"CREATE OR REPLACE VIEW typed AS SELECT *, '{value_type}' AS value_type FROM rows_"
    )
    define_names(database)
    query = f"SELECT {digest('typed')} FROM typed ORDER BY row"
    return [number for (number,) in database.rows(query)]


def test_fingerprints_are_the_same_in_every_version(database: Database, tmp_path: Path) -> None:
    """They are kept on disk: another formula would make every row look edited."""
    live, gone = make_row(comment="unsure"), make_row(deleted=True)
    assert _fingerprints(database, tmp_path, [live, gone]) == [
        16767972336211501457,
        9950724047216279379,
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"value": "6"},
        {"value": "05"},
        {"comment": "unsure"},
        {"followup": True},
        {"deleted": True},
        {"org_unit": CLINIC_2},
        {"data_element": NUMBER + "x"},
        {"period": "202510"},
        {"category_option_combo": "OptionOther"},
        {"attribute_option_combo": "OptionOther"},
    ],
)
def test_every_part_of_key_and_content_is_in_a_fingerprint(
    database: Database, tmp_path: Path, change: dict[str, Any]
) -> None:
    one, other = _fingerprints(database, tmp_path, [make_row(), make_row(**change)])
    assert one != other


def test_stamps_users_and_months_are_not_in_a_fingerprint(
    database: Database, tmp_path: Path
) -> None:
    changes = {"stored_by": "anna", "last_updated": "now", "created": "once", "month": "202512"}
    one, other = _fingerprints(database, tmp_path, [make_row(), make_row(**changes)])
    assert one == other


def test_a_deletion_has_one_fingerprint_whatever_was_deleted(
    database: Database, tmp_path: Path
) -> None:
    rows = [make_row(deleted=True), make_row(value="9", comment="x", followup=True, deleted=True)]
    assert len(set(_fingerprints(database, tmp_path, rows))) == 1


@pytest.mark.parametrize("text", ["true", "True", "t", "1"])
def test_variants_of_true_have_the_fingerprint_of_what_is_stored(
    database: Database, tmp_path: Path, text: str
) -> None:
    rows = [make_row(data_element=FLAG, value=text), make_row(data_element=FLAG, value="true")]
    for value_type in ("BOOLEAN", "TRUE_ONLY"):
        assert len(set(_fingerprints(database, tmp_path, rows, value_type))) == 1
    assert (len(set(_fingerprints(database, tmp_path, rows))) == 1) is (text == "true")


def test_a_value_does_not_run_into_its_comment(database: Database, tmp_path: Path) -> None:
    rows = [make_row(value="1", comment="23"), make_row(value="12", comment="3")]
    assert len(set(_fingerprints(database, tmp_path, rows))) == 2


_rows = st.builds(
    make_row,
    data_element=st.sampled_from([FLAG, NOTE]),
    value=st.sampled_from(["1", "0", "true", "t", "False", "", None]),
    comment=st.sampled_from([None, "", "unsure"]),
    followup=st.booleans(),
)


@settings(max_examples=60)
@given(_rows, _rows, st.sampled_from(["BOOLEAN", "TEXT"]))
def test_rows_have_one_fingerprint_exactly_when_their_key_and_content_are_the_same(
    one: Row, other: Row, value_type: str
) -> None:
    with open_scratch() as (database, folder):
        first, second = _fingerprints(database, folder, [one, other], value_type)
        ((same,),) = database.rows(
            f"SELECT {same_content('a', 'b')} FROM typed AS a, typed AS b "
            "WHERE a.row = 0 AND b.row = 1"
        )
    assert (first == second) is (same and one["data_element"] == other["data_element"])
