"""The claims that every data asset makes of a partition, answered from its ledger."""

import dagster as dg

from d2_assets.defs.runs import CheckReport
from d2_assets.defs.tables import show_outcomes
from d2_assets.ledger.outcomes import Outcome
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
    asset_key: dg.AssetKey, partitions: dg.PartitionsDefinition
) -> list[dg.AssetCheckSpec]:
    """The check specs of a data asset."""
    return [
        dg.AssetCheckSpec(name, asset=asset_key, description=words, partitions_def=partitions)
        for name, words in _DESCRIPTIONS.items()
    ]


def answer_checks(result: MonthResult) -> list[CheckReport]:
    """Both claims, for the values and the completeness registrations of a month."""
    return [_no_row_is_lost(result), _destination_equals_source(result)]


def _no_row_is_lost(result: MonthResult) -> CheckReport:
    read = result.values.tally.read + result.completeness.tally.read
    lost = result.unaccounted
    return CheckReport(
        name=NO_ROW_IS_LOST,
        passed=lost == 0,
        description=(
            f"All {read} rows read ended in one outcome each."
            if lost == 0
            else f"{lost} of {read} rows read have no outcome or several: report this as a fault "
            "of d2_assets, with the ledger file of this partition."
        ),
        metadata={
            "values": show_outcomes(result.values.tally),
            "completeness": show_outcomes(result.completeness.tally),
        },
    )


def _destination_equals_source(result: MonthResult) -> CheckReport:
    values = result.values
    gaps = {
        "quarantined": result.quarantined,
        "held by strategy": values.tally.held + result.completeness.tally.held,
        "newer at the destination": values.tally.count(Outcome.DESTINATION_NEWER),
        "discarded": values.tally.count(Outcome.DISCARDED)
        + result.completeness.tally.count(Outcome.DISCARDED),
        "only at the destination": values.destination_only
        - values.mirrored
        + result.completeness.destination_only,
    }
    named = ", ".join(f"{rows} {name}" for name, rows in gaps.items() if rows)
    broken = values.broken + result.completeness.tally.unsettled
    if broken:
        description = (
            f"{broken} rows that were to be written or kept differ at the destination: "
            "see the table of differences."
        )
    elif named:
        description = f"The destination holds all that fits; the gaps are named: {named}."
    else:
        filtered = values.tally.count(Outcome.FILTERED)
        description = (
            f"The destination equals the source in all {values.tally.read - filtered} rows "
            f"of the pair; {filtered} are left out by its filters."
            if filtered
            else f"The destination equals the source in all {values.tally.read} rows."
        )
    return CheckReport(
        name=DESTINATION_EQUALS_SOURCE,
        passed=not broken and not named,
        is_warning=bool(named) and not broken,
        description=description,
        metadata={"differing": broken, **gaps},
    )
