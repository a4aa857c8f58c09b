"""The claims that events and tracker make of a partition, object kind by object kind."""

from collections.abc import Mapping

import dagster as dg

from d2_assets.defs.checks import (
    DESTINATION_EQUALS_SOURCE,
    NO_ROW_IS_LOST,
    answer_accounting,
    answer_equality,
    specify_checks,
)
from d2_assets.defs.reports import CheckReport
from d2_assets.defs.tracker_tables import KIND_WORDS, show_kinds
from d2_assets.ledger.outcomes import Outcome
from d2_assets.tracker.reconcile import Reconciliation

_DESCRIPTIONS: Mapping[str, str] = {
    NO_ROW_IS_LOST: "Every tracked entity, enrollment, event and relationship that was read ended "
    "in exactly one named outcome; each kind is counted by itself.",
    DESTINATION_EQUALS_SOURCE: "Read back, the destination holds the objects of the source, member "
    "by member. An error is an object that was to be written or kept and differs; a warning means "
    "that the only gaps are named: objects that were quarantined, held by strategy or are newer at "
    "the destination, members that the server keeps otherwise, objects only the destination has.",
}


def specify_tracker_checks(
    asset_key: dg.AssetKey, partitions: dg.PartitionsDefinition
) -> list[dg.AssetCheckSpec]:
    """The check specs of either asset."""
    return specify_checks(asset_key, partitions, _DESCRIPTIONS)


def answer_tracker_checks(objects: Reconciliation, quarantined: int) -> list[CheckReport]:
    """Both claims, for all kinds of objects of a month. ``quarantined``: what waits on the list."""
    return [_no_row_is_lost(objects), _destination_equals_source(objects, quarantined)]


def _no_row_is_lost(objects: Reconciliation) -> CheckReport:
    """Kinds are counted one by one: a row lost of one and doubled of another is no balance."""
    unaccounted = {
        f"unaccounted: {KIND_WORDS[kind]}": abs(tally.unaccounted)
        for kind, tally in objects.by_kind.items()
    }
    wrong = max(sum(unaccounted.values()), abs(objects.lost) + objects.doubled)
    return answer_accounting(
        "objects", objects.tally.read, wrong, {"kinds": show_kinds(objects.by_kind), **unaccounted}
    )


def _destination_equals_source(objects: Reconciliation, quarantined: int) -> CheckReport:
    tally = objects.tally
    return answer_equality(
        DESTINATION_EQUALS_SOURCE,
        "objects",
        tally,
        objects.broken,
        {
            "quarantined": quarantined,
            "held by strategy": tally.held,
            "newer at the destination": tally.count(Outcome.DESTINATION_NEWER),
            "kept otherwise by the server": objects.kept,
            "only at the destination": objects.destination_only - objects.mirrored,
        },
    )
