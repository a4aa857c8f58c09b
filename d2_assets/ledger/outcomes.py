"""The closed table of outcomes: every row that was read ends in exactly one of them.

Outcomes are given after the destination was read back, never from what the server answered:
real DHIS2 servers say SUCCESS to rows they lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """How the way of one row ended. Words as shown on the screen."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    FILTERED = "filtered"
    HELD_BY_STRATEGY = "held_by_strategy"
    DESTINATION_NEWER = "destination_newer"
    QUARANTINED = "quarantined"
    DISCARDED = "discarded"
    QUEUED = "queued"
    NOT_ATTEMPTED = "not_attempted"


#: What each outcome says to a person.
OUTCOME_WORDS: Mapping[Outcome, str] = {
    Outcome.CREATED: "was not at the destination and is there now",
    Outcome.UPDATED: "differed at the destination and is right now",
    Outcome.UNCHANGED: "was right already, so it was not sent",
    Outcome.DELETED: "is deleted at the source and is gone at the destination now",
    Outcome.FILTERED: "the pair's filters leave it out, or another data set carries it",
    Outcome.HELD_BY_STRATEGY: "the pair's import strategy or delete policy holds it back",
    Outcome.DESTINATION_NEWER: "changed at the destination since our last write; it stays there",
    Outcome.QUARANTINED: "could not land; the quarantine table says why",
    Outcome.DISCARDED: "a person took it off the work list, with a name and a reason",
    Outcome.QUEUED: "was sent; the destination could not be read back to confirm it",
    Outcome.NOT_ATTEMPTED: "the run stopped before it was sent",
}


#: What changed at the destination.
WRITTEN = (Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED)


@dataclass(frozen=True, slots=True)
class Tally:
    """Rows read and rows per outcome of one partition. ``unaccounted`` must be 0."""

    read: int
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)

    @property
    def unaccounted(self) -> int:
        """Rows read less rows with an outcome: lost when above 0, counted twice when below."""
        return self.read - sum(self.outcomes.values())

    def count(self, outcome: Outcome) -> int:
        return self.outcomes.get(outcome, 0)

    @property
    def written(self) -> int:
        return sum(self.count(outcome) for outcome in WRITTEN)

    @property
    def held(self) -> int:
        return self.count(Outcome.HELD_BY_STRATEGY)

    @property
    def unsettled(self) -> int:
        """Rows that the run left open: a later run settles them."""
        return self.count(Outcome.QUEUED) + self.count(Outcome.NOT_ATTEMPTED)
