"""Stand-in servers in processes of their own, so that what they use is not counted to a run.

One process a server. It takes orders over a pipe: what a request costs, which rows to keep, what
it was asked.
"""

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks import content
from d2_assets.sandbox import ContentSpec, Sandbox, start_sandbox
from d2_assets.sandbox.content_fresh import FreshServer

#: A real server's cost: about a second a request, half a millisecond a row.
REQUEST_SECONDS = 1.0
ROW_SECONDS = 0.0005

#: Seconds until a server that was told to end must have ended.
_PATIENCE = 30


@dataclass(frozen=True, slots=True)
class Writes:
    """What a server was sent since the last question: requests other than GET, and their rows."""

    requests: int
    rows: int


@dataclass(frozen=True, slots=True)
class Server:
    """A stand-in DHIS2 in another process; ``store`` is its SQLite file."""

    url: str
    store: Path
    _line: Connection

    def set_cost(self, request_seconds: float, row_seconds: float) -> None:
        """Let every request, and every row in it, take so long."""
        self._order("set_cost", request_seconds, row_seconds)

    def keep(self, month: str, values: int) -> int:
        """Keep so many values of the month and no others; gives how many there are."""
        return self._order("keep", month, values)

    def change(self, share: int) -> int:
        """Give every ``share``-th value another comment; gives how many."""
        return self._order("change", share)

    def empty(self) -> None:
        """Forget all values and registrations."""
        self._order("empty")

    def gather(self, month: str) -> int:
        """Let all tracked entities be changed last within the month."""
        return self._order("gather", month)

    def take_files(self, store: Path) -> None:
        """Hold the files that were uploaded to another server."""
        self._order("take_files", store)

    def count_writes(self) -> Writes:
        """What it was sent since this was asked last."""
        return self._order("count_writes")

    def list_reads(self) -> list[str]:
        """Paths with their queries that it was asked for since this was asked last."""
        return self._order("list_reads")

    def _order(self, name: str, *arguments: Any) -> Any:
        self._line.send((name, arguments))
        return self._line.recv()


@contextmanager
def start_server(
    version: str, store: Path, spec: ContentSpec | FreshServer, *, with_data: bool
) -> Iterator[Server]:
    """Serve one instance until the block ends."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, version, store, spec, with_data))
    process.start()
    theirs.close()
    try:
        yield Server(ours.recv(), store, ours)
    finally:
        ours.close()
        process.join(_PATIENCE)
        if process.is_alive():
            process.kill()


def _serve(
    line: Connection, version: str, store: Path, spec: ContentSpec | FreshServer, with_data: bool
) -> None:
    with start_sandbox(version, store, content=spec, with_data=with_data) as sandbox:
        line.send(sandbox.url)
        while True:
            try:
                name, arguments = line.recv()
            except EOFError:
                return
            line.send(_ORDERS[name](sandbox, *arguments))


def _set_cost(sandbox: Sandbox, request_seconds: float, row_seconds: float) -> None:
    sandbox.set_cost(request_seconds=request_seconds, row_seconds=row_seconds)


def _count_writes(sandbox: Sandbox) -> Writes:
    sent = [record for record in sandbox.requests() if record.method != "GET"]
    sandbox.clear_requests()
    return Writes(len(sent), sum(record.rows for record in sent))


def _list_reads(sandbox: Sandbox) -> list[str]:
    asked = [f"{one.path}?{one.query}" for one in sandbox.requests() if one.method == "GET"]
    sandbox.clear_requests()
    return asked


_ORDERS: Mapping[str, Callable[..., Any]] = {
    "set_cost": _set_cost,
    "keep": lambda sandbox, *given: content.keep_values(sandbox.store, *given),
    "change": lambda sandbox, *given: content.change_values(sandbox.store, *given),
    "empty": lambda sandbox: content.forget_all(sandbox.store),
    "gather": lambda sandbox, *given: content.gather_tracked(sandbox.store, *given),
    "take_files": lambda sandbox, *given: content.take_files(sandbox.store, *given),
    "count_writes": _count_writes,
    "list_reads": _list_reads,
}
