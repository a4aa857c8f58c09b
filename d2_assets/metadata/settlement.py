"""What a push needs of a server, and what came of it so far."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from d2_assets.dhis2.metadata_reports import MetadataReport
from d2_assets.errors import D2AssetsError
from d2_assets.metadata.chunks import Sending
from d2_assets.metadata.objects import Key


class Destination(Protocol):
    """What a push needs of a server."""

    @property
    def most_objects(self) -> int:
        """Objects that one request may have now."""
        ...

    @property
    def is_stopped(self) -> bool:
        """Whether nothing more may be sent."""
        ...

    def post(self, sendings: Sequence[Sending]) -> MetadataReport: ...

    def validate(self, sending: Sending) -> MetadataReport:
        """What the server would say to one object alone; nothing is stored."""
        ...

    def find_missing(self, sendings: Sequence[Sending]) -> frozenset[Key]:
        """Those of the objects that the destination does not hold as they were sent."""
        ...

    def pause(self) -> None:
        """Wait: behind a proxy that gave up, the server may still be storing."""
        ...


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why the server did not take an object: a code (ours, or DHIS2's) and words; ``need`` is
    the refused object that it cannot be without."""

    code: str
    words: str
    need: Key | None = None


@dataclass(slots=True)
class Settlement:
    """What came of a push so far: objects taken, refused, and sent without an answer.

    ``failures`` counts refusals without a report since the last answer with one; ``error`` is
    what stopped the push.
    """

    taken: set[Key] = field(default_factory=set)
    refused: dict[Key, Rejection] = field(default_factory=dict)
    unconfirmed: set[Key] = field(default_factory=set)
    requests: int = 0
    failures: int = 0
    error: D2AssetsError | None = None

    def add(self, other: "Settlement") -> None:
        """Take in what came of another push."""
        self.taken |= other.taken
        self.refused.update(other.refused)
        self.unconfirmed |= other.unconfirmed
        self.requests += other.requests
        self.error = self.error or other.error
