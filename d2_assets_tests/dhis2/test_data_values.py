import json
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.dhis2.data_values import (
    DATA_VALUE_SCHEMA,
    DataValueQuery,
    download_data_values,
    encode_data_values,
    post_data_values,
    read_data_value_batches,
)
from d2_assets.errors import RejectedError
from d2_assets.http.answers import Answer
from d2_assets_tests.dhis2.fakes import FakeSession

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "data_element": TEXT,
            "period": TEXT,
            "org_unit": TEXT,
            "category_option_combo": TEXT,
            "attribute_option_combo": TEXT,
            "value": st.none() | TEXT,
            "comment": st.none() | TEXT,
            "followup": st.booleans(),
            "deleted": st.booleans(),
        }
    ),
    max_size=12,
)
ROW = {
    "data_element": "mqIVTKwfWl7",
    "period": "202603",
    "org_unit": "hFn8wjpXJUH",
    "category_option_combo": "HllvX50cXC0",
    "attribute_option_combo": "HllvX50cXC0",
    "value": "7",
    "comment": None,
    "followup": False,
    "stored_by": "admin",
    "created": "2026-11-22T20:45:01.000+0000",
    "last_updated": "2026-11-22T20:45:01.000+0000",
    "row": 12,
}


@given(ROWS)
def test_what_is_encoded_is_read_back_as_the_same_rows(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("sent") / "body.json"
    path.write_bytes(encode_data_values("XvcWsuHBsGA", rows))
    found = pa.Table.from_batches(read_data_value_batches(path, 5), DATA_VALUE_SCHEMA).to_pylist()
    names = ("stored_by", "created", "last_updated")
    assert found == [row | dict.fromkeys(names) for row in rows]


def test_stamps_and_inner_members_are_never_sent():
    body = json.loads(encode_data_values("XvcWsuHBsGA", [ROW]))
    assert body == {
        "dataSet": "XvcWsuHBsGA",
        "dataValues": [
            {
                "dataElement": "mqIVTKwfWl7",
                "period": "202603",
                "orgUnit": "hFn8wjpXJUH",
                "categoryOptionCombo": "HllvX50cXC0",
                "attributeOptionCombo": "HllvX50cXC0",
                "value": "7",
                "followup": False,
                "followUp": False,
            }
        ],
    }


def test_flags_and_comments_are_sent_where_they_are():
    row = ROW | {"comment": "note é", "followup": True, "deleted": True}
    sent = json.loads(encode_data_values("XvcWsuHBsGA", [row]))["dataValues"][0]
    assert (sent["comment"], sent["followup"], sent["followUp"]) == ("note é", True, True)
    assert sent["deleted"] is True


def test_a_query_asks_by_explicit_periods():
    query = DataValueQuery("XvcWsuHBsGA", ("202603", "2026Q1"), ("a", "b"), children=False)
    assert query.params == {
        "dataSet": "XvcWsuHBsGA",
        "period": ["202603", "2026Q1"],
        "orgUnit": ["a", "b"],
        "children": "false",
        "includeDeleted": "true",
    }


def test_a_query_may_ask_by_dates():
    query = DataValueQuery(
        "x", org_units=("a",), start_date=date(2026, 3, 1), end_date=date(2026, 4, 30)
    )
    assert query.params["startDate"] == "2026-03-01"
    assert query.params["endDate"] == "2026-04-30"


def test_a_download_asks_for_gzip_and_gives_its_bytes(tmp_path):
    session: Any = FakeSession(lambda path, params: b'{"dataValues": []}')
    size = download_data_values(session, DataValueQuery("x"), tmp_path / "a.json")
    assert size == 18
    assert session.asked[0][1]["compression"] == "gzip"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("E2001", "data set XvcWsuHBsGA"),
        ("E2006", "org units hFn8wjpXJUH"),
        ("E2012", "org units hFn8wjpXJUH"),
    ],
)
def test_what_the_server_does_not_show_is_named(tmp_path, code, words):
    def answer(path: str, params: dict[str, Any]) -> bytes:
        raise RejectedError("At least one … must be specified", status=409, code=code)

    session: Any = FakeSession(answer)
    query = DataValueQuery("XvcWsuHBsGA", ("202603",), ("hFn8wjpXJUH",))
    with pytest.raises(RejectedError, match=words) as caught:
        download_data_values(session, query, tmp_path / "a.json")
    assert (caught.value.status, caught.value.code) == (409, code)
    assert caught.value.remedy


def test_an_empty_body_is_not_taken_for_no_values(tmp_path):
    session: Any = FakeSession(lambda path, params: b"")
    query = DataValueQuery("XvcWsuHBsGA", org_units=tuple("abcdefg"))
    with pytest.raises(RejectedError, match="a, b, c, d, e and 2 more"):
        download_data_values(session, query, tmp_path / "a.json")
    assert list(tmp_path.iterdir()) == []


def test_a_post_is_gzip_with_its_strategy_and_gives_the_report():
    body = b'{"response": {"status": "SUCCESS", "importCount": {"deleted": 1}}}'
    session: Any = FakeSession(lambda path, params: Answer(200, body))
    report = post_data_values(session, data_set="x", rows=[ROW], strategy="DELETE", dry_run=True)
    assert report.count.deleted == 1
    assert session.asked == [("api/dataValueSets", {"importStrategy": "DELETE", "dryRun": "true"})]
    assert session.sent == [(encode_data_values("x", [ROW]), True)]
