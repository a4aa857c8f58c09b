"""Which runs move what changed: exactly the assets and months concerned, in as few runs as that
takes. A run is a rectangle: assets, and months without a gap."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from d2_assets.periods import iterate_months
from d2_assets.watching.state import Change

_METADATA = "metadata/"


@dataclass(frozen=True, slots=True)
class Group:
    """One run: ``causes`` are the changes that it serves, in whole or in part."""

    assets: tuple[str, ...]
    months: tuple[str, ...]
    causes: tuple[str, ...]


def group_changes(changes: Mapping[str, Change]) -> list[Group]:
    """The runs for all changes: those with metadata first, then what has waited longest."""
    assets_of: dict[str, set[str]] = {}
    for change in changes.values():
        for month in change.months:
            assets_of.setdefault(month, set()).add(change.asset)
    groups: list[Group] = []
    for months in _join(assets_of):
        assets = frozenset(assets_of[months[0]])
        causes = sorted(
            cause
            for cause, change in changes.items()
            if change.asset in assets and not change.months.isdisjoint(months)
        )
        groups.append(Group(tuple(sorted(assets)), tuple(months), tuple(causes)))
    return sorted(groups, key=lambda group: _rank(group, changes))


def make_run_key(name: str, attempt: int, group: Group, changes: Mapping[str, Change]) -> str:
    """A key that no other run has: Dagster launches nothing twice under one key, whatever became
    of it, so the number of the attempt and all that the run is for stand in it."""
    marks = [f"{cause} {changes[cause].mark} {changes[cause].since}" for cause in group.causes]
    content = "\n".join((*group.assets, *group.months, *marks))
    return f"{name}-{attempt}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def _join(assets_of: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The months, joined where they follow each other and concern the same assets."""
    runs: list[list[str]] = []
    for month in sorted(assets_of):
        last = runs[-1] if runs else []
        if last and _follows(last[-1], month) and assets_of[last[-1]] == assets_of[month]:
            last.append(month)
        else:
            runs.append([month])
    return runs


def _follows(month: str, other: str) -> bool:
    return list(iterate_months(month, other)) == [month, other]


def _rank(group: Group, changes: Mapping[str, Change]) -> tuple[bool, float, str]:
    has_metadata = any(asset.startswith(_METADATA) for asset in group.assets)
    since = min(changes[cause].since for cause in group.causes)
    return not has_metadata, since, group.months[0]
