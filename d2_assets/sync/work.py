"""What one run does for one pair: what was asked for, what was read, what would be written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.chosen import Chosen
from d2_assets.data_values.completeness import CompletenessPlan
from d2_assets.data_values.extract import Window
from d2_assets.data_values.outside import Outside
from d2_assets.data_values.plan import Plan
from d2_assets.data_values.scope import Scope
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.ledger.month_hashes import ContentHash
from d2_assets.staging.database import Database
from d2_assets.sync.errand import Errand

#: Names of the folders of staging, ledger and quarantine; stock has one for each indicator.
ASSET = "data_values"
COMPLETENESS = "completeness"
PREVIEW = "data_values_preview"
REPLAY = "data_values_replay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work(Errand):
    """Data values of a pair. ``chosen`` are the rows of a replay, which moves them and no others.
    ``asset`` names the folders."""

    choices: Choices
    first_month: str
    today: date
    chosen: Chosen | None = None
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
    """What was read and what would be written. Its database lives as long as its context.

    ``hashes``: of the values that the source gave, by month.
    """

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
    hashes: Mapping[str, ContentHash] = field(default_factory=dict)

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
