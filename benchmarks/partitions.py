"""One partition of the asset in a fresh process, through Dagster, as a run worker does it.

``python -m benchmarks.partitions SETTINGS DAGSTER_HOME MONTH ASSET`` prints what came of it: JSON.
The asset is executed in that very process, so its memory is the run's and nothing else's.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.content import FIRST_MONTH
from benchmarks.runs import ACCOUNT
from benchmarks.servers import Server
from d2_assets.sandbox.accounts import read_password
from d2_assets.serve import prepare_dagster_home

PAIR = "national--training"


@dataclass(frozen=True, slots=True)
class PartitionRun:
    """Peak memory of the process in megabytes, rows read and sent, seconds of each stage."""

    peak: float
    read: int
    sent: int
    reading: float
    pushing: float
    reconciling: float


def write_settings(
    folder: Path, source: Server, destination: Server, sync_type: str = "data"
) -> Path:
    """A settings file for one pair of the two servers; its home lies beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    password = folder / "password"
    password.write_text(read_password(), encoding="utf-8")
    auth = {"username": ACCOUNT, "password_file": str(password)}
    content = {
        "home": str(folder / "home"),
        "first_month": FIRST_MONTH,
        "instances": [
            {"name": "national", "url": source.url, "auth": auth},
            {"name": "training", "url": destination.url, "auth": auth},
        ],
        "pairs": [
            {
                "name": PAIR,
                "source": "national",
                "destination": "training",
                "sync_type": sync_type,
            }
        ],
    }
    file = folder / "settings.yaml"
    file.write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML
    return file


def materialise(settings: Path, month: str, asset: str = "data_values") -> PartitionRun:
    """Run the partition in a process of its own; RuntimeError with its words when it fails.

    The settings' sync type is that of the ``asset``: the others of the job are skipped.
    """
    return PartitionRun(**_run_apart(settings, month, asset))


def clone_through_dagster(settings: Path, month: str) -> float:
    """Peak memory, in megabytes, of a process of its own that moves all metadata families."""
    return _run_apart(settings, month, "metadata")["peak"]


def _run_apart(settings: Path, month: str, asset: str) -> dict[str, Any]:
    home = prepare_dagster_home(settings.parent / "dagster")
    command = [sys.executable, "-m", __name__, str(settings), str(home), month, asset]
    environ = {**os.environ, "D2_ASSETS_CONFIG": str(settings), "DAGSTER_HOME": str(home)}
    words = settings.parent / f"run-{month}.log"
    with words.open("w", encoding="utf-8") as errors:
        done = subprocess.run(
            command, env=environ, stdout=subprocess.PIPE, stderr=errors, text=True, check=False
        )
    if done.returncode != 0:
        raise RuntimeError(
            f"The run of {month} failed: {words.read_text(encoding='utf-8')[-2000:]}"
        )
    return json.loads(done.stdout.splitlines()[-1])


def _execute(dagster_home: Path, month: str, asset: str) -> PartitionRun:
    import dagster as dg

    from d2_assets.definitions import defs

    with dg.DagsterInstance.from_config(str(dagster_home)) as instance:
        job, node = ("data", asset) if asset == "data_values" else (asset, f"data_{asset}")
        result = defs.resolve_job_def(job).execute_in_process(
            instance=instance, partition_key=f"{PAIR}|{month}"
        )
        (event,) = result.asset_materializations_for_node(node)
        shown: dict[str, Any] = {name: item.value for name, item in event.metadata.items()}
    return PartitionRun(
        peak=read_peak(),
        read=shown["rows_read" if asset == "data_values" else "objects_read"],
        sent=sum(shown[outcome] for outcome in ("created", "updated", "deleted")),
        reading=shown["seconds_reading"],
        pushing=shown["seconds_pushing"],
        reconciling=shown["seconds_reconciling"],
    )


def _execute_metadata(dagster_home: Path, month: str) -> dict[str, float]:
    import dagster as dg

    from d2_assets.definitions import defs

    with dg.DagsterInstance.from_config(str(dagster_home)) as instance:
        defs.resolve_job_def("metadata").execute_in_process(
            instance=instance, partition_key=f"{PAIR}|{month}"
        )
    return {"peak": read_peak()}


def read_peak() -> float:
    """Most resident memory so far. Not ``ru_maxrss``: that may be the parent's, from the fork."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1_000_000
    raise RuntimeError("This system does not tell the peak memory of a process.")


if __name__ == "__main__":
    _, _settings, _home, _month, _asset = sys.argv
    if _asset == "metadata":
        _told = _execute_metadata(Path(_home), _month)
    else:
        _told = asdict(_execute(Path(_home), _month, _asset))
    sys.stdout.write(json.dumps(_told) + "\n")
