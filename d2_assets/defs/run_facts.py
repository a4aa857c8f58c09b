"""What a run is about, read from what Dagster keeps of it: its pairs, its months, what it writes.

A run of one partition bears ``dagster/partition``, a run of a range only the two ends of it, and
one that was launched without a choice of assets names none: its job tells what it holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from d2_assets.defs.tags import PAIR_TAG
from d2_assets.metadata.families import FAMILIES
from d2_assets.periods import iterate_months
from d2_assets.settings.vocabulary import MOVES, Moved

PARTITION_TAG = "dagster/partition"
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
RUN_KEY_TAG = "dagster/run_key"
PARENT_RUN_TAG = "dagster/parent_run_id"
ROOT_RUN_TAG = "dagster/root_run_id"

#: The job that Dagster makes for assets that are launched without one of ours.
ASSET_JOB = "__ASSET_JOB"
#: The same for a sensor, which cannot name that one: the UI takes both for jobless.
ANONYMOUS_JOB = "__anonymous_asset_job"
#: The job that moves chosen rows of the work list again.
_REPLAY = "replay_quarantine"

_DATA_VALUES = "data/data_values"
_METADATA = tuple(f"metadata/{name}" for name in FAMILIES)
_WRITES: dict[Moved, tuple[str, ...]] = {
    "metadata": _METADATA,
    "data_values": (_DATA_VALUES,),
    "events": ("data/events",),
    "tracker": ("data/tracker",),
    "stock": (_DATA_VALUES,),
}
_ALL = frozenset(name for names in _WRITES.values() for name in names)


@dataclass(frozen=True, slots=True)
class RunFacts:
    """``pairs`` and ``months`` are the rectangle of a run. ``writes`` are the assets whose content
    it brings to the destinations (``data/events``); stock indicators arrive as data values. It is
    empty for a run that only looks, such as a preview."""

    pairs: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    writes: frozenset[str] = frozenset()


def read_run_facts(run: dg.DagsterRun, pairs: Sequence[str]) -> RunFacts:
    """The facts of a run; ``pairs`` are all names in the order of the settings file."""
    first, last = _read_ends(run)
    months = tuple(iterate_months(first[1], last[1])) if first[1] else ()
    return RunFacts(_read_pairs(run, first[0], last[0], pairs), months, _find_writes(run))


def _read_ends(run: dg.DagsterRun) -> tuple[tuple[str, str], tuple[str, str]]:
    """Pair and month of the first and of the last partition; empty for a run without any."""
    one = run.tags.get(PARTITION_TAG, "")
    ends = run.tags.get(RANGE_START_TAG, one), run.tags.get(RANGE_END_TAG, one)
    (first_pair, _, first), (last_pair, _, last) = (end.partition("|") for end in ends)
    return (first_pair, first), (last_pair, last)


def _read_pairs(run: dg.DagsterRun, first: str, last: str, pairs: Sequence[str]) -> tuple[str, ...]:
    """The tag d2/pair where the run bears it; else all from the first pair to the last."""
    told = tuple(name for name in run.tags.get(PAIR_TAG, "").split(",") if name)
    if told or first == last:
        return told or tuple(filter(None, [first]))
    try:
        return tuple(pairs[pairs.index(first) : pairs.index(last) + 1])
    except ValueError:  # a pair that has left the file since: its ends are all that is known
        return first, last


def _find_writes(run: dg.DagsterRun) -> frozenset[str]:
    if run.job_name == _REPLAY:
        return frozenset({_DATA_VALUES})
    moved = MOVES.get(run.job_name)  # pyright: ignore[reportArgumentType, reportCallIssue]
    if moved is None and not run.job_name.startswith((ASSET_JOB, ANONYMOUS_JOB)):
        return frozenset()
    if run.asset_selection:
        chosen = {key.to_user_string() for key in run.asset_selection}
        stock = {_DATA_VALUES} if any(name.startswith("stock/") for name in chosen) else set()
        return frozenset((chosen & _ALL) | stock)
    if moved is None:
        return _ALL
    return frozenset(name for one in moved for name in _WRITES[one])
