from typing import Any

import pytest

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import ConfigurationError
from d2_assets_tests.dhis2.fakes import FakeSession


def _client(version: str) -> tuple[DHIS2Client, FakeSession]:
    bodies = {"api/system/info": {"version": version}, "api/me": {"username": "admin"}}
    session: Any = FakeSession(lambda path, params: bodies[path])
    return DHIS2Client("national", session), session


def test_the_version_is_read_once_and_decides_the_dialect():
    client, session = _client("2.41.3")
    assert client.dialect.version == "2.40"
    assert "2.41.3" in (client.dialect_warning or "")
    assert client.get_system_info().version == "2.41.3"
    assert [path for path, _ in session.asked] == ["api/system/info"]


def test_a_version_that_is_too_old_is_refused():
    client, _ = _client("2.36")
    with pytest.raises(ConfigurationError):
        _ = client.dialect


def test_the_account_is_asked_for_once():
    client, session = _client("2.43.1")
    assert client.get_me().username == "admin"
    client.get_me()
    assert len(session.asked) == 1
    assert (client.name, client.url) == ("national", "https://dhis2.example.org")
