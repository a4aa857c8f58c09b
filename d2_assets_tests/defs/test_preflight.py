"""The servers of a pair are asked once a run, for all that the run will move."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from d2_assets.defs import runs
from d2_assets.defs.assets import data_values, tracker
from d2_assets.dhis2.system import Account
from d2_assets_tests.defs.family_runs import PAIR, Country, Server, make_country


class Guest(Server):
    """A server whose account has no rights at all; ``asked``: how often it said so."""

    asked = 0

    def get_me(self) -> Account:
        self.asked += 1
        return replace(super().get_me(), authorities=frozenset(), org_units=())


@pytest.fixture
def country(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Country]:
    with dg.DagsterInstance.ephemeral() as instance:
        country = make_country(tmp_path, monkeypatch, instance, destination=Guest("training"))
        country.pairs = {PAIR: {"sync_type": "complete"}}
        for module in (data_values, tracker):  # no stand-ins: they come as far as the preflight
            monkeypatch.setattr(module, "materialise_partitions", runs.materialise_partitions)
        yield country


def list_causes(run_events: list[dg.DagsterEvent]) -> list[str]:
    return [
        event.step_failure_data.user_failure_data.description or ""
        for event in run_events
        if event.is_step_failure and event.step_failure_data.user_failure_data
    ]


def test_all_that_is_wrong_is_told_in_one_failure_before_anything_is_sent(
    country: Country,
) -> None:
    data = ("data/tracker", "data/events", "data/data_values")
    run = country.run("metadata/system", *data)
    assert not run.success
    told = list_causes(run.events)
    assert len(told) == 1 + len(data)
    (cause,) = set(told)
    for words in ("may not import metadata", "may not write data values", "no data capture"):
        assert words in cause
    assert isinstance(country.destination, Guest)
    assert country.destination.asked == 1
    assert country.destination.imports == []
    assert run.tags["d2/failure"] == "permanent"


def test_what_the_run_does_not_move_is_not_asked_for(country: Country) -> None:
    run = country.run("metadata/system")
    (cause,) = list_causes(run.events)
    assert "may not import metadata" in cause
    assert "data values" not in cause


def test_a_pair_that_was_narrowed_at_launch_is_asked_for_all_as_well(country: Country) -> None:
    chosen = {"data_sets": ["BfMAe6Itzgt"], "families": ["system"]}
    run = country.run("metadata/system", "data/data_values", launch=chosen)
    assert run.tags["d2/partial"] == "true"
    (cause,) = set(list_causes(run.events))
    assert "may not import metadata" in cause
    assert "may not write data values" in cause
    assert isinstance(country.destination, Guest)
    assert country.destination.asked == 1
