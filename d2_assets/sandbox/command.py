"""``d2-assets sandbox up``: stand-in servers until interrupted.

"national" is a DHIS2 2.40 with data, "training" a 2.43 with the same metadata and none, "stock" an
OpenLMIS: what the default settings file ``instances.yaml`` describes.
"""

import signal
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from d2_assets.sandbox.accounts import read_password
from d2_assets.sandbox.content import ContentSpec
from d2_assets.sandbox.content_fresh import EMPTY, FreshServer
from d2_assets.sandbox.content_products import FACILITIES
from d2_assets.sandbox.openlmis import OpenLMISSandbox, StockSpec, generate_state, start_openlmis
from d2_assets.sandbox.server import start_sandbox

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def serve_stock(port: int, host: str, seed: int) -> OpenLMISSandbox:
    """The stand-in OpenLMIS, with movements up to last month, as if today were today."""
    last_month = (date.today().replace(day=1) - timedelta(days=1)).replace(day=1)
    state = generate_state(StockSpec(last_month=last_month, seed=seed))
    state.today = date.today
    return start_openlmis(state, port=port, host=host)


@dataclass(frozen=True, slots=True)
class _Server:
    name: str
    version: str
    port: int
    content: ContentSpec | FreshServer
    with_data: bool

    @property
    def held(self) -> str:
        """What it holds, in words."""
        if isinstance(self.content, FreshServer):
            return "nothing yet"
        if self.with_data:
            held = self.content
            return (
                f"{held.values:,} data values, {held.events:,} events, "
                f"{held.entities:,} tracked entities"
            )
        return "metadata, no data"


def run_sandbox(
    values: int = 20_000,
    seed: int = 2026,
    host: str = "127.0.0.1",
    port_240: int = 18040,
    port_243: int = 18043,
    port_openlmis: int = 18060,
    home: Path = Path(".d2_assets/sandbox"),
    destination_data: bool = False,
    org_units: int = 0,
    data_elements: int = 0,
    empty_destination: bool = False,
    events: int = 2_000,
    entities: int = 500,
) -> None:
    """Serve them until SIGINT or SIGTERM. The state stays in ``home`` and is used again.

    ``values`` data values, ``events`` and tracked ``entities`` are generated for the source, and
    for the destination as well with ``destination_data``. They are generated again when the size,
    the seed or the month changes. There are at least ``org_units`` and ``data_elements``. With
    ``empty_destination`` the destination is a server on its first day. Stock is of last month and
    those before it. Raises ConfigurationError when a port is taken.
    """
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    if host not in _LOOPBACK:
        print(
            f"WARNING: the sandbox listens on {host}. Everyone who reaches this machine can read "
            "and change it: its password is public. Use --host 127.0.0.1 to keep it to yourself."
        )
    content = ContentSpec(
        values=values,
        seed=seed,
        org_units=org_units,
        data_elements=data_elements,
        events=events,
        entities=entities,
        stock=FACILITIES,
    )
    servers = (
        _Server("national", "2.40", port_240, content, with_data=True),
        _Server(
            "training",
            "2.43",
            port_243,
            EMPTY if empty_destination else content,
            with_data=destination_data,
        ),
    )
    with ExitStack() as running:
        for server in servers:
            sandbox = running.enter_context(
                start_sandbox(
                    server.version,
                    home / f"{server.name}.db",
                    port=server.port,
                    host=host,
                    content=server.content,
                    with_data=server.with_data,
                )
            )
            print(
                f"{server.name}: {sandbox.url} stands in for DHIS2 {sandbox.version}, {server.held}"
            )
        stock = running.enter_context(serve_stock(port_openlmis, host, seed))
        print(
            f"stock: {stock.url} stands in for OpenLMIS 3, {len(stock.state.cards):,} stock cards"
        )
        print(
            f"Accounts: admin, sync, clerk, viewer; password: {read_password()}. Ctrl-C stops all."
        )
        stopped.wait()
    print("The sandbox has stopped.")
