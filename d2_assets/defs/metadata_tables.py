"""How a metadata family looks in the UI: tables, numbers and links of one partition."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import dagster as dg

from d2_assets.defs.tables import show_outcomes, show_table
from d2_assets.ledger.outcomes import OUTCOME_WORDS, Outcome
from d2_assets.mapping.crosswalk import Match
from d2_assets.metadata.compare import Difference
from d2_assets.metadata.families import FAMILIES
from d2_assets.metadata.objects import Adaptation, Refusal
from d2_assets.metadata.plan import Action, Plan
from d2_assets.sync.metadata import FamilyResult, NotCarried, PlannedFamily, Promised

_Row = TypeVar("_Row")

#: Most rows of a table on the screen; the whole table lies in a file.
MOST = 50

#: States of differences in the order in which they are shown: what stays different comes first.
_URGENCY = ("lost", "kept", "held", "drift")

#: What each outcome that an object can have says to a person.
OBJECT_WORDS: Mapping[Outcome, str] = {
    outcome: words
    for outcome, words in OUTCOME_WORDS.items()
    if outcome not in (Outcome.DESTINATION_NEWER, Outcome.DISCARDED)
} | {
    Outcome.DELETED: "only the destination had it; the pair mirrors, so it is gone there now",
    Outcome.FILTERED: "each server has its own, or the pair's settings leave it out",
    Outcome.HELD_BY_STRATEGY: "the pair's import strategy holds it back",
}

#: What each action of a plan says to a person.
PLAN_WORDS: Mapping[Action, str] = {
    Action.CREATE: "would be created",
    Action.UPDATE: "would be updated",
    Action.DELETE: "would be deleted: the pair mirrors",
    Action.GENERATE: "would be made by the server, which is asked to",
    Action.UNCHANGED: "is right already",
    Action.HELD: "is held back by the import strategy",
    Action.FILTERED: "each server has its own, or the pair's settings leave it out",
    Action.QUARANTINED: "is unfit, or refers to what is missing, and would go to quarantine",
}


def show_family(planned: PlannedFamily, result: FamilyResult) -> dict[str, Any]:
    """All that the UI shows of one partition of a family."""
    tally, spent = result.tally, result.seconds_pushing
    sent = planned.plan.sends
    return {
        "outcomes": show_outcomes(tally, "objects", OBJECT_WORDS),
        "classes": show_classes(result),
        "objects_read": tally.read,
        **{str(outcome): tally.count(outcome) for outcome in Outcome},
        "destination_only": result.destination_only,
        "second_pass_set": result.second_pass,
        "second_pass_left_to_later": result.deferred,
        "dagster/partition_row_count": tally.read,
        "objects_per_second": dg.MetadataValue.float(round(sent / spent, 1) if spent else 0.0),
        "seconds_reading": dg.MetadataValue.float(round(result.seconds_reading, 2)),
        "seconds_pushing": dg.MetadataValue.float(round(spent, 2)),
        "seconds_verifying": dg.MetadataValue.float(round(result.seconds_verifying, 2)),
        "requests_with_objects": result.requests,
        "bytes_moved": planned.source.bytes_moved + planned.destination.bytes_moved,
        "adapted": len({(one.plural, one.id) for one in result.adaptations}),
        "left_out": show_left_out(planned.plan),
        "quarantine": show_refusals(result.refusals),
        "quarantine_reasons": show_reasons(result.refusals),
        "adaptations": show_adaptations(result.adaptations),
        "adaptation_reasons": show_adaptation_reasons(result.adaptations),
        "differences": show_differences(result.differences),
        "crosswalk": show_crosswalk(result.crosswalk),
        "not_carried": show_not_carried(result.not_carried),
        "source": dg.MetadataValue.url(planned.source.url),
        "destination": dg.MetadataValue.url(planned.destination.url),
        **{f"{name}_file": dg.MetadataValue.path(str(path)) for name, path in result.files.items()},
    }


def show_family_plan(planned: PlannedFamily) -> dict[str, Any]:
    """What a push of this family would do."""
    plan = planned.plan
    totals = {action: plan.count(action) for action in Action}
    return {
        "plan": show_table(
            {"action": str(action), "objects": totals[action], "meaning": words}
            for action, words in PLAN_WORDS.items()
        ),
        "classes": _show_counts(plan.actions, [action for action in Action if totals[action]]),
        "objects_read": planned.read,
        "objects_to_send": plan.sends,
        **{str(action): count for action, count in totals.items()},
        "destination_only": plan.destination_only,
        "second_pass_to_set": len(plan.second_pass),
        "second_pass_left_to_later": plan.deferred,
        "adapted": len({(one.plural, one.id) for one in plan.adaptations}),
        "left_out": show_left_out(plan),
        "quarantine": show_refusals(plan.refusals),
        "quarantine_reasons": show_reasons(plan.refusals),
        "adaptations": show_adaptations(plan.adaptations),
        "adaptation_reasons": show_adaptation_reasons(plan.adaptations),
        "differences": show_differences(plan.differences),
        "crosswalk": show_crosswalk(plan.crosswalk),
        "not_carried": show_not_carried(planned.not_carried),
        "seconds_reading": dg.MetadataValue.float(round(planned.seconds_reading, 2)),
        "source": dg.MetadataValue.url(planned.source.url),
        "destination": dg.MetadataValue.url(planned.destination.url),
    }


def show_promised(promised: Promised, families: Iterable[str]) -> dict[str, Any]:
    """How many objects the plans of these families would bring; nothing where they bring none."""
    counts = Counter(plural for plural, _ in promised.objects)
    coming = {
        plural: counts[plural]
        for name in families
        for plural in FAMILIES[name].classes
        if counts[plural]
    }
    if not coming:
        return {}
    return {
        "metadata_would_bring": show_table(
            {
                "class": plural,
                "objects": count,
                "meaning": "missing now: rows that name one of them are planned as unfit",
            }
            for plural, count in coming.items()
        )
    }


def show_classes(result: FamilyResult) -> dg.MetadataValue:
    """Objects by class and outcome; outcomes that occur nowhere are left out."""
    found = {outcome for counts in result.by_class.values() for outcome in counts}
    return _show_counts(result.by_class, [outcome for outcome in Outcome if outcome in found])


def _show_counts(
    by_class: Mapping[str, Mapping[Any, int]], names: Sequence[Outcome | Action]
) -> dg.MetadataValue:
    return show_table(
        {
            "class": plural,
            "objects": sum(counts.values()),
            **{str(name): counts.get(name, 0) for name in names},
        }
        for plural, counts in sorted(by_class.items())
    )


def show_left_out(plan: Plan) -> dg.MetadataValue:
    """The first objects that do not travel although a family owns their class, and why."""
    return show_table(
        {"class": one.key[0], "id": one.key[1], "name": one.name, "why": one.reason}
        for one in _first(one for one in plan.own if one.action == Action.FILTERED)
    )


def show_refusals(refusals: Iterable[Refusal]) -> dg.MetadataValue:
    """The first objects in quarantine, each with its reason."""
    return show_table(
        {
            "class": one.plural,
            "id": one.id,
            "name": one.name,
            "code": one.code,
            "reason": one.reason,
        }
        for one in _first(refusals)
    )


def show_reasons(refusals: Sequence[Refusal]) -> dg.MetadataValue:
    """Why objects are in quarantine, most frequent first, with an example in words."""
    counts = Counter((one.plural, one.code) for one in refusals)
    examples = {(one.plural, one.code): one.reason for one in reversed(refusals)}
    return show_table(
        {"class": plural, "code": code, "objects": count, "for example": examples[plural, code]}
        for (plural, code), count in counts.most_common(MOST)
    )


def show_adaptations(adaptations: Iterable[Adaptation]) -> dg.MetadataValue:
    """The first objects that were changed on their way."""
    return show_table(
        {
            "class": one.plural,
            "id": one.id,
            "name": one.name,
            "property": one.property,
            "what": one.what,
            "why": one.why,
        }
        for one in _first(adaptations)
    )


def show_adaptation_reasons(adaptations: Iterable[Adaptation]) -> dg.MetadataValue:
    """Which members were changed and why, most frequent first."""
    counts = Counter((one.plural, one.property, one.why) for one in adaptations)
    return show_table(
        {"class": plural, "property": name, "objects": count, "why": why}
        for (plural, name, why), count in counts.most_common(MOST)
    )


def show_differences(differences: Iterable[Difference]) -> dg.MetadataValue:
    """The first members that differ, or did, with the value of each side."""
    return show_table(
        {
            "class": one.plural,
            "id": one.id,
            "name": one.name,
            "property": one.property,
            "source": one.source,
            "destination": one.destination,
            "why": one.why,
        }
        for one in _first(sorted(differences, key=lambda one: _URGENCY.index(one.state)))
    )


def show_crosswalk(matches: Iterable[Match]) -> dg.MetadataValue:
    """The first objects that have another UID at the destination."""
    return show_table(
        {
            "class": one.plural,
            "source": one.source,
            "destination": one.destination,
            "matched by": one.how,
            "name": one.name,
        }
        for one in _first(matches)
    )


def show_not_carried(not_carried: Iterable[NotCarried]) -> dg.MetadataValue:
    """Classes with objects at the source that no family carries."""
    return show_table(
        {
            "class": one.plural,
            "objects": str(one.objects or "the server does not say"),
            "why": one.reason,
        }
        for one in not_carried
    )


def _first(rows: Iterable[_Row]) -> Iterator[_Row]:
    return islice(rows, MOST)
