"""What would be written is known, stored and shown before anything is sent.

The destination was read like the source; the two are joined on the data value's key. What is
already right is not sent again: 2.43 rewrites unchanged rows at full cost and bumps their
``lastUpdated``. The import strategy is applied here, since 2.43 ignores CREATE and UPDATE.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from d2_assets.data_values.check import SPREAD, belongs_elsewhere
from d2_assets.data_values.choices import Choices
from d2_assets.data_values.clocks import ON_TIME, ClockErrors
from d2_assets.data_values.content import KEY, digest, same_content, same_key
from d2_assets.data_values.decisions import REASON, VERDICT, decide_query
from d2_assets.data_values.scope import Scope
from d2_assets.data_values.two_way import DESTINATION_NEWER, load_two_way
from d2_assets.data_values.verdicts import outcome_sql
from d2_assets.errors import ContractError
from d2_assets.staging.database import Database

#: The three actions that send something, and the import strategy each is sent with.
SENT_ACTIONS: Mapping[str, str] = {
    "create": "CREATE_AND_UPDATE",
    "update": "CREATE_AND_UPDATE",
    "delete": "DELETE",
}

HELD = "held_by_strategy"


def is_sent(action: str, strategy: str = "") -> str:
    """SQL: whether an action sends something (with that import strategy, where one is named)."""
    sent = (name for name, sent_with in SENT_ACTIONS.items() if strategy in ("", sent_with))
    return f"{action} IN ({', '.join(repr(name) for name in sent)})"


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows per month and action, and the rows that only the destination has, per month.

    Actions: create, update, delete, unchanged, held_by_strategy, destination_newer, filtered,
    quarantined, discarded. ``mirrored``: rows that only the destination has and that a push would
    delete. ``conflicts``: rows that changed on both sides, whatever their action.
    """

    actions: Mapping[str, Mapping[str, int]]
    destination_only: Mapping[str, int]
    mirrored: Mapping[str, int] = field(default_factory=dict)
    conflicts: Mapping[str, int] = field(default_factory=dict)

    def count(self, month: str, *actions: str) -> int:
        return sum(self.actions.get(month, {}).get(action, 0) for action in actions)

    def sends(self, month: str) -> int:
        """Rows of that month that a push would send."""
        return self.count(month, *SENT_ACTIONS)

    def read(self, month: str) -> int:
        """Rows of that month that were read at the source."""
        return sum(self.actions.get(month, {}).values())


def plan_changes(
    database: Database,
    choices: Choices,
    scope: Scope,
    folder: Path,
    clocks: ClockErrors = ON_TIME,
) -> Plan:
    """Stage ``plan`` and ``destination_only`` from the views ``checked`` and ``destination``, and
    from what earlier runs left: ``journalled``, ``discarded`` and, with ``reverse``, ``agreed``.

    With ``mirror`` the rows of ``destination_only`` join the plan as deletes, numbered below
    zero: they were not read at the source; ``hold_brake`` says whether they may go.
    """
    load_two_way(database, scope, choices)
    _stage_destination_only(database, folder / "destination_only.parquet")
    database.save(_plan_query(choices, clocks), folder / "plan.parquet", spread=True)
    database.attach("plan", folder / "plan.parquet", spread_by=SPREAD)
    return _count(database)


def _plan_query(choices: Choices, clocks: ClockErrors) -> str:
    """Each row as it would be stored, beside what the destination has, and what is done with it."""
    mirrored = f"UNION ALL BY NAME {_mirror_query(choices)}" if choices.mirrors else ""
    return f"""
        WITH compared AS (
            {_compare_query(choices)}
            {mirrored}
        ), decided AS ({decide_query("compared", choices, clocks)}
        )
        SELECT row, month, data_set, {", ".join(KEY)}, value, comment, followup, deleted,
               value_type, last_updated, {VERDICT} AS verdict, {REASON} AS reason,
               old_value, old_comment, old_followup, action, digest, unmerged,
               state = 'changed_at_both' AS in_conflict, attempts
        FROM decided
        WHERE row >= 0 OR action <> '{DESTINATION_NEWER}'
    """


def _compare_query(choices: Choices) -> str:
    """Source beside destination. ``unmerged`` is the fingerprint at the source where merging
    keeps a comment, so that both ends differ and yet agree."""
    kept = "CASE WHEN NOT d.deleted THEN d.comment END"
    merges = choices.merge
    return f"""
        SELECT s.row, s.month, s.data_set, {", ".join(f"s.{name}" for name in KEY)},
               CASE WHEN s.deleted THEN d.value ELSE s.value END AS value,
               {f"coalesce(s.comment, {kept})" if merges else "s.comment"} AS comment,
               s.followup, s.deleted, s.value_type, s.last_updated, s.verdict, s.reason,
               {outcome_sql("s.verdict")} AS judged_as,
               d.value AS old_value, d.comment AS old_comment, d.followup AS old_followup,
               d.last_updated AS old_last_updated, d.data_set IS NULL AS is_absent,
               CASE WHEN s.deleted THEN d.data_set IS NULL OR d.deleted
                    ELSE d.data_set IS NOT NULL AND NOT d.deleted
                         AND {same_content("s", "d", merge=merges)} END AS is_right,
               CASE WHEN s.deleted THEN '{"delete" if choices.deletes else HELD}'
                    WHEN d.data_set IS NULL OR d.deleted
                        THEN '{"create" if choices.creates else HELD}'
                    ELSE '{"update" if choices.updates else HELD}' END AS one_way,
               {
        f"CASE WHEN s.comment IS NULL AND {kept} <> '' AND NOT s.deleted THEN {digest('s')} END"
        if merges
        else "NULL::UBIGINT"
    } AS unmerged,
               {_old_digest("d", "s", choices)} AS old_digest
        FROM checked AS s
        LEFT JOIN destination AS d ON d.data_set = s.data_set AND {same_key("s", "d")}
    """


def _mirror_query(choices: Choices) -> str:
    return f"""
        SELECT -1 - o.row AS row, o.month, o.data_set, {", ".join(f"o.{name}" for name in KEY)},
               o.value, o.comment, o.followup, true AS deleted, NULL AS value_type, o.last_updated,
               NULL AS verdict, 'Only the destination has this value.' AS reason,
               NULL AS judged_as, o.value AS old_value, o.comment AS old_comment,
               o.followup AS old_followup, o.last_updated AS old_last_updated,
               false AS is_absent, false AS is_right, 'delete' AS one_way,
               NULL::UBIGINT AS unmerged, {_old_digest("o", "e", choices)} AS old_digest
        FROM destination_only AS o
        LEFT JOIN element AS e ON e.data_set = o.data_set AND e.data_element = o.data_element
    """


def _old_digest(row: str, typed: str, choices: Choices) -> str:
    """What the destination has, as a fingerprint; only rows that may be two-way need one."""
    if not choices.reverse:
        return "NULL::UBIGINT"
    return f"CASE WHEN {row}.data_set IS NOT NULL THEN {digest(row, typed)} END"


def _stage_destination_only(database: Database, path: Path) -> None:
    """Live rows of the destination, in the pair's scope, whose key the source did not give. A row
    that is reached through several data sets stands once, in its own."""
    database.save(
        f"""
        SELECT DISTINCT ON ({", ".join(f"d.{name}" for name in KEY)}) d.*
        {_IN_SCOPE} AND NOT EXISTS (SELECT 1 FROM checked AS s WHERE {same_key("s", "d")})
        ORDER BY period.period_type IS DISTINCT FROM data_set.period_type, d.data_set
        """,
        path,
        spread=True,
    )
    database.attach("destination_only", path, spread_by=SPREAD)


#: Live rows of the destination that are the pair's. A data set is read by its elements: what came
#: along and belongs to a data set that the pair leaves out is not in its scope.
_IN_SCOPE = f"""
    FROM destination AS d
    SEMI JOIN unit_here ON unit_here.org_unit = d.org_unit
    LEFT JOIN data_set ON data_set.data_set = d.data_set
    LEFT JOIN period ON period.period = d.period
    LEFT JOIN other ON other.data_element = d.data_element
        AND other.period_type = period.period_type
    LEFT JOIN own ON own.data_element = d.data_element
    LEFT JOIN assigned ON assigned.data_set = d.data_set AND assigned.org_unit = d.org_unit
    WHERE NOT d.deleted
        AND (period.period_type = data_set.period_type OR other.data_element IS NULL)
        AND (own.data_element IS NOT NULL OR other.data_element IS NULL)
        AND (assigned.org_unit IS NOT NULL OR NOT {belongs_elsewhere("d")})
"""


def _count(database: Database) -> Plan:
    actions: dict[str, dict[str, int]] = {}
    for month, action, rows in database.rows(
        "SELECT month, action, count(*) FROM plan WHERE row >= 0 GROUP BY ALL"
    ):
        actions.setdefault(month, {})[action] = rows

    def count(rows: str) -> dict[str, int]:
        return dict(database.rows(f"SELECT month, count(*) FROM {rows} GROUP BY ALL"))

    return Plan(
        actions,
        destination_only=count("destination_only"),
        mirrored=count("plan WHERE row < 0"),
        conflicts=count("plan WHERE in_conflict"),
    )


def hold_brake(database: Database, plan: Plan, choices: Choices) -> None:
    """Stop before mirroring takes away more than the set share of the pair's rows of a month.

    ContractError names the numbers. A preview does not ask: it shows the plan.
    """
    if not choices.mirrors:
        return
    key = ", ".join(f"d.{name}" for name in KEY)
    live = dict(
        database.rows(f"SELECT d.month, count(DISTINCT hash({key})) {_IN_SCOPE} GROUP BY d.month")
    )
    for month, rows in plan.mirrored.items():
        if rows * 100 > choices.brake_percent * live.get(month, 0):
            raise ContractError(
                f"Mirroring would delete {rows} of {live.get(month, 0)} rows that the destination "
                f"holds for {month}; the brake of the pair is {choices.brake_percent:g} %. "
                "Nothing was sent.",
                remedy="Look at the plan (job preview). If the rows must go, raise "
                "deletes.brake_percent of the pair for one run; else set deletes.mirror to false.",
            )
