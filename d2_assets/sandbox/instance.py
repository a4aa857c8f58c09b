"""One stand-in server from the inside: its version, its state, its running jobs."""

import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from d2_assets.sandbox.catalogue import Catalogue, derive_catalogue
from d2_assets.sandbox.store import Store
from d2_assets.sandbox.tracker_metadata import TrackerMetadata, derive_tracker_metadata
from d2_assets.sandbox.versions import VersionFacts


@dataclass(slots=True)
class Job:
    """An asynchronous import: what its task list and its summary show once it is picked up."""

    notifications: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] | None = None


@dataclass(slots=True)
class Instance:
    """Everything that an endpoint needs."""

    facts: VersionFacts
    store: Store
    url: str = ""
    #: Seconds that each data value costs beside the work itself; for benchmarks.
    row_cost: float = 0.0
    #: Seconds until a job is picked up; None is the version's own.
    job_delay: float | None = None
    jobs: dict[str, Job] = field(default_factory=dict)
    #: Held while metadata are imported: one import at a time.
    importing: threading.RLock = field(default_factory=threading.RLock)
    #: When each user was last logged in, by UID.
    logins: dict[str, datetime] = field(default_factory=dict)
    #: Whether the caches were cleared since the start.
    caches_cleared: bool = False
    _catalogue: tuple[int, Catalogue] | None = None
    _tracker_metadata: tuple[int, TrackerMetadata] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def catalogue(self) -> Catalogue:
        """What the metadata say now."""
        with self._lock:
            revision = self.store.metadata_revision
            if self._catalogue is None or self._catalogue[0] != revision:
                self._catalogue = (revision, derive_catalogue(self.store))
            return self._catalogue[1]

    @property
    def tracker_metadata(self) -> TrackerMetadata:
        """What the metadata say now about programs."""
        with self._lock:
            revision = self.store.metadata_revision
            if self._tracker_metadata is None or self._tracker_metadata[0] != revision:
                self._tracker_metadata = (revision, derive_tracker_metadata(self.store))
            return self._tracker_metadata[1]

    @property
    def lacks_period_types(self) -> bool:
        """Whether the first data sets of a fresh server fail, until its caches are cleared."""
        is_fresh = self.facts.forgets_period_types and not self.caches_cleared
        return is_fresh and not self.store.metadata("dataSets")

    @property
    def system_id(self) -> str:
        """The same for the life of the store."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.store.path}-{self.facts.line}"))


def format_instant(moment: datetime) -> str:
    """Metadata times: milliseconds and no offset, "2026-11-22T20:45:25.546"."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}"
