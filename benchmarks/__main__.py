"""``python -m benchmarks``: every figure as one JSON line; 1 if a goal is missed.

Names on the command line choose benchmarks; ``--quick`` shows in a minute that all of them work,
with sizes too small to judge a goal by.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks.figures import Figure, tell
from benchmarks.memory import measure_memory
from benchmarks.metadata import measure_metadata
from benchmarks.overhead import measure_overhead
from benchmarks.push import measure_push
from benchmarks.sensor import measure_sensor
from benchmarks.stock import measure_stock
from benchmarks.tracker import measure_events, measure_tracker
from benchmarks.tracker_memory import measure_tracker_memory
from benchmarks.unchanged import measure_unchanged

BENCHMARKS: Mapping[str, Callable[..., Iterator[Figure]]] = {
    "push": measure_push,
    "memory": measure_memory,
    "unchanged": measure_unchanged,
    "metadata": measure_metadata,
    "events": measure_events,
    "tracker": measure_tracker,
    "tracker_memory": measure_tracker_memory,
    "stock": measure_stock,
    "sensor": measure_sensor,
    "overhead": measure_overhead,
}


def main() -> int:
    """Run what was asked for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="small sizes, no goal judged")
    asked = parser.parse_args()
    if unknown := set(asked.names) - BENCHMARKS.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}; choose {', '.join(BENCHMARKS)}")
    missed = False
    for name in asked.names or BENCHMARKS:
        tell(f"{name} ...")
        with tempfile.TemporaryDirectory(prefix=f"d2_assets-{name}-") as folder:
            for figure in BENCHMARKS[name](Path(folder), quick=asked.quick):
                sys.stdout.write(figure.to_json(judged=not asked.quick) + "\n")
                sys.stdout.flush()
                missed = missed or (figure.ok is False and not asked.quick)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
