"""Which rows may be edited at both ends, and what is done with those that were.

A row is two-way when an active pair in the other direction moves its data set and org unit. What
both ends were last seen to share (``agreed``) tells at which end it changed since. Stamps do not:
2.43 and metadata imports bump ``lastUpdated`` of rows that nobody edited.
"""

import pyarrow as pa

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.clocks import SAME_MOMENT, ClockErrors
from d2_assets.data_values.content import define_names
from d2_assets.data_values.scope import Scope
from d2_assets.mapping.crosswalk import NO_CROSSWALK
from d2_assets.mapping.hierarchy import select_units
from d2_assets.staging.database import Database

DESTINATION_NEWER = "destination_newer"


def load_two_way(database: Database, scope: Scope, choices: Choices) -> None:
    """What each reverse pair moves, as tables. Its dates are not looked at. Fingerprints are made
    by the UIDs of one end, the same one whichever way data move."""
    define_names(
        database,
        scope.crosswalk if choices.reverse and scope.agrees_by_source else NO_CROSSWALK,
    )
    data_sets = [
        (number, data_set)
        for number, reverse in enumerate(choices.reverse)
        for data_set in (reverse.data_sets or scope.data_sets)
    ]
    org_units = [
        (number, org_unit)
        for number, reverse in enumerate(choices.reverse)
        for org_unit in select_units(
            scope.destination_units, reverse.org_units, reverse.deepest_level
        )
    ]
    for name, column, rows in (
        ("reverse_data_set", "data_set", data_sets),
        ("reverse_unit", "org_unit", org_units),
    ):
        numbers = pa.array([number for number, _ in rows], pa.int64())
        uids = pa.array([uid for _, uid in rows], pa.string())
        database.load(name, pa.table({"reverse": numbers, column: uids}))


def is_two_way(row: str) -> str:
    """SQL: whether a pair in the other direction moves the row."""
    return f"""EXISTS (
        SELECT 1 FROM reverse_data_set AS r JOIN reverse_unit AS u ON u.reverse = r.reverse
        WHERE r.data_set = {row}.data_set AND u.org_unit = {row}.org_unit)"""


def rule_sql(choices: Choices, clocks: ClockErrors) -> str:
    """SQL: the action of a row that changed at both ends, by the pair's rule.

    It reads ``one_way`` (the action if nobody edits the destination) and both stamps.
    """
    if choices.conflict_rule == "priority":
        return "one_way" if choices.source_has_priority else f"'{DESTINATION_NEWER}'"
    if choices.conflict_rule == "newest" and None not in (clocks.source, clocks.destination):
        ours = f"({_moment_sql('last_updated')} - ({clocks.source}))"
        theirs = f"({_moment_sql('old_last_updated')} - ({clocks.destination}))"
        return (
            f"CASE WHEN {ours} > {theirs} + {SAME_MOMENT} THEN one_way "
            f"WHEN {theirs} > {ours} + {SAME_MOMENT} THEN '{DESTINATION_NEWER}' "
            "ELSE 'quarantined' END"
        )
    return "'quarantined'"


def _moment_sql(stamp: str) -> str:
    """SQL: a stamp in milliseconds since the epoch; NULL without an offset: it is no moment."""
    return (
        rf"CASE WHEN regexp_matches({stamp}, '(Z|[+-]\d\d:?\d\d)$') "
        f"THEN epoch_ms(try_cast({stamp} AS TIMESTAMPTZ)) END"
    )
