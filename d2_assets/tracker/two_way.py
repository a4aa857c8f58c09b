"""Objects that may be edited at both ends, and what is done with those that were.

What both ends were last seen to share (``agreed``) tells at which end an object changed since.
One file for two instances and an asset, whichever way data move. It holds fingerprints, no values,
made by the UIDs of one end, the same one always; a user counts by name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa
from filelock import FileLock

from d2_assets.errors import ContractError
from d2_assets.mapping.crosswalk import NO_CROSSWALK, Crosswalk
from d2_assets.staging.database import Database
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.objects import Body, Kind, TrackerObject
from d2_assets.tracker.scope import Scope
from d2_assets.tracker.shape import decode_body, digest
from d2_assets.tracker.translate import restore_object

DESTINATION_NEWER = "destination_newer"

#: Edits closer to each other than these milliseconds have no order.
SAME_MOMENT = 5_000

_BATCH = 2_000

#: ``digest``: what the source had, ``other``: what the destination had. They differ where merging
#: keeps what only the destination has.
AGREED_SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("id", pa.string()),
        ("digest", pa.uint64()),
        ("other", pa.uint64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """By which UIDs fingerprints are made: with a crosswalk those of its source."""

    crosswalk: Crosswalk = NO_CROSSWALK
    unit_values: frozenset[str] = frozenset()

    def fingerprint(self, kind: Kind, uid: str, body: Body) -> int:
        """The fingerprint of an object in the destination's words, alike in both directions."""
        item = TrackerObject(kind, uid, root="", parent="", body=body)
        if self.crosswalk.rows:
            item = restore_object(item, self.crosswalk, self.unit_values)
        user = item.body.get("assignedUser")
        if isinstance(user, dict) and user.get("username"):
            return digest({**item.body, "assignedUser": {"username": user["username"]}})
        return digest(item.body)


NO_AGREEMENT = Agreement()


@dataclass(frozen=True, slots=True)
class Clocks:
    """What makes moments of the stamps of two servers: their time zones, and by how many
    milliseconds their clocks are ahead of ours. None: it is not known."""

    source_zone: str = ""
    destination_zone: str = ""
    source_ahead: int | None = None
    destination_ahead: int | None = None

    def compare(self, ours: str, theirs: str) -> int | None:
        """1 where the source's stamp is the newer one, -1 where the destination's is; None where
        they cannot be told apart."""
        left = _find_moment(ours, self.source_zone, self.source_ahead)
        right = _find_moment(theirs, self.destination_zone, self.destination_ahead)
        if left is None or right is None or abs(left - right) <= SAME_MOMENT:
            return None
        return 1 if left > right else -1


NO_CLOCKS = Clocks()


def make_agreement(scope: Scope, source: str, destination: str) -> Agreement:
    """``source`` and ``destination`` are the instances' names: the first by name gives the UIDs."""
    if source < destination:
        return Agreement(scope.crosswalk, scope.facts.unit_values)
    return NO_AGREEMENT


def rule_sql(choices: TrackerChoices) -> str:
    """SQL: the action of an object that changed at both ends, by the pair's rule.

    It reads ``one_way`` (the action if nobody edits the destination) and ``newer``.
    """
    if choices.conflict_rule == "priority":
        return "one_way" if choices.source_has_priority else f"'{DESTINATION_NEWER}'"
    if choices.conflict_rule == "newest":
        return (
            f"CASE WHEN newer = 1 THEN one_way WHEN newer = -1 THEN '{DESTINATION_NEWER}' "
            "ELSE 'quarantined' END"
        )
    return "'quarantined'"


def load_agreed(database: Database, path: Path) -> None:
    """Make the view ``agreed``. ContractError names a damaged file and what deleting it means."""
    with _lock(path):
        _attach_agreed(database, path)


def record_agreed(
    database: Database,
    path: Path,
    query: str,
    agreement: Agreement = NO_AGREEMENT,
    warn: Callable[[str], None] = lambda words: None,
) -> None:
    """Note what both ends share now; what the query does not give keeps what was noted.

    ``query`` gives kind, id, body (as wanted) and found (as it stands at the destination; NULL
    where that is the same) of objects that were found alike. A damaged file is begun anew.
    """
    database.load("alike_rows", AGREED_SCHEMA.empty_table())
    for batch in database.iterate(query, _BATCH):
        rows = [_note_alike(row, agreement) for row in batch.to_pylist()]
        database.load("alike_batch", pa.Table.from_pylist(rows, AGREED_SCHEMA))
        database.execute("INSERT INTO alike_rows SELECT * FROM alike_batch")
    database.execute(_ALIKE)
    with _lock(path):
        try:
            _attach_agreed(database, path)
        except ContractError as error:
            warn(f"{error} It is begun anew.")
            database.execute("CREATE OR REPLACE VIEW agreed AS SELECT * FROM nothing_agreed")
        if database.total(_CHANGES):
            database.save(_UNITED, path, spread=True)


#: In parts like the file beside it.
_ALIKE = """
    CREATE OR REPLACE VIEW alike AS SELECT * FROM alike_rows
    WHERE getvariable('parts') IS NULL
        OR hash(id) % getvariable('parts') = getvariable('part')"""

_CHANGES = """
    SELECT count(*) FROM alike AS now LEFT JOIN agreed AS b ON b.kind = now.kind AND b.id = now.id
    WHERE b.digest IS DISTINCT FROM now.digest OR b.other IS DISTINCT FROM now.other"""

_UNITED = """
    SELECT coalesce(now.kind, b.kind) AS kind, coalesce(now.id, b.id) AS id,
           CASE WHEN now.id IS NOT NULL THEN now.digest ELSE b.digest END AS digest,
           CASE WHEN now.id IS NOT NULL THEN now.other ELSE b.other END AS other
    FROM alike AS now FULL JOIN agreed AS b ON b.kind = now.kind AND b.id = now.id"""


def _attach_agreed(database: Database, path: Path) -> None:
    database.load("nothing_agreed", AGREED_SCHEMA.empty_table())
    if not path.exists():
        database.execute("CREATE OR REPLACE VIEW agreed AS SELECT * FROM nothing_agreed")
        return
    try:
        database.attach("agreed", path, spread_by="id")
    except ContractError as error:
        raise ContractError(
            f"{path} is damaged: it says what both ends of the pair were last seen to share.",
            remedy="Bring it back with the .json beside it, or delete it: objects that differ "
            "then count as changed on both sides, and conflicts.rule of the pair decides.",
        ) from error


def _note_alike(row: dict[str, Any], agreement: Agreement) -> dict[str, Any]:
    kind, uid = Kind(row["kind"]), row["id"]
    wanted = agreement.fingerprint(kind, uid, decode_body(row["body"]))
    found = wanted
    if row["found"] is not None:
        found = agreement.fingerprint(kind, uid, decode_body(row["found"]))
    return {"kind": row["kind"], "id": uid, "digest": wanted, "other": found}


def _find_moment(stamp: str, zone: str, ahead: int | None) -> float | None:
    """Milliseconds since the epoch, by our clock."""
    try:
        local = datetime.fromisoformat(stamp)
        moment = local if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone))
    except (ValueError, ZoneInfoNotFoundError):
        return None
    return None if ahead is None else moment.timestamp() * 1000 - ahead


def _lock(path: Path) -> FileLock:
    """Pairs of opposite directions have one file and different destinations to lease."""
    return FileLock(path.with_suffix(".lock"))
