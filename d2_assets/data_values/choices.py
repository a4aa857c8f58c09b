"""What a pair wants moved, in the words of this domain. ``sync`` fills it from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from d2_assets.mapping.matching import By
from d2_assets.pushing.strategy import Strategy


@dataclass(frozen=True, slots=True)
class Reverse:
    """What a pair moves that runs the other way; empty tuples mean "all"."""

    data_sets: tuple[str, ...] = ()
    org_units: tuple[str, ...] = ()
    deepest_level: int | None = None


@dataclass(frozen=True, slots=True)
class Choices(Strategy):
    """The part of a pair's settings that data values go by; empty tuples mean "all".

    ``brake_percent``: mirroring stops when more than this share of the destination's rows of a
    month would go. ``merge``: a comment that the source lacks stays at the destination.
    ``match_by`` and ``explicit`` (UIDs of the destination by class and UID of the source): how an
    object is found there that has another UID. ``within``: org units chosen at launch; what is
    moved lies below one of them as well as below one of ``org_units``.
    ``reverse``: the pairs that run the other way; ``conflict_rule`` (quarantine, newest,
    priority) decides on rows of theirs that changed at both ends. ``writing_runs``: how many
    runs may write to the destination at once.
    """

    data_sets: tuple[str, ...] = ()
    org_units: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    deepest_level: int | None = None
    pull_level: int | None = None
    start_date: date | None = None
    end_date: date | None = None
    merge: bool = False
    propagate_deletes: bool = True
    brake_percent: float = 10
    reverse: tuple[Reverse, ...] = ()
    conflict_rule: str = "quarantine"
    source_has_priority: bool = False
    match_by: tuple[By, ...] = ("uid", "code", "name")
    explicit: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    page_size: int = 500
    chunk_size: int = 5000
    writers: int = 4
    writing_runs: int = 1

    @property
    def deletes(self) -> bool:
        """Whether rows that the source marks as deleted are deleted at the destination."""
        return self.propagate_deletes and self.may_delete
