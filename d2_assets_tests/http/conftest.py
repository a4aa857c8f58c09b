"""A scripted loopback server, and a session with it that never really sleeps."""

from collections.abc import Iterator

import pytest

from d2_assets.http.auth import BasicAuth
from d2_assets.http.session import HttpSession
from d2_assets_tests.http.server import ScriptedServer, run_server


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with run_server() as script:
        yield script


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def session(server: ScriptedServer, pauses: list[float]) -> Iterator[HttpSession]:
    opened = HttpSession(
        server.url,
        BasicAuth("admin", "district-secret"),
        timeout_seconds=5,
        sleep=pauses.append,
        jitter=lambda: 0.0,
    )
    yield opened
    opened.close()
