"""Dagster's queue as dagster.yaml sets it up: what it tags, what it counts, whom it names."""

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import (
    InProcessCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.test_utils import create_run_for_test
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceRequestContext
from dagster._core.workspace.workspace import CurrentWorkspace
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import (
    QueuedRunCoordinatorDaemon,
)

from d2_assets.coordinator import Coordinator
from d2_assets.defs.queue import shorten_user
from d2_assets.serve import prepare_dagster_home

RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
_ORIGIN = RemoteJobOrigin(
    RemoteRepositoryOrigin(
        InProcessCodeLocationOrigin(LoadableTargetOrigin(module_name="nowhere")), "__repository__"
    ),
    "data",
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two sources to one destination, one of them to another, and a pair that runs both ways."""
    ends = {
        "north--centre": ("north", "centre"),
        "south--centre": ("south", "centre"),
        "south--mirror": ("south", "mirror"),
        "mirror--south": ("mirror", "south"),
    }
    auth = {"username": "admin", "password_env": "D2_PASSWORD"}
    names = sorted({end for both in ends.values() for end in both})
    content = {
        "instances": [
            {"name": name, "url": f"https://{name}.example.org", "auth": auth} for name in names
        ],
        "pairs": [
            {"name": name, "source": source, "destination": destination}
            for name, (source, destination) in ends.items()
        ],
    }
    file = tmp_path / "settings.yaml"
    file.write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setenv("D2_ASSETS_CONFIG", str(file))
    return file


@pytest.fixture
def instance(
    tmp_path: Path, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """An instance as dagster.yaml makes it, on SQLite."""
    monkeypatch.delenv("D2_ASSETS_DATABASE_URL", raising=False)
    home = prepare_dagster_home(tmp_path / "dagster")
    with dg.DagsterInstance.from_config(str(home)) as made:
        assert isinstance(made.run_coordinator, Coordinator)
        yield made


def test_a_run_is_queued_with_its_pair_and_where_it_writes(instance: dg.DagsterInstance) -> None:
    tags = _submit(instance, {"dagster/partition": "north--centre|202404"})
    assert _ours(tags) == {
        "d2/pair": "north--centre",
        "d2/destination": "centre",
        "d2-writes/centre": "true",
        "d2/status": "pending",
    }


def test_a_run_over_several_pairs_counts_against_each_destination(
    instance: dg.DagsterInstance,
) -> None:
    ends = ("north--centre|202404", "south--mirror|202404")
    tags = _submit(instance, dict(zip(RANGE, ends, strict=True)))
    assert tags["d2/pair"] == "north--centre,south--centre,south--mirror"
    assert tags["d2/destination"] == "centre,mirror"
    # south--mirror has a pair that runs against it
    assert _places(tags) == {"centre", "mirror", "south"}


def test_a_run_that_only_looks_takes_up_no_place(instance: dg.DagsterInstance) -> None:
    tags = _submit(instance, {"dagster/partition": "north--centre|202404"}, job_name="preview")
    assert tags["d2/pair"] == "north--centre"
    assert _places(tags) == set()
    assert _ours(_submit(instance, {}, job_name="test_instances")) == {"d2/status": "pending"}


def test_a_pair_that_is_not_in_the_file_is_queued_all_the_same(
    instance: dg.DagsterInstance,
) -> None:
    tags = _submit(instance, {"dagster/partition": "gone--centre|202404"})
    assert tags["d2/pair"] == "gone--centre"
    assert _places(tags) == set()


def test_the_queue_lets_one_run_a_destination_go_on(
    instance: dg.DagsterInstance, settings: Path
) -> None:
    for pair in ("north--centre", "south--centre", "south--mirror", "mirror--south"):
        _submit(instance, {"dagster/partition": f"{pair}|202404"})
    assert _list_next(instance) == ["north--centre", "south--mirror"]
    _change(settings, "centre", writing_runs=2)
    assert _list_next(instance) == ["north--centre", "south--centre", "south--mirror"]


def test_limits_of_ones_own_stay_beside_those_of_the_settings(
    tmp_path: Path, settings: Path
) -> None:
    home = tmp_path / "own"
    text = (prepare_dagster_home(home) / "dagster.yaml").read_text("utf-8")
    own = "  config:\n    tag_concurrency_limits: [{key: heavy, limit: 1}]"
    assert "\n  config:" in text
    (home / "dagster.yaml").write_text(text.replace("  config:", own, 1), encoding="utf-8")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        limits = _read_limits(instance)
    assert limits == {"heavy": 1} | {
        f"d2-writes/{name}": 1 for name in ("centre", "mirror", "north", "south")
    }


def test_a_broken_file_keeps_the_limits_and_is_told_once(
    instance: dg.DagsterInstance, settings: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _change(settings, "centre", writing_runs=3)
    assert _read_limits(instance)["d2-writes/centre"] == 3
    settings.write_text("pairs: 7", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert _read_limits(instance)["d2-writes/centre"] == 3
        settings.unlink()
        assert _read_limits(instance)["d2-writes/centre"] == 3
    told = [record.message for record in caplog.records if "limits it knew" in record.message]
    assert ["pairs must be a list" in words for words in told] == [True, False]


def test_the_proxys_name_wins_over_one_that_the_browser_wrote(
    instance: dg.DagsterInstance,
) -> None:
    forged = {"d2/user": "minister", "user": "minister"}
    tags = _submit(instance, forged, headers={"X-Forwarded-User": " ana@moh.example.org "})
    assert (tags["d2/user"], tags["user"]) == ("ana@moh.example.org", "ana@moh.example.org")
    assert _submit(instance, forged, headers={})["d2/user"] == "unknown"
    assert "d2/user" not in _submit(instance, {}, headers={})
    # a run of a backfill, which the daemon makes
    assert _submit(instance, {"d2/user": "ana"})["d2/user"] == "ana"


def test_a_backfill_is_stored_with_the_proxys_name(instance: dg.DagsterInstance) -> None:
    asked = _ask(instance, {"X-Forwarded-User": "ana"})
    assert asked.get_viewer_tags() == {"d2/user": "ana", "user": "ana"}
    assert _ask(instance, {}).get_viewer_tags() == {}
    assert _ask(instance, None).get_viewer_tags() == {}


def test_what_is_launched_again_does_not_name_who_launched_it_first(
    instance: dg.DagsterInstance,
) -> None:
    names = {"d2/user": "ana", "user": "ana"}
    first = create_run_for_test(instance, job_name="data", tags=names)
    again = create_run_for_test(
        instance,
        job_name="data",
        tags={**names, "d2-writes/centre": "true", "d2/status": "failed"},
        parent_run_id=first.run_id,
        root_run_id=first.run_id,
    )
    assert _ours(again.tags) == {"d2/status": "pending"}
    for parent, kept in ({}, names), ({"dagster/parent_backfill_id": "b1"}, {}):
        backfill = PartitionBackfill(
            f"backfill{len(kept)}", BulkActionStatus.REQUESTED, False, {**names, **parent}, 0.0
        )
        instance.add_backfill(backfill)
        stored = instance.get_backfill(backfill.backfill_id)
        assert stored is not None
        assert stored.tags == {**kept, **parent}


def test_a_name_is_shown_with_letters_digits_and_a_few_signs() -> None:
    assert shorten_user("O'Neil <b>,\n") == "O_Neil _b__"
    assert shorten_user("x" * 200) == "x" * 100
    assert shorten_user("  ") == ""


class _Request:
    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = headers


def _ask(
    instance: dg.DagsterInstance, headers: Mapping[str, str] | None
) -> WorkspaceRequestContext:
    """What the webserver makes of a request; without headers, the daemon's."""
    source = None if headers is None else _Request(headers)
    return WorkspaceRequestContext(
        instance, CurrentWorkspace({}), process_context=None, version=None, source=source,  # pyright: ignore[reportArgumentType]
        read_only=False,
    )  # fmt: skip


def _submit(
    instance: dg.DagsterInstance,
    tags: Mapping[str, str],
    *,
    job_name: str = "data",
    headers: Mapping[str, str] | None = None,
) -> Mapping[str, str]:
    """The tags of a run that was submitted with these."""
    run = create_run_for_test(instance, job_name=job_name, tags=tags, remote_job_origin=_ORIGIN)
    context = SubmitRunContext(run, _ask(instance, headers))
    queued = instance.run_coordinator.submit_run(context)
    assert queued.status is dg.DagsterRunStatus.QUEUED
    return queued.tags


def _ours(tags: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in tags.items() if name.startswith("d2")}


def _places(tags: Mapping[str, str]) -> set[str]:
    return {name.removeprefix("d2-writes/") for name in tags if name.startswith("d2-writes/")}


def _read_limits(instance: dg.DagsterInstance) -> dict[str, int]:
    config = instance.get_concurrency_config().run_queue_config
    assert config is not None
    return {limit["key"]: limit["limit"] for limit in config.tag_concurrency_limits}


def _list_next(instance: dg.DagsterInstance) -> list[str]:
    """The pairs of the runs that the daemon would launch now."""
    daemon = QueuedRunCoordinatorDaemon(interval_seconds=1)
    config = instance.get_concurrency_config()
    runs = daemon._get_runs_to_dequeue(instance, config, fixed_iteration_time=None)
    return [run.tags["d2/pair"] for run in runs]


def _change(file: Path, instance: str, **values: Any) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    for one in content["instances"]:
        if one["name"] == instance:
            one.update(values)
    file.write_text(json.dumps(content), encoding="utf-8")
