"""The table of what follows from an answer, and the recorded refusals of real servers."""

import json

import pytest

from d2_assets.errors import (
    ConfigurationError,
    ContractError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from d2_assets.http.answers import Answer, Question, find_refusal
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchange

READ = Question("GET https://dhis2.example.org/api/x", "account admin", writes=False)
WRITE = Question("POST https://dhis2.example.org/api/x", "account admin", writes=True)
JSON = b'{"status": "ERROR", "message": "words of the server", "errorCode": "E1234"}'
HTML = b"<html><head><title>Maintenance</title></head></html>"
LOGIN = b'<html><title>Sign in</title><input type="password"></html>'


@pytest.mark.parametrize(
    ("status", "content", "read", "write"),
    [
        (200, b'{"a": 1}', None, None),
        (200, b"", None, OutcomeUnknownError),
        (204, b"", None, None),
        (200, HTML, ContractError, OutcomeUnknownError),
        (200, LOGIN, ConfigurationError, OutcomeUnknownError),
        (302, b"", ConfigurationError, ConfigurationError),
        (400, JSON, RejectedError, None),
        (400, HTML, RejectedError, RejectedError),
        (401, JSON, ConfigurationError, ConfigurationError),
        (403, JSON, ConfigurationError, ConfigurationError),
        (404, JSON, RejectedError, RejectedError),
        (409, JSON, RejectedError, None),
        (413, HTML, RejectedError, RejectedError),
        (429, JSON, TransientError, TransientError),
        (500, JSON, RejectedError, None),
        (500, HTML, RejectedError, OutcomeUnknownError),
        (502, HTML, TransientError, OutcomeUnknownError),
        (503, HTML, TransientError, TransientError),
        (504, JSON, TransientError, OutcomeUnknownError),
    ],
)
def test_what_follows_from_an_answer(status, content, read, write):
    answer = Answer(status, content)
    for question, expected in ((READ, read), (WRITE, write)):
        refusal = find_refusal(question, answer)
        assert type(refusal) is (expected or type(None))
        if refusal is not None:
            assert question.name in refusal.message
            assert refusal.remedy


def test_a_refusal_carries_the_servers_words_and_code():
    refusal = find_refusal(READ, Answer(409, JSON))
    assert isinstance(refusal, RejectedError)
    assert "words of the server" in refusal.message
    assert (refusal.status, refusal.code) == (409, "E1234")


def test_a_page_is_named_by_its_title():
    refusal = find_refusal(READ, Answer(200, HTML))
    assert refusal is not None
    assert "HTML instead of JSON" in refusal.message
    assert "Maintenance" in refusal.message


def test_a_redirect_names_its_target():
    refusal = find_refusal(READ, Answer(301, b"", {"Location": "https://other.example.org/"}))
    assert refusal is not None
    assert "https://other.example.org/" in refusal.message


def test_retry_after_comes_with_the_error():
    refusal = find_refusal(READ, Answer(503, b"", {"Retry-After": "9"}))
    assert isinstance(refusal, TransientError)
    assert refusal.retry_after == 9.0


def test_decimal_fractions_keep_their_digits():
    assert str(Answer(200, b'{"a": 1.10}').parse_json()["a"]) == "1.10"


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["bad-password", "pat-bad", "no-auth-json", "no-auth-xhr"])
def test_every_recorded_refusal_of_an_account_is_one(version, name):
    refusal = find_refusal(READ, _replay(version, name))
    assert isinstance(refusal, ConfigurationError)
    assert "account admin" in refusal.message


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["not-found", "method-not-allowed", "list-bad-filter"])
def test_every_recorded_refusal_of_a_read_is_rejected(version, name):
    refusal = find_refusal(READ, _replay(version, name))
    assert isinstance(refusal, RejectedError)


@needs_recordings
def test_the_recorded_html_of_a_tracker_read_is_rejected_by_its_title():
    refusal = find_refusal(READ, _replay("2.43", "tr-events-no-program"))
    assert isinstance(refusal, RejectedError)
    assert "Bad Request" in refusal.message


def _replay(version: str, name: str) -> Answer:
    response = read_exchange(version, name).response
    headers = {key.title(): value for key, value in response["headers"].items()}
    if response.get("json") is not None:
        return Answer(response["status"], json.dumps(response["json"]).encode(), headers)
    return Answer(response["status"], (response.get("text") or "").encode(), headers)
