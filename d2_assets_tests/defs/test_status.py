"""The word that stands on a run, for every state that Dagster knows and every decision after it."""

import logging
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.test_utils import create_run_for_test
from sqlalchemy.exc import OperationalError

from d2_assets.defs.status import derive_status, refresh_status
from d2_assets.defs.tags import (
    FAILURE_TAG,
    HOPELESS,
    LAUNCHED,
    OUTCOME_TAG,
    RETRY_TAG,
    STATUS_TAG,
    SUPERSEDED,
    USED_UP,
    WAITING,
    WARNED,
)
from d2_assets.serve import prepare_dagster_home
from d2_assets.storage import Instance

_STATES = dg.DagsterRunStatus
_TABLE = [
    (_STATES.NOT_STARTED, {}, "pending"),
    (_STATES.QUEUED, {}, "pending"),
    (_STATES.SUSPENDED, {}, "pending"),
    (_STATES.STARTING, {}, "running"),
    (_STATES.STARTED, {OUTCOME_TAG: WARNED}, "running"),
    (_STATES.MANAGED, {}, "running"),
    (_STATES.CANCELING, {}, "running"),
    (_STATES.CANCELED, {OUTCOME_TAG: WARNED, FAILURE_TAG: "permanent"}, "cancelled"),
    (_STATES.SUCCESS, {}, "completed"),
    (_STATES.SUCCESS, {OUTCOME_TAG: WARNED}, "completed_with_warnings"),
    (_STATES.SUCCESS, {RETRY_TAG: WAITING}, "completed"),
    (_STATES.FAILURE, {}, "failed"),
    (_STATES.FAILURE, {OUTCOME_TAG: WARNED, FAILURE_TAG: "transient"}, "failed"),
    (_STATES.FAILURE, {FAILURE_TAG: "permanent"}, "failed_permanently"),
    (_STATES.FAILURE, {RETRY_TAG: WAITING}, "retrying"),
    (_STATES.FAILURE, {RETRY_TAG: LAUNCHED}, "failed"),
    (_STATES.FAILURE, {FAILURE_TAG: "permanent", RETRY_TAG: SUPERSEDED}, "failed"),
    (_STATES.FAILURE, {FAILURE_TAG: "transient", RETRY_TAG: USED_UP}, "failed_permanently"),
    (_STATES.FAILURE, {RETRY_TAG: HOPELESS}, "failed_permanently"),
]


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """An instance as dagster.yaml makes it, on SQLite."""
    monkeypatch.delenv("D2_ASSETS_DATABASE_URL", raising=False)
    home = prepare_dagster_home(tmp_path / "dagster")
    with dg.DagsterInstance.from_config(str(home)) as made:
        assert isinstance(made, Instance)
        yield made


@pytest.mark.parametrize(("state", "tags", "word"), _TABLE)
def test_each_state_and_decision_has_one_word(
    state: dg.DagsterRunStatus, tags: dict[str, str], word: str
) -> None:
    assert derive_status(state, tags) == word


def test_every_state_of_dagster_has_a_word() -> None:
    assert {state for state, _, _ in _TABLE} == set(_STATES)


def test_the_word_follows_a_run_from_its_making_to_its_end(instance: dg.DagsterInstance) -> None:
    run = create_run_for_test(instance, job_name="data")
    seen = [
        run.tags[STATUS_TAG],
        *(_report(instance, run.run_id, event) for event in _LIFE),
    ]
    assert seen == ["pending", "running", "running", "running", "cancelled"]


def test_a_run_of_a_job_ends_with_the_word_of_its_outcome(instance: dg.DagsterInstance) -> None:
    assert _run(instance, {}) == "completed"
    assert _run(instance, {OUTCOME_TAG: WARNED}) == "completed_with_warnings"
    assert _run(instance, {}, fail=True) == "failed"
    assert _run(instance, {FAILURE_TAG: "permanent"}, fail=True) == "failed_permanently"


def test_a_run_that_is_gone_has_no_word(instance: dg.DagsterInstance) -> None:
    run = create_run_for_test(instance, job_name="data")
    instance.delete_run(run.run_id)
    refresh_status(instance, run.run_id)
    _report_event(instance, run.run_id, DagsterEventType.RUN_FAILURE)
    assert instance.get_run_by_id(run.run_id) is None


def test_a_tag_that_cannot_be_written_stops_no_run(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(run_id: str, new_tags: object) -> None:
        raise OperationalError("update runs", {}, Exception("database is locked"))

    run = create_run_for_test(instance, job_name="data")
    monkeypatch.setattr(instance.run_storage, "add_run_tags", refuse)
    with caplog.at_level(logging.WARNING):
        _report_event(instance, run.run_id, DagsterEventType.RUN_START)
    kept = instance.get_run_by_id(run.run_id)
    assert kept is not None
    assert kept.status is dg.DagsterRunStatus.STARTED
    assert "database is locked" in caplog.text


_LIFE = (
    DagsterEventType.RUN_STARTING,
    DagsterEventType.RUN_START,
    DagsterEventType.RUN_CANCELING,
    DagsterEventType.RUN_CANCELED,
)


def _report(instance: dg.DagsterInstance, run_id: str, event: DagsterEventType) -> str:
    _report_event(instance, run_id, event)
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.tags[STATUS_TAG]


def _report_event(instance: dg.DagsterInstance, run_id: str, event: DagsterEventType) -> None:
    instance.report_dagster_event(DagsterEvent(event.value, "data"), run_id)


def _run(instance: dg.DagsterInstance, tags: dict[str, str], *, fail: bool = False) -> str:
    @dg.op
    def work(context: dg.OpExecutionContext) -> None:
        context.instance.add_run_tags(context.run_id, tags)
        if fail:
            raise dg.Failure("broken", allow_retries=False)

    @dg.job(executor_def=dg.in_process_executor)
    def data() -> None:
        work()

    ended = data.execute_in_process(instance=instance, raise_on_error=False)
    run = instance.get_run_by_id(ended.run_id)
    assert run is not None
    return run.tags[STATUS_TAG]
