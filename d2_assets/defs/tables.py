"""How results look in the UI: tables, numbers and links of one partition."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from d2_assets.ledger.outcomes import OUTCOME_WORDS, Outcome, Tally
from d2_assets.sync.months import MonthResult
from d2_assets.sync.progress import Progress
from d2_assets.sync.work import PlannedWork


def show_table(rows: Iterable[Mapping[str, Any]]) -> dg.MetadataValue:
    """Rows as a table of the UI; an empty one says so, since Dagster refuses no columns."""
    records = [
        dg.TableRecord({key: _cell(value) for key, value in row.items()}) for row in rows
    ] or [dg.TableRecord({"": "none"})]
    columns = [
        dg.TableColumn(name, "int" if isinstance(cell, int) else "string")
        for name, cell in records[0].data.items()
    ]
    return dg.MetadataValue.table(records, dg.TableSchema(columns))


def _cell(value: Any) -> str | int:
    return value if isinstance(value, int) else str(value)


def show_outcomes(
    tally: Tally, counted: str = "rows", words: Mapping[Outcome, str] = OUTCOME_WORDS
) -> dg.MetadataValue:
    """Every outcome that ``words`` explains, with how many of what was ``counted`` ended so."""
    return show_table(
        {"outcome": str(outcome), counted: tally.count(outcome), "meaning": meaning}
        for outcome, meaning in words.items()
    )


def show_month(planned: PlannedWork, result: MonthResult, bytes_moved: int) -> dict[str, Any]:
    """All that the UI shows of one partition of data values."""
    tally, push = result.values.tally, result.push
    spent = result.seconds_pushing
    return {
        "outcomes": show_outcomes(tally),
        "rows_read": tally.read,
        **{str(outcome): tally.count(outcome) for outcome in Outcome},
        "destination_only": result.values.destination_only,
        "mirror_deleted": result.values.mirrored,
        "changed_on_both_sides": result.values.conflicts,
        "dagster/partition_row_count": tally.read,
        "rows_per_second": dg.MetadataValue.float(round(push.sent / spent, 1) if spent else 0.0),
        "seconds_reading": dg.MetadataValue.float(round(planned.seconds_reading, 2)),
        "seconds_pushing": dg.MetadataValue.float(round(spent, 2)),
        "seconds_reconciling": dg.MetadataValue.float(round(result.seconds_reconciling, 2)),
        "requests_with_rows": push.requests,
        "bytes_moved": bytes_moved,
        "data_sets": show_data_sets(planned, result.values.by_data_set),
        "differences": show_table(asdict(item) for item in result.values.differences),
        "quarantine": show_table(result.quarantined_rows),
        "quarantine_reasons": show_table(
            {"code": code, "rows": rows, "reason": reason} for code, reason, rows in result.reasons
        ),
        "completeness": show_outcomes(result.completeness.tally),
        "outside_partitions": show_outside(planned),
        "source": dg.MetadataValue.url(planned.source.url),
        "destination": dg.MetadataValue.url(planned.destination.url),
        **{name: dg.MetadataValue.path(str(path)) for name, path in _paths(result).items()},
    }


def _paths(result: MonthResult) -> dict[str, str]:
    return {f"{name}_file": str(path) for name, path in result.files.items()}


def show_data_sets(
    planned: PlannedWork, by_data_set: Mapping[str, Mapping[str, int]]
) -> dg.MetadataValue:
    """Rows per data set and outcome."""
    return show_table(
        {
            "data_set": planned.scope.data_sets[data_set].name,
            "outcome": outcome,
            "rows": rows,
        }
        for data_set, outcomes in by_data_set.items()
        for outcome, rows in outcomes.items()
    )


def show_outside(planned: PlannedWork) -> dg.MetadataValue:
    """Values of the pair that lie in no partition."""
    outside = planned.outside
    counted = datetime.fromtimestamp(outside.counted_at, UTC)
    return show_table(
        [
            {
                "where": f"before {planned.work.first_month}, the first month of the settings",
                "values": outside.before_first_month,
            },
            {"where": "in the future", "values": outside.in_the_future},
            {
                "where": f"counted {counted:%Y-%m-%d %H:%M} UTC"
                + (", and there are more" if outside.there_are_more else ""),
                "values": outside.total,
            },
        ]
    )


#: What each action of a plan says to a person.
_PLAN_WORDS = {
    "create": "would be created",
    "update": "would be updated",
    "delete": "would be deleted",
    "unchanged": "is right already",
    "filtered": "is left out by the pair's filters, or carried by another data set",
    "held_by_strategy": "is held back by the import strategy or delete policy",
    "destination_newer": "changed at the destination since both ends agreed; it stays there",
    "quarantined": "is unfit, or changed on both sides, and would go to quarantine",
    "discarded": "was taken off the work list by a person",
}


def _show_actions(actions: Mapping[str, int]) -> dg.MetadataValue:
    return show_table(
        {"action": action, "rows": actions.get(action, 0), "meaning": meaning}
        for action, meaning in _PLAN_WORDS.items()
    )


def _name_actions(tally: Tally) -> dict[str, int]:
    """Registrations are planned in outcomes to be: the same numbers under the plan's words."""
    to_be = {Outcome.CREATED: "create", Outcome.UPDATED: "update", Outcome.DELETED: "delete"}
    return {to_be.get(outcome, str(outcome)): rows for outcome, rows in tally.outcomes.items()}


def show_plan(planned: PlannedWork, month: str) -> dict[str, Any]:
    """What a push of this month would do."""
    actions = planned.plan.actions.get(month, {})
    only = planned.plan.destination_only.get(month, 0)
    return {
        "plan": _show_actions(actions),
        "rows_read": planned.plan.read(month),
        "rows_to_send": planned.plan.sends(month),
        **{action: actions.get(action, 0) for action in _PLAN_WORDS},
        "destination_only": only,
        "mirror_would_delete": planned.plan.mirrored.get(month, 0),
        "changed_on_both_sides": planned.plan.conflicts.get(month, 0),
        "completeness": _show_actions(_name_actions(planned.completeness[month].tally)),
        "changes": show_table(list_changes(planned, month)),
        "outside_partitions": show_outside(planned),
        "plan_file": dg.MetadataValue.path(str(planned.folder / "plan.parquet")),
        "source": dg.MetadataValue.url(planned.source.url),
        "destination": dg.MetadataValue.url(planned.destination.url),
    }


def list_changes(planned: PlannedWork, month: str, most: int = 50) -> Sequence[dict[str, str]]:
    """The first rows that would be written, with the value before and after."""
    columns = ("action", "data_element", "period", "org_unit", "old_value", "value", "reason")
    rows = planned.database.rows(
        f"SELECT {', '.join(columns)} FROM plan WHERE month = '{month}' "
        "AND action IN ('create', 'update', 'delete', 'quarantined', 'destination_newer') "
        f"ORDER BY action DESC, row LIMIT {most}"
    )
    return [
        {name: "" if cell is None else str(cell) for name, cell in zip(columns, row, strict=True)}
        for row in rows
    ]


def show_progress(progress: Progress) -> dict[str, Any]:
    """The numbers that people watch while it runs."""
    return {
        "stage": progress.stage,
        "percent": progress.percent,
        "total": progress.total,
        "processed": progress.processed,
        "success": progress.success,
        "warnings": progress.warnings,
        "errors": progress.errors,
        "rate": dg.MetadataValue.float(round(progress.rate, 1)),
        "elapsed": dg.MetadataValue.float(round(progress.elapsed, 1)),
    }
