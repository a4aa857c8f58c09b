"""What would be written is known, stored and shown before anything is sent.

The destination was read like the source; the two are joined by kind and UID. What is right there
already is not sent again: servers rewrite unchanged objects and bump their stamps. The import
strategy is applied here. Bodies are joined at the very end, where they are needed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from d2_assets.errors import ContractError
from d2_assets.staging.database import Database
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.comparing import Comparison, compare_pairs, share_lone
from d2_assets.tracker.decisions import compare_query, decide_query, mirror_query
from d2_assets.tracker.following import Row, find_following, list_parents
from d2_assets.tracker.objects import STAGED_SCHEMA, Kind
from d2_assets.tracker.scope import Scope
from d2_assets.tracker.two_way import DESTINATION_NEWER, NO_AGREEMENT, NO_CLOCKS, Agreement, Clocks

#: The three actions that send something, and the import strategy each is sent with.
SENT_ACTIONS: Mapping[str, str] = {
    "create": "CREATE_AND_UPDATE",
    "update": "CREATE_AND_UPDATE",
    "delete": "DELETE",
}

#: What goes when its parent is deleted: not sent.
WITH_PARENT = "delete_with_parent"

#: Rows by month, kind and action.
Actions = Mapping[str, Mapping[Kind, Mapping[str, int]]]
Counts = Mapping[str, Mapping[Kind, int]]

_FOLLOWING = pa.schema([(name, pa.string()) for name in ("kind", "id", "code", "reason")])


@dataclass(frozen=True, slots=True)
class Plan:
    """Objects by month, kind and action, and those that only the destination has.

    Actions: create, update, delete, delete_with_parent, unchanged, held_by_strategy,
    destination_newer, filtered, quarantined. ``mirrored``: objects that only the destination has
    and that a push would delete. ``conflicts``: objects that changed on both sides, whatever their
    action.
    """

    actions: Actions
    destination_only: Counts = field(default_factory=dict)
    mirrored: Counts = field(default_factory=dict)
    conflicts: Counts = field(default_factory=dict)

    def count(self, month: str, *actions: str, kind: Kind | None = None) -> int:
        """Objects of a month with one of the actions."""
        return sum(
            rows
            for one, by_action in self.actions.get(month, {}).items()
            if kind in (None, one)
            for action, rows in by_action.items()
            if action in actions
        )

    def sends(self, month: str) -> int:
        """Objects of that month that a push would write, mirrored ones aside."""
        return self.count(month, *SENT_ACTIONS)

    def read(self, month: str, kind: Kind | None = None) -> int:
        """Objects of that month that were read at the source."""
        return sum(
            sum(by_action.values())
            for one, by_action in self.actions.get(month, {}).items()
            if kind in (None, one)
        )


def plan_changes(
    database: Database,
    choices: TrackerChoices,
    scope: Scope,
    folder: Path,
    *,
    agreement: Agreement = NO_AGREEMENT,
    clocks: Clocks = NO_CLOCKS,
) -> Plan:
    """Stage ``plan`` and ``destination_only`` from the views ``source`` and ``destination``, the
    tables that were staged with them, and from what earlier runs left: ``journalled``, ``echoes``
    and, for two-way pairs, ``agreed``. Also the view ``kept``: differences that are not sent again.

    With ``mirror`` the rows of ``destination_only`` join the plan as deletes, numbered below
    zero: they were not read at the source; ``hold_brake`` says whether they may go.
    """
    comparison = Comparison(choices, agreement, clocks)
    compare_pairs(database, comparison, folder)
    _stage(database, "compared", compare_query(choices), folder)
    _stage_destination_only(database, folder)
    if choices.mirrors:
        share_lone(database, comparison, folder)
    _load_following(database)
    rows = f"(SELECT * FROM compared {_mirrored(choices)})"
    _stage(database, "decided", decide_query(rows, choices), folder)
    database.execute(
        "CREATE OR REPLACE TABLE going AS SELECT kind, id FROM decided WHERE action = 'delete'"
    )
    _stage(database, "plan", _PLAN, folder)
    return _count(database)


def hold_brake(database: Database, plan: Plan, choices: TrackerChoices) -> None:
    """Stop before mirroring takes away more than the set share of the pair's objects of a month.

    ContractError names the numbers. A preview does not ask: it shows the plan.
    """
    if not choices.mirrors:
        return
    live = dict(
        database.rows(
            "SELECT month, count(*) FROM destination WHERE NOT deleted AND verdict IS NULL "
            "GROUP BY month"
        )
    )
    for month, by_kind in plan.mirrored.items():
        rows = sum(by_kind.values())
        if rows * 100 > choices.brake_percent * live.get(month, 0):
            raise ContractError(
                f"Mirroring would delete {rows} of {live.get(month, 0)} objects that the "
                f"destination holds for {month}; the brake of the pair is "
                f"{choices.brake_percent:g} %. Nothing was sent.",
                remedy="Look at the plan (job preview). If they must go, raise "
                "deletes.brake_percent of the pair for one run; else set deletes.mirror to false.",
            )


def _stage(database: Database, name: str, query: str, folder: Path) -> None:
    path = folder / f"{name}.parquet"
    database.save(query, path, spread=True)
    database.attach(name, path, spread_by="id")


def _mirrored(choices: TrackerChoices) -> str:
    return f"UNION ALL BY NAME {mirror_query(choices)}" if choices.mirrors else ""


def _stage_destination_only(database: Database, folder: Path) -> None:
    """Live objects of the destination, in the pair's scope, that the source did not give; not what
    goes with a parent that is deleted, and not what the source has in another month."""
    database.execute(
        "CREATE OR REPLACE TABLE going_with AS SELECT id FROM compared "
        "WHERE deleted AND verdict IS NULL AND NOT is_right AND one_way = 'delete'"
    )
    query = """
        SELECT d.* FROM destination AS d
        ANTI JOIN source AS s ON s.kind = d.kind AND s.id = d.id
        WHERE NOT d.deleted AND d.verdict IS NULL
            AND d.id NOT IN (SELECT id FROM elsewhere)
            AND d.parent NOT IN (SELECT id FROM going_with)
            AND d.root NOT IN (SELECT id FROM going_with)"""
    _stage(database, "destination_only", query, folder)


#: Roots with something that its children cannot count on, or with an end of a relationship.
_ROOTS = """
    CREATE OR REPLACE TABLE looked_at AS
    SELECT DISTINCT root FROM compared WHERE kind <> 'relationship'
        AND (stands IS NOT NULL OR deleted
             OR (kind, id) IN (SELECT (kind, "end") FROM relationship_end))"""

_OBJECTS = """
    SELECT kind, id, parent, coalesce(stands, ''), deleted, at_destination FROM compared
    WHERE kind <> 'relationship' AND root IN (SELECT root FROM looked_at)"""

#: Each with its two ends, ``from`` first.
_RELATIONSHIPS = """
    SELECT e.id, list(e.kind ORDER BY e.side), list(e."end" ORDER BY e.side)
    FROM relationship_end AS e JOIN compared AS c ON c.kind = 'relationship' AND c.id = e.id
    WHERE c.stands IS NULL GROUP BY e.id"""

_ENDS_THERE = """
    SELECT kind, "end" FROM end_there
    UNION SELECT e.kind, e."end" FROM relationship_end AS e
    JOIN destination AS d ON d.kind = e.kind AND d.id = e."end" WHERE NOT d.deleted"""


def _load_following(database: Database) -> None:
    """Make the table ``following``; ids alone are held, and of roots in question only."""
    database.execute(_ROOTS)
    rows: list[Row] = []
    present = {(Kind(kind), uid) for kind, uid in database.rows(_ENDS_THERE)}
    for name, uid, parent, stands, deleted, at_destination in database.rows(_OBJECTS):
        kind = Kind(name)
        rows.append(Row(kind, uid, list_parents(kind, parent, {}), stands, deleted))
        if at_destination:
            present.add((kind, uid))
    for uid, kinds, ends in database.rows(_RELATIONSHIPS):
        pairs = tuple((Kind(kind), end) for kind, end in zip(kinds, ends, strict=True))
        rows.append(Row(Kind.RELATIONSHIP, uid, pairs))
    found = [
        {"kind": str(kind), "id": uid, "code": verdict.code, "reason": verdict.reason}
        for (kind, uid), verdict in find_following(rows, present).items()
    ]
    database.load("following", pa.Table.from_pylist(found, _FOLLOWING))


#: A child of a deleted parent goes with it, and is not sent.
_ADDED = f"""
    CASE WHEN x.action = 'delete' AND EXISTS (
        SELECT 1 FROM going AS g WHERE g.id = x.parent
            AND g.kind = CASE x.kind WHEN 'event' THEN 'enrollment'
                                     WHEN 'enrollment' THEN 'trackedEntity' END)
         THEN '{WITH_PARENT}' ELSE x.action END AS action,
    x.attempts, x.old_digest, x.at_destination, x.state = 'changed_at_both' AS in_conflict
"""
_OWN = ", ".join(
    f"s.{name}"
    for name in STAGED_SCHEMA.names
    if name not in ("row", "deleted", "digest", "verdict", "reason")
)
_CHANGED = "x.row, x.deleted, x.digest, x.final_verdict AS verdict, x.final_reason AS reason"

#: Each object as it would be stored, beside what the destination has, and what is done with it.
_PLAN = f"""
    SELECT {_CHANGED}, {_OWN}, {_ADDED}, d.body AS old_body
    FROM source AS s JOIN decided AS x ON x.row = s.row AND x.id = s.id
    LEFT JOIN (
        SELECT kind, id, body FROM destination
        SEMI JOIN (SELECT kind, id FROM decided WHERE action = 'update') USING (kind, id)
    ) AS d ON d.kind = s.kind AND d.id = s.id
    UNION ALL BY NAME
    SELECT {_CHANGED}, {_OWN}, {_ADDED}, NULL::BLOB AS old_body
    FROM destination_only AS s JOIN decided AS x ON x.row = -1 - s.row AND x.id = s.id
    WHERE x.action <> '{DESTINATION_NEWER}'
"""


def _count(database: Database) -> Plan:
    actions: dict[str, dict[Kind, dict[str, int]]] = {}
    for month, kind, action, rows in database.rows(
        "SELECT month, kind, action, count(*) FROM plan WHERE row >= 0 GROUP BY ALL ORDER BY ALL"
    ):
        actions.setdefault(month, {}).setdefault(Kind(kind), {})[action] = rows
    return Plan(
        actions,
        destination_only=_count_kinds(database, "destination_only"),
        mirrored=_count_kinds(database, "plan WHERE row < 0"),
        conflicts=_count_kinds(database, "plan WHERE in_conflict"),
    )


def _count_kinds(database: Database, rows: str) -> Counts:
    found: Iterable[tuple[str, str, int]] = database.rows(
        f"SELECT month, kind, count(*) FROM {rows} GROUP BY ALL ORDER BY ALL"
    )
    counts: dict[str, dict[Kind, int]] = {}
    for month, kind, count in found:
        counts.setdefault(month, {})[Kind(kind)] = count
    return counts
