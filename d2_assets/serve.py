"""Starts the Dagster UI and its daemon on loopback, with a home of its own and a free port.

Dagster has no sign-in of its own: it listens on 127.0.0.1 only; docs/deploy.md says how to put it
behind a proxy that asks who is there.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from d2_assets.errors import ConfigurationError, TransientError
from d2_assets.settings.database import DATABASE_VARIABLE, read_database_url

LOOPBACK = "127.0.0.1"
_PROJECT = Path(__file__).resolve().parent.parent
#: Keys of dagster.yaml that settle the storage whatever else it says.
_OWN_STORAGE = frozenset({"storage", "run_storage", "event_log_storage", "schedule_storage"})
_INSTANCE, _COORDINATOR, _LAUNCHER = "instance_class", "run_coordinator", "run_launcher"
#: Classes of this project that dagster.yaml names, and what is lost where it does not.
_OURS = {
    _INSTANCE: ("d2_assets.storage", "Instance"),
    _COORDINATOR: ("d2_assets.coordinator", "Coordinator"),
    _LAUNCHER: ("d2_assets.launcher", "Launcher"),
}
_WORKS_BY = {
    _INSTANCE: "runs bear no status word",
    _COORDINATOR: "runs to one destination do not wait for each other in the queue, and bear "
    "neither pair nor user",
    _LAUNCHER: "a run that has gone with its machine holds up the queue for ever",
}


def find_free_port(preferred: int, taken: frozenset[int] = frozenset()) -> int:
    """The preferred port of loopback, or the next one that nobody listens on."""
    for port in range(preferred, preferred + 200):
        if port not in taken and _is_free(port):
            return port
    raise TransientError(
        f"No port from {preferred} to {preferred + 199} is free on {LOOPBACK}.",
        remedy="End a program that listens there, or name another port.",
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def prepare_dagster_home(folder: Path) -> Path:
    """A Dagster home with the project's dagster.yaml; what it holds already is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = _PROJECT / "dagster.yaml"
    if settings.is_file() and not (folder / "dagster.yaml").exists():
        shutil.copyfile(settings, folder / "dagster.yaml")
    return folder.resolve()


def check_storage(dagster_home: Path, environ: Mapping[str, str]) -> None:
    """See before Dagster starts that the database of D2_ASSETS_DATABASE_URL will be used.

    ConfigurationError where the home's dagster.yaml passes it by, as copies of earlier versions
    do; TransientError where PostgreSQL does not let us in.
    """
    url = read_database_url(environ)
    if url is None:
        return
    from d2_assets.storage import check_database  # loads Dagster

    content = _read_dagster_settings(dagster_home)
    if not _names(content, _INSTANCE) or _OWN_STORAGE & content.keys():
        raise ConfigurationError(
            f"{DATABASE_VARIABLE} is set, but {dagster_home / 'dagster.yaml'} passes it by.",
            remedy="Copy the project's dagster.yaml over it; or add its lines of instance_class, "
            "and remove those of storage.",
        )
    check_database(url)


def find_outdated_settings(dagster_home: Path) -> str:
    """What does not work with a dagster.yaml that an earlier version has left, and the mend; empty
    where all does."""
    content = _read_dagster_settings(dagster_home)
    off = [words for key, words in _WORKS_BY.items() if not _names(content, key)]
    if not off:
        return ""
    return (
        f"{dagster_home / 'dagster.yaml'} is not that of this version: {'; '.join(off)}. "
        "Copy the project's dagster.yaml over it, and add again what you changed."
    )


def _read_dagster_settings(dagster_home: Path) -> Mapping[str, Any]:
    file = dagster_home / "dagster.yaml"
    return (YAML(typ="safe").load(file) if file.exists() else None) or {}


def _names(content: Mapping[str, Any], key: str) -> bool:
    """Whether dagster.yaml names the project's own class under the key."""
    found = content.get(key)
    named = (found.get("module"), found.get("class")) if isinstance(found, dict) else ()
    return named == _OURS[key]


@contextmanager
def run_dagster_ui(
    dagster_home: Path, port: int, environ: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """UI and daemon as child processes, their words in ``log``; both end with the block."""
    command = [
        *(sys.executable, "-m", "dagster", "dev", "--module-name", "d2_assets.definitions"),
        *("--host", LOOPBACK, "--port", str(port)),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**environ, "DAGSTER_HOME": str(dagster_home), "DAGSTER_DISABLE_TELEMETRY": "yes"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A shell's background job ignores SIGINT, and dagster dev would inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        try:
            yield process
        finally:
            _stop(process)


def wait_for_port(process: subprocess.Popen[bytes], port: int, seconds: float, log: Path) -> None:
    """Return when somebody listens; TransientError when the process ends or time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise TransientError(
                "The Dagster UI ended while it started.", remedy=f"Its last words are in {log}."
            )
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex((LOOPBACK, port)) == 0:
                return
        time.sleep(0.5)
    raise TransientError(
        f"The Dagster UI did not answer within {seconds:.0f} seconds.",
        remedy=f"Its words are in {log}. On a slow machine, try again.",
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def serve(port: int, folder: Path) -> None:
    """The UI with the settings of ``D2_ASSETS_CONFIG``, until it is interrupted."""
    end_on_signals()
    home = prepare_dagster_home(Path(os.environ.get("DAGSTER_HOME") or folder / "dagster"))
    check_storage(home, os.environ)
    outdated = find_outdated_settings(home)
    if outdated:
        print(f"Warning: {outdated}", file=sys.stderr)
    chosen = find_free_port(port)
    log = home / "dagster-dev.log"
    with suppress(KeyboardInterrupt), run_dagster_ui(home, chosen, os.environ, log) as process:
        wait_for_port(process, chosen, 300, log)
        print(f"The Dagster UI is at http://{LOOPBACK}:{chosen} (Ctrl-C ends it).")
        process.wait()


def end_on_signals() -> None:
    """SIGINT and SIGTERM end the block that runs, also in a background job, which ignores the
    first."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
