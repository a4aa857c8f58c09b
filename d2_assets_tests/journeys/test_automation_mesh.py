"""Three servers that all exchange with each other, each of the six ways a pair of its own."""

from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest

from d2_assets_tests.journeys.automation import start_automation
from d2_assets_tests.journeys.both_ways import keys_of
from d2_assets_tests.journeys.world import MONTH, Templates

MINUTE = timedelta(minutes=1)
VERSIONS = {"a": "2.40", "b": "2.42", "c": "2.43"}


def test_a_mesh_of_three_takes_edits_of_all_and_leaves_a_conflict_to_people(
    templates: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_automation(templates, tmp_path, monkeypatch, VERSIONS) as world:
        for ends in permutations(VERSIONS, 2):
            world.add_pair(*ends, changes={"start": "immediate"})
        for pair in ("a--b", "b--c", "a--c"):  # what each two of them share is known by then
            assert world.run_job("data", pair, MONTH).success
        world.follow(1, step=MINUTE)
        world.rows_written()

        keys = keys_of(world.servers["a"])
        for number, server in enumerate(VERSIONS):
            world.servers[server].store.edit_value(keys[number], f"470{number}")
        runs = world.follow(7, step=MINUTE)
        assert all(run.success for run in runs)
        values = {server: world.read(server) for server in VERSIONS}
        assert values["a"] == values["b"] == values["c"]
        assert [values["a"][keys[number]][0] for number in range(3)] == ["4700", "4701", "4702"]
        assert world.rows_written() == 6  # each edit once to each of the two others
        assert world.follow(3, step=MINUTE) == []

        for server, value in (("a", "1"), ("b", "2")):
            world.servers[server].store.edit_value(keys[3], value)
        runs = world.follow(7, step=MINUTE)
        assert all(run.success for run in runs)
        assert world.read("a")[keys[3]][0] == "1"
        assert world.read("b")[keys[3]][0] == "2"
        assert "completed_with_warnings" in {run.tags.get("d2/outcome") for run in runs}
        assert world.follow(3, step=MINUTE) == []
