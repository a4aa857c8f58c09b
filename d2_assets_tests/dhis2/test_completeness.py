import json
from typing import Any

import pytest

from d2_assets.dhis2.completeness import (
    CompletenessRegistration,
    list_registrations,
    parse_registrations,
    post_registrations,
)
from d2_assets.errors import ContractError
from d2_assets.http.answers import Answer
from d2_assets_tests.dhis2.fakes import FakeSession
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchange

ONE = CompletenessRegistration(
    "XvcWsuHBsGA", "202603", "hFn8wjpXJUH", "HllvX50cXC0", "2026-11-22", True, "admin"
)


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_every_recorded_list_is_read(version):
    found = parse_registrations(read_exchange(version, "complete-read").response["json"])
    assert [(item.data_set, item.completed, item.stored_by) for item in found] == [
        ("XvcWsuHBsGA", True, "admin")
    ]


@pytest.mark.parametrize("body", [{}, {"completeDataSetRegistrations": []}])
def test_an_answer_without_the_list_has_none(body):
    assert parse_registrations(body) == []


@pytest.mark.parametrize("body", [[], {"completeDataSetRegistrations": [{"period": "202603"}]}])
def test_what_is_no_list_of_registrations_is_refused(body):
    with pytest.raises(ContractError):
        parse_registrations(body)


def test_what_is_posted_is_read_back_as_the_same():
    answer = Answer(200, b'{"response": {"status": "SUCCESS", "importCount": {"imported": 1}}}')
    session: Any = FakeSession(lambda path, params: answer)
    assert post_registrations(session, [ONE]).count.imported == 1
    assert parse_registrations(json.loads(session.sent[0][0])) == [ONE]


def test_a_read_names_all_it_is_about():
    session: Any = FakeSession(lambda path, params: {})
    assert list_registrations(session, ["x"], ["202603"], ["a", "b"], children=False) == []
    params = {"dataSet": ["x"], "period": ["202603"], "orgUnit": ["a", "b"], "children": "false"}
    assert session.asked == [("api/completeDataSetRegistrations", params)]
