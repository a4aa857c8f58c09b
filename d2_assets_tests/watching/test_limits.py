"""Runs that fail, are tried again or get lost, and the limits that hold a pair up."""

from dataclasses import replace

import pytest

from d2_assets_tests.watching.automation_model import (
    DATA_SET,
    MONTH,
    Model,
    make_pair,
    start_run,
)


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_the_mark_stays_and_the_change_is_asked_for_again_after_the_pause(
    model: Model, state: str
) -> None:
    start_run(model)
    before = model.state.watched[DATA_SET].mark
    model.end(model.runs[0], state)  # pyright: ignore[reportArgumentType]
    assert "nothing is started before" in model.tick().words
    model.wait(1799)
    assert not model.tick().requests
    assert model.looked == []
    model.wait(1)
    (again,) = model.tick().requests
    assert again.key != model.runs[0].request.key
    assert (again.assets, again.months) == (("data/data_values",), (MONTH,))
    assert model.state.watched[DATA_SET].mark == before
    model.end(model.runs[1], "well")
    model.tick()
    assert model.state.watched[DATA_SET].mark != before


def test_a_retry_that_ended_well_counts_as_the_run(model: Model) -> None:
    start_run(model)
    first = model.runs[0]
    model.end(first, "failed", retry_at=model.now + 60)
    assert "tried again" in model.tick().words
    model.wait(60)
    second = model.retry(first)
    assert "tried again" in model.tick().words
    model.end(second, "well")
    model.wait(30)
    decision = model.tick()
    assert (decision.requests, model.state.changes) == ((), {})


def test_a_retry_that_never_comes_is_not_waited_for(model: Model) -> None:
    start_run(model)
    model.end(model.runs[0], "failed", retry_at=model.now + 60)
    model.tick()
    model.wait(60 + 601)
    assert "A run failed" in model.tick().words


def test_a_run_that_filters_narrowed_moves_no_mark(model: Model) -> None:
    start_run(model)
    model.runs[0].seen = replace(model.runs[0].seen, state="well", is_partial=True)
    model.tick()
    assert model.state.changes


def test_a_run_that_was_never_launched_is_asked_for_anew_after_ten_minutes(model: Model) -> None:
    start_run(model)
    lost = model.runs.pop()
    model.wait(599)
    assert not model.tick().requests
    model.wait(1)
    (again,) = model.tick().requests
    assert again.key != lost.request.key
    assert model.state.stopped_at is None


def test_the_hour_has_so_many_runs_and_the_rest_waits_its_turn() -> None:
    model = Model(make_pair(start="immediate", max_runs_per_hour=2))
    months = ("202311", "202401", "202403")
    for month in months:
        model.change(DATA_SET, month)
    assert len(model.tick().requests) == 2
    for run in model.runs:
        model.end(run, "well")
    model.wait(1800)
    assert "no more are allowed" in model.tick().words
    assert model.state.changes[DATA_SET].months == {"202403"}
    model.wait(1800)
    assert [one.months for one in model.tick().requests] == [("202403",)]


def fail(model: Model, times: int) -> list[str]:
    """So many failures in a row, with the pauses between; kinds of what was told meanwhile."""
    told: list[str] = []
    for _ in range(times):
        while not model.tick().requests:
            model.wait(300)
        model.end(model.runs[-1], "failed")
        model.wait(30)
        told += [notice.kind for notice in model.tick().notices]
    return told


def test_after_failures_in_a_row_the_pair_is_off_which_is_told_once() -> None:
    model = Model(make_pair(off_after_failures=3, start="immediate"))
    model.change(DATA_SET, MONTH)
    assert fail(model, 3) == ["switched_off"]
    for _ in range(5):
        model.wait(7200)
        decision = model.tick()
        assert decision.words.startswith("Switched off: 3 runs failed in a row.")
        assert "resume_pair" in decision.words
        assert "To be moved: data/data_values for 202404." in decision.words
        assert (decision.notices, model.looked) == ((), [])


@pytest.mark.parametrize(
    "facts", [{"resumes": True}, {"writes": frozenset({"data/events"}), "months": (MONTH,)}]
)
def test_any_run_of_the_pair_that_ended_well_switches_it_on_again(facts: dict) -> None:
    model = Model(make_pair(off_after_failures=2, start="immediate", cooldown_seconds=60))
    model.change(DATA_SET, MONTH)
    fail(model, 2)
    model.run_other("another", "well", **facts)
    model.run_other("here--there", "well", **{**facts, "resumes": False, "is_partial": True})
    model.wait(3600)
    assert "Switched off" in model.tick().words
    model.wait(1)
    model.run_other("here--there", "well", **facts)
    assert len(model.tick().requests) == 1
    model.end(model.runs[-1], "failed")
    assert fail(model, 1) == ["switched_off"]
