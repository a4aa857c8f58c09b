"""Files and images of values: where each version keeps them, and how they are sent."""

import json
from typing import Any

import pytest

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.files import FileFacts
from d2_assets.errors import ContractError, RejectedError
from d2_assets.http.answers import Answer
from d2_assets_tests.dhis2.fakes import FakeSession, Params

FACTS = {
    "id": "fResource01",
    "name": "card.png",
    "contentType": "image/png",
    "contentLength": 3,
    "contentMd5": "900150983cd24fb0d6963f7d28e17f72",
}


def _serve(version: str, answer: Any) -> tuple[DHIS2Client, FakeSession]:
    def respond(path: str, params: Params) -> Any:
        if path == "api/system/info":
            return {"version": version, "serverDate": "2026-11-24T00:00:00.000"}
        return answer

    session: Any = FakeSession(respond)
    client = DHIS2Client("national", session)
    assert client.dialect
    session.asked.clear()
    return client, session


def test_a_file_tells_its_length_and_md5():
    client, session = _serve("2.42.4", FACTS)
    facts = client.get_file_facts("fResource01")
    assert facts == FileFacts("fResource01", "card.png", "image/png", 3, FACTS["contentMd5"])
    assert session.asked == [("api/fileResources/fResource01", {})]


def test_a_file_that_does_not_tell_its_md5_is_told():
    client, _ = _serve("2.42.4", {"id": "f", "contentLength": 3})
    with pytest.raises(ContractError, match="without 'contentMd5'"):
        client.get_file_facts("f")


@pytest.mark.parametrize(
    ("version", "path", "params"),
    [
        ("2.38.7", "api/events/files", {"eventUid": "e", "dataElementUid": "d"}),
        ("2.40.9", "api/events/files", {"eventUid": "e", "dataElementUid": "d"}),
        ("2.42.4", "api/tracker/events/e/dataValues/d/file", {}),
        ("2.43.1", "api/tracker/events/e/dataValues/d/file", {}),
    ],
)
def test_the_file_of_an_event_is_fetched(version, path, params, tmp_path):
    client, session = _serve(version, b"abc")
    client.download_event_file("e", "d", tmp_path / "file")
    assert session.asked == [(path, params)]
    assert (tmp_path / "file").read_bytes() == b"abc"


@pytest.mark.parametrize(
    ("version", "path", "params"),
    [
        ("2.40.9", "api/trackedEntityInstances/t/a/image", {}),
        ("2.42.4", "api/tracker/trackedEntities/t/attributes/a/file", {"program": "p"}),
    ],
)
def test_the_file_of_an_attribute_is_fetched(version, path, params, tmp_path):
    client, session = _serve(version, b"abc")
    client.download_attribute_file("t", "a", tmp_path / "file", program="p")
    assert session.asked == [(path, params)]


def test_a_file_is_sent_under_its_name_and_gets_a_uid(tmp_path):
    body = {"status": "OK", "response": {"fileResource": {"id": "fNew0000001"}}}
    client, session = _serve("2.42.4", Answer(202, json.dumps(body).encode()))
    (tmp_path / "card").write_bytes(b"abc")
    assert client.upload_file(tmp_path / "card", "card.png", "image/png") == "fNew0000001"
    assert session.asked == [("api/fileResources", {"domain": "DATA_VALUE"})]
    assert session.sent == [(b"abc", False)]


@pytest.mark.parametrize(
    "answer",
    [Answer(409, b'{"message": "too large"}'), Answer(200, b'{"status": "OK"}')],
)
def test_a_file_that_is_not_taken_is_told_by_its_name(answer, tmp_path):
    client, _ = _serve("2.42.4", answer)
    (tmp_path / "card").write_bytes(b"abc")
    with pytest.raises(RejectedError, match=r"did not take the file card\.png"):
        client.upload_file(tmp_path / "card", "card.png", "image/png")
