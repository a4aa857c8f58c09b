"""The claims that assets make of a partition, answered from its ledger."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from d2_assets.defs.reports import CheckReport
from d2_assets.defs.tables import show_outcomes
from d2_assets.ledger.outcomes import Outcome, Tally
from d2_assets.sync.months import MonthResult

NO_ROW_IS_LOST = "no_row_is_lost"
DESTINATION_EQUALS_SOURCE = "destination_equals_source"

_DESCRIPTIONS = {
    NO_ROW_IS_LOST: "Every row that was read ended in exactly one named outcome.",
    DESTINATION_EQUALS_SOURCE: "Read back, the destination holds what the source holds. "
    "An error is a row that was to be written or kept and differs; a warning means that "
    "the only gaps are named: quarantined or discarded rows, rows held by strategy, rows newer at "
    "the destination, or rows only the destination has.",
}


def specify_checks(
    asset_key: dg.AssetKey,
    partitions: dg.PartitionsDefinition,
    descriptions: Mapping[str, str] = _DESCRIPTIONS,
) -> list[dg.AssetCheckSpec]:
    """The check specs of an asset; by default those of a data asset."""
    return [
        dg.AssetCheckSpec(name, asset=asset_key, description=words, partitions_def=partitions)
        for name, words in descriptions.items()
    ]


def answer_checks(result: MonthResult) -> list[CheckReport]:
    """Both claims, for the values and the completeness registrations of a month."""
    return [_no_row_is_lost(result), _destination_equals_source(result)]


def answer_accounting(
    what: str, read: int, lost: int, metadata: Mapping[str, Any] | None = None
) -> CheckReport:
    """Whether each of ``what`` ("rows") that was read has exactly one outcome."""
    return CheckReport(
        name=NO_ROW_IS_LOST,
        passed=lost == 0,
        description=(
            f"All {read} {what} read ended in one outcome each."
            if lost == 0
            else f"{lost} of {read} {what} read have no outcome or several: report this as a fault "
            "of d2_assets, with the ledger file of this partition."
        ),
        metadata=metadata or {},
    )


def answer_equality(
    name: str,
    what: str,
    tally: Tally,
    broken: int,
    gaps: Mapping[str, int],
    left_out: str = "are left out by its filters",
) -> CheckReport:
    """Whether the destination equals the source: an error when something is ``broken``, a warning
    when there are ``gaps``, which say how many of ``what`` ("rows") are wanting for which cause."""
    filtered = tally.count(Outcome.FILTERED)
    named = ", ".join(f"{count} {cause}" for cause, count in gaps.items() if count)
    if broken:
        description = (
            f"{broken} {what} that were to be written or kept differ at the destination: "
            "see the table of differences."
        )
    elif named:
        description = f"The destination holds all that fits; the gaps are named: {named}."
    elif filtered:
        description = (
            f"The destination equals the source in all {tally.read - filtered} {what} of the "
            f"pair; {filtered} {left_out}."
        )
    else:
        description = f"The destination equals the source in all {tally.read} {what}."
    return CheckReport(
        name=name,
        passed=not broken and not named,
        is_warning=bool(named) and not broken,
        description=description,
        metadata={"differing": broken, **gaps},
    )


def _no_row_is_lost(result: MonthResult) -> CheckReport:
    return answer_accounting(
        "rows",
        result.values.tally.read + result.completeness.tally.read,
        result.unaccounted,
        {
            "values": show_outcomes(result.values.tally),
            "completeness": show_outcomes(result.completeness.tally),
        },
    )


def _destination_equals_source(result: MonthResult) -> CheckReport:
    values, registrations = result.values, result.completeness.tally
    return answer_equality(
        DESTINATION_EQUALS_SOURCE,
        "rows",
        values.tally,
        values.broken + registrations.unsettled,
        {
            "quarantined": result.quarantined,
            "held by strategy": values.tally.held + registrations.held,
            "newer at the destination": values.tally.count(Outcome.DESTINATION_NEWER),
            "discarded": values.tally.count(Outcome.DISCARDED)
            + registrations.count(Outcome.DISCARDED),
            "only at the destination": values.destination_only
            - values.mirrored
            + result.completeness.destination_only,
        },
    )
