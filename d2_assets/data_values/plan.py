"""What would be written is known, stored and shown before anything is sent.

The destination was read like the source; the two are joined on the data value's key. What is
already right is not sent again: 2.43 rewrites unchanged rows at full cost and bumps their
``lastUpdated``. The import strategy is applied here, since 2.43 ignores CREATE and UPDATE.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from d2_assets.data_values.check import SPREAD, belongs_elsewhere
from d2_assets.data_values.choices import Choices
from d2_assets.data_values.content import KEY, same_content, same_key
from d2_assets.data_values.verdicts import outcome_sql
from d2_assets.errors import ContractError
from d2_assets.staging.database import Database

#: The three actions that send something, and the import strategy each is sent with.
SENT_ACTIONS: Mapping[str, str] = {
    "create": "CREATE_AND_UPDATE",
    "update": "CREATE_AND_UPDATE",
    "delete": "DELETE",
}


def is_sent(action: str, strategy: str = "") -> str:
    """SQL: whether an action sends something (with that import strategy, where one is named)."""
    sent = (name for name, sent_with in SENT_ACTIONS.items() if strategy in ("", sent_with))
    return f"{action} IN ({', '.join(repr(name) for name in sent)})"


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows per month and action, and the rows that only the destination has, per month.

    Actions: create, update, delete, unchanged, held_by_strategy, filtered, quarantined.
    """

    actions: Mapping[str, Mapping[str, int]]
    destination_only: Mapping[str, int]

    def count(self, month: str, *actions: str) -> int:
        return sum(self.actions.get(month, {}).get(action, 0) for action in actions)

    def sends(self, month: str) -> int:
        """Rows of that month that a push would send."""
        return self.count(month, *SENT_ACTIONS)

    def read(self, month: str) -> int:
        """Rows of that month that were read at the source."""
        return sum(self.actions.get(month, {}).values())


def plan_changes(database: Database, choices: Choices, folder: Path) -> Plan:
    """Stage ``plan`` and ``destination_only`` from the views ``checked`` and ``destination``.

    With ``mirror`` the rows of ``destination_only`` join the plan as deletes, numbered below
    zero: they were not read at the source; ``hold_brake`` says whether they may go.
    """
    _stage_destination_only(database, folder / "destination_only.parquet")
    database.save(_plan_query(choices), folder / "plan.parquet", spread=True)
    database.attach("plan", folder / "plan.parquet", spread_by=SPREAD)
    return _count(database)


def _plan_query(choices: Choices) -> str:
    kept = "CASE WHEN NOT d.deleted THEN d.comment END"
    comment = f"coalesce(s.comment, {kept})" if choices.merge else "s.comment"
    mirrored = f"UNION ALL BY NAME {_MIRROR_QUERY}" if choices.mirrors else ""
    return f"""
        SELECT s.row, s.month, s.data_set, {", ".join(f"s.{name}" for name in KEY)},
               CASE WHEN s.deleted THEN d.value ELSE s.value END AS value,
               {comment} AS comment, s.followup, s.deleted, s.value_type, s.last_updated,
               s.verdict, s.reason,
               d.value AS old_value, d.comment AS old_comment, d.followup AS old_followup,
               CASE
                   WHEN s.verdict IS NOT NULL THEN {outcome_sql("s.verdict")}
                   WHEN s.deleted AND (d.data_set IS NULL OR d.deleted) THEN 'unchanged'
                   WHEN s.deleted THEN '{"delete" if choices.deletes else "held_by_strategy"}'
                   WHEN d.data_set IS NULL OR d.deleted
                       THEN '{"create" if choices.creates else "held_by_strategy"}'
                   WHEN {same_content("s", "d", merge=choices.merge)} THEN 'unchanged'
                   ELSE '{"update" if choices.updates else "held_by_strategy"}'
               END AS action
        FROM checked AS s
        LEFT JOIN destination AS d ON d.data_set = s.data_set AND {same_key("s", "d")}
        {mirrored}
    """


_MIRROR_QUERY = """
    SELECT -1 - row AS row, month, data_set, data_element, period,
           org_unit, category_option_combo, attribute_option_combo, value, comment, followup,
           true AS deleted, NULL AS value_type, last_updated, NULL AS verdict,
           'Only the destination has this value.' AS reason,
           value AS old_value, comment AS old_comment, followup AS old_followup, 'delete' AS action
    FROM destination_only
"""


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
    only = database.rows("SELECT month, count(*) FROM destination_only GROUP BY ALL")
    return Plan(actions, dict(only))


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
    for month, rows in plan.destination_only.items():
        if rows * 100 > choices.brake_percent * live.get(month, 0):
            raise ContractError(
                f"Mirroring would delete {rows} of {live.get(month, 0)} rows that the destination "
                f"holds for {month}; the brake of the pair is {choices.brake_percent:g} %. "
                "Nothing was sent.",
                remedy="Look at the plan (job preview). If the rows must go, raise "
                "deletes.brake_percent of the pair for one run; else set deletes.mirror to false.",
            )
