"""A stand-in source whose clock and time zone the tests set, and looks at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.http.auth import BasicAuth
from d2_assets.http.policy import RetryPolicy
from d2_assets.http.session import HttpSession
from d2_assets.ledger.written import OwnWrites
from d2_assets.sandbox import ContentSpec, Sandbox, start_sandbox
from d2_assets.sandbox.accounts import read_password
from d2_assets.settings import Pair
from d2_assets.staging.layout import Home
from d2_assets.watching.facts import SourceFacts, read_facts
from d2_assets.watching.looks import Look, look
from d2_assets.watching.marks import Mark, begin
from d2_assets.watching.resources import Resource

VERSIONS = ("2.38", "2.40", "2.42", "2.43")
#: Between two days of UTC for servers in the west and in the east.
START = datetime(2024, 5, 20, 1, tzinfo=UTC)
MONTH = "202405"
CONTENT = ContentSpec(values=400, months=4, last_month=MONTH, events=60, entities=30)
OVERLAP = 120


def make_pair(**changes: Any) -> Pair:
    """A pair that moves everything."""
    given: dict[str, Any] = {"source": "a", "destination": "b", "sync_type": "complete"}
    return Pair(**given | changes)


@dataclass
class Watched:
    """``now`` is the true time; the server's clock is ``off`` it."""

    sandbox: Sandbox
    client: DHIS2Client
    folder: Path
    pair: Pair = field(default_factory=make_pair)
    now: datetime = START
    off: timedelta = timedelta()

    def __post_init__(self) -> None:
        self.sandbox.set_clock(lambda: self.now + self.off)

    def clock(self) -> float:
        return self.now.timestamp()

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def read_facts(self) -> SourceFacts:
        return read_facts(self.client, self.pair, self.clock)

    def begin(self, facts: SourceFacts, hours: float = 0) -> Mark:
        return begin(self.client, facts, hours)

    def look(
        self, resource: Resource, facts: SourceFacts, mark: Mark, overlap: float = OVERLAP
    ) -> Look:
        return look(
            self.client,
            resource,
            facts,
            mark,
            pair=self.pair,
            overlap_seconds=overlap,
            own_writes=OwnWrites(Home(self.folder), "a"),
            today=self.now.date(),
            first_month="202401",
            folder=self.folder,
            clock=self.clock,
        )

    def count_requests(self) -> int:
        """Requests since this was last asked."""
        asked = len(self.sandbox.requests())
        self.sandbox.clear_requests()
        return asked


@cache
def _fill(version: str) -> bytes:
    """The file of a filled source, made once a process."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "source.db"
        start_sandbox(
            version, path, content=CONTENT, clock=lambda: START - timedelta(days=1)
        ).stop()
        return path.read_bytes()


@contextmanager
def watch(version: str, folder: Path, zone: str = "Etc/UTC") -> Iterator[Watched]:
    """A source of a version that stands in a time zone."""
    path = folder / "source.db"
    path.write_bytes(_fill(version))
    with start_sandbox(version, path, clock=lambda: START) as sandbox:
        sandbox.set_time_zone(zone)
        session = HttpSession(
            sandbox.url,
            BasicAuth("admin", read_password()),
            name="a",
            policy=RetryPolicy(first_delay=0.01),
        )
        client = DHIS2Client("a", session)
        try:
            yield Watched(sandbox, client, folder)
        finally:
            client.close()
