"""Small sandboxes with generated content, at a time that does not move."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from d2_assets.sandbox import ContentSpec, Sandbox, start_sandbox

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
Serve = Callable[..., Sandbox]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a sandbox of a version, stopped when the test is over; a ``twin`` is a second one."""
    with ExitStack() as running:

        def start(
            version: str, *, values: int = 400, with_data: bool = True, twin: bool = False
        ) -> Sandbox:
            return running.enter_context(
                start_sandbox(
                    version,
                    tmp_path / f"{version}-{with_data}-{twin}.db",
                    content=ContentSpec(values=values),
                    with_data=with_data,
                    clock=lambda: NOW,
                )
            )

        yield start
