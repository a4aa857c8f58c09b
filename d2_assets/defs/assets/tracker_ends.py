"""One run brings everything: what asset ``tracker`` could not join to an event yet is moved again.

The second look is a part of the step of ``data/events``. Where it fails, so does the step: the
relationships wait in quarantine of ``data/tracker``, whose partitions stay as they were reported.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace

import dagster as dg

from d2_assets.defs.partitions import group_by_pair
from d2_assets.defs.recording import record_range
from d2_assets.defs.runs import AssetRun, PartitionReport, record_beside
from d2_assets.defs.tagging import untag_warned
from d2_assets.errors import CancelledError, D2AssetsError
from d2_assets.settings import Pair
from d2_assets.staging.layout import Home
from d2_assets.sync.tracker_ends import find_months_to_move_again

MoveMonths = Callable[[Sequence[str]], Generator[PartitionReport, None, None]]


def move_waiting_relationships(
    run: AssetRun, tracker: dg.AssetKey, home: Home, pair: Pair, move: MoveMonths
) -> None:
    """Move ``tracker`` again when a relationship waits, since this run, for an event that is there
    now; nothing when ``tracker`` is not part of the run. ``move`` moves months of it.

    All months of the run are looked at, so that each relationship keeps the month it had; those in
    which one waited are recorded. Raises what stopped it.
    """
    context = run.context
    if tracker not in context.job_def.asset_layer.selected_asset_keys:
        return
    months = group_by_pair(context.partition_keys)[pair.name]
    again = find_months_to_move_again(home, pair.name, months, context.run.run_id)
    if not again:
        return
    context.log.info(
        f"{pair.name}: relationships of tracked entities in {', '.join(again)} waited for events "
        "that are there now; data/tracker is moved again."
    )
    ours = replace(run, asset_key=tracker, moved="tracker")
    done: list[PartitionReport] = []
    try:
        with closing(move(months)) as reports:
            for report in reports:
                if report.error is not None:
                    raise report.error
                done.append(report)
                if report.month in again:
                    record_beside(ours, report)
    except CancelledError:
        raise
    except D2AssetsError:
        context.log.error(
            f"{pair.name}: the events are done, but relationships of tracked entities wait for "
            f"them still. Launch data/tracker again for {', '.join(again)}."
        )
        raise
    if not run.narrowing.is_partial:
        if len(done) == len(context.partition_keys) > 1:
            record_range(context, tracker, done)
        untag_warned(context)
