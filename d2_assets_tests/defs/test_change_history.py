"""What the sensors of changes read of Dagster's runs."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from d2_assets.defs.change_history import RunHistory
from d2_assets.watching.history import RunSeen
from d2_assets.watching.state import Launch, State

STATUS = dg.DagsterRunStatus
PAIRS = ("a--b", "b--c")
KEY = "a--b-1-abc"
ASKED = State(
    read_until=0.0, launches=(Launch(KEY, ("data/events",), ("202404",), ("events:x",), 0.0),)
)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def add_run(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus, job: str = "data", **tags: Any
) -> str:
    run = create_run_for_test(
        instance,
        job,
        status=status,
        tags={"dagster/partition": "a--b|202404"}
        | {name.replace("__", "/"): str(value) for name, value in tags.items()},
    )
    return run.run_id


def read(instance: dg.DagsterInstance, state: State = ASKED) -> list[RunSeen]:
    return list(RunHistory(instance, PAIRS).read(state).chains[KEY])


def test_the_first_tick_begins_with_now(instance: dg.DagsterInstance) -> None:
    add_run(instance, STATUS.SUCCESS)
    history = RunHistory(instance, PAIRS).read(State())
    assert history.ended == []
    assert history.read_until == pytest.approx(datetime.now().timestamp(), abs=60)
    later = add_run(instance, STATUS.FAILURE)
    again = RunHistory(instance, PAIRS).read(State(read_until=history.read_until))
    assert later in {run.run_id for run in again.ended}


def test_runs_are_read_as_what_they_came_to(instance: dg.DagsterInstance) -> None:
    tags = {"d2__written": 7, "d2__trigger": "change", "d2__cause": "It broke."}
    well = add_run(instance, STATUS.SUCCESS, **tags)
    add_run(instance, STATUS.CANCELED, d2__partial="true")
    add_run(instance, STATUS.FAILURE, job="preview")
    add_run(instance, STATUS.NOT_STARTED)
    started = add_run(instance, STATUS.STARTED)
    history = RunHistory(instance, PAIRS).read(State(read_until=0.0))
    seen = {run.run_id: run for run in history.ended}[well]
    assert (seen.state, seen.pairs, seen.months) == ("well", ("a--b",), ("202404",))
    assert (seen.writes, seen.written) == (frozenset({"data/data_values"}), 7)
    assert (seen.root, seen.trigger, seen.cause) == (well, "change", "It broke.")
    kinds = [(run.state, run.is_partial, bool(run.writes)) for run in history.ended]
    assert sorted(kinds) == [
        ("cancelled", True, True),
        ("failed", False, False),
        ("well", False, True),
    ]
    assert [run.run_id for run in history.unfinished] == [started]


def test_a_chain_holds_the_run_of_a_key_and_all_that_followed_in_its_place(
    instance: dg.DagsterInstance,
) -> None:
    waits = {"d2__retry": "waiting", "d2__retry_at": 1700}
    first = add_run(instance, STATUS.FAILURE, dagster__run_key=KEY, d2__retry="launched")
    second = add_run(instance, STATUS.FAILURE, dagster__root_run_id=first, **waits)
    add_run(instance, STATUS.SUCCESS, dagster__run_key="another")
    chain = read(instance)
    assert [(run.run_id, run.root) for run in chain] == [(first, first), (second, first)]
    assert chain[1].retry_at == 1700
    instance.add_run_tags(second, {"d2/retry": "used_up"})
    assert read(instance)[1].retry_at is None


def test_a_run_that_was_never_handed_over_is_not_there(instance: dg.DagsterInstance) -> None:
    add_run(instance, STATUS.NOT_STARTED, dagster__run_key=KEY)
    assert read(instance) == []
