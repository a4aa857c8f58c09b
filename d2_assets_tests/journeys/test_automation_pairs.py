"""Several pairs that run by themselves: two ways, one after the other, and to one destination."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest

from d2_assets_tests.journeys.automation import Automation, start_automation
from d2_assets_tests.journeys.both_ways import keys_of
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import MONTH, Templates

MINUTE = timedelta(minutes=1)


class Start(Protocol):
    def __call__(self, *versions: str) -> AbstractContextManager[Automation]: ...


@pytest.fixture
def start(templates: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Starts servers a, b, c ... of these versions, which hold the same values."""

    def start(*versions: str) -> AbstractContextManager[Automation]:
        named = dict(zip("abc", versions, strict=False))
        return start_automation(templates, tmp_path, monkeypatch, named)

    return start


def edit(world: Automation, server: str, value: str, *, number: int = 0) -> None:
    sandbox = world.servers[server]
    sandbox.store.edit_value(keys_of(sandbox)[number], value)


def tell(runs: Iterable[Run]) -> list[tuple[str, str, str]]:
    """Pair, what started it, and how many rows it wrote."""
    for run in runs:
        assert run.success, run.failure
    return [
        tuple(run.tags[f"d2/{name}"] for name in ("pair", "trigger", "written")) for run in runs
    ]  # type: ignore[misc]


def test_two_pairs_against_each_other_exchange_once_and_are_quiet_for_twenty_rounds(
    start: Start,
) -> None:
    with start("2.40", "2.43") as world:
        for ends in ("ab", "ba"):
            world.add_pair(*ends)
        assert world.run_job("data", "a--b", MONTH).success  # what both share is known by then
        world.follow(1, step=MINUTE)
        edit(world, "a", "4712", number=1)
        edit(world, "b", "4713", number=2)
        exchanged = tell(world.follow(4, step=MINUTE))
        assert exchanged == [("a--b", "change", "1"), ("b--a", "change", "1")]
        assert world.read("a") == world.read("b")
        assert world.rows_written() == 2
        for _ in range(20):
            assert world.follow(1, step=MINUTE) == []
        assert world.rows_written() == 0
        edit(world, "b", "4714")
        assert tell(world.follow(4, step=MINUTE)) == [("b--a", "change", "1")]


def test_what_one_pair_brought_the_next_one_moves_on_and_a_ring_ends_by_itself(
    start: Start,
) -> None:
    with start("2.42", "2.40", "2.43") as world:
        for ends in ("ab", "bc"):
            world.add_pair(*ends, changes={"start": "immediate"})
        world.follow(1, step=MINUTE)
        edit(world, "a", "4711")
        assert tell(world.follow(4, step=MINUTE)) == [
            ("a--b", "change", "1"),
            ("b--c", "cascade", "1"),
        ]
        assert world.read("a") == world.read("b") == world.read("c")
        edit(world, "b", "4712", number=1)
        assert tell(world.follow(4, step=MINUTE)) == [("b--c", "change", "1")]

        world.add_pair("c", "a", changes={"start": "immediate"})
        world.follow(1, step=MINUTE)
        edit(world, "a", "4713", number=2)  # with it goes what b was to hold all the time
        assert tell(world.follow(6, step=MINUTE)) == [
            ("a--b", "change", "2"),
            ("b--c", "cascade", "2"),
            ("c--a", "cascade", "0"),
        ]


def test_two_pairs_to_one_destination_follow_their_own_sources(start: Start) -> None:
    with start("2.40", "2.42", "2.43") as world:
        for ends in ("ac", "bc"):
            world.add_pair(*ends)
        world.follow(1, step=MINUTE)
        edit(world, "a", "4711")
        assert tell(world.follow(3, step=MINUTE)) == [("a--c", "change", "1")]
        edit(world, "b", "4712", number=1)
        runs = world.follow(3, step=MINUTE)
        assert [run.tags["d2/pair"] for run in runs] == ["b--c"]
        assert runs[0].materialised == [f"b--c|{MONTH}"]
        assert world.follow(5, step=MINUTE) == []
