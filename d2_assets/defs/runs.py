"""How every asset of the platform runs: by pair, month by month, with a checkpoint after each.

A single partition gives one ``MaterializeResult``. A range records numbers and checks for each
partition; when a later one fails, those that finished are recorded all the same, so that "only
failed and missing" picks up the rest. For a pair that the asset is not part of, or that was left
out at launch, nothing is asked of a server and nothing is marked as materialised; assets that
follow in the same run go on. In a run that filters narrowed, nothing is marked at all.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import dagster as dg
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION

from d2_assets.defs.failures import make_failure
from d2_assets.defs.launch import LaunchResource
from d2_assets.defs.partitions import group_by_pair
from d2_assets.defs.recording import make_result, record_failed, record_part, record_partition
from d2_assets.defs.reports import CheckReport, PartitionReport
from d2_assets.defs.resources import SettingsResource
from d2_assets.defs.tagging import add_written, tag_failure, tag_partial, tag_warned
from d2_assets.errors import CancelledError, D2AssetsError, join_errors
from d2_assets.settings import Moved, Pair, Settings
from d2_assets.staging.layout import Home
from d2_assets.sync.narrowing import WHOLE, Narrowing, find_reason_to_pass_over, narrow_pair

__all__ = [
    "AssetRun",
    "CheckReport",
    "PartitionReport",
    "find_reason_to_leave_out",
    "materialise_partitions",
    "open_run",
    "record_beside",
]

Move = Callable[[Pair, Sequence[str]], Generator[PartitionReport, None, None]]
FindChanged = Callable[[Pair, Sequence[str]], Sequence[str]]


@dataclass(frozen=True, slots=True)
class AssetRun:
    """One asset in one run: what it moves, for which settings, and what was chosen at launch.

    ``family``: the metadata family that the asset moves.
    """

    context: dg.AssetExecutionContext
    asset_key: dg.AssetKey
    moved: Moved
    settings: Settings
    narrowing: Narrowing = WHOLE
    family: str = ""

    def find_home(self, home: Home, pair: Pair) -> Home:
        """Where the pair's months lie; apart when they are moved in part."""
        return home.set_apart(pair.name) if self.narrowing.is_partial else home

    def say_part(self) -> str:
        """That a partition was moved in part, and by what it was narrowed."""
        by = self.narrowing.describe(self.moved) or "; ".join(self.narrowing.filters)
        return f"A part of the partition: the run was narrowed at launch by {by}."


@dataclass(slots=True)
class _Progress:
    """What the asset came to so far."""

    done: list[PartitionReport] = field(default_factory=list)
    failed: dict[str, D2AssetsError] = field(default_factory=dict)
    left_out: bool = False
    written: int = 0


def open_run(
    context: dg.AssetExecutionContext,
    asset_key: dg.AssetKey,
    moved: Moved,
    settings: SettingsResource,
    launch: LaunchResource,
    family: str = "",
) -> AssetRun:
    """Read settings and choices. A Failure names all that is wrong with them; no server was asked
    by then."""
    try:
        known, narrowing = settings.read(), launch.read()
    except D2AssetsError as error:
        tag_failure(context, [error])
        raise make_failure(error) from error
    if narrowing.is_partial:
        tag_partial(context)
    return AssetRun(context, asset_key, moved, known, narrowing, family)


def materialise_partitions(
    run: AssetRun, move: Move, find_changed: FindChanged | None = None
) -> Iterator[dg.MaterializeResult | dg.Output]:
    """Run ``move`` for each pair of the run; yields one result, which marks nothing as materialised
    when a pair or a month is left out.

    ``find_changed``: the months that a run of changed months alone has to move.
    """
    context, progress = run.context, _Progress()
    try:
        for name, months in group_by_pair(context.partition_keys).items():
            try:
                _move_pair(run, move, find_changed, name, months, progress)
            except CancelledError as cancelled:
                raise cancelled.interruption or cancelled from cancelled
            except D2AssetsError as error:  # the other pairs of the run have no part in it
                context.log.error(f"{name}: {error}")
                progress.failed[name] = error
    except BaseException as stopped:  # a cancelled run, too, keeps what is finished
        _record(run, progress.done)
        if isinstance(stopped, Exception):
            tag_failure(context, [stopped])
        raise
    finally:
        add_written(context, progress.written)
    if progress.failed:
        _record(run, progress.done)
        errors = list(progress.failed.values())
        tag_failure(context, errors)
        raise make_failure(join_errors(errors))
    if any(report.warns for report in progress.done):
        tag_warned(context)
    if progress.left_out or run.narrowing.is_partial:
        _record(run, progress.done, beside=False)
        yield _go_on(run)
    elif progress.done:
        yield make_result(context, run.asset_key, progress.done)


def record_beside(run: AssetRun, report: PartitionReport) -> None:
    """Record a partition that the run was not asked for and brought up to date all the same."""
    _record(run, [report])
    add_written(run.context, report.written)
    if report.warns:
        tag_warned(run.context)


def find_reason_to_leave_out(
    pair: Pair, moved: Moved, settings: Settings, family: str = "", narrowing: Narrowing = WHOLE
) -> str:
    """Why an asset does not belong to a pair, or was left out at launch; empty when it runs. The
    pair may be one that was narrowed."""
    if all(pair.name != active.name for active in settings.active_pairs):
        return "not part of this pair: the pair, or one of its instances, is not active."
    if not pair.moves(moved):
        return f"not part of this pair: its sync_type is {pair.sync_type}."
    if family and pair.filters.families and family not in pair.filters.families:
        return f"not part of this pair: its filters.families are {_list(pair.filters.families)}."
    reason = find_reason_to_pass_over(moved, family, narrowing)
    return f"left out at launch: {reason}" if reason else ""


def _list(words: Sequence[str]) -> str:
    return ", ".join(words)


def _move_pair(
    run: AssetRun,
    move: Move,
    find_changed: FindChanged | None,
    name: str,
    months: Sequence[str],
    progress: _Progress,
) -> None:
    pair = run.settings.pair(name)
    reason = find_reason_to_leave_out(pair, run.moved, run.settings, run.family, run.narrowing)
    if reason:
        run.context.log.info(f"{name}: {reason} Nothing was asked.")
        progress.left_out = True
        return
    narrowed = narrow_pair(pair, run.narrowing)
    if find_changed is not None and run.narrowing.changed_only:
        changed = find_changed(narrowed, months)
        progress.left_out |= len(changed) < len(months)
        months = changed
    if months:
        # Closed at once, not when the error is forgotten: it holds the lease.
        with closing(move(narrowed, months)) as reports:
            _follow(run, reports, progress)


def _follow(
    run: AssetRun, reports: Generator[PartitionReport, None, None], progress: _Progress
) -> None:
    """The first partition that fails ends the pair; others that the same error stopped are told."""
    error: D2AssetsError | None = None
    for report in reports:
        progress.written += report.written
        if report.error is not None:
            _record_failed(run, report)
            error = report.error
        elif error is None:
            progress.done.append(report)
    if error is not None:
        raise error


def _record(run: AssetRun, done: Sequence[PartitionReport], *, beside: bool = True) -> None:
    """The partitions that are finished, as events of their own."""
    for report in done:
        if run.narrowing.is_partial:
            record_part(run.context, run.asset_key, report, run.say_part())
        else:
            record_partition(run.context, run.asset_key, report, beside=beside)


def _record_failed(run: AssetRun, report: PartitionReport) -> None:
    if run.narrowing.is_partial:
        record_part(run.context, run.asset_key, report, run.say_part())
    else:
        record_failed(run.context, run.asset_key, report)


def _go_on(run: AssetRun) -> dg.Output:
    """An output without a materialisation.

    Without any output Dagster would pass over all assets that follow in the run, also those that
    are part of the pair. It logs no event for an output that bears this mark of its own.
    """
    name = run.context.op_execution_context.output_for_asset_key(run.asset_key)
    return dg.Output(
        None, output_name=name, metadata={SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True}
    )
