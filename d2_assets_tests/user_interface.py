"""The Dagster UI with its daemon, as people start it, and the two servers of its runs."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from d2_assets.sandbox import Sandbox
from d2_assets.sandbox.accounts import read_password
from d2_assets.serve import (
    LOOPBACK,
    find_free_port,
    prepare_dagster_home,
    run_dagster_ui,
    wait_for_port,
)
from d2_assets_tests.journeys.journey import PAIR
from d2_assets_tests.journeys.world import CONTENT, Templates

#: The longest that anything may take that Dagster does behind the UI, on a machine with much to do.
START_SECONDS = 240
_CONTENT = replace(CONTENT, events=60, entities=20)


@dataclass(frozen=True, slots=True)
class UserInterface:
    """A UI that runs at ``url``; ``process`` is ``dagster dev``, ``log`` its words."""

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path
    dagster_home: Path
    environ: Mapping[str, str]
    source: Sandbox
    destination: Sandbox


def find_own_port() -> int:
    """A free port that no other worker of the tests picks meanwhile: a UI takes a while to bind
    the one it was given."""
    return find_free_port(3400 + os.getpid() % 500)


@contextmanager
def run_user_interface(
    folder: Path,
    templates: Templates,
    database: str = "",
    sync_type: str = "both",
    change: Callable[[dict[str, Any]], None] = lambda content: None,
) -> Iterator[UserInterface]:
    """UI, daemon and servers; ``database`` is what D2_ASSETS_DATABASE_URL says, if anything, and
    ``sync_type`` what the one pair moves. ``change`` the settings before they are read."""
    home = prepare_dagster_home(folder / "dagster")
    with (
        templates.start(
            "2.40", folder / "source.sqlite", with_data=True, content=_CONTENT
        ) as source,
        templates.start(
            "2.43", folder / "destination.sqlite", with_data=False, content=_CONTENT
        ) as destination,
    ):
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("D2_")},
            "D2_ASSETS_CONFIG": str(
                _write_settings(folder, source, destination, sync_type, change)
            ),
            "D2_ASSETS_DATABASE_URL": database,
            "DAGSTER_HOME": str(home),
        }
        port, log = find_own_port(), folder / "dagster-dev.log"
        with run_dagster_ui(home, port, environ, log) as process:
            wait_for_port(process, port, START_SECONDS, log)
            url = f"http://{LOOPBACK}:{port}"
            yield UserInterface(url, process, log, home, environ, source, destination)


def _write_settings(
    folder: Path,
    source: Sandbox,
    destination: Sandbox,
    sync_type: str,
    change: Callable[[dict[str, Any]], None],
) -> Path:
    """JSON is YAML."""
    password = folder / "password"
    password.write_text(read_password(), encoding="utf-8")
    auth = {"username": "admin", "password_file": str(password)}
    names = {"national": source.url, "training": destination.url}
    content = {
        "first_month": "202310",
        "home": str(folder / "home"),
        "instances": [{"name": name, "url": url, "auth": auth} for name, url in names.items()],
        "pairs": [
            {"name": PAIR, "source": "national", "destination": "training", "sync_type": sync_type}
        ],
    }
    change(content)
    file = folder / "settings.yaml"
    file.write_text(json.dumps(content), encoding="utf-8")
    return file
