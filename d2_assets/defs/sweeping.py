"""What a sweep leaves in the run: a line and an observation for each month that it passes over.

Nothing is marked as materialised for such a month: it was read at its source, and not moved.
"""

import dagster as dg

from d2_assets.defs.partitions import join_key
from d2_assets.defs.runs import AssetRun
from d2_assets.settings import Pair
from d2_assets.sync.sweep import Sweep

#: What the observation of a month that is passed over says under the key ``swept``.
UNCHANGED = "unchanged"


def record_sweep(run: AssetRun, pair: Pair, sweep: Sweep) -> list[str]:
    """Tell of each month what becomes of it, and why; gives the months to move."""
    context = run.context
    for month, noted in sweep.unchanged.items():
        words = f"The source holds what it held when run {noted.run} moved this month."
        context.log.info(f"{pair.name}, {month}: swept: unchanged. {words}")
        context.log_event(
            dg.AssetObservation(
                run.asset_key,
                partition=join_key(pair.name, month),
                description=f"Swept: unchanged. {words}",
                metadata={
                    "swept": UNCHANGED,
                    "items": noted.content.items,
                    "moved_by": noted.run,
                    "moved_at": dg.MetadataValue.timestamp(noted.at),
                },
            )
        )
    for month, why in sweep.changed.items():
        context.log.info(f"{pair.name}, {month}: swept: to be moved, since {why}.")
    return list(sweep.changed)
