"""Progress as observations of an asset: the UI shows them while the run goes on."""

from collections.abc import Callable, Sequence

import dagster as dg

from d2_assets.defs.tables import show_progress
from d2_assets.sync.progress import Progress


def observe_progress(
    context: dg.AssetExecutionContext | dg.OpExecutionContext,
    asset_key: dg.AssetKey,
    months: Sequence[str],
) -> Callable[[Progress], None]:
    """What a meter tells goes to the asset; to its partition where the run has just one."""
    keys = context.partition_keys if len(months) == 1 else []
    partition = keys[0] if len(keys) == 1 else None

    def observe(progress: Progress) -> None:
        context.log_event(
            dg.AssetObservation(asset_key, partition=partition, metadata=show_progress(progress))
        )

    return observe
