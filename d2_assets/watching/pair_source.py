"""The source of a pair as a tick asks it: once, with little patience, since a tick has a minute.

What fails is asked again by the next tick. A look that would outlast the tick is left behind and
named: were the tick ended from outside, it would be the same look that ends the next one.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import TransientError
from d2_assets.http.policy import RetryPolicy
from d2_assets.ledger.written import OwnWrites
from d2_assets.settings import Pair, Settings
from d2_assets.settings.ticks import TICK_VARIABLE
from d2_assets.staging.layout import Home
from d2_assets.sync.connect import connect, limit_timeouts
from d2_assets.watching.facts import SourceFacts, read_facts
from d2_assets.watching.looks import Look, look
from d2_assets.watching.marks import Mark, begin
from d2_assets.watching.resources import Resource

#: Seconds that the source has for an answer to begin, and between its parts.
_TIMEOUT = 20.0
_ONCE = RetryPolicy(attempts=1)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AskedSource:
    """A ``Source`` over the line. ``clock`` is ours; ``seconds_left`` is what the tick has."""

    client: DHIS2Client
    pair: Pair
    first_month: str
    own_writes: OwnWrites
    folder: Path
    clock: Callable[[], float]
    seconds_left: Callable[[], float]

    def read_facts(self) -> SourceFacts:
        return self._in_time(lambda: read_facts(self.client, self.pair, self.clock))

    def begin(self, facts: SourceFacts) -> Mark:
        hours = self.pair.changes.look_back_hours
        return self._in_time(lambda: begin(self.client, facts, hours))

    def look(self, resource: Resource, facts: SourceFacts, mark: Mark) -> Look:
        return self._in_time(
            lambda: look(
                self.client,
                resource,
                facts,
                mark,
                pair=self.pair,
                overlap_seconds=self.pair.changes.overlap_seconds,
                own_writes=self.own_writes,
                # partitions are months of UTC
                today=datetime.fromtimestamp(self.clock(), UTC).date(),
                first_month=self.first_month,
                folder=self.folder,
                clock=self.clock,
            )
        )

    def _in_time(self, ask: Callable[[], T]) -> T:
        return ask_in_time(ask, self.seconds_left(), self.client.name)


def ask_in_time(ask: Callable[[], T], seconds: float, name: str) -> T:
    """What ``ask`` gives or raises; TransientError when that takes longer than so many seconds."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(ask).result(max(0.0, seconds))
    except TimeoutError:
        raise TransientError(
            f"{name}: the answer takes longer than a tick of the sensor lasts.",
            remedy=f"Set {TICK_VARIABLE} for the Dagster daemon to more seconds, or run the pair "
            "by hand or by schedule for what is new.",
        ) from None
    finally:
        pool.shutdown(wait=False)


@contextmanager
def open_source(
    settings: Settings,
    pair: Pair,
    home: Home,
    *,
    clock: Callable[[], float],
    seconds_left: Callable[[], float],
) -> Iterator[AskedSource]:
    """The source of the pair for one tick; nothing is sent yet. ConfigurationError where its secret
    is missing."""
    hasty = limit_timeouts(settings, _TIMEOUT)
    with (
        closing(connect(hasty, pair.source, policy=_ONCE)) as client,
        TemporaryDirectory(dir=home.watching(pair.name), ignore_cleanup_errors=True) as folder,
    ):
        yield AskedSource(
            client,
            pair,
            settings.first_month,
            OwnWrites(home, pair.source),
            Path(folder),
            clock,
            seconds_left,
        )
