"""A value's fingerprint stands for its key, for what it says and its stamp, and for no more."""

from typing import Any

import pyarrow as pa
import pytest

from d2_assets.data_values.fingerprints import fingerprint_values, read_stamps
from d2_assets.dhis2.data_value_rows import DATA_VALUE_SCHEMA
from d2_assets.errors import ContractError

ROW: dict[str, Any] = {
    "data_element": "e",
    "period": "202604",
    "org_unit": "u",
    "category_option_combo": "c",
    "attribute_option_combo": "a",
    "value": "7",
    "comment": None,
    "followup": False,
    "deleted": False,
    "stored_by": "admin",
    "created": "2026-11-22T20:45:01.000+0000",
    "last_updated": "2026-11-22T20:45:01.000+0000",
}


def _take(**members: Any) -> int:
    rows = pa.RecordBatch.from_pylist([ROW | members], DATA_VALUE_SCHEMA)
    (item,) = fingerprint_values(rows, read_stamps(rows))
    return item


@pytest.mark.parametrize(
    "members",
    [
        *({name: "other"} for name in list(ROW)[:7]),
        {"followup": True},
        {"deleted": True},
        {"last_updated": "2026-11-22T20:45:01.001+0000"},
        {"value": "", "comment": "7"},
    ],
)
def test_whatever_differs_makes_another_fingerprint(members: dict[str, Any]) -> None:
    assert _take(**members) != _take()


def test_who_stored_it_and_how_its_stamp_is_written_make_none() -> None:
    assert _take(stored_by="sync", created=None) == _take()
    assert _take(last_updated="2026-11-22T22:45:01.000+0200") == _take()
    assert _take(comment="") == _take()


def test_a_value_without_a_stamp_is_an_error_and_not_unchanged() -> None:
    with pytest.raises(ContractError, match="lastUpdated"):
        _take(last_updated=None)
