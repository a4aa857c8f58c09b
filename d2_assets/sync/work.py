"""What one run does for one pair: what was asked for, what was read, what would be written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.completeness import CompletenessPlan
from d2_assets.data_values.extract import Window
from d2_assets.data_values.outside import Outside
from d2_assets.data_values.plan import Plan
from d2_assets.data_values.scope import Scope
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.staging.database import Database
from d2_assets.staging.layout import Home
from d2_assets.sync.progress import Meter

#: Names of the folders of staging, ledger and quarantine.
ASSET = "data_values"
COMPLETENESS = "completeness"
PREVIEW = "data_values_preview"


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work: a pair, the months asked for, and what the world looks like.

    ``clock`` gives seconds since the epoch; ``run`` names the run in ledger and lease. Work that
    is only looked at (``is_preview``) neither waits for those who write nor keeps them waiting.
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
    is_preview: bool = False
    log: Callable[[str], None] = lambda words: None
    warn: Callable[[str], None] = lambda words: None


@dataclass(frozen=True, slots=True)
class PlannedWork:
    """What was read and what would be written. Its database lives as long as its context."""

    work: Work
    source: DHIS2Client
    destination: DHIS2Client
    scope: Scope
    window: Window
    database: Database
    folder: Path
    plan: Plan
    completeness: Mapping[str, CompletenessPlan]
    outside: Outside
    seconds_reading: float
