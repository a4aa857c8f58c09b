"""What one run does with events or tracked entities of one pair: asked for, read, planned, done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import D2AssetsError
from d2_assets.pushing.line import PushResult
from d2_assets.staging.database import Database
from d2_assets.sync.errand import Errand
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.files import Files
from d2_assets.tracker.moved_on import MovedOn
from d2_assets.tracker.outside import Outside
from d2_assets.tracker.plan import Plan
from d2_assets.tracker.reconcile import Reconciliation
from d2_assets.tracker.scope import Scope
from d2_assets.tracker.stage import Staged
from d2_assets.tracker.two_way import Agreement
from d2_assets.tracker.windows import Span

#: The two assets; the names of their folders.
TrackerAsset = Literal["events", "tracker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerWork(Errand):
    """Events or tracked entities of a pair."""

    asset: TrackerAsset
    choices: TrackerChoices
    first_month: str
    today: date

    @property
    def is_registration(self) -> bool:
        """Whether tracked entities are moved, or events of programs without registration."""
        return self.asset == "tracker"


@dataclass(frozen=True, slots=True)
class PlannedTracker:
    """What was read and what would be written. Its database lives as long as its context."""

    work: TrackerWork
    source: DHIS2Client
    destination: DHIS2Client
    scope: Scope
    span: Span
    files: Files
    agreement: Agreement
    database: Database
    folder: Path
    staged: Staged
    plan: Plan
    outside: Outside
    seconds_reading: float


@dataclass(frozen=True, slots=True)
class TrackerResult:
    """What a month came to. ``error`` stopped it; the ledger is written all the same.

    ``quarantined``: objects that wait for a person; ``reasons``: code, an example in words,
    objects; ``quarantined_rows`` and ``collisions``: the first of them, for the screen.
    """

    month: str
    objects: Reconciliation
    quarantined: int
    reasons: list[tuple[str, str, int]]
    quarantined_rows: list[dict[str, str]]
    collisions: list[dict[str, str]]
    moved_on: MovedOn
    push: PushResult
    seconds_pushing: float
    seconds_reconciling: float
    files: Mapping[str, Path]
    error: D2AssetsError | None = None

    @property
    def written(self) -> int:
        """Objects that were created, updated or deleted at the destination."""
        return self.objects.tally.written + self.objects.mirrored

    @property
    def is_settled(self) -> bool:
        """Whether the month ended without an error, and nothing in it is left open."""
        objects = self.objects
        left = objects.lost + objects.doubled + objects.broken + objects.tally.unsettled
        return self.error is None and not left
