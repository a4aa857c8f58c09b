"""What an asset says of one partition: numbers and tables for the UI, checks, what stopped it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from d2_assets.defs.partitions import join_key
from d2_assets.errors import D2AssetsError


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The answer of one asset check. ``is_warning``: severity WARN instead of ERROR."""

    name: str
    passed: bool
    description: str
    is_warning: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def severity(self) -> dg.AssetCheckSeverity:
        return dg.AssetCheckSeverity.WARN if self.is_warning else dg.AssetCheckSeverity.ERROR


@dataclass(frozen=True, slots=True)
class PartitionReport:
    """What one partition came to.

    ``beside`` shows an asset that follows this one and that Dagster passes over when this one
    fails. ``written``: rows or objects that were created, updated or deleted at the destination.
    """

    pair: str
    month: str
    metadata: Mapping[str, Any]
    checks: Sequence[CheckReport]
    error: D2AssetsError | None = None
    beside: Callable[[], dg.AssetMaterialization] | None = None
    written: int = 0

    @property
    def key(self) -> dg.MultiPartitionKey:
        return join_key(self.pair, self.month)

    @property
    def warns(self) -> bool:
        return any(not check.passed for check in self.checks)
