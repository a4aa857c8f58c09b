"""A stand-in DHIS2 on a real socket, in a thread of its own.

It is for demos, tests and learning, says so in every answer, and listens on loopback unless told
otherwise.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar
from zoneinfo import ZoneInfo

import uvicorn

from d2_assets.errors import ConfigurationError
from d2_assets.sandbox import accounts
from d2_assets.sandbox.application import Application
from d2_assets.sandbox.content import ContentSpec, fill_store
from d2_assets.sandbox.content_fresh import FreshServer
from d2_assets.sandbox.faults import Fault, FaultPlan, RequestLog, RequestRecord
from d2_assets.sandbox.instance import Instance
from d2_assets.sandbox.store import Clock, Store
from d2_assets.sandbox.versions import find_version


def read_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


class _Serves(Protocol):
    faults: FaultPlan
    log: RequestLog


_Application = TypeVar("_Application", bound=_Serves)


@dataclass(slots=True)
class Running(Generic[_Application]):
    """A stand-in server on its socket, which misbehaves on order and tells what it was asked."""

    url: str
    _application: _Application
    _stop: Callable[[], None]

    def add_fault(self, fault: Fault) -> None:
        """Order misbehaviour."""
        self._application.faults.add(fault)

    def clear_faults(self) -> None:
        """Behave again."""
        self._application.faults.clear()

    def requests(self) -> list[RequestRecord]:
        """What was asked, oldest first."""
        return self._application.log.list_records()

    def clear_requests(self) -> None:
        """Forget what was asked."""
        self._application.log.clear()

    def stop(self) -> None:
        """Close the socket; what it held in a file stays there."""
        self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


@dataclass(slots=True)
class Sandbox(Running[Application]):
    """A running stand-in DHIS2. ``version`` is full, "2.40.9.1"."""

    version: str
    store: Store

    def set_cost(self, *, request_seconds: float = 0.0, row_seconds: float = 0.0) -> None:
        """Make every request, and every data value in it, cost time: for benchmarks."""
        self._application.request_cost = request_seconds
        self._application.instance.row_cost = row_seconds

    def set_job_delay(self, seconds: float) -> None:
        """Let asynchronous imports wait so long before they are picked up."""
        self._application.instance.job_delay = seconds

    def set_clock(self, clock: Clock) -> None:
        """Let the server's clock be another from now on: fast, slow or standing."""
        self.store.set_clock(clock)

    def set_time_zone(self, name: str) -> None:
        """Let the server stand in that time zone ("America/Bogota") from now on."""
        self.store.zone = ZoneInfo(name)

    def set_org_units(self, username: str, uids: Iterable[str]) -> None:
        """Change the data capture units of an account at once. LookupError: no such account."""
        accounts.set_org_units(username, uids, self.store)

    def set_password(self, username: str, password: str) -> None:
        """Change the password of an account at once. LookupError: no such account."""
        accounts.set_password(username, password, self.store)

    def add_token(self, username: str) -> str:
        """A new personal access token of an account. LookupError: no such account."""
        return accounts.add_token(username, self.store, self._application.instance.facts)

    def revoke_token(self, token: str) -> None:
        """Let a personal access token be unknown from now on."""
        self.store.delete_token(token)


def start_sandbox(
    version: str,
    store: Path,
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    content: ContentSpec | FreshServer | None = None,
    with_data: bool = True,
    clock: Clock = read_clock,
) -> Sandbox:
    """Serve one instance from the file ``store``, on a free port when ``port`` is 0.

    With a ``content`` the file is filled with it, unless it holds just that already; without, it
    is served as it is, and a new file knows not even an account. ``EMPTY`` is the content of a
    server on its first day. ``with_data`` False gives the metadata alone: a destination. Raises
    ConfigurationError for an unknown version and for a port that is taken.
    """
    facts = find_version(version)
    listener = listen(host, port)
    try:
        if content is not None:
            fill_store(store, facts, content, with_data=with_data, clock=clock)
        state = Store(store, clock)
    except BaseException:
        listener.close()
        raise
    address = f"[{host}]" if ":" in host else host
    url = f"http://{address}:{listener.getsockname()[1]}"
    application = Application(Instance(facts, state, url), FaultPlan(), RequestLog())
    stop = serve(application, listener)

    def stop_all() -> None:
        stop()
        state.close()

    return Sandbox(url, application, stop_all, facts.version, state)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; ConfigurationError for a port that is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"The sandbox cannot listen on {host}:{port}: {error.strerror}.",
            remedy="Stop what uses the port, or choose another port.",
        ) from error
    return listener


def serve(application: Any, listener: socket.socket) -> Callable[[], None]:
    """Run the server in a thread until the function that comes back is called."""
    # A cut answer is reported by uvicorn as an error of the application; it is meant.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    config = uvicorn.Config(
        application,
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
        server_header=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)

    def stop() -> None:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()

    return stop
