"""What the settings file may say, as frozen models; rules for one instance or pair stand here.

Rules that look across the file are in ``rules``.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, ValidationInfo, field_validator

from d2_assets.errors import ConfigurationError
from d2_assets.settings.addresses import is_loopback
from d2_assets.settings.authentication import Auth
from d2_assets.settings.automation import (
    ChangeSettings,
    RetrySettings,
    ScheduleSettings,
    SweepSettings,
)
from d2_assets.settings.fields import InstanceName, Month, Name, SettingsModel, Uid, Url
from d2_assets.settings.metadata import MetadataSettings
from d2_assets.settings.mistakes import refuse
from d2_assets.settings.secrets import SecretReference
from d2_assets.settings.stock import StockSettings
from d2_assets.settings.tracker import TrackerSettings
from d2_assets.settings.vocabulary import (
    MOVES,
    ConflictRule,
    DeletePolicy,
    ExecutionMode,
    Family,
    ImportStrategy,
    Kind,
    MergeMode,
    Moved,
    Role,
    SyncType,
)


class Instance(SettingsModel):
    """One server: its address, how to sign in, and whether data may come from or go to it."""

    name: InstanceName
    kind: Kind = "dhis2"
    allow_http: bool = False
    """Permits http:// beyond this machine: passwords and health data then travel unencrypted."""
    url: Url
    """The address as it reads before the login page, without /api."""
    auth: Auth
    ca_file: Path | None = None
    """Certificate authority (PEM) of a server with a certificate of its own; a relative path
    starts at the settings file."""
    role: Role = "both"
    """Whether data come from it, go to it, or both."""
    active: bool = True
    timeout_seconds: float = Field(default=120.0, gt=0, le=3600)
    writing_runs: int = Field(default=1, ge=1, le=16)
    """Runs that may write to it at once, whatever their pairs; the others wait in the queue."""

    @field_validator("url")
    @classmethod
    def _refuse_open_line(cls, url: str, info: ValidationInfo) -> str:
        permitted = info.data.get("allow_http", True)
        if url.startswith("http://") and not permitted and not is_loopback(url):
            raise refuse(
                "http:// sends passwords and health data unencrypted.",
                "Use https://, or permit it for this instance with allow_http: true.",
            )
        return url

    @property
    def secret(self) -> SecretReference:
        return self.auth.secret_of(self.name)


class Filters(SettingsModel):
    """What of the source belongs to the pair; an empty list means all of them."""

    families: tuple[Family, ...] = ()
    """Metadata families."""
    data_sets: tuple[Uid, ...] = ()
    programs: tuple[Uid, ...] = ()
    program_stages: tuple[Uid, ...] = ()
    org_units: tuple[Uid, ...] = ()
    """Roots: each with everything below it."""
    deepest_level: int | None = Field(default=None, ge=1, le=50)
    """Org units below this level are left out; 1 is the root."""
    pull_level: int | None = Field(default=None, ge=1, le=50)
    """Reads are split by the org units of this level, each with everything below it."""
    start_date: date | None = None
    end_date: date | None = None
    """Last day that belongs; empty means today."""

    @field_validator("pull_level")
    @classmethod
    def _not_below_the_deepest(cls, level: int | None, info: ValidationInfo) -> int | None:
        deepest = info.data.get("deepest_level")
        if level is not None and deepest is not None and level > deepest:
            raise refuse(
                f"pull_level {level} lies below deepest_level {deepest}.",
                f"Choose {deepest} or less, or leave it empty.",
            )
        return level

    @field_validator("end_date")
    @classmethod
    def _not_before_the_start(cls, end: date | None, info: ValidationInfo) -> date | None:
        start = info.data.get("start_date")
        if end is not None and start is not None and end < start:
            raise refuse(
                f"end_date {end} lies before start_date {start}.",
                "Exchange them, or leave end_date empty for today.",
            )
        return end


class Deletes(SettingsModel):
    """What happens at the destination to rows that are gone at the source."""

    policy: DeletePolicy = "propagate"
    """propagate: rows that the source marks as deleted are deleted; ignore: they stay."""
    mirror: bool = False
    """Removes rows that only the destination has. Leave it off where others feed it too."""
    brake_percent: float = Field(default=10.0, ge=0, le=100)
    """Stops when more than this share of the destination's rows would go."""


class Conflicts(SettingsModel):
    """What happens to a row that changed at both ends, where a pair runs in each direction."""

    rule: ConflictRule = "quarantine"
    """quarantine: it waits for a person; newest: the later edit stays; priority: that of
    priority_instance stays. The pair in the other direction must say the same."""
    priority_instance: InstanceName | None = Field(default=None, validate_default=True)
    """The source or the destination of the pair: whose edits win."""

    @field_validator("priority_instance")
    @classmethod
    def _goes_with_its_rule(cls, name: str | None, info: ValidationInfo) -> str | None:
        rule = info.data.get("rule")
        if rule == "priority" and name is None:
            raise refuse(
                "The rule priority needs a priority_instance.",
                "Name the source or the destination of the pair.",
            )
        if rule in ("quarantine", "newest") and name is not None:
            raise refuse(
                f"priority_instance {name} has no effect under the rule {rule}.",
                "Remove it, or set rule: priority.",
            )
        return name


class Pair(SettingsModel):
    """A source and a destination, and how data move from one to the other."""

    source: InstanceName
    destination: InstanceName
    name: Name = Field(default="", validate_default=True)
    """Partition key; source--destination where none is given."""
    description: str = ""
    active: bool = True
    sync_type: SyncType = "data"
    execution_mode: ExecutionMode = "manual"
    """manual: you launch it. automatic: a sensor follows changes at the source. scheduled: it runs
    at set times. Sensors and schedules are off until they are switched on in the UI."""
    changes: ChangeSettings = ChangeSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    sweep: SweepSettings | None = None
    """When whole months are compared with what was last moved; none where it is left out."""
    retries: RetrySettings = RetrySettings()
    filters: Filters = Filters()
    import_strategy: ImportStrategy = "CREATE_AND_UPDATE"
    merge_mode: MergeMode = "REPLACE"
    deletes: Deletes = Deletes()
    conflicts: Conflicts = Conflicts()
    metadata: MetadataSettings = MetadataSettings()
    tracker: TrackerSettings = TrackerSettings()
    stock: StockSettings = StockSettings()
    page_size: int = Field(default=500, ge=1, le=1000)
    """Objects per page of a read."""
    chunk_size: int = Field(default=5000, ge=1, le=100_000)
    """Rows per request of a write."""
    writers: int = Field(default=4, ge=1, le=16)
    """Requests of a write that may be under way at once."""

    @field_validator("name", mode="before")
    @classmethod
    def _default_name(cls, name: Any, info: ValidationInfo) -> Any:
        ends = info.data.get("source", "source"), info.data.get("destination", "destination")
        return name or "--".join(ends)

    def moves(self, what: Moved) -> bool:
        """Whether ``what`` is part of this pair, by its sync type."""
        return what in MOVES[self.sync_type]


def runs_against(pair: Pair, other: Pair) -> bool:
    """Whether the two join the same instances in opposite directions."""
    return (pair.source, pair.destination) == (other.destination, other.source)


class SettingsFile(SettingsModel):
    """Instances and pairs of d2_assets. Secrets are named here, never stored."""

    first_month: Month = "202001"
    """Earliest month that can be moved, as year and month."""
    home: Path = Path(".d2_assets")
    """Where staged data, ledger and quarantine live; D2_ASSETS_HOME in the environment wins."""
    health_minutes: int = Field(default=30, ge=1, le=1440)
    """Minutes between two checks of every instance, where the sensor instance_health is on."""
    clock_skew_seconds: int = Field(default=300, ge=1, le=86_400)
    """How far the clock of an instance may be off before it is told."""
    instances: tuple[Instance, ...] = ()
    pairs: tuple[Pair, ...] = ()


_Named = TypeVar("_Named", Instance, Pair)


class Settings(SettingsFile):
    """The whole of the file, and ``file``, where it lies: its relative paths start there."""

    file: Path

    def instance(self, name: str) -> Instance:
        """The instance of that name, active or not; ConfigurationError where there is none."""
        return self._find(name, "instance", self.instances)

    def pair(self, name: str) -> Pair:
        """The pair of that name, active or not; ConfigurationError where there is none."""
        return self._find(name, "pair", self.pairs)

    @property
    def active_pairs(self) -> tuple[Pair, ...]:
        """The pairs that may run: active, between two active instances."""
        idle = {instance.name for instance in self.instances if not instance.active}
        return tuple(
            pair
            for pair in self.pairs
            if pair.active and not idle & {pair.source, pair.destination}
        )

    def find_reverse(self, pair: Pair, what: Moved) -> tuple[Pair, ...]:
        """The active pairs that move ``what`` from the pair's destination to its source."""
        return tuple(
            other for other in self.active_pairs if other.moves(what) and runs_against(pair, other)
        )

    def find_upstream(self, pair: Pair) -> tuple[Pair, ...]:
        """The active pairs that write to the pair's source, without those that run against it."""
        return tuple(
            other
            for other in self.active_pairs
            if other.destination == pair.source and not runs_against(pair, other)
        )

    def is_source(self, instance: str) -> bool:
        """Whether an active pair reads from the instance."""
        return any(pair.source == instance for pair in self.active_pairs)

    @property
    def base(self) -> Path:
        """The folder where relative paths of secrets and certificates start."""
        return self.file.parent

    def _find(self, name: str, what: str, known: Sequence[_Named]) -> _Named:
        for one in known:
            if one.name == name:
                return one
        names = ", ".join(one.name for one in known) or "none"
        raise ConfigurationError(
            f"There is no {what} named {name!r} in {self.file}.",
            remedy=f"Known: {names}.",
            file=str(self.file),
            key=f"{what}s",
        )
