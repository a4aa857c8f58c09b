"""The sensor ``retries``: a run that failed for a cause that passes is run again when it is time.

The next try is a run of its own: while it is waited for, no run and no lease is held. What was
decided stands on the failed run as tags, so that it survives the daemon. A request bears a run key
made of the failed run's id: asked for twice, it is launched once. Only when the launched run is
seen does the failed one stop waiting, so a request that was lost is made again.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition
from dagster._core.storage.dagster_run import RunRecord

from d2_assets.defs.failed_runs import (
    JOBLESS,
    find_end,
    find_partition_ends,
    find_retry,
    find_root,
    find_successor,
    find_undecided,
    find_waiting,
    is_jobless,
    list_assets,
    make_run_key,
    read_attempt,
    read_facts,
    read_failed_run,
    read_last_words,
)
from d2_assets.defs.jobs import list_asset_keys
from d2_assets.defs.notifier import Notice, Notifier, NotifierResource
from d2_assets.defs.run_facts import (
    PARENT_RUN_TAG,
    RANGE_END_TAG,
    RANGE_START_TAG,
    ROOT_RUN_TAG,
)
from d2_assets.defs.status import refresh_status
from d2_assets.defs.tags import (
    ATTEMPT_TAG,
    CAUSE_TAG,
    FAILURE_TAG,
    LAUNCHED,
    MEND_TAG,
    NOTICE_TAG,
    PAIR_TAG,
    PERMANENT,
    RETRY_AT_TAG,
    RETRY_TAG,
    SUPERSEDED,
    TRIGGER_TAG,
    USER_TAG,
    WAITING,
)
from d2_assets.errors import ConfigurationError
from d2_assets.settings import Settings
from d2_assets.sync.retries import Decision, decide_retry

INTERVAL = 30
#: Runs tell when they changed by the clocks of the machines they ran on: so far back is looked.
_OVERLAP = 300.0
#: How Dagster is told to treat the run goes with it.
_KEPT_OF_DAGSTER = ("dagster/priority", "dagster/max_runtime")
_EVERY_ASSET = tuple(dict.fromkeys([*list_asset_keys("complete"), *list_asset_keys("stock")]))


@dataclass(frozen=True, slots=True)
class _Cursor:
    """``began``: failures before were not the sensor's; ``seen``: the newest change it saw. Both
    in seconds since the epoch."""

    began: float
    seen: float


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a tick works with."""

    instance: dg.DagsterInstance
    settings: Settings
    partitions: dg.MultiPartitionsDefinition
    notifier: Notifier

    def decide(self, record: RunRecord) -> str:
        """Decide about a run that failed; gives what there is to say about it."""
        run = record.dagster_run
        if successor := find_successor(self.instance, record, self.settings):
            return self._supersede(run, successor)
        decision = decide_retry(read_failed_run(record, self.settings))
        if decision.word == "waiting" and not self._can_be_asked_for(run):
            decision = Decision("hopeless", why="Its assets or months do not exist any more.")
        if decision.word != "waiting":
            return self._give_up(run, decision)
        self._mark(run, {RETRY_TAG: WAITING, RETRY_AT_TAG: str(decision.due)})
        return f"{_name(run)} is tried again at {_say_time(decision.due)}."

    def follow(self, record: RunRecord, now: float) -> dg.RunRequest | str:
        """The request for a run whose time has come; words about one that waits or is settled."""
        run = record.dagster_run
        due = int(run.tags.get(RETRY_AT_TAG, "0"))
        if retry := find_retry(self.instance, run):
            self._mark(run, {RETRY_TAG: LAUNCHED})
            return f"{_name(run)} is tried again by {_name(retry)}."
        if now < due:
            return f"{_name(run)} is tried again at {_say_time(due)}."
        if successor := find_successor(self.instance, record, self.settings):
            return self._supersede(run, successor)
        if not read_failed_run(record, self.settings).tries or not self._can_be_asked_for(run):
            why = "Its pair, assets or months are not in the settings any more, or not active."
            return self._give_up(run, Decision("hopeless", why=why))
        return self._request(run)

    def _request(self, run: dg.DagsterRun) -> dg.RunRequest:
        ends = find_partition_ends(run)
        tags = {name: text for name, text in run.tags.items() if _is_kept(name)}
        if len(ends) == 2:
            tags |= {RANGE_START_TAG: ends[0], RANGE_END_TAG: ends[1]}
        checks = run.asset_check_selection
        return dg.RunRequest(
            run_key=make_run_key(run),
            job_name=JOBLESS if is_jobless(run) else run.job_name,
            run_config=run.run_config,
            asset_selection=sorted(list_assets(run)) if run.asset_selection is not None else None,
            asset_check_keys=None if checks is None else list(checks),
            partition_key=ends[0] if len(ends) == 1 else None,
            tags={
                **tags,
                PARENT_RUN_TAG: run.run_id,
                ROOT_RUN_TAG: find_root(run),
                ATTEMPT_TAG: str(read_attempt(run) + 1),
                TRIGGER_TAG: "retry",
                PAIR_TAG: ",".join(read_facts(run, self.settings).pairs),
            },
        )

    def _can_be_asked_for(self, run: dg.DagsterRun) -> bool:
        """Dagster refuses a whole tick where one request names what there is not."""
        names = _EVERY_ASSET if is_jobless(run) else list_asset_keys(run.job_name)  # pyright: ignore[reportArgumentType]
        return list_assets(run) <= set(names) and all(
            self.partitions.has_partition_key(key) for key in find_partition_ends(run)
        )

    def _supersede(self, run: dg.DagsterRun, successor: dg.DagsterRun) -> str:
        self._mark(run, {RETRY_TAG: SUPERSEDED})
        return f"{_name(run)} is not tried again: {_name(successor)} took over."

    def _give_up(self, run: dg.DagsterRun, decision: Decision) -> str:
        tries = read_attempt(run) + 1
        last = f", the last of {tries} tries" if decision.word == "used_up" and tries > 1 else ""
        facts = read_facts(run, self.settings)
        notice = Notice(
            "failed_permanently",
            subject=", ".join(facts.pairs) or run.job_name,
            words=f"{_name(run)} of {run.job_name} for {_say_months(facts.months)} failed{last}, "
            "and is not tried again.",
            cause=run.tags.get(CAUSE_TAG) or decision.why or read_last_words(self.instance, run),
            mend=run.tags.get(MEND_TAG)
            or "See what the log of the run says, mend it, then launch the run again.",
            run_id=run.run_id,
        )
        # The notice leaves its own tag: a tick that ended in between does not tell it twice.
        if notice.kind not in run.tags.get(NOTICE_TAG, "").split(","):
            self.notifier.tell(notice)
        self._mark(run, {RETRY_TAG: decision.word, FAILURE_TAG: PERMANENT})
        return notice.words

    def _mark(self, run: dg.DagsterRun, tags: dict[str, str]) -> None:
        self.instance.add_run_tags(run.run_id, tags)
        refresh_status(self.instance, run.run_id)


def build_retries(
    settings: Settings,
    jobs: Sequence[UnresolvedAssetJobDefinition],
    partitions: dg.MultiPartitionsDefinition,
    clock: Callable[[], float] = time.time,
) -> dg.SensorDefinition:
    """The sensor over the jobs that move data. ``clock`` gives seconds since the epoch."""
    jobless = dg.define_asset_job(
        JOBLESS,
        dg.AssetSelection.assets(*_EVERY_ASSET),
        description="Retries of assets that were launched without a job.",
    )

    @dg.sensor(
        name="retries",
        jobs=[*jobs, jobless],
        minimum_interval_seconds=INTERVAL,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Runs again what failed for a cause that may pass by itself (a server that "
        "does not answer, a process that was killed): 60, 120, 240 ... seconds after each failure, "
        "at most an hour, as often as retries.tries of the pair allows. What cannot pass, and what "
        "failed at the last try, is told through the notifier with its cause and what to do. "
        "Failures from before it was switched on are left alone; while it is off, a run that "
        "failed says failed.",
    )
    def retries(context: dg.SensorEvaluationContext, notifier: NotifierResource) -> dg.SensorResult:
        now = clock()
        cursor = _read_cursor(context, now)
        told = notifier.open(context.instance, context.log)
        desk = _Desk(context.instance, settings, partitions, told)
        seen = cursor.seen
        words = []
        for record in list(find_undecided(context.instance, cursor.seen - _OVERLAP)):
            seen = max(seen, record.update_timestamp.timestamp())
            if find_end(record) >= cursor.began:
                words.append(desk.decide(record))
        followed = [desk.follow(record, now) for record in find_waiting(context.instance)]
        requests = [one for one in followed if isinstance(one, dg.RunRequest)]
        words = list(dict.fromkeys([*words, *(one for one in followed if isinstance(one, str))]))
        for sentence in words:
            context.log.info(sentence)
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else " ".join(words) or "No run is to be tried again.",
            cursor=json.dumps(asdict(replace(cursor, seen=seen))),
        )

    return retries


def _read_cursor(context: dg.SensorEvaluationContext, now: float) -> _Cursor:
    switched_on = context.last_sensor_start_time
    if not context.cursor:
        began = switched_on or now
        return _Cursor(began, began)
    try:
        cursor = _Cursor(**json.loads(context.cursor))
    except (ValueError, TypeError):
        raise ConfigurationError(
            f"The cursor of the sensor retries cannot be read: {context.cursor[:80]!r}.",
            remedy="Reset it on the page of the sensor. Runs that failed until then stay as they "
            "are: launch those again that you need.",
        ) from None
    return replace(cursor, began=max(cursor.began, switched_on or 0.0))


def _is_kept(tag: str) -> bool:
    """What a person wrote on the run goes with its retry; what was found out about it does not."""
    return tag in (USER_TAG, *_KEPT_OF_DAGSTER) or not tag.startswith(("d2/", "dagster/", "."))


def _name(run: dg.DagsterRun) -> str:
    return f"Run {run.run_id[:8]}"


def _say_time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _say_months(months: Sequence[str]) -> str:
    if not months:
        return "no month"
    return months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"
