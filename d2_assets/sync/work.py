"""What one run does for one pair: what was asked for, what was read, what would be written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Event
from typing import Protocol

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.chosen import Chosen
from d2_assets.data_values.completeness import CompletenessPlan
from d2_assets.data_values.extract import Window
from d2_assets.data_values.outside import Outside
from d2_assets.data_values.plan import Plan
from d2_assets.data_values.scope import Scope
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import CancelledError
from d2_assets.staging.database import Database
from d2_assets.staging.layout import Home
from d2_assets.sync.progress import Meter

#: Names of the folders of staging, ledger and quarantine; stock has one for each indicator.
ASSET = "data_values"
COMPLETENESS = "completeness"
PREVIEW = "data_values_preview"
REPLAY = "data_values_replay"


def make_sleep(stop: Event) -> Callable[[float], None]:
    """Sleeping for so many seconds. CancelledError when the run is cancelled meanwhile: who waited
    in order to ask a server again must not ask."""

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise CancelledError

    return sleep


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work: a pair, the months asked for, and what the world looks like.

    ``clock`` gives seconds since the epoch; ``run`` names the run in ledger and lease. ``stop`` is
    set when the run is cancelled; ``sleep`` raises CancelledError then. Work that is only looked at
    (``is_preview``) neither waits for those who write nor keeps them waiting. ``chosen`` are the
    rows of a replay, which moves them and no others. ``asset`` names the folders.
    """

    pair: str
    months: tuple[str, ...]
    choices: Choices
    first_month: str
    today: date
    run: str
    home: Home
    meter: Meter
    clock: Callable[[], float]
    sleep: Callable[[float], None] = lambda seconds: None
    stop: Event = field(default_factory=Event)
    is_preview: bool = False
    chosen: Chosen | None = None
    log: Callable[[str], None] = lambda words: None
    warn: Callable[[str], None] = lambda words: None
    asset: str = ASSET


class Source(Protocol):
    """Where the rows came from: a DHIS2, or what stock is read from."""

    @property
    def name(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def bytes_moved(self) -> int: ...


@dataclass(frozen=True, slots=True)
class PlannedWork:
    """What was read and what would be written. Its database lives as long as its context."""

    work: Work
    source: Source
    destination: DHIS2Client
    scope: Scope
    window: Window
    database: Database
    folder: Path
    plan: Plan
    completeness: Mapping[str, CompletenessPlan]
    outside: Outside
    seconds_reading: float

    def ledger(self, asset: str, month: str) -> Path:
        """Where the outcomes of a month go: those of a replay do not stand for the whole month."""
        if self.work.chosen is not None:
            return self.folder / f"{asset}-{month}.parquet"
        return self.work.home.ledger(asset, self.work.pair, month)

    def journal(self, month: str) -> Path:
        """Where the chunks of a month are noted: a replay does not finish what a whole run left."""
        if self.work.chosen is not None:
            return self.folder / f"journal-{month}.jsonl"
        return self.work.home.journal(self.work.asset, self.work.pair, month)
