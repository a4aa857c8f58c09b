"""What a pair wants of metadata, in this domain's words. ``sync`` fills it from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from d2_assets.mapping.matching import By
from d2_assets.metadata.policy import MetadataPolicy
from d2_assets.pushing.strategy import Strategy


@dataclass(frozen=True, slots=True)
class MetadataChoices(Strategy):
    """The part of a pair's settings that metadata go by; empty tuples mean "all".

    ``match_by``: uid, code, name, in the order in which they count. ``explicit``: UIDs of the
    destination by class and UID of the source, from the pair's own table. ``merge``: what is empty
    at the source stays at the destination. ``brake_percent``: mirroring stops when more than this
    share of the destination's objects of a family would go. ``chunk_size``: objects a request.
    ``writing_runs``: how many runs may write to the destination at once.
    """

    policy: MetadataPolicy = field(default_factory=MetadataPolicy)
    org_units: tuple[str, ...] = ()
    deepest_level: int | None = None
    merge: bool = False
    brake_percent: float = 10
    match_by: tuple[By, ...] = ("uid", "code", "name")
    explicit: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    page_size: int = 500
    chunk_size: int = 1000
    writing_runs: int = 1
