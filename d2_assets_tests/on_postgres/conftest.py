"""A Dagster whose history is in a PostgreSQL of its own, for each test."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef
from sqlalchemy.engine import URL

from d2_assets.serve import prepare_dagster_home
from d2_assets_tests.journeys.fixtures import start_journey, templates
from d2_assets_tests.postgres import PostgresServer, postgres

__all__ = ["database", "home", "instance", "postgres", "start_journey", "templates"]

#: With the signs that an address must spell otherwise.
PASSWORD = "s3cret @:/?#%ß"
_IN_THIS_PROCESS = {
    "run_launcher": {
        "module": "dagster._core.launcher.sync_in_memory_run_launcher",
        "class": "SyncInMemoryRunLauncher",
    },
}


@pytest.fixture
def database(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> URL:
    """An empty database, named by the setting as people write it."""
    url = postgres.create_database(f"history_{abs(hash(tmp_path))}", PASSWORD)
    written = url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("D2_ASSETS_DATABASE_URL", written)
    return url


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return prepare_dagster_home(tmp_path / "dagster")


@pytest.fixture
def instance(database: URL, home: Path) -> Iterator[dg.DagsterInstance]:
    """The project's dagster.yaml; only that runs happen in this process."""
    reference = InstanceRef.from_dir(str(home), overrides=_IN_THIS_PROCESS)
    with dg.DagsterInstance.from_ref(reference) as opened:
        yield opened
