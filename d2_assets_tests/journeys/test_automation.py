"""A pair follows its source: exactly what changed arrives, within the limits, and nothing twice."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from d2_assets.defs.tags import NOTICE_TAG
from d2_assets.watching.state import State
from d2_assets_tests.journeys.automation import Automation, start_automation
from d2_assets_tests.journeys.both_ways import keys_of
from d2_assets_tests.journeys.world import CURRENT, MONTH, Templates

PAIR = "a--b"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(
    templates: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Automation]:
    """Two servers that hold the same values, and a pair that has begun to follow."""
    versions = {"a": "2.42", "b": "2.40"}
    with start_automation(templates, tmp_path, monkeypatch, versions) as world:
        world.add_pair("a", "b")
        assert world.follow(0.5) == []
        yield world


def edit(world: Automation, value: str, month: str = MONTH, *, number: int = 0) -> None:
    server = world.servers["a"]
    server.store.edit_value(keys_of(server, month)[number], value)


def test_a_change_starts_exactly_its_asset_and_month_and_nothing_twice(world: Automation) -> None:
    edit(world, "4711")
    (run,) = world.follow(3)
    assert run.success, run.failure
    assert run.materialised == [f"{PAIR}|{MONTH}"]
    assert (run.tags["d2/trigger"], run.tags["d2/pair"]) == ("change", PAIR)
    assert world.read("a") == world.read("b")
    assert world.rows_written() == 1
    assert world.follow(5) == []


def test_a_burst_becomes_one_run(world: Automation) -> None:
    for number in range(5):
        edit(world, f"47{number}", number=number)
        edit(world, f"48{number}", CURRENT, number=number)
        world.clock.now += timedelta(seconds=5)
    (run,) = world.follow(3)
    assert run.materialised == [f"{PAIR}|{MONTH}", f"{PAIR}|{CURRENT}"]
    assert world.read("a") == world.read("b")
    assert world.follow(5) == []


def test_an_hour_has_so_many_runs_and_what_came_meanwhile_arrives_with_the_next(
    world: Automation,
) -> None:
    world.pairs[PAIR]["changes"] |= {"max_runs_per_hour": 2, "start": "immediate"}
    runs = []
    for number in range(4):
        edit(world, f"47{number}")
        runs += world.follow(2, step=MINUTE)
    assert len(runs) == 2
    assert "no more are allowed (changes.max_runs_per_hour)" in world.tick(PAIR).words
    (last,) = world.follow(56, step=4 * MINUTE)
    assert last.success
    assert world.read("a") == world.read("b")


def test_failures_cost_pauses_then_switch_the_pair_off_until_a_person_says_go_on(
    world: Automation,
) -> None:
    world.pairs[PAIR]["changes"] |= {"cooldown_seconds": 600, "off_after_failures": 2}
    right = world.instances["b"]
    world.instances["b"] = right | {"auth": right["auth"] | {"username": "nobody"}}
    edit(world, "4711")
    (first,) = world.follow(9, step=MINUTE)
    assert not first.success
    assert "nothing is started before" in world.tick(PAIR).words
    mark = world.find_mark(PAIR, "HF_MONTHLY")
    (second,) = world.follow(9, step=MINUTE)
    assert not second.success
    assert world.follow(60, step=20 * MINUTE) == []
    words = world.tick(PAIR).words
    assert words.startswith("Switched off: 2 runs failed in a row.")
    assert f"To be moved: data/data_values for {MONTH}." in words
    told = {run.run_id: run.record.tags.get(NOTICE_TAG) for run in (first, second)}
    assert told == {first.run_id: None, second.run_id: "switched_off"}
    assert world.find_mark(PAIR, "HF_MONTHLY") == mark

    world.instances["b"] = right
    go_on = {"resume": {"config": {"pair": PAIR}}}
    assert world.run_job("resume_pair", ops=go_on).success
    (third,) = world.follow(1)
    assert third.success, third.failure
    assert world.read("a") == world.read("b")
    world.follow(2)
    assert world.find_mark(PAIR, "HF_MONTHLY") != mark


def test_a_tick_asks_for_each_resource_once_and_for_nothing_while_none_is_due(
    world: Automation,
) -> None:
    world.pairs[PAIR]["sync_type"] = "complete"
    assert world.follow(1, step=MINUTE) == []
    world.clear_requests()
    assert world.follow(1, step=MINUTE) == []
    watched = State.read(world.cursors[PAIR]).watched
    asked = [(one.method, one.path, one.query) for one in world.servers["a"].requests()]
    assert len(asked) == len(watched) == len(set(asked)) > 50
    assert {method for method, _, _ in asked} == {"GET"}
    assert world.servers["b"].requests() == []
    world.clear_requests()
    assert "Looked at 0 of" in world.tick(PAIR).words
    assert world.servers["a"].requests() == []
