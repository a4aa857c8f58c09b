"""Events and tracker as assets: what they show, what they claim, and what a preview tells."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from d2_assets.definitions import build_definitions
from d2_assets.defs.resources import DHIS2Resource
from d2_assets.errors import TransientError
from d2_assets.settings.loading import parse_settings
from d2_assets.tracker.objects import Kind
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.sync.tracker_runs import PAIR
from d2_assets_tests.sync.tracker_runs import Server as InMemory

MONTH = "202511"
_COUNTS = ("create", "objects_to_send", "quarantined")
_SETTINGS = """
first_month: "202510"
home: {home}
instances:
  - {{name: national, url: "https://national.test", auth: {{username: u, password_env: A}}}}
  - {{name: training, url: "https://training.test", auth: {{username: u, password_env: B}}}}
pairs:
  - {{name: {pair}, source: national, destination: training, sync_type: all_data{more}}}
"""


class Server(InMemory):
    def close(self) -> None:
        pass


@dataclass
class Country:
    folder: Path
    instance: dg.DagsterInstance
    source: Server
    destination: Server
    more: str = ""

    def build(self) -> dg.Definitions:
        file = self.folder / "settings.yaml"
        text = _SETTINGS.format(home=self.folder / "home", pair=PAIR, more=self.more)
        file.write_text(text, encoding="utf-8")
        return build_definitions(parse_settings(text, file))

    def run(self, *assets: str, month: str = MONTH) -> Run:
        result = self.build().resolve_implicit_global_asset_job_def().execute_in_process(
            instance=self.instance,
            asset_selection=[dg.AssetKey(["data", name]) for name in assets],
            raise_on_error=False,
            partition_key=f"{PAIR}|{month}",
        )  # fmt: skip
        return Run(self.instance, result.run_id)

    def preview(self, *assets: str) -> Run:
        result = (
            self.build()
            .resolve_job_def("preview")
            .execute_in_process(
                instance=self.instance,
                raise_on_error=False,
                run_config={"ops": {"plan": {"config": {"assets": list(assets)}}}},
                partition_key=f"{PAIR}|{MONTH}",
            )
        )
        return Run(self.instance, result.run_id)


@pytest.fixture
def country(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Country]:
    source = Server("national", url="https://national.test")
    source.put_entity("teAnna00001", "Anna")
    source.put_enrollment("enAnna00001", "teAnna00001")
    source.put_child_event("evAnna00001", "enAnna00001", "3")
    source.put_event("evCase00001", "2025-11-03")
    with dg.DagsterInstance.ephemeral() as instance:
        country = Country(
            tmp_path, instance, source, Server("training", url="https://training.test")
        )
        servers = {"national": country.source, "training": country.destination}

        def get_client(self: object, settings: object, name: str, sleep: object = None) -> Server:
            return servers[name]

        monkeypatch.setattr(DHIS2Resource, "get_client", get_client)
        yield country


def test_both_move_in_one_run_and_say_so_kind_by_kind(country: Country) -> None:
    run = country.run("events", "tracker")
    assert run.success, run.failure
    events = run.show(MONTH, asset="data/events")
    tracker = run.show(MONTH, asset="data/tracker")
    assert (events["objects_read"], events["created"]) == (1, 1)
    assert {row["kind"]: row["created"] for row in tracker["kinds"] if row["read"]} == {
        "tracked entities": 1,
        "enrollments": 1,
        "events": 1,
    }
    assert {row["program"] for row in tracker["programs"]} == {"Child", "of no program"}
    assert all(check.passed for check in run.checks)
    assert len(run.checks) == 4
    assert tracker["source"] == "https://national.test"
    assert (Kind.EVENT, "evAnna00001") in country.destination.stored


def test_what_waits_is_a_warning_with_its_reason(country: Country) -> None:
    country.destination.refused[Kind.EVENT, "evCase00001"] = ("E1300", "A rule says no.")
    run = country.run("events")
    assert run.success, run.failure
    events = run.show(MONTH, asset="data/events")
    (reason,) = events["quarantine_reasons"]
    assert (reason["code"], reason["objects"]) == ("E1300", 1)
    (row,) = events["quarantine"]
    assert (row["id"], row["kind"]) == ("evCase00001", "event")
    check = run.check("destination_equals_source")
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "1 quarantined" in str(check.description)
    assert run.check("no_row_is_lost").passed


def test_a_preview_shows_the_plan_of_both_and_sends_nothing(country: Country) -> None:
    run = country.preview("events", "tracker")
    assert run.success, run.failure
    plans = {
        item.asset_key.to_user_string(): {name: item.metadata[name].value for name in _COUNTS}
        for item in run.observations
        if "plan" in item.metadata
    }
    assert plans == {
        "data/events": {"create": 1, "objects_to_send": 1, "quarantined": 0},
        "data/tracker": {"create": 3, "objects_to_send": 3, "quarantined": 0},
    }
    assert country.destination.posts == []


def test_the_word_none_of_older_documents_is_told(country: Country) -> None:
    country.more = ", tracker: {atomic_mode: NONE}"
    run = country.run("events")
    assert run.success, run.failure
    assert any("OBJECT is used for it" in entry.user_message for entry in run.log)


CONTACT = (Kind.RELATIONSHIP, "reContact01")


def relate(country: Country) -> None:
    """Anna is a contact of a case: an event without registration, which comes after her."""
    country.source.put_relationship(
        CONTACT[1], (Kind.TRACKED_ENTITY, "teAnna00001"), (Kind.EVENT, "evCase00001")
    )


def list_marked(run: Run) -> list[str]:
    """The assets whose partition was marked, in order."""
    return [
        event.step_materialization_data.materialization.asset_key.to_user_string()
        for event in run.events
        if event.is_step_materialization
    ]


def test_a_relationship_of_an_entity_with_an_event_lands_in_the_run_that_brings_both(
    country: Country,
) -> None:
    relate(country)
    run = country.run("tracker", "events")
    assert run.success, run.failure
    assert CONTACT in country.destination.stored
    assert list_marked(run) == ["data/tracker", "data/tracker", "data/events"]
    assert (run.tags["d2/written"], run.tags["d2/outcome"]) == ("5", "completed")
    last = [check for check in run.checks if check.asset_key.path[-1] == "tracker"][-2:]
    assert all(check.passed for check in last)
    country.destination.posts.clear()
    again = country.run("tracker", "events")
    assert (country.destination.posts, again.tags["d2/written"]) == ([], "0")
    assert list_marked(again) == ["data/tracker", "data/events"]


def test_a_relationship_waits_where_the_run_moves_no_events(country: Country) -> None:
    relate(country)
    assert country.run("tracker").success
    run = country.run("events")
    assert run.success, run.failure
    assert list_marked(run) == ["data/events"]
    assert CONTACT not in country.destination.stored


def test_a_second_look_that_fails_is_an_error_of_the_events_and_marks_nothing_more(
    country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    relate(country)
    post = country.destination.post_tracker

    def post_or_fail(payload: Any, **rest: Any) -> Any:
        if "relationships" in payload:
            raise TransientError("The server is away.", remedy="Run again.")
        return post(payload, **rest)

    monkeypatch.setattr(country.destination, "post_tracker", post_or_fail)
    run = country.run("tracker", "events")
    assert not run.success
    assert sorted(list_marked(run)) == ["data/events", "data/tracker"]
    assert run.tags["d2/failure"] == "transient"
    assert any("Launch data/tracker again for 202511" in entry.user_message for entry in run.log)
