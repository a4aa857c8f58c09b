"""Every object of a month gets its one outcome from what stands at the destination now.

An object that the server took without a word and that does not stand there as it was sent ends in
quarantine, and the check ``destination_equals_source`` fails: that is the loss this product exists
to see. Members that a server may keep in its own way are told, and are no loss.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from d2_assets.ledger.outcomes import Outcome, Tally
from d2_assets.staging.database import Database
from d2_assets.staging.tables import open_table
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.differences import MemberDifference, compare_bodies
from d2_assets.tracker.objects import Kind
from d2_assets.tracker.outcomes import ALIKE, IS_GONE, UNDONE, outcome_query
from d2_assets.tracker.shape import decode_body

#: Differences shown on the screen; all of them are in the ledger.
_SHOWN = 50

_BATCH = 500

#: Members that are named in a reason; all of them are in the table.
_NAMED = 3

#: What both ends share now, for ``two_way.record_agreed``.
AGREED = f"""
    SELECT kind, id,
           CASE WHEN outcome = 'deleted' THEN encode('{{"' || kind || '":"' || id || '"}}')
                ELSE body END AS body,
           CASE WHEN outcome <> 'deleted' AND NOT deleted THEN found_body END AS found
    FROM outcomes WHERE NOT differs AND outcome IN ({ALIKE})
"""

_COMPARED = pa.schema(
    [
        ("row", pa.int64()),
        ("id", pa.string()),
        ("is_right", pa.bool_()),
        ("is_soft", pa.bool_()),
        ("words", pa.string()),
    ]
)
_DIFFERENCES = pa.schema(
    [
        ("row", pa.int64()),
        ("id", pa.string()),
        ("member", pa.string()),
        ("wanted", pa.string()),
        ("found", pa.string()),
        ("is_soft", pa.bool_()),
    ]
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One member that differs, for people: of which object, what should be there and what is."""

    kind: str
    id: str
    program: str
    org_unit: str
    member: str
    expected: str
    found: str
    why: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a month came to. ``lost`` and ``doubled``: objects read without an outcome, or with
    more than one; both must be 0, whatever the sums say.

    ``broken``: objects that the plan meant to write or keep and that differ. ``explained``: those
    that differ for a named reason: quarantined, held by strategy, newer at the destination.
    ``kept``: those that the server keeps otherwise, in members that it may keep so. ``mirrored``:
    deletes of what only the destination had. ``conflicts``: objects that changed on both sides.
    ``by_program``: outcomes, by UID at the destination.
    """

    by_kind: Mapping[Kind, Tally]
    broken: int
    explained: int
    destination_only: int
    mirrored: int = 0
    conflicts: int = 0
    kept: int = 0
    lost: int = 0
    doubled: int = 0
    by_program: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()

    @property
    def tally(self) -> Tally:
        """Of all kinds together."""
        outcomes: dict[Outcome, int] = {}
        for one in self.by_kind.values():
            for outcome, count in one.outcomes.items():
                outcomes[outcome] = outcomes.get(outcome, 0) + count
        return Tally(sum(one.read for one in self.by_kind.values()), outcomes)


def compare_objects(
    database: Database,
    choices: TrackerChoices,
    month: str,
    read: Mapping[Kind, int],
    destination_only: int,
    folder: Path,
    *,
    read_back: bool = True,
) -> Reconciliation:
    """Stage the views ``outcomes`` and ``differences`` of a month from ``plan``, ``settled``,
    ``collisions`` and ``found``; ``read`` are the objects that the source gave for it, by kind.

    Without ``read_back``, ``found`` is older than the push, and what was sent is only queued.
    """
    _compare_bodies(database, choices, month, folder)
    database.execute(f"CREATE OR REPLACE TABLE undone AS {UNDONE}")
    path = folder / f"outcomes-{month}.parquet"
    database.save(outcome_query(month, read_back=read_back), path, spread=True)
    database.attach("outcomes", path, spread_by="id")
    tallies = _tally(database, read)
    total = sum(read.values())
    different = database.value("SELECT count(DISTINCT row) FROM outcomes WHERE row >= 0")
    with_outcome = database.value("SELECT count(*) FROM outcomes WHERE row >= 0")
    return Reconciliation(
        by_kind=tallies,
        broken=database.value("SELECT count(*) FROM outcomes WHERE is_broken"),
        explained=database.value("SELECT count(*) FROM outcomes WHERE differs AND NOT is_broken"),
        destination_only=destination_only,
        mirrored=database.value("SELECT count(*) FROM outcomes WHERE row < 0"),
        conflicts=database.value("SELECT count(*) FROM outcomes WHERE in_conflict"),
        kept=database.value("SELECT count(*) FROM outcomes WHERE is_kept"),
        lost=total - different,
        doubled=with_outcome - different,
        by_program=_count_programs(database),
        differences=_list_differences(database),
    )


def iterate_differences(database: Database) -> Iterator[tuple[str, ...]]:
    """All lines of the table of differences (``ledger.tracker.TABLES``)."""
    query = f"SELECT * EXCLUDE (row, is_broken) FROM ({_TOLD}) ORDER BY is_broken DESC, row, member"
    for table in database.iterate(query, _BATCH * 4):
        for line in table.to_pylist():
            yield tuple(str(cell or "") for cell in line.values())


def _compare_bodies(database: Database, choices: TrackerChoices, month: str, folder: Path) -> None:
    """Make the views ``compared`` and ``different``: objects that stand there and whose
    fingerprint is another one, member by member."""
    paths = [folder / f"{name}-{month}.parquet" for name in ("compared", "different")]
    query = f"""
        SELECT p.row, p.kind, p.id, p.body, f.body AS found_body
        FROM (SELECT * FROM plan WHERE month = '{month}' AND NOT {IS_GONE}) AS p
        JOIN found AS f ON f.kind = p.kind AND f.id = p.id
        WHERE NOT f.deleted AND (f.digest <> p.digest OR NOT list_has_all(f.notes, p.notes))
    """
    with (
        open_table(paths[0], _COMPARED) as compared,
        open_table(paths[1], _DIFFERENCES) as different,
    ):
        for table in database.iterate(query, _BATCH):
            pairs = [(row, _compare(row, choices)) for row in table.to_pylist()]
            lines = [_sum_up(row, found) for row, found in pairs]
            compared.write(pa.RecordBatch.from_pylist(lines, _COMPARED))
            members = [_tell(row, one) for row, found in pairs for one in found]
            different.write(pa.RecordBatch.from_pylist(members, _DIFFERENCES))
    database.attach("compared_back", paths[0], spread_by="id")
    database.attach("different", paths[1], spread_by="id")


def _compare(row: Mapping[str, Any], choices: TrackerChoices) -> list[MemberDifference]:
    wanted, found = decode_body(row["body"]), decode_body(row["found_body"])
    return compare_bodies(Kind(row["kind"]), wanted, found, merge=choices.merge)


def _sum_up(row: Mapping[str, Any], differences: Sequence[MemberDifference]) -> dict[str, Any]:
    hard = [one for one in differences if not one.is_soft]
    named = "; ".join(
        f"{one.member} is \u00ab{one.found}\u00bb, not \u00ab{one.wanted}\u00bb"
        for one in hard[:_NAMED]
    )
    more = f"; and {len(hard) - _NAMED} more" if len(hard) > _NAMED else ""
    return {
        "row": row["row"],
        "id": row["id"],
        "is_right": not hard,
        "is_soft": bool(differences) and not hard,
        "words": named + more,
    }


def _tell(row: Mapping[str, Any], one: MemberDifference) -> dict[str, Any]:
    return {
        "row": row["row"],
        "id": row["id"],
        "member": one.member,
        "wanted": one.wanted,
        "found": one.found,
        "is_soft": one.is_soft,
    }


def _tally(database: Database, read: Mapping[Kind, int]) -> dict[Kind, Tally]:
    counts: dict[Kind, dict[Outcome, int]] = {}
    for kind, outcome, rows in database.rows(
        "SELECT kind, outcome, count(*) FROM outcomes WHERE row >= 0 GROUP BY ALL ORDER BY ALL"
    ):
        counts.setdefault(Kind(kind), {})[Outcome(outcome)] = rows
    return {
        kind: Tally(read.get(kind, 0), counts.get(kind, {}))
        for kind in Kind
        if kind in read or kind in counts
    }


def _count_programs(database: Database) -> dict[str, dict[str, int]]:
    by_program: dict[str, dict[str, int]] = {}
    for program, outcome, rows in database.rows(
        "SELECT coalesce(program, ''), outcome, count(*) FROM outcomes GROUP BY ALL ORDER BY ALL"
    ):
        by_program.setdefault(program, {})[outcome] = rows
    return by_program


#: Each difference with its object, and why it is so: members that differ, and whole objects.
_TOLD = """
    SELECT o.row, o.is_broken, o.kind, o.id, o.program, o.org_unit, d.member, d.wanted, d.found,
           CASE WHEN d.is_soft THEN 'kept' WHEN o.is_broken THEN 'lost' ELSE o.outcome END AS state,
           CASE WHEN d.is_soft THEN 'The server keeps it in its own way.'
                ELSE coalesce(o.reason, o.held_words) END AS why
    FROM different AS d JOIN outcomes AS o ON o.row = d.row WHERE o.outcome <> 'filtered'
    UNION ALL
    SELECT o.row, o.is_broken, o.kind, o.id, o.program, o.org_unit, '' AS member,
           CASE WHEN o.is_gone THEN '(deleted)' ELSE '(there)' END AS wanted,
           CASE WHEN o.is_there THEN '(there)' ELSE '(not there)' END AS found,
           CASE WHEN o.is_broken THEN 'lost' ELSE o.outcome END AS state,
           coalesce(o.reason, o.held_words) AS why
    FROM outcomes AS o
    WHERE o.differs AND NOT EXISTS (SELECT 1 FROM different AS d WHERE d.row = o.row)
"""


def _list_differences(database: Database) -> tuple[Difference, ...]:
    query = f"""
        SELECT kind, id, coalesce(program, ''), coalesce(org_unit, ''), member, wanted, found,
               coalesce(why, '')
        FROM ({_TOLD}) WHERE state <> 'kept'
        ORDER BY is_broken DESC, row, member LIMIT {_SHOWN}
    """
    return tuple(Difference(*row) for row in database.rows(query))
