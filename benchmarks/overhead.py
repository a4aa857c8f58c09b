"""What Dagster itself costs: a run that has nothing to move, and loading the code.

The UI and its daemon run as ``d2-assets dev`` starts them; the run is launched as the UI does it,
through the queue and in a process of its own.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import dagster as dg
from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError

from benchmarks.content import EMPTY_MONTH, specify_content
from benchmarks.figures import Figure, measure_time, tell
from benchmarks.partitions import PAIR, write_settings
from benchmarks.servers import start_server
from d2_assets.defs.partitions import PAIR as PAIR_DIMENSION
from d2_assets.defs.partitions import PERIOD as PERIOD_DIMENSION
from d2_assets.serve import (
    LOOPBACK,
    find_free_port,
    prepare_dagster_home,
    run_dagster_ui,
    wait_for_port,
)

_MODULE = "d2_assets.definitions"
_PARTITION_TAG = "dagster/partition"
_VALUES = 500
#: Seconds between two looks at the run: far below what is measured.
_POLL = 0.1
_PATIENCE = 300


def measure_overhead(folder: Path, *, quick: bool) -> Iterator[Figure]:
    """Seconds from launch to green of a month without values, and of loading the code location.

    Median of three each; importing is ``python -c "import d2_assets.definitions"``, reloading is
    what the UI's button does.
    """
    times = 1 if quick else 3
    spec = specify_content(_VALUES)
    with ExitStack() as stack:
        source, destination = (
            stack.enter_context(start_server(version, folder / f"{name}.db", spec, with_data=False))
            for name, version in (("national", "2.40"), ("training", "2.43"))
        )
        settings = write_settings(folder / "installation", source, destination)
        environ = {**os.environ, "D2_ASSETS_CONFIG": str(settings)}
        tell("overhead: importing the definitions")
        importing = _repeat(times, lambda: _import(environ))
        tell("overhead: starting the Dagster UI")
        home = prepare_dagster_home(folder / "dagster")
        port, log = find_free_port(3700), folder / "dagster-dev.log"
        process = stack.enter_context(run_dagster_ui(home, port, environ, log))
        wait_for_port(process, port, _PATIENCE, log)
        client = _find_location(DagsterGraphQLClient(LOOPBACK, port_number=port))
        tell("overhead: materialising an empty month")
        running = _repeat(times, lambda: _launch(client))
        tell("overhead: reloading the code location")
        reloading = _repeat(times, lambda: client.reload_repository_location(_MODULE))
    yield Figure("overhead.empty_materialisation", running, "s")
    yield Figure("overhead.import_definitions", importing, "s")
    yield Figure("overhead.reload_code_location", reloading, "s")


def _repeat(times: int, work: Callable[[], object]) -> float:
    """The median of the seconds that each repetition took."""
    seconds = []
    for _ in range(times):
        with measure_time() as watch:
            work()
        seconds.append(watch.seconds)
    return median(seconds)


def _import(environ: Mapping[str, str]) -> None:
    subprocess.run([sys.executable, "-c", f"import {_MODULE}"], env=dict(environ), check=True)


def _find_location(client: DagsterGraphQLClient) -> DagsterGraphQLClient:
    """The client, once the UI has loaded the code location."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            client.reload_repository_location(_MODULE)
            return client
        except (DagsterGraphQLClientError, OSError):
            time.sleep(_POLL)
    raise TimeoutError(f"The Dagster UI did not load {_MODULE} within {_PATIENCE} seconds.")


def _launch(client: DagsterGraphQLClient) -> None:
    """Launch the empty month and wait until it is green; RuntimeError when it is not."""
    tags = {
        _PARTITION_TAG: f"{PAIR}|{EMPTY_MONTH}",
        f"{_PARTITION_TAG}/{PAIR_DIMENSION}": PAIR,
        f"{_PARTITION_TAG}/{PERIOD_DIMENSION}": EMPTY_MONTH,
    }
    run = client.submit_job_execution("data", tags=tags)
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        status = client.get_run_status(run)
        if status == dg.DagsterRunStatus.SUCCESS:
            return
        if status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED):
            raise RuntimeError(f"The run of an empty month ended as {status.value}.")
        time.sleep(_POLL)
    raise TimeoutError(f"The run of an empty month was not over within {_PATIENCE} seconds.")
