"""Ends of relationships that are neither in the run nor among what was read at the destination.

They are looked up there by UID. An enrollment cannot be asked for without knowing its entity: one
that was not met is taken as there, and the server says otherwise.
"""

from collections.abc import Iterable
from threading import Event

import pyarrow as pa

from d2_assets.both_sides import heed
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.tracker_parameters import ENTITIES_A_REQUEST, EVENTS_A_REQUEST
from d2_assets.staging.database import Database
from d2_assets.tracker.extract_events import cut
from d2_assets.tracker.following import list_ends
from d2_assets.tracker.objects import Kind
from d2_assets.tracker.scope import Scope
from d2_assets.tracker.shape import decode_body

_BATCH = 2_000
_ENDS = pa.schema([(name, pa.string()) for name in ("id", "side", "kind", "end")])
_THERE = pa.schema([("kind", pa.string()), ("end", pa.string())])

#: Ends that no fit object of the run and no live object of the destination is.
_UNMET = """
    SELECT DISTINCT e.kind, e."end" FROM relationship_end AS e
    ANTI JOIN (SELECT kind, id FROM source) AS s ON s.kind = e.kind AND s.id = e."end"
    ANTI JOIN (SELECT kind, id FROM destination) AS d ON d.kind = e.kind AND d.id = e."end"
    ORDER BY ALL
"""


def stage_ends(database: Database, destination: DHIS2Client, scope: Scope, stop: Event) -> None:
    """Make the tables ``relationship_end`` (of the source's fit relationships) and ``end_there``
    (ends that were not met and are at the destination)."""
    database.load("relationship_end", _ENDS.empty_table())
    fit = "SELECT id, body FROM source WHERE kind = 'relationship' AND verdict IS NULL"
    for batch in database.iterate(f"{fit} AND NOT deleted", _BATCH):
        rows = [
            {"id": row["id"], "side": side, "kind": str(kind), "end": uid}
            for row in batch.to_pylist()
            for side, (kind, uid) in zip(
                ("from", "to"), list_ends(decode_body(row["body"])), strict=False
            )
        ]
        database.load("ends_read", pa.Table.from_pylist(rows, _ENDS))
        database.execute("INSERT INTO relationship_end SELECT * FROM ends_read")
    unmet = [(Kind(kind), uid) for kind, uid in database.rows(_UNMET)]
    found = [
        {"kind": str(kind), "end": uid}
        for kind in Kind
        for uid in _look_up(destination, scope, kind, [uid for k, uid in unmet if k is kind], stop)
    ]
    database.load("end_there", pa.Table.from_pylist(found, _THERE))


def _look_up(
    destination: DHIS2Client, scope: Scope, kind: Kind, ids: list[str], stop: Event
) -> Iterable[str]:
    """Those of the UIDs that stand at the destination and are not deleted."""
    if kind is Kind.ENROLLMENT:
        return ids
    found: set[str] = set()
    places = scope.facts.types if kind is Kind.TRACKED_ENTITY else scope.facts.programs
    size = ENTITIES_A_REQUEST if kind is Kind.TRACKED_ENTITY else EVENTS_A_REQUEST
    for place in sorted(places):
        for batch in cut([uid for uid in ids if uid not in found], size):
            heed(stop)
            bodies = (
                destination.read_entities(place, batch, ())
                if kind is Kind.TRACKED_ENTITY
                else destination.list_events(place, batch)
            )
            found.update(body[kind] for body in bodies if not body.get("deleted"))
    return sorted(found)
