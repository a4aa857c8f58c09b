"""The demo instance on a socket, and clients of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from d2_assets.http.session import HttpSession
from d2_assets.openlmis.client import OpenLMISClient
from d2_assets.openlmis.signing_in import Credentials, OpenLMISSession, Password
from d2_assets.sandbox.openlmis import OpenLMISSandbox, start_openlmis
from d2_assets_tests.openlmis.demo import load_demo
from d2_assets_tests.recordings import SHARED

CONTRACTS = SHARED / "contracts/openlmis"
ADMINISTRATOR = Password("administrator", "password")


@pytest.fixture(scope="session")
def contracts() -> Path:
    """Where the contracts of OpenLMIS lie; skips where they do not."""
    if not CONTRACTS.is_dir():
        pytest.skip(f"no OpenLMIS contracts at {CONTRACTS}")
    return CONTRACTS


@pytest.fixture
def demo(contracts: Path) -> Iterator[OpenLMISSandbox]:
    """The demo instance, served."""
    with start_openlmis(load_demo(contracts)) as server:
        yield server


def connect(server: OpenLMISSandbox, credentials: Credentials = ADMINISTRATOR) -> OpenLMISClient:
    """A client of a stand-in server."""
    session = OpenLMISSession(
        credentials,
        lambda auth, secrets: HttpSession(
            server.url, auth, name="moh", secrets=secrets, sleep=lambda seconds: None
        ),
    )
    return OpenLMISClient("moh", server.url, session)
