"""What one run does for one metadata family of a pair: asked for, planned, and come to.

Metadata are the definitions that a month's data are loaded against: they are done once for all
months of a run, and each month is marked with the same numbers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.errors import D2AssetsError
from d2_assets.ledger.outcomes import Outcome, Tally
from d2_assets.mapping.crosswalk import Match
from d2_assets.metadata.choices import MetadataChoices
from d2_assets.metadata.compare import Comparison, Difference
from d2_assets.metadata.objects import Adaptation, Key, Refusal
from d2_assets.metadata.plan import Plan
from d2_assets.sync.errand import Errand

#: Before the family's name, in the folders of staging, ledger and quarantine.
_PREFIX = "metadata_"
_PREVIEW = "_preview"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataWork(Errand):
    """A metadata family of a pair: ``family`` is its key ("data_elements")."""

    family: str
    choices: MetadataChoices

    @property
    def asset(self) -> str:
        """The name of the family's folders."""
        return f"{_PREFIX}{self.family}"

    @property
    def folder(self) -> Path:
        """Where both sides are staged."""
        name = self.asset + (_PREVIEW if self.is_preview else "")
        return self.home.staging(name, self.pair, self.months)


@dataclass(frozen=True, slots=True)
class Promised:
    """What a preview has planned further up, which counts as present: class and UID at the
    destination of each object, with its name."""

    objects: Mapping[Key, str] = field(default_factory=dict)

    def add(self, other: "Promised") -> "Promised":
        """Both together."""
        return Promised({**self.objects, **other.objects})


@dataclass(frozen=True, slots=True)
class NotCarried:
    """A class of the source with objects that no family owns, and why they do not travel."""

    plural: str
    objects: int
    reason: str


@dataclass(frozen=True, slots=True)
class PlannedFamily:
    """What was read and what would be written, before anything is sent.

    ``read`` counts the source's objects of the family; ``before`` are the stamps of objects that
    are to be updated.
    """

    work: MetadataWork
    source: DHIS2Client
    destination: DHIS2Client
    plan: Plan
    read: int
    comparison: Comparison
    before: Mapping[Key, str]
    not_carried: tuple[NotCarried, ...]
    seconds_reading: float

    def promise(self) -> Promised:
        """What would be there after a push, for the preview of the families that follow."""
        return Promised(self.plan.promised)


@dataclass(frozen=True, slots=True)
class FamilyResult:
    """What a family came to. ``error`` stopped it; the ledger is written all the same.

    ``tally.read`` counts the source's objects, and those that mirroring concerns.
    ``second_pass``: members of earlier families' objects that were set now; ``deferred``: members
    that a later family will set. ``broken``: objects that were to be written or kept and are not
    there, or lack a reference, without a name for it. Seconds are of reading, pushing, verifying.
    """

    family: str
    tally: Tally
    by_class: Mapping[str, Mapping[Outcome, int]]
    adaptations: tuple[Adaptation, ...]
    refusals: tuple[Refusal, ...]
    crosswalk: tuple[Match, ...]
    differences: tuple[Difference, ...]
    destination_only: int
    deferred: int
    second_pass: int
    broken: int
    requests: int
    not_carried: tuple[NotCarried, ...]
    files: Mapping[str, Path]
    seconds_reading: float
    seconds_pushing: float
    seconds_verifying: float
    error: D2AssetsError | None = None

    @property
    def written(self) -> int:
        """Objects that were created, updated or deleted, those of earlier families included."""
        return self.tally.written + self.second_pass

    @property
    def unaccounted(self) -> int:
        """Objects without exactly one outcome; must be 0."""
        return self.tally.unaccounted


def join_promises(promises: Iterable[Promised]) -> Promised:
    """All of them as one."""
    return Promised({key: name for one in promises for key, name in one.objects.items()})
