"""Dagster's run launcher, which also sees that a run has gone with its machine.

Run monitoring asks the launcher whether the process of a run is still there; the launcher that
Dagster brings cannot tell, so after a power cut a run stays "started" for ever, and with it the
queue of its destination. A code server that lives reports the end of its runs by itself; so only
one that is gone has to be noticed: nobody listens at the address that the run bears. [read, seen]
"""

import json
import socket
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

_SECONDS = 5.0


class Launcher(DefaultRunLauncher):
    """Launches runs as Dagster does; ``dagster.yaml`` names it."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether run monitoring may ask."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """FAILED when the code server of a run is gone. RUNNING in all other cases, also where
        nobody knows: a run of the command line has no server."""
        told = run.tags.get(GRPC_INFO_TAG)
        if told and is_gone(json.loads(told)):
            words = "The code server of this run is not there any more."
            return CheckRunHealthResult(WorkerStatus.FAILED, words)
        return CheckRunHealthResult(WorkerStatus.RUNNING)


def is_gone(server: Mapping[str, Any]) -> bool:
    """Whether nobody listens at the address of a code server (``socket``: a path; or ``host`` and
    ``port``). A machine that does not answer may be slow: it is not gone."""
    try:
        _knock(server)
    except (ConnectionRefusedError, FileNotFoundError):
        return True
    except OSError:
        return False
    return False


def _knock(server: Mapping[str, Any]) -> None:
    path = server.get("socket")
    if not path:
        host, port = server.get("host") or "localhost", server.get("port")
        socket.create_connection((host, port), timeout=_SECONDS).close()
        return
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_SECONDS)
        probe.connect(path)
