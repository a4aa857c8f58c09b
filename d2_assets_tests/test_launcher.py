"""A run that has gone with its code server is noticed; one that nobody knows of is left alone."""

import json
import logging
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._core.test_utils import create_run_for_test, instance_for_test
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration

from d2_assets.launcher import is_gone

_OVERRIDES = {
    "run_launcher": {"module": "d2_assets.launcher", "class": "Launcher"},
    "run_monitoring": {"enabled": True},
}


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with instance_for_test(overrides=_OVERRIDES, temp_dir=str(tmp_path)) as instance:
        yield instance


def monitor(instance: dg.DagsterInstance, server: Mapping[str, Any] | None) -> dg.DagsterRun:
    """A started run as it stands after a round of Dagster's run monitoring."""
    tags = {} if server is None else {GRPC_INFO_TAG: json.dumps(server)}
    started = dg.DagsterRunStatus.STARTED
    run = create_run_for_test(instance, "data", tags=tags, status=started)
    with WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as workspace:
        errors = execute_run_monitoring_iteration(workspace, logging.getLogger("monitoring"))
        assert [error for error in errors if error] == []
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found


def test_a_run_whose_code_server_is_gone_is_ended(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    server = {"host": "localhost", "socket": str(tmp_path / "gone")}
    assert monitor(instance, server).status is dg.DagsterRunStatus.FAILURE


def test_a_run_that_names_no_server_is_left_alone(instance: dg.DagsterInstance) -> None:
    assert monitor(instance, None).status is dg.DagsterRunStatus.STARTED


def test_a_run_whose_code_server_listens_is_left_alone(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "code"))
        listener.listen()
        server = {"host": "localhost", "socket": str(tmp_path / "code")}
        assert monitor(instance, server).status is dg.DagsterRunStatus.STARTED


def test_a_socket_that_its_server_left_behind_is_gone(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "code"))
        listener.listen()
    assert is_gone({"socket": str(tmp_path / "code")})


def test_a_port_is_gone_when_nobody_listens_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = {"host": "127.0.0.1", "port": listener.getsockname()[1]}
        assert not is_gone(server)
    assert is_gone(server)


def test_a_machine_that_is_not_found_may_come_back() -> None:
    assert not is_gone({"host": "code.invalid", "port": 4000})
