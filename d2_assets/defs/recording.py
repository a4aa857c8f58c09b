"""How partitions are recorded: as materialised, as failed, or as a part of a month.

What was moved in part stands for no partition: it is an observation with the same numbers, the
answers of the checks in a table, and neither marks the partition nor answers its checks.
"""

from collections.abc import Sequence

import dagster as dg

from d2_assets.defs.reports import CheckReport, PartitionReport
from d2_assets.defs.tables import show_table


def record_partition(
    context: dg.AssetExecutionContext,
    asset_key: dg.AssetKey,
    report: PartitionReport,
    *,
    beside: bool = True,
) -> None:
    """A partition that is finished, as an event of its own."""
    context.log_event(
        dg.AssetMaterialization(asset_key, partition=report.key, metadata=report.metadata)
    )
    _log_checks(context, asset_key, report)
    if beside:
        _show_beside(context, report)


def record_failed(
    context: dg.AssetExecutionContext, asset_key: dg.AssetKey, report: PartitionReport
) -> None:
    """Where the rows of a failed partition ended: an observation, not a materialisation."""
    context.log_event(
        dg.AssetObservation(asset_key, partition=report.key, metadata=report.metadata)
    )
    _log_checks(context, asset_key, report)
    _show_beside(context, report)


def record_part(
    context: dg.AssetExecutionContext, asset_key: dg.AssetKey, report: PartitionReport, words: str
) -> None:
    """A part of a month; ``words`` say by what the run was narrowed."""
    context.log_event(
        dg.AssetObservation(
            asset_key,
            partition=report.key,
            description=words,
            metadata={**report.metadata, "checks": _show_checks(report.checks)},
        )
    )


def record_range(
    context: dg.AssetExecutionContext, asset_key: dg.AssetKey, done: Sequence[PartitionReport]
) -> None:
    """One answer of each check for a range whose partitions are recorded: it stands for the asset
    until the next one, in place of what its own step said."""
    for check in _merge_checks(done):
        _log_check(context, asset_key, check, None)


def make_result(
    context: dg.AssetExecutionContext, asset_key: dg.AssetKey, done: Sequence[PartitionReport]
) -> dg.MaterializeResult:
    """The result of a run whose partitions are all finished: of one, or of a range."""
    if len(done) == 1:
        return dg.MaterializeResult(
            asset_key=asset_key,
            metadata=done[0].metadata,
            check_results=[_check_result(asset_key, check) for check in done[0].checks],
        )
    for report in done:
        context.add_asset_metadata(report.metadata, asset_key, report.key)
        _log_checks(context, asset_key, report)
    return dg.MaterializeResult(
        asset_key=asset_key,
        check_results=[_check_result(asset_key, check) for check in _merge_checks(done)],
    )


def _show_checks(checks: Sequence[CheckReport]) -> dg.MetadataValue:
    return show_table(
        {
            "check": check.name,
            "answer": "passed" if check.passed else "warning" if check.is_warning else "error",
            "words": check.description,
        }
        for check in checks
    )


def _show_beside(context: dg.AssetExecutionContext, report: PartitionReport) -> None:
    if report.beside is not None:
        context.log_event(report.beside())


def _merge_checks(done: Sequence[PartitionReport]) -> list[CheckReport]:
    names = dict.fromkeys(check.name for report in done for check in report.checks)
    return [
        _merge([check for report in done for check in report.checks if check.name == name])
        for name in names
    ]


def _merge(checks: Sequence[CheckReport]) -> CheckReport:
    """One answer for a range: the worst of its partitions."""
    failed = [check for check in checks if not check.passed]
    return CheckReport(
        name=checks[0].name,
        passed=not failed,
        is_warning=all(check.is_warning for check in failed) if failed else False,
        description=(
            f"{len(failed)} of {len(checks)} partitions: {failed[0].description}"
            if failed
            else f"Passed in all {len(checks)} partitions."
        ),
    )


def _check_result(asset_key: dg.AssetKey, check: CheckReport) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=check.passed,
        asset_key=asset_key,
        check_name=check.name,
        severity=check.severity,
        description=check.description,
        metadata=check.metadata,
    )


def _log_checks(
    context: dg.AssetExecutionContext, asset_key: dg.AssetKey, report: PartitionReport
) -> None:
    for check in report.checks:
        _log_check(context, asset_key, check, report.key)


def _log_check(
    context: dg.AssetExecutionContext,
    asset_key: dg.AssetKey,
    check: CheckReport,
    partition: str | None,
) -> None:
    # Dagster stores check evaluations logged this way; only its type hint leaves them out.
    context.log_event(
        dg.AssetCheckEvaluation(  # pyright: ignore[reportArgumentType]
            asset_key=asset_key,
            check_name=check.name,
            passed=check.passed,
            severity=check.severity,
            description=check.description,
            metadata=dict(check.metadata),
            partition=partition,
        )
    )
