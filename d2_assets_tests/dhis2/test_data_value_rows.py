import json
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.dhis2.data_value_rows import DATA_VALUE_SCHEMA, read_data_value_batches
from d2_assets.errors import ContractError, TransientError
from d2_assets_tests.recordings import VERSIONS, Exchange, needs_recordings, read_exchanges

KEYS = {
    "dataElement": "mqIVTKwfWl7",
    "period": "202603",
    "orgUnit": "hFn8wjpXJUH",
    "categoryOptionCombo": "HllvX50cXC0",
    "attributeOptionCombo": "HllvX50cXC0",
}
NAMES = {
    "dataElement": "data_element",
    "orgUnit": "org_unit",
    "categoryOptionCombo": "category_option_combo",
    "attributeOptionCombo": "attribute_option_combo",
    "storedBy": "stored_by",
    "lastUpdated": "last_updated",
}


def _read(tmp_path: Path, content: bytes, batch_rows: int = 20_000) -> list[dict[str, Any]]:
    path = tmp_path / "answer.json"
    path.write_bytes(content)
    batches = list(read_data_value_batches(path, batch_rows))
    assert all(batch.schema == DATA_VALUE_SCHEMA for batch in batches)
    assert all(0 < batch.num_rows <= batch_rows for batch in batches)
    return pa.Table.from_batches(batches, DATA_VALUE_SCHEMA).to_pylist()


def _recorded_reads() -> list[Exchange]:
    return [
        exchange
        for version in VERSIONS
        for exchange in read_exchanges(version)
        if exchange.name.startswith("dv-read") and isinstance(exchange.response.get("json"), dict)
        if exchange.status == 200
    ]


@needs_recordings
@pytest.mark.parametrize(
    "exchange", _recorded_reads(), ids=lambda item: f"{item.version}-{item.name}"
)
def test_every_recorded_read_gives_its_rows(exchange, tmp_path):
    body = dict(exchange.response["json"])
    recorded = [row for row in body["dataValues"] if isinstance(row, dict)]
    rows = _read(tmp_path, json.dumps(body | {"dataValues": recorded}).encode(), 3)
    assert len(rows) == len(recorded)
    for row, wire in zip(rows, recorded, strict=True):
        for name in (*KEYS, "value", "comment", "storedBy", "created", "lastUpdated"):
            expected = wire.get(name) or (body.get(name) if name in KEYS else None)
            assert row[NAMES.get(name, name)] == expected
        assert row["followup"] == bool(wire.get("followup") or wire.get("followUp"))
        assert row["deleted"] == bool(wire.get("deleted"))


@pytest.mark.parametrize("root_first", [True, False])
def test_a_shared_key_is_taken_from_the_root_wherever_it_stands(tmp_path, root_first):
    root = {"period": "202603", "orgUnit": "hFn8wjpXJUH"}
    row = {name: value for name, value in KEYS.items() if name not in root} | {"value": "1"}
    rows = {"dataValues": [row] * 5}
    body = root | rows if root_first else rows | root
    found = _read(tmp_path, json.dumps(body).encode(), 2)
    assert [(item["period"], item["org_unit"]) for item in found] == [("202603", "hFn8wjpXJUH")] * 5


def test_a_rows_own_key_comes_before_the_roots(tmp_path):
    body = {"orgUnit": "YraijDlI7dA", "dataValues": [KEYS | {"value": "1"}]}
    assert _read(tmp_path, json.dumps(body).encode())[0]["org_unit"] == "hFn8wjpXJUH"


@pytest.mark.parametrize("missing", KEYS)
def test_a_row_without_a_key_is_named_by_its_number(tmp_path, missing):
    bad = {name: value for name, value in KEYS.items() if name != missing}
    body = {"dataValues": [KEYS, KEYS, bad]}
    with pytest.raises(ContractError, match=f"Row 3 has no {missing}") as caught:
        _read(tmp_path, json.dumps(body).encode(), 2)
    assert len(caught.value.findings) == 1


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        ("7", "7"),
        ("1.50", "1.50"),
        ("12345678901234567890.1234567890", "12345678901234567890.1234567890"),
        ("true", "true"),
        ('"007"', "007"),
        ('""', ""),
        ("null", None),
    ],
)
def test_a_value_keeps_its_text(tmp_path, wire, text):
    row = json.dumps(KEYS)[:-1] + f', "value": {wire}}}'
    assert _read(tmp_path, f'{{"dataValues": [{row}]}}'.encode())[0]["value"] == text


@pytest.mark.parametrize("name", ["followup", "followUp"])
def test_both_spellings_of_the_follow_up_flag_are_read(tmp_path, name):
    body = {"dataValues": [KEYS | {name: True}, KEYS | {name: None}, KEYS]}
    rows = _read(tmp_path, json.dumps(body).encode())
    assert [row["followup"] for row in rows] == [True, False, False]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("x", "is no data value"),
        (KEYS | {"value": {"a": 1}}, "has a value that is no text"),
        (KEYS | {"deleted": "yes"}, "has a deleted that is neither"),
    ],
)
def test_a_spoilt_row_is_named(tmp_path, row, words):
    with pytest.raises(ContractError, match=f"Row 2 {words}"):
        _read(tmp_path, json.dumps({"dataValues": [KEYS, row]}).encode())


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"dataValues": null}', b'{"status": "OK"}'])
def test_an_answer_without_rows_is_no_answer(tmp_path, body):
    with pytest.raises(ContractError, match="no dataValues"):
        _read(tmp_path, body)


def test_an_empty_list_has_no_batches(tmp_path):
    assert _read(tmp_path, b'{"dataValues": []}') == []


@pytest.mark.parametrize("cut", [1, 20, 100, 150])
def test_an_answer_that_ends_early_is_seen(tmp_path, cut):
    content = json.dumps({"dataValues": [KEYS | {"value": "1"}]}).encode()
    with pytest.raises(TransientError, match="ends early"):
        _read(tmp_path, content[:cut])


def test_what_is_no_json_is_refused(tmp_path):
    with pytest.raises(ContractError, match="no JSON"):
        _read(tmp_path, b"<html></html>")


@given(
    values=st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=9), max_size=30),
    batch_rows=st.integers(1, 40),
)
def test_any_size_of_batch_gives_the_same_rows(tmp_path_factory, values, batch_rows):
    body = json.dumps({"dataValues": [KEYS | {"value": value} for value in values]})
    rows = _read(tmp_path_factory.mktemp("rows"), body.encode(), batch_rows)
    assert [row["value"] for row in rows] == values


def test_memory_does_not_grow_with_the_answer(tmp_path):
    def measure(rows: int) -> int:
        path = tmp_path / "answer.json"
        path.write_text(json.dumps({"dataValues": [KEYS | {"value": "1"}] * rows}))
        tracemalloc.start()
        read = sum(batch.num_rows for batch in read_data_value_batches(path, 500))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert read == rows
        return peak

    measure(500)
    assert measure(20_000) < 2 * measure(2_000)
