"""The claims that every metadata family makes of a partition."""

import dagster as dg

from d2_assets.defs.checks import (
    NO_ROW_IS_LOST,
    answer_accounting,
    answer_equality,
    specify_checks,
)
from d2_assets.defs.metadata_tables import show_classes
from d2_assets.defs.reports import CheckReport
from d2_assets.sync.metadata import FamilyResult

METADATA_EQUALS_SOURCE = "metadata_equals_source"

_DESCRIPTIONS = {
    NO_ROW_IS_LOST: "Every object that was read ended in exactly one named outcome.",
    METADATA_EQUALS_SOURCE: "Read back, the destination holds the objects of the source, member by "
    "member. An error is an object that is missing or lacks a reference, and nothing explains it; "
    "a warning means that the only gaps are named: objects that were quarantined, adapted or held "
    "by strategy, members that the server keeps otherwise, objects only the destination has.",
}


def specify_family_checks(
    asset_key: dg.AssetKey, partitions: dg.PartitionsDefinition
) -> list[dg.AssetCheckSpec]:
    """The check specs of a family."""
    return specify_checks(asset_key, partitions, _DESCRIPTIONS)


def answer_family_checks(result: FamilyResult) -> list[CheckReport]:
    """Both claims."""
    tally = result.tally
    return [
        answer_accounting(
            "objects", tally.read, abs(result.unaccounted), {"classes": show_classes(result)}
        ),
        answer_equality(
            METADATA_EQUALS_SOURCE,
            "objects",
            tally,
            result.broken,
            _name_gaps(result),
            "stay where they are (left_out)",
        ),
    ]


def _name_gaps(result: FamilyResult) -> dict[str, int]:
    """What is not as at the source, and why, in objects."""
    refused = {(one.plural, one.id) for one in result.refusals}
    kept = {(one.plural, one.id) for one in result.differences if one.state == "kept"}
    return {
        "quarantined": len(refused),
        "adapted": len({(one.plural, one.id) for one in result.adaptations} - refused),
        "held by strategy": result.tally.held,
        "kept otherwise by the server": len(kept),
        "only at the destination": result.destination_only,
    }
