from dataclasses import replace
from datetime import UTC, datetime

import pytest

from d2_assets.data_values.clocks import find_clock_error
from d2_assets.dhis2.system import SystemInfo

NOW = datetime(2025, 11, 20, 10, tzinfo=UTC).timestamp()
INFO = SystemInfo("2.40.9.1", "", "2025-11-20T10:00:00.000", "UTC", "iso8601", "", "", "")


@pytest.mark.parametrize(
    ("date", "zone", "error"),
    [
        ("2025-11-20T10:00:00.000", "UTC", 0),
        ("2025-11-20T10:00:00.250", "Etc/UTC", 250),
        ("2025-11-20T07:00:00.000", "UTC", -3 * 60 * 60 * 1000),
        # the local time of a clock that is right
        ("2025-11-20T13:00:00.000", "Africa/Nairobi", 0),
        ("2025-11-20T15:45:00.000", "Asia/Kathmandu", 0),
        ("2025-11-20T10:00:00.000", "Africa/Nairobi", -3 * 60 * 60 * 1000),
        # an offset of its own wins over the time zone
        ("2025-11-20T13:00:00.000+0300", "UTC", 0),
    ],
)
def test_a_clock_is_read_in_its_own_time_zone(date: str, zone: str, error: int) -> None:
    assert find_clock_error(replace(INFO, server_date=date, time_zone=zone), NOW) == error


@pytest.mark.parametrize(
    ("date", "zone"),
    [("", "UTC"), ("today", "UTC"), ("2025-11-20T10:00:00", ""), ("2025-11-20T10:00:00", "Mars/X")],
)
def test_a_clock_that_cannot_be_read_is_no_clock(date: str, zone: str) -> None:
    assert find_clock_error(replace(INFO, server_date=date, time_zone=zone), NOW) is None
