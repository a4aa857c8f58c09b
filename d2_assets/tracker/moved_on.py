"""Tracked entities that were of a month when it was last run, and are of a later one now.

A change moves an entity into the current month. When a historical month is run again, it holds
less than before: what is missing is named with the month that it moved to, so that nobody takes it
for lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.tracker_parameters import ENTITIES_A_REQUEST
from d2_assets.errors import ContractError
from d2_assets.staging.database import Database
from d2_assets.tracker.extract_events import cut
from d2_assets.tracker.identities import TYPES
from d2_assets.tracker.objects import Kind
from d2_assets.tracker.scope import Scope

#: Entities that are looked up and named; the others are counted.
_MOST_NAMED = 300


@dataclass(frozen=True, slots=True)
class Moved:
    """A tracked entity and the month ("202511") that it is of now; empty: the source does not
    show it any more."""

    id: str
    month: str


@dataclass(frozen=True, slots=True)
class MovedOn:
    """``more``: entities that moved on too and are not named."""

    entities: tuple[Moved, ...] = ()
    more: int = 0

    @property
    def total(self) -> int:
        return len(self.entities) + self.more


NOBODY_MOVED = MovedOn()


def find_moved_on(
    database: Database, ledger: Path, month: str, source: DHIS2Client, scope: Scope
) -> MovedOn:
    """Compare the last ledger of a month (columns kind, id, type) with the view ``source``.

    Call it before the ledger is written anew. A ledger that is missing or damaged names nobody.
    """
    try:
        database.attach("last_ledger", ledger)
    except ContractError:
        return NOBODY_MOVED
    missing = database.rows(
        f"""
        SELECT l.type, l.id FROM last_ledger AS l
        ANTI JOIN (SELECT id FROM source WHERE kind = '{Kind.TRACKED_ENTITY}'
                   AND month = '{month}') AS s ON s.id = l.id
        WHERE l.kind = '{Kind.TRACKED_ENTITY}' ORDER BY ALL
        """
    )
    named = missing[:_MOST_NAMED]
    by_type: dict[str, list[str]] = {}
    for type_, uid in named:
        by_type.setdefault(type_, []).append(uid)
    return MovedOn(
        tuple(
            moved for type_, ids in by_type.items() for moved in _look_up(type_, ids, source, scope)
        ),
        len(missing) - len(named),
    )


def _look_up(type_: str, ids: list[str], source: DHIS2Client, scope: Scope) -> Iterator[Moved]:
    there = scope.crosswalk.back(TYPES, type_)
    for batch in cut(ids, ENTITIES_A_REQUEST):
        stamps = {
            tree["trackedEntity"]: str(tree.get("updatedAt") or "")
            for tree in source.read_entities(there, batch, ())
        }
        for uid in batch:
            stamp = stamps.get(uid, "")
            yield Moved(uid, stamp[:4] + stamp[5:7])
