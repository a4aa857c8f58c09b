"""The words for a line that failed, from the exceptions that requests really raises."""

import ssl

import pytest
import requests
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from d2_assets.errors import ConfigurationError, OutcomeUnknownError, TransientError
from d2_assets.http.answers import Question
from d2_assets.http.failures import explain_failure

READ = Question("GET https://dhis2.example.org/api/x", "account admin", writes=False)
WRITE = Question("POST https://dhis2.example.org/api/x", "account admin", writes=True)
POOL = HTTPConnectionPool("dhis2.example.org")
LINE = HTTPConnection("dhis2.example.org")


def _wrap(reason: Exception) -> MaxRetryError:
    return MaxRetryError(POOL, "/api/x", reason)


UNKNOWN_HOST = requests.ConnectionError(
    _wrap(NameResolutionError("dhis2.example.org", LINE, OSError(-2, "unknown")))  # type: ignore[arg-type]
)
REFUSED = requests.ConnectionError(_wrap(NewConnectionError(LINE, "Connection refused")))
SLOW = requests.ConnectTimeout(_wrap(ConnectTimeoutError(POOL, "timed out")))
BAD_CERTIFICATE = requests.exceptions.SSLError(
    _wrap(SSLError(ssl.SSLCertVerificationError(1, "self-signed certificate")))
)
RESET = requests.ConnectionError(
    ProtocolError("Connection aborted.", ConnectionResetError(104, "Connection reset by peer"))
)
SILENT = requests.ReadTimeout(ReadTimeoutError(POOL, "/api/x", "Read timed out."))


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (UNKNOWN_HOST, "name of its host is not known (DNS)"),
        (REFUSED, "the connection was refused"),
        (SLOW, "did not accept the connection in time"),
    ],
)
def test_what_never_left_may_be_sent_again(failure, words):
    for question in (READ, WRITE):
        error = explain_failure(question, failure, 120)
        assert isinstance(error, TransientError)
        assert "was not sent" in error.message
        assert words in error.message


@pytest.mark.parametrize(
    ("failure", "words"),
    [(RESET, "Connection reset by peer"), (SILENT, "no answer within 120 s")],
)
def test_a_lost_answer_leaves_a_write_unknown(failure, words):
    read, write = (explain_failure(question, failure, 120) for question in (READ, WRITE))
    assert isinstance(read, TransientError)
    assert isinstance(write, OutcomeUnknownError)
    assert words in read.message
    assert words in write.message


def test_a_certificate_that_is_not_trusted_is_a_matter_of_settings():
    error = explain_failure(WRITE, BAD_CERTIFICATE, 120)
    assert isinstance(error, ConfigurationError)
    assert "self-signed certificate" in error.message
    assert "ca_file" in error.remedy


def test_an_address_that_is_none_is_a_matter_of_settings():
    error = explain_failure(READ, requests.exceptions.InvalidURL("no host"), 120)
    assert isinstance(error, ConfigurationError)
