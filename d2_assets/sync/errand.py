"""What every piece of work of a run is given, whatever it moves: a pair, months, and its world.

Each kind of work (``Work``, ``TrackerWork``, ``MetadataWork``, ``StockWork``) adds what it alone
needs to know.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from threading import Event
from typing import Any

from d2_assets.errors import CancelledError
from d2_assets.staging.layout import Home
from d2_assets.sync.progress import Meter


def make_sleep(stop: Event) -> Callable[[float], None]:
    """Sleeping for so many seconds. CancelledError when the run is cancelled meanwhile: who waited
    in order to ask a server again must not ask."""

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise CancelledError

    return sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A pair and the months asked for; ``run`` names the run in ledger and lease.

    ``clock`` gives seconds since the epoch. ``stop`` is set when the run is cancelled; ``sleep``
    raises CancelledError then. Work that is only looked at (``is_preview``) neither waits for those
    who write nor keeps them waiting. ``notes_writes``: the destination is a source as well, so what
    was written there is noted.
    """

    pair: str
    months: tuple[str, ...]
    run: str
    home: Home
    meter: Meter
    clock: Callable[[], float]
    sleep: Callable[[float], None] = field(default=lambda seconds: None)
    stop: Event = field(default_factory=Event)
    is_preview: bool = False
    notes_writes: bool = False
    log: Callable[[str], None] = field(default=lambda words: None)
    warn: Callable[[str], None] = field(default=lambda words: None)

    def parts(self) -> Mapping[str, Any]:
        """Its members by name, for a piece of work that has the same."""
        return {one.name: getattr(self, one.name) for one in fields(Errand)}
