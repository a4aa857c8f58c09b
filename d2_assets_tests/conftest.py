"""What all tests share: property tests that depend neither on chance nor on the machine's speed,
and numbers that a test tells at the end of the run (also from a worker process)."""

import os
from collections.abc import Iterator

import pytest
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, settings

from d2_assets_tests.migrations import read_once

#: Modules that assert for tests of several folders; the first folder that is collected imports
#: them, so they are named before any is.
_ASSERTING = ("journey", "refusing", "working_off", "killing", "faults", "journals", "both_ways")
for _name in _ASSERTING:
    pytest.register_assert_rewrite(f"d2_assets_tests.journeys.{_name}")

settings.register_profile(
    "d2_assets", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("d2_assets")

#: Name of the recorded property whose value is printed after the run.
SAID = "said"


@pytest.fixture(scope="session", autouse=True)
def leave_files_in_memory() -> Iterator[None]:
    """Power does not fail here, and waiting for the disk would take half of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda file: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def read_migrations_once() -> Iterator[None]:
    """Dagster would read them anew for each instance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptDirectory, "from_config", read_once)
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    said = [str(value) for one in reports for name, value in one.user_properties if name == SAID]
    for words in sorted(said):
        terminalreporter.write_line(words)
