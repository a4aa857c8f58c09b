"""How much memory a run takes, from extract to reconcile, and whether it grows with the month.

The country is the same in all runs, so that only the values differ. Servers have processes of
their own; the run is one fresh process that executes the asset through Dagster.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.content import EMPTY_MONTH, MONTH, specify_content
from benchmarks.figures import Figure, tell
from benchmarks.partitions import PartitionRun, materialise, write_settings
from benchmarks.servers import Server, start_server

#: One value in so many is changed for the second load.
_CHANGED = 10


def measure_memory(folder: Path, *, quick: bool) -> Iterator[Figure]:
    """Peak memory above an idle run: a first load of 200,000 and of 1,000,000 values, and a
    second load of the latter with 10 % changed.

    An idle run is the same process with an empty month of the same two servers.
    """
    small, large = (2_000, 10_000) if quick else (200_000, 1_000_000)
    spec = specify_content(large)
    tell(f"memory: generating {spec.values:,} values")
    with ExitStack() as stack:
        source, destination = (
            stack.enter_context(start_server(version, folder / f"{name}.db", spec, with_data=full))
            for name, version, full in (("national", "2.40", True), ("training", "2.43", False))
        )
        source.keep(MONTH, large)
        home = folder / "large"
        idle = _run(home, source, destination, EMPTY_MONTH, 0)
        first = _run(home, source, destination, MONTH, large)
        source.change(_CHANGED)
        second = _run(home, source, destination, MONTH, large)
        source.keep(MONTH, small)
        destination.empty()
        less = _run(folder / "small", source, destination, MONTH, small)
    yield Figure("memory.large_above_idle", first.peak - idle.peak, "MB", "< 300")
    yield Figure("memory.growth", _grow(less, first, idle), "%", "<= 20")
    yield Figure("memory.growth_of_whole_peak", 100 * (first.peak / less.peak - 1), "%")
    yield Figure("memory.idle", idle.peak, "MB")
    yield Figure("memory.small_above_idle", less.peak - idle.peak, "MB")
    yield Figure("memory.large_update_above_idle", second.peak - idle.peak, "MB", "< 300")
    for name, run in (("first", first), ("update", second)):
        yield Figure(f"memory.large_{name}_seconds_planning", run.reading, "s")
        yield Figure(f"memory.large_{name}_seconds_pushing", run.pushing, "s")
        yield Figure(f"memory.large_{name}_seconds_reconciling", run.reconciling, "s")


def _grow(less: PartitionRun, more: PartitionRun, idle: PartitionRun) -> float:
    """By how much the peak above idle grows: harsher than growth of the whole peak."""
    return 100 * ((more.peak - idle.peak) / (less.peak - idle.peak) - 1)


def _run(
    folder: Path, source: Server, destination: Server, month: str, values: int
) -> PartitionRun:
    tell(f"memory: a month of {values:,} values")
    run = materialise(write_settings(folder, source, destination), month)
    if run.read != values:
        raise RuntimeError(f"The run read {run.read} values instead of {values}.")
    tell(f"  {run}")
    return run
