"""Runs that failed, as the sensor ``retries`` sees them: which they are, and who took over.

A run takes over from an older one when it was made later and does all that the older one was to do,
or when a person re-executed that one. However it ended: if it failed, it is the one to be retried.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import dagster as dg
from dagster._core.storage.dagster_run import RunRecord

from d2_assets.defs.jobs import JOB_OF, list_asset_keys
from d2_assets.defs.run_facts import (
    ANONYMOUS_JOB,
    ASSET_JOB,
    PARENT_RUN_TAG,
    PARTITION_TAG,
    RANGE_END_TAG,
    RANGE_START_TAG,
    ROOT_RUN_TAG,
    RUN_KEY_TAG,
    RunFacts,
    read_run_facts,
)
from d2_assets.defs.tags import ATTEMPT_TAG, FAILURE_TAG, RETRY_TAG, TRIGGER_TAG, WAITING
from d2_assets.settings import Settings
from d2_assets.sync.retries import FailedRun

#: The job in which a retry of assets runs that were launched without one. The UI shows jobs with
#: such names as "Jobless asset materializations", like Dagster's own, which no sensor can name.
JOBLESS = f"{ANONYMOUS_JOB}_retries"
_REASON_TAG = "dagster/failure_reason"


def moves_data(run: dg.DagsterRun) -> bool:
    """Whether the run is one of those that are retried: of a job of ours that moves data, or of
    assets of ours without a job."""
    if is_jobless(run):
        return bool(find_partition_ends(run))
    return run.job_name in JOB_OF


def is_jobless(run: dg.DagsterRun) -> bool:
    """Whether the run's assets were launched without a job of ours."""
    return run.job_name in (ASSET_JOB, JOBLESS)


def list_assets(run: dg.DagsterRun) -> frozenset[dg.AssetKey]:
    """The assets that the run was to do."""
    if run.asset_selection is not None:
        return frozenset(run.asset_selection)
    return frozenset(
        key for name in JOB_OF if name == run.job_name for key in list_asset_keys(name)
    )


def find_partition_ends(run: dg.DagsterRun) -> tuple[str, ...]:
    """The key of the run's partition, or of the first and the last of its range; none without."""
    one = run.tags.get(PARTITION_TAG)
    ends = (one,) if one else (run.tags.get(RANGE_START_TAG), run.tags.get(RANGE_END_TAG))
    return tuple(key for key in ends if key)


def read_failed_run(record: RunRecord, settings: Settings) -> FailedRun:
    """What the decision about a run rests on."""
    run = record.dagster_run
    names = read_facts(run, settings).pairs
    active = {pair.name: pair.retries.tries for pair in settings.active_pairs}
    return FailedRun(
        ended=find_end(record),
        attempt=read_attempt(run),
        failure=run.tags.get(FAILURE_TAG, ""),
        reason=run.tags.get(_REASON_TAG, ""),
        tries=[active[name] for name in names] if active.keys() >= set(names) else [],
    )


def read_facts(run: dg.DagsterRun, settings: Settings) -> RunFacts:
    """Pairs and months of a run."""
    return read_run_facts(run, [pair.name for pair in settings.pairs])


def read_attempt(run: dg.DagsterRun) -> int:
    """How many tries went before the run; 0 for one that is no retry."""
    told = run.tags.get(ATTEMPT_TAG, "")
    return int(told) if told.isdecimal() and run.tags.get(TRIGGER_TAG) == "retry" else 0


def find_end(record: RunRecord) -> float:
    """When the run ended, in seconds since the epoch."""
    return record.end_time or record.update_timestamp.timestamp()


def find_undecided(instance: dg.DagsterInstance, since: float) -> Iterator[RunRecord]:
    """Failed runs that something happened to since then, oldest first, and that nobody decided
    about."""
    filters = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.FAILURE], updated_after=datetime.fromtimestamp(since, UTC)
    )
    for record in instance.get_run_records(filters, order_by="update_timestamp", ascending=True):
        if moves_data(record.dagster_run) and RETRY_TAG not in record.dagster_run.tags:
            yield record


def find_waiting(instance: dg.DagsterInstance) -> Sequence[RunRecord]:
    """Failed runs whose next try is not launched yet."""
    filters = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], tags={RETRY_TAG: WAITING})
    return instance.get_run_records(filters)


def make_run_key(run: dg.DagsterRun) -> str:
    """The run key of the one retry that a failed run may have."""
    return f"retry of {run.run_id}"


def find_retry(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRun | None:
    """The retry of a failed run that is launched. One that was only made is asked for again:
    Dagster launches it when it is."""
    found = instance.get_runs(dg.RunsFilter(tags={RUN_KEY_TAG: make_run_key(run)}))
    launched = (one for one in found if one.status is not dg.DagsterRunStatus.NOT_STARTED)
    return next(launched, None)


def find_successor(
    instance: dg.DagsterInstance, record: RunRecord, settings: Settings
) -> dg.DagsterRun | None:
    """A run that took over from a failed one, if there is any; see the module."""
    failed = record.dagster_run
    later = instance.get_run_records(dg.RunsFilter(created_after=record.create_timestamp))
    for one in later:
        run = one.dagster_run
        if run.run_id == failed.run_id or run.status is dg.DagsterRunStatus.CANCELED:
            continue
        if run.tags.get(RUN_KEY_TAG) == make_run_key(failed):
            continue  # its own retry, made and not launched
        if run.tags.get(PARENT_RUN_TAG) == failed.run_id or _does_all_of(run, failed, settings):
            return run
    return None


def _does_all_of(run: dg.DagsterRun, other: dg.DagsterRun, settings: Settings) -> bool:
    if not moves_data(run) or run.run_config not in ({}, other.run_config):
        return False
    facts, wanted = read_facts(run, settings), read_facts(other, settings)
    return (
        list_assets(run) >= list_assets(other)
        and set(facts.pairs) >= set(wanted.pairs)
        and set(facts.months) >= set(wanted.months)
    )


def find_root(run: dg.DagsterRun) -> str:
    """The id of the first run of a chain of tries."""
    return run.tags.get(ROOT_RUN_TAG) or run.run_id


def read_last_words(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """What Dagster says of the end of a run that said nothing itself."""
    events = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    told = [event.dagster_event.message for event in events if event.dagster_event]
    return (told[-1] if told else None) or "The process of the run ended without a word."
