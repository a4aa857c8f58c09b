from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from d2_assets.data_values.choices import Reverse
from d2_assets.data_values.clocks import ON_TIME, ClockErrors
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.sync.clocks import measure_clocks
from d2_assets_tests.sync.runs import make_work

NOON = 1_763_640_000.0  # 2025-11-20T12:00:00Z


class _Server:
    """A server that tells its time, and the session to ask it with."""

    def __init__(self, date: str) -> None:
        self.session = self
        self._date = date

    def get_json(self, path: str, params: Any) -> dict[str, str]:
        return {"version": "2.40.9", "serverDate": self._date, "serverTimeZoneId": "UTC"}


def _measure(folder: Path, clock: Iterator[float], **choices: Any) -> ClockErrors:
    work = replace(make_work(folder, **choices), clock=lambda: next(clock))
    source, destination = _Server("2025-11-20T12:00:01"), _Server("2025-11-20T15:00:00")
    return measure_clocks(work, cast(DHIS2Client, source), cast(DHIS2Client, destination))


def test_each_clock_is_measured_in_the_middle_of_its_own_request(tmp_path: Path) -> None:
    moments = iter([NOON, NOON + 2, NOON + 60, NOON + 80])
    found = _measure(tmp_path, moments, conflict_rule="newest", reverse=(Reverse(),))
    assert found == ClockErrors(source=0, destination=(3 * 60 * 60 - 70) * 1000)


@pytest.mark.parametrize(
    "choices",
    [{"conflict_rule": "newest"}, {"conflict_rule": "quarantine", "reverse": (Reverse(),)}],
)
def test_nobody_is_asked_for_the_time_where_no_stamps_are_compared(
    tmp_path: Path, choices: dict[str, Any]
) -> None:
    assert _measure(tmp_path, iter(()), **choices) == ON_TIME
