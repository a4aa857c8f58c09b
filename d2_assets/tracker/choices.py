"""What a pair wants of events and tracked entities. ``sync`` fills it from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from d2_assets.mapping.matching import By
from d2_assets.pushing.strategy import Strategy


@dataclass(frozen=True, slots=True)
class TrackerChoices(Strategy):
    """The part of a pair's settings that events and tracker go by; empty tuples mean "all".

    ``is_two_way``: another pair runs in the opposite direction; ``conflict_rule`` (quarantine,
    newest, priority) decides on objects that changed at both ends. ``merge``: values that the
    source lacks stay at the destination. ``chunk_size``: objects a request. ``brake_percent``:
    mirroring stops when more than this share of the destination's objects of a month would go.
    ``within`` and ``only_stages``: org units and stages chosen at launch. What is moved lies below
    one of the units as well as below one of ``org_units``, and is of the programs of these stages.
    ``shows_part``: programs or stages were chosen at launch, so that an entity shows a part of its
    attributes. ``writing_runs``: how many runs may write to the destination at once.
    """

    programs: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    only_stages: tuple[str, ...] = ()
    shows_part: bool = False
    org_units: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    deepest_level: int | None = None
    start_date: date | None = None
    end_date: date | None = None
    merge: bool = False
    propagate_deletes: bool = True
    brake_percent: float = 10
    is_two_way: bool = False
    conflict_rule: str = "quarantine"
    source_has_priority: bool = False
    match_by: tuple[By, ...] = ("uid", "code", "name")
    explicit: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    skip_rule_engine: bool = True
    skip_side_effects: bool = True
    run_async: bool = False
    old_endpoints: bool = False
    page_size: int = 500
    chunk_size: int = 500
    writers: int = 4
    writing_runs: int = 1

    @property
    def deletes(self) -> bool:
        """Whether objects that the source marks as deleted are deleted at the destination."""
        return self.propagate_deletes and self.may_delete
