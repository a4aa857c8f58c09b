"""Pairs before and against this one: what they write at the source, and when it follows."""

from dataclasses import replace

import pytest

from d2_assets_tests.watching.automation_model import (
    EVENTS,
    MONTH,
    REVERSE,
    UPSTREAM,
    Model,
    make_pair,
)


@pytest.mark.parametrize("name", [UPSTREAM, REVERSE])
def test_while_another_pair_writes_to_the_source_nothing_is_asked(model: Model, name: str) -> None:
    other = model.run_other(name, "unfinished", writes=frozenset({"data/events"}))
    model.change(EVENTS, MONTH)
    model.wait(300)
    assert model.tick().words == f"Waits for runs that write to the source: {name}."
    assert model.looked == []
    model.others = [replace(other, state="cancelled", ended_at=model.now)]
    model.tick()
    assert model.state.changes


def test_what_was_seen_while_a_writer_began_is_looked_at_again(model: Model) -> None:
    def begin_to_write() -> None:
        if not model.others:
            model.run_other(REVERSE, "unfinished", writes=frozenset({"data/events"}))

    model.change(EVENTS, MONTH)
    model.wait(300)
    model.during_looks = begin_to_write
    assert "Waits for runs that write to the source" in model.tick().words
    assert not model.state.changes
    model.others = [replace(model.others[0], state="well", ended_at=model.now)]
    model.tick()
    assert model.state.changes.keys() == {EVENTS}


def test_what_an_upstream_run_wrote_follows_when_it_ended_well(model: Model) -> None:
    writes = frozenset({"data/events", "metadata/data_elements", "data/unknown"})
    model.wait(10)
    model.run_other(UPSTREAM, "well", writes=writes, months=("202403", MONTH), written=7)
    model.run_other(UPSTREAM, "well", writes=writes, months=("202301",), written=0)
    model.run_other("another", "well", writes=writes, months=("202302",), written=7)
    model.run_other(REVERSE, "well", writes=writes, months=("202303",), written=7)
    model.tick()
    model.wait(30)
    (request,) = model.tick().requests
    assert request.assets == ("data/events", "metadata/data_elements")
    assert (request.months, request.trigger) == (("202403", MONTH), "cascade")
    model.end(model.runs[0], "well")
    model.wait(7200)
    for _ in range(3):
        model.wait(30)
        assert not model.tick().requests


def test_what_an_upstream_run_wrote_before_it_failed_follows_the_one_that_ends_well(
    model: Model,
) -> None:
    writes, months = frozenset({"data/events"}), ("202403", MONTH)
    model.wait(10)
    model.run_other(UPSTREAM, "failed", writes=writes, months=months)
    for _ in range(2):
        model.wait(30)
        assert not model.tick().requests
    model.run_other(UPSTREAM, "well", writes=writes, months=(MONTH,), written=0)
    model.tick()
    model.wait(30)
    (request,) = model.tick().requests
    assert request.months == (MONTH,)


def test_what_the_pair_does_not_watch_is_not_taken_from_upstream_runs() -> None:
    model = Model(make_pair(exclude=["events"], metadata=False, start="immediate"))
    model.tick()
    writes = frozenset({"data/events", "metadata/data_elements"})
    model.run_other(UPSTREAM, "well", writes=writes, months=(MONTH,), written=7)
    assert not model.tick().requests
    assert not model.state.changes
