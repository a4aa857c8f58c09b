"""Waiting for what another process does: as long as a machine with much to do may take."""

import time
from collections.abc import Callable

from d2_assets_tests.journeys.killing import SECONDS


def wait_until(is_so: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
    """Return when it is so; AssertionError naming ``what`` when time is up."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.02)
