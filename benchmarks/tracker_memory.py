"""How much memory a run of events or of tracked entities takes, from extract to reconcile.

As in ``memory``: servers have processes of their own, and the run is one fresh process that
executes the asset through Dagster. An idle run is the same process with an empty month.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.content import EMPTY_MONTH, MONTH, specify_tracked
from benchmarks.figures import Figure, tell
from benchmarks.partitions import PartitionRun, materialise, write_settings
from benchmarks.servers import start_server
from benchmarks.tracker import ENTITIES, EVENTS, QUICK_SHARE
from d2_assets.sync.tracker_work import TrackerAsset


def measure_tracker_memory(folder: Path, *, quick: bool) -> Iterator[Figure]:
    """Peak memory above an idle run: a first load of 50,000 events, then of 10,000 tracked
    entities, and a second run of each, in which nothing changed."""
    events, entities = (number // (QUICK_SHARE if quick else 1) for number in (EVENTS, ENTITIES))
    spec = specify_tracked(events, entities)
    with ExitStack() as stack:
        source, destination = (
            stack.enter_context(start_server(version, folder / f"{name}.db", spec, with_data=full))
            for name, version, full in (("national", "2.40", True), ("training", "2.43", False))
        )
        source.gather(MONTH)
        runs: dict[TrackerAsset, tuple[PartitionRun, ...]] = {}
        for asset in ("events", "tracker"):
            settings = write_settings(folder / asset, source, destination, asset)
            runs[asset] = tuple(
                _run(settings, month, asset) for month in (EMPTY_MONTH, MONTH, MONTH)
            )
    for asset, (idle, first, again) in runs.items():
        yield Figure(f"tracker_memory.{asset}_above_idle", first.peak - idle.peak, "MB", "< 300")
        again_above = again.peak - idle.peak
        yield Figure(f"tracker_memory.{asset}_unchanged_above_idle", again_above, "MB", "< 300")
        yield Figure(f"tracker_memory.{asset}_idle", idle.peak, "MB")
        yield Figure(f"tracker_memory.{asset}_objects", first.read, "objects")
        yield Figure(f"tracker_memory.{asset}_seconds_planning", first.reading, "s")
        yield Figure(f"tracker_memory.{asset}_seconds_pushing", first.pushing, "s")
        yield Figure(f"tracker_memory.{asset}_seconds_reconciling", first.reconciling, "s")
        yield Figure(f"tracker_memory.{asset}_unchanged_seconds_planning", again.reading, "s")


def _run(settings: Path, month: str, asset: TrackerAsset) -> PartitionRun:
    tell(f"tracker_memory: {asset} of {month}")
    run = materialise(settings, month, asset)
    if (run.read == 0) != (month == EMPTY_MONTH):
        raise RuntimeError(f"The run read {run.read} objects of {month}.")
    tell(f"  {run}")
    return run
