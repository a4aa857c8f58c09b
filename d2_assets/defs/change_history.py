"""What Dagster knows of runs, as a pair that follows its source needs it.

Run storage is asked by the time a record changed, so a tick reads only what is new. Machines write
that time by their own clocks: so far back is read again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg
from dagster._core.storage.dagster_run import RunRecord

from d2_assets.defs.run_facts import ROOT_RUN_TAG, RUN_KEY_TAG, read_run_facts
from d2_assets.defs.tags import (
    CAUSE_TAG,
    LAUNCHED,
    MEND_TAG,
    PARTIAL_TAG,
    RETRY_AT_TAG,
    RETRY_TAG,
    TRIGGER_TAG,
    WAITING,
    WRITTEN_TAG,
)
from d2_assets.watching.history import History, RunSeen, RunState
from d2_assets.watching.state import State

#: The job by which a person says that a pair that was switched off may go on.
RESUME_JOB = "resume_pair"

_OVERLAP = 300.0
#: Records that one tick reads; the next one goes on.
_MOST = 1000

# A run that is made and not yet handed to the queue is not there: Dagster may have been killed.
_STATES: dict[dg.DagsterRunStatus, RunState] = {
    dg.DagsterRunStatus.QUEUED: "unfinished",
    dg.DagsterRunStatus.STARTING: "unfinished",
    dg.DagsterRunStatus.STARTED: "unfinished",
    dg.DagsterRunStatus.CANCELING: "unfinished",
    dg.DagsterRunStatus.SUCCESS: "well",
    dg.DagsterRunStatus.FAILURE: "failed",
    dg.DagsterRunStatus.CANCELED: "cancelled",
}
_UNFINISHED = [status for status, state in _STATES.items() if state == "unfinished"]
_ENDED = [status for status, state in _STATES.items() if state != "unfinished"]


@dataclass(frozen=True, slots=True)
class RunHistory:
    """The runs of an instance; ``pairs`` are all names in the order of the settings file."""

    instance: dg.DagsterInstance
    pairs: Sequence[str]

    def read(self, state: State) -> History:
        """What is new since the state was written. The first tick of all begins with now."""
        records = [] if state.read_until is None else self._list_ended(state.read_until)
        return History(
            read_until=self._find_end(state.read_until, records),
            ended=[self._see(record) for record in records],
            unfinished=self.list_unfinished(),
            chains={
                launch.key: [self._see(record) for record in self._list_chain(launch.key)]
                for launch in state.launches
            },
        )

    def list_unfinished(self) -> list[RunSeen]:
        """The runs that wait or go on, of all pairs."""
        filters = dg.RunsFilter(statuses=_UNFINISHED)
        return [self._see(record) for record in self._get(filters, limit=_MOST)]

    def _list_ended(self, since: float) -> Sequence[RunRecord]:
        after = datetime.fromtimestamp(max(0.0, since - _OVERLAP), UTC)
        filters = dg.RunsFilter(statuses=_ENDED, updated_after=after)
        return self.instance.get_run_records(
            filters, limit=_MOST, order_by="update_timestamp", ascending=True
        )

    def _find_end(self, before: float | None, records: Iterable[RunRecord]) -> float:
        newest = max((_changed(record) for record in records), default=0.0)
        if before is None:
            last = self.instance.get_run_records(limit=1, order_by="update_timestamp")
            before = max(map(_changed, last), default=0.0)
        return max(before, newest)

    def _list_chain(self, key: str) -> Iterator[RunRecord]:
        """The run of a key and all that followed in its place, by their creation."""
        first = self._get(dg.RunsFilter(tags={RUN_KEY_TAG: key}))
        roots = [record.dagster_run.run_id for record in first]
        then = self._get(dg.RunsFilter(tags={ROOT_RUN_TAG: roots})) if roots else []
        found = {record.dagster_run.run_id: record for record in (*first, *then)}
        for record in sorted(found.values(), key=lambda record: record.storage_id):
            if record.dagster_run.status in _STATES:
                yield record

    def _get(self, filters: dg.RunsFilter, limit: int | None = None) -> Sequence[RunRecord]:
        return self.instance.get_run_records(filters, limit=limit)

    def _see(self, record: RunRecord) -> RunSeen:
        run = record.dagster_run
        facts = read_run_facts(run, self.pairs)
        tags, ended_at = run.tags, record.end_time or _changed(record)
        is_awaited = tags.get(RETRY_TAG) in (WAITING, LAUNCHED)
        written = tags.get(WRITTEN_TAG, "")
        return RunSeen(
            run_id=run.run_id,
            state=_STATES[run.status],
            pairs=facts.pairs,
            months=facts.months,
            writes=facts.writes,
            written=int(written) if written.isdecimal() else None,
            root=tags.get(ROOT_RUN_TAG, run.run_id),
            trigger=tags.get(TRIGGER_TAG, ""),
            is_partial=PARTIAL_TAG in tags,
            resumes=run.job_name == RESUME_JOB,
            ended_at=ended_at,
            retry_at=float(tags.get(RETRY_AT_TAG) or ended_at) if is_awaited else None,
            cause=tags.get(CAUSE_TAG, ""),
            mend=tags.get(MEND_TAG, ""),
        )


def _changed(record: RunRecord) -> float:
    return record.update_timestamp.timestamp()
