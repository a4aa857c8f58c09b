"""How every asset of the platform runs: by pair, month by month, with a checkpoint after each.

A single partition gives one ``MaterializeResult``. A range records numbers and checks for each
partition; when a later one fails, those that finished are recorded all the same, so that "only
failed and missing" picks up the rest. For a pair that the asset is not part of, nothing is asked of
a server and nothing is marked as materialised; assets that follow in the same run go on.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION

from d2_assets.defs.failures import make_failure
from d2_assets.defs.partitions import group_by_pair, join_key
from d2_assets.errors import CancelledError, D2AssetsError, join_errors
from d2_assets.settings import Moved, Pair, Settings

#: Run tag by which runs that ended well but left something to look at can be filtered.
OUTCOME_TAG = "d2/outcome"
WARNED = "completed_with_warnings"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The answer of one asset check. ``is_warning``: severity WARN instead of ERROR."""

    name: str
    passed: bool
    description: str
    is_warning: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def severity(self) -> dg.AssetCheckSeverity:
        return dg.AssetCheckSeverity.WARN if self.is_warning else dg.AssetCheckSeverity.ERROR


@dataclass(frozen=True, slots=True)
class PartitionReport:
    """What one partition came to: numbers and tables for the UI, checks, and what stopped it.

    ``beside`` shows an asset that follows this one and that Dagster passes over when this one
    fails.
    """

    pair: str
    month: str
    metadata: Mapping[str, Any]
    checks: Sequence[CheckReport]
    error: D2AssetsError | None = None
    beside: Callable[[], dg.AssetMaterialization] | None = None

    @property
    def key(self) -> dg.MultiPartitionKey:
        return join_key(self.pair, self.month)

    @property
    def warns(self) -> bool:
        return any(not check.passed for check in self.checks)


Move = Callable[[Pair, Sequence[str]], Generator[PartitionReport, None, None]]


def materialise_partitions(
    context: dg.AssetExecutionContext,
    asset_key: dg.AssetKey,
    moved: Moved,
    settings: Settings,
    move: Move,
    family: str = "",
) -> Iterator[dg.MaterializeResult | dg.Output]:
    """Run ``move`` for each pair of the run; yields one result, which marks nothing as materialised
    when a pair is left out. ``family``: the metadata family that the asset moves."""
    done: list[PartitionReport] = []
    failed: dict[str, D2AssetsError] = {}
    left_out = False
    try:
        for name, months in group_by_pair(context.partition_keys).items():
            try:
                pair = settings.pair(name)
                reason = find_reason_to_leave_out(pair, moved, settings, family)
                if reason:
                    context.log.info(f"{name}: not part of this pair: {reason} Nothing was asked.")
                    left_out = True
                    continue
                # Closed at once, not when the error is forgotten: it holds the lease.
                with closing(move(pair, months)) as reports:
                    _move_pair(context, asset_key, reports, done)
            except CancelledError as cancelled:
                raise cancelled.interruption or cancelled from cancelled
            except D2AssetsError as error:  # the other pairs of the run have no part in it
                context.log.error(f"{name}: {error}")
                failed[name] = error
    except BaseException:  # a cancelled run, too, keeps what is finished
        _record(context, asset_key, done)
        raise
    if failed:
        _record(context, asset_key, done)
        raise make_failure(join_errors(list(failed.values())))
    if any(report.warns for report in done):
        context.instance.add_run_tags(context.run.run_id, {OUTCOME_TAG: WARNED})
    if left_out:
        _record(context, asset_key, done, beside=False)
        yield _go_on(context, asset_key)
    elif len(done) == 1:
        yield dg.MaterializeResult(
            asset_key=asset_key,
            metadata=done[0].metadata,
            check_results=[_check_result(asset_key, check) for check in done[0].checks],
        )
    elif done:
        yield _range_result(context, asset_key, done)


def find_reason_to_leave_out(pair: Pair, moved: Moved, settings: Settings, family: str = "") -> str:
    """Why an asset does not belong to a pair; empty when it does."""
    if pair not in settings.active_pairs:
        return "the pair, or one of its instances, is not active."
    if not pair.moves(moved):
        return f"its sync_type is {pair.sync_type}."
    if family and pair.filters.families and family not in pair.filters.families:
        return f"its filters.families are {', '.join(pair.filters.families)}."
    return ""


def _go_on(context: dg.AssetExecutionContext, asset_key: dg.AssetKey) -> dg.Output:
    """An output without a materialisation.

    Without any output Dagster would pass over all assets that follow in the run, also those that
    are part of the pair. It logs no event for an output that bears this mark of its own.
    """
    name = context.op_execution_context.output_for_asset_key(asset_key)
    return dg.Output(
        None, output_name=name, metadata={SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True}
    )


def _move_pair(
    context: dg.AssetExecutionContext,
    asset_key: dg.AssetKey,
    reports: Iterable[PartitionReport],
    done: list[PartitionReport],
) -> None:
    """The first partition that fails ends the pair; others that the same error stopped are told."""
    error: D2AssetsError | None = None
    for report in reports:
        if report.error is not None:
            _record_failed(context, asset_key, report)
            error = report.error
        elif error is None:
            done.append(report)
    if error is not None:
        raise error


def _record(
    context: dg.AssetExecutionContext,
    asset_key: dg.AssetKey,
    done: Sequence[PartitionReport],
    *,
    beside: bool = True,
) -> None:
    """The partitions that are finished, as events of their own."""
    for report in done:
        context.log_event(
            dg.AssetMaterialization(asset_key, partition=report.key, metadata=report.metadata)
        )
        _log_checks(context, asset_key, report)
        if beside:
            _show_beside(context, report)


def record_beside(
    context: dg.AssetExecutionContext, asset_key: dg.AssetKey, report: PartitionReport
) -> None:
    """Record a partition that the run was not asked for and brought up to date all the same."""
    _record(context, asset_key, [report])
    if report.warns:
        context.instance.add_run_tags(context.run.run_id, {OUTCOME_TAG: WARNED})


def _record_failed(
    context: dg.AssetExecutionContext, asset_key: dg.AssetKey, report: PartitionReport
) -> None:
    """Where the rows of a failed partition ended: an observation, not a materialisation."""
    context.log_event(
        dg.AssetObservation(asset_key, partition=report.key, metadata=report.metadata)
    )
    _log_checks(context, asset_key, report)
    _show_beside(context, report)


def _show_beside(context: dg.AssetExecutionContext, report: PartitionReport) -> None:
    if report.beside is not None:
        context.log_event(report.beside())


def _range_result(
    context: dg.AssetExecutionContext, asset_key: dg.AssetKey, done: Sequence[PartitionReport]
) -> dg.MaterializeResult:
    for report in done:
        context.add_asset_metadata(report.metadata, asset_key, report.key)
        _log_checks(context, asset_key, report)
    names = dict.fromkeys(check.name for report in done for check in report.checks)
    merged = [
        _merge([check for report in done for check in report.checks if check.name == name])
        for name in names
    ]
    return dg.MaterializeResult(
        asset_key=asset_key, check_results=[_check_result(asset_key, check) for check in merged]
    )


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
        # Dagster stores check evaluations logged this way; only its type hint leaves them out.
        context.log_event(
            dg.AssetCheckEvaluation(  # pyright: ignore[reportArgumentType]
                asset_key=asset_key,
                check_name=check.name,
                passed=check.passed,
                severity=check.severity,
                description=check.description,
                metadata=dict(check.metadata),
                partition=report.key,
            )
        )
