"""How events and tracker look in the UI: tables, numbers and links of one partition."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from d2_assets.defs.tables import show_outcomes, show_table
from d2_assets.ledger.outcomes import OUTCOME_WORDS, Outcome, Tally
from d2_assets.ledger.tracker import SHOWN
from d2_assets.sync.tracker_work import PlannedTracker, TrackerResult
from d2_assets.tracker.moved_on import MovedOn
from d2_assets.tracker.objects import Adaptation, Kind
from d2_assets.tracker.outside import Outside

KIND_WORDS: Mapping[Kind, str] = {
    Kind.TRACKED_ENTITY: "tracked entities",
    Kind.ENROLLMENT: "enrollments",
    Kind.EVENT: "events",
    Kind.RELATIONSHIP: "relationships",
}

#: Words of outcomes that mean something else of objects than of rows.
_OBJECT_WORDS: Mapping[Outcome, str] = {
    **OUTCOME_WORDS,
    Outcome.FILTERED: "the pair's filters leave it out",
}

#: What each action of a plan says to a person.
_PLAN_WORDS: Mapping[str, str] = {
    "create": "would be created",
    "update": "would be updated",
    "delete": "would be deleted",
    "delete_with_parent": "would be deleted by the delete of what it belongs to",
    "unchanged": "is right already",
    "filtered": "is left out by the pair's filters",
    "held_by_strategy": "is held back by the import strategy or delete policy",
    "destination_newer": "changed at the destination since both ends agreed; it stays there",
    "quarantined": "is unfit, or changed on both sides, and would go to quarantine",
}


def show_kinds(by_kind: Mapping[Kind, Tally]) -> dg.MetadataValue:
    """A line for each kind: objects read, and how many of them ended in each outcome."""
    return show_table(
        {
            "kind": KIND_WORDS[kind],
            "read": tally.read,
            **{str(outcome): tally.count(outcome) for outcome in Outcome},
        }
        for kind, tally in by_kind.items()
    )


def show_tracker_month(
    planned: PlannedTracker, result: TrackerResult, bytes_moved: int
) -> dict[str, Any]:
    """All that the UI shows of one partition of events or tracker."""
    objects, push, spent = result.objects, result.push, result.seconds_pushing
    tally = objects.tally
    return {
        "outcomes": show_outcomes(tally, "objects", _OBJECT_WORDS),
        "kinds": show_kinds(objects.by_kind),
        "programs": show_programs(planned, objects.by_program),
        "objects_read": tally.read,
        **{str(outcome): tally.count(outcome) for outcome in Outcome},
        "destination_only": objects.destination_only,
        "mirror_deleted": objects.mirrored,
        "changed_on_both_sides": objects.conflicts,
        "dagster/partition_row_count": tally.read,
        "objects_per_second": dg.MetadataValue.float(round(push.sent / spent, 1) if spent else 0.0),
        "seconds_reading": dg.MetadataValue.float(round(planned.seconds_reading, 2)),
        "seconds_pushing": dg.MetadataValue.float(round(spent, 2)),
        "seconds_reconciling": dg.MetadataValue.float(round(result.seconds_reconciling, 2)),
        "requests_with_objects": push.requests,
        "bytes_moved": bytes_moved,
        "differences": show_table(asdict(item) for item in objects.differences[:SHOWN]),
        "quarantine": show_table(result.quarantined_rows),
        "quarantine_reasons": show_table(
            {"code": code, "objects": count, "reason": reason}
            for code, reason, count in result.reasons
        ),
        "collisions": show_table(result.collisions[:SHOWN]),
        **_show_common(planned),
        "moved_on": show_moved_on(result.moved_on),
        **{f"{name}_file": dg.MetadataValue.path(str(path)) for name, path in result.files.items()},
    }


def show_tracker_plan(planned: PlannedTracker, month: str) -> dict[str, Any]:
    """What a push of this month would do."""
    plan = planned.plan
    totals = {action: plan.count(month, action) for action in _PLAN_WORDS}
    return {
        "plan": show_table(
            {"action": action, "objects": totals[action], "meaning": words}
            for action, words in _PLAN_WORDS.items()
        ),
        "kinds": show_table(
            {"kind": KIND_WORDS[kind], **{name: actions.get(name, 0) for name in _PLAN_WORDS}}
            for kind, actions in plan.actions.get(month, {}).items()
        ),
        "objects_read": plan.read(month),
        "objects_to_send": plan.sends(month),
        **totals,
        "destination_only": _count(plan.destination_only, month),
        "mirror_would_delete": _count(plan.mirrored, month),
        "changed_on_both_sides": _count(plan.conflicts, month),
        "changes": show_table(list_changes(planned, month)),
        **_show_common(planned),
        "plan_file": dg.MetadataValue.path(str(planned.folder / "plan.parquet")),
    }


def _count(counts: Mapping[str, Mapping[Kind, int]], month: str) -> int:
    return sum(counts.get(month, {}).values())


def _show_common(planned: PlannedTracker) -> dict[str, Any]:
    """What is the same for all months of a run."""
    return {
        "adaptations": show_adaptations(planned.staged.adaptations),
        "outside_partitions": show_outside(planned.outside),
        "source": dg.MetadataValue.url(planned.source.url),
        "destination": dg.MetadataValue.url(planned.destination.url),
    }


def show_programs(
    planned: PlannedTracker, by_program: Mapping[str, Mapping[str, int]]
) -> dg.MetadataValue:
    """Objects per program and outcome; those of no program are of the entity itself."""
    names = {
        **{uid: program.name for uid, program in planned.scope.facts.programs.items()},
        **{uid: program.name for uid, program in planned.scope.programs.items()},
    }
    return show_table(
        {"program": names.get(program, program or "of no program"), "outcome": outcome,
         "objects": count}
        for program, outcomes in by_program.items()
        for outcome, count in outcomes.items()
    )  # fmt: skip


def show_adaptations(adaptations: Sequence[Adaptation]) -> dg.MetadataValue:
    """What was changed on the way, a line for each cause, with how many objects."""
    return show_table({**asdict(item), "kind": KIND_WORDS[item.kind]} for item in adaptations)


def show_outside(outside: Outside) -> dg.MetadataValue:
    """Events of the pair that lie in no partition, program by program."""
    counted = datetime.fromtimestamp(outside.counted_at, UTC)
    lines = [(name, asdict(one)) for name, one in outside.programs.items()]
    total = {
        "before_first_month": outside.before_first_month,
        "in_the_future": outside.in_the_future,
        "without_date": outside.without_date,
    }
    if outside.counted_at:
        lines.append((f"all, counted {counted:%Y-%m-%d %H:%M} UTC", total))
    return show_table({"program": name, **counts} for name, counts in lines)


def show_moved_on(moved_on: MovedOn) -> dg.MetadataValue:
    """Entities that an earlier run met in this month and that belong to a later one now."""
    rows: list[dict[str, Any]] = [asdict(item) for item in moved_on.entities[:SHOWN]]
    more = moved_on.more + len(moved_on.entities) - len(rows)
    if more:
        rows.append(dict.fromkeys(rows[0], "") | {"id": f"and {more} more"})
    return show_table(rows)


def list_changes(planned: PlannedTracker, month: str) -> Sequence[dict[str, str]]:
    """The first objects that would be written or would wait, with the reason."""
    columns = ("action", "kind", "id", "program", "org_unit", "updated_at", "reason")
    rows = planned.database.rows(
        f"SELECT {', '.join(columns)} FROM plan WHERE month = '{month}' AND action IN "
        "('create', 'update', 'delete', 'quarantined', 'destination_newer') "
        f"ORDER BY action DESC, row LIMIT {SHOWN}"
    )
    return [
        {name: "" if cell is None else str(cell) for name, cell in zip(columns, row, strict=True)}
        for row in rows
    ]
