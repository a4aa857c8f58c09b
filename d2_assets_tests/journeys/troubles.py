"""What may come to a run, or to both servers, while a pair follows its source by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from d2_assets.sandbox import Fault, Sandbox
from d2_assets_tests.journeys.killing import Point, renaming

SOURCE, DESTINATION = "national", "training"
_JOURNAL = "d2_assets.ledger.journal:Journal"


@dataclass(frozen=True, slots=True)
class Trouble:
    """``faults`` are in force while the run lasts, by the server that has them. The run is
    ``cancelled_at`` a point when it has begun to push, or its process is ``killed_at`` one.
    ``edits`` are made at the source between its plan and its push. ``is_lost``: it was asked for
    and is never launched."""

    name: str
    faults: Sequence[tuple[str, Fault]] = ()
    cancelled_at: Point | None = None
    killed_at: Point | None = None
    edits: int = 0
    is_lost: bool = False


CALM = Trouble("calm")


def _at(server: str, method: str, kind: Any, **how: Any) -> tuple[tuple[str, Fault], ...]:
    return ((server, Fault(kind, "/api", method, **how)),)


_writes = partial(_at, DESTINATION, "POST")
_reads = partial(_at, DESTINATION, "GET")
_source = partial(_at, SOURCE, "GET")

TROUBLES = (
    Trouble("busy for two writes", _writes("status_503", times=2)),
    Trouble("takes no writes", _writes("status_503", times=None)),
    Trouble("a gateway gives up on all writes", _writes("status_502", times=None)),
    Trouble("stored, and the answer is lost", _writes("stored_504")),
    Trouble("all is stored, and all answers are lost", _writes("stored_504", times=None)),
    Trouble("connection dropped before it was stored", _writes("reset", times=2)),
    Trouble("connection dropped when it was stored", _writes("reset", stored=True, after=1)),
    Trouble("all connections dropped", _writes("reset", times=None, after=1)),
    Trouble("takes one row at a time", _writes("status_413", times=None, max_rows=1)),
    Trouble("an answer that is cut off", _reads("cut", after=6)),
    Trouble("a login page for an answer", _writes("html")),
    Trouble("account refused", _reads("status_401", times=None, after=4)),
    Trouble("source goes away", _source("status_503", times=None, after=7)),
    Trouble("source cuts an answer off", _source("cut_gzip", after=7)),
    Trouble("cancelled when a chunk was settled", cancelled_at=Point(_JOURNAL, "settle", 1)),
    Trouble("cancelled when a chunk goes out", cancelled_at=Point(_JOURNAL, "send", 1)),
    Trouble("killed when a chunk is noted", killed_at=Point(_JOURNAL, "send", 1, after=True)),
    Trouble("killed when a chunk is stored", killed_at=Point(_JOURNAL, "settle", 1)),
    Trouble("killed between two chunks", killed_at=Point(_JOURNAL, "settle", 1, after=True)),
    Trouble("killed before the ledger", killed_at=renaming("ledger/*/*/*.parquet")),
    Trouble("killed after the ledger", killed_at=renaming("ledger/*/*/*.parquet", after=True)),
    Trouble("request lost by the daemon", is_lost=True),
    *(Trouble("edited meanwhile", edits=number) for number in (1, 2, 3, 4)),
)


@dataclass(frozen=True, slots=True)
class Outage:
    """A server is not to be had for so many ticks."""

    server: str
    fault: Fault
    ticks: int


OUTAGES = (
    Outage(DESTINATION, Fault("status_503", times=None), 6),
    Outage(SOURCE, Fault("reset", times=None), 4),
    Outage(DESTINATION, Fault("reset", times=None), 3),
    Outage(SOURCE, Fault("status_502", times=None), 8),
)


@dataclass(slots=True)
class Outages:
    """``now``: those that last, and for how many more ticks."""

    servers: Mapping[str, Sandbox]
    now: list[tuple[Outage, int]] = field(default_factory=list)

    def begin(self, outage: Outage) -> str:
        """One more, in words."""
        self.now.append((outage, outage.ticks))
        self.servers[outage.server].add_fault(outage.fault)
        return f"{outage.server} is down for {outage.ticks} ticks: {outage.fault.kind}"

    def go_on(self) -> None:
        """A tick is over."""
        left = [(outage, ticks - 1) for outage, ticks in self.now]
        self.end()
        self.now = [(outage, ticks) for outage, ticks in left if ticks]
        self.keep_up()

    def keep_up(self) -> None:
        """After other faults of the servers were ended, and these with them."""
        for outage, _ in self.now:
            self.servers[outage.server].clear_faults()
        for outage, _ in self.now:
            self.servers[outage.server].add_fault(outage.fault)

    def end(self) -> None:
        """All servers are back."""
        for outage, _ in self.now:
            self.servers[outage.server].clear_faults()
        self.now = []
