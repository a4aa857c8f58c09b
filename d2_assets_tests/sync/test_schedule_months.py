from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.periods import iterate_months
from d2_assets.settings import Pair, ScheduleSettings, SweepSettings
from d2_assets.settings.vocabulary import MOVES, SyncType
from d2_assets.sync.schedule_months import Span, find_current, list_spans, list_sweep_spans

BLANTYRE, LIMA, APIA = "Africa/Blantyre", "America/Lima", "Pacific/Apia"


def pair_of(sync_type: SyncType, **schedule: Any) -> Pair:
    return Pair(
        source="national",
        destination="training",
        sync_type=sync_type,
        execution_mode="scheduled",
        schedule=ScheduleSettings(**schedule),
    )


def at(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("sync_type", "schedule", "expected"),
    [
        ("data", {}, [Span("202512", "202512")]),
        ("data", {"months": 3}, [Span("202510", "202512")]),
        ("data", {"current_month": True}, [Span("202512", "202601")]),
        ("data", {"months": 0}, [Span("202601", "202601")]),
        ("data", {"every": "day"}, [Span("202512", "202601")]),
        ("data", {"every": "day", "current_month": False}, [Span("202512", "202512")]),
        ("tracker", {"months": 2}, [Span("202511", "202601")]),
        ("tracker", {"current_month": False}, [Span("202512", "202512")]),
        ("complete", {}, [Span("202512", "202512"), Span("202601", "202601", tracker_alone=True)]),
        ("complete", {"every": "minutes", "minutes": 30}, [Span("202512", "202601")]),
        ("complete", {"current_month": True}, [Span("202512", "202601")]),
        ("metadata", {"every": "week", "months": 0}, [Span("202601", "202601")]),
        ("stock", {"months": 2}, [Span("202511", "202512")]),
    ],
)
def test_a_schedule_takes_months_that_are_over_and_the_current_one_where_it_says_so(
    sync_type: SyncType, schedule: dict[str, Any], expected: list[Span]
) -> None:
    pair = pair_of(sync_type, **schedule)
    assert list(list_spans(pair, at("UTC", "2026-01-05T02:00"), "202001")) == expected


@pytest.mark.parametrize(
    ("zone", "due", "last"),
    [
        (BLANTYRE, "2026-02-28T23:59", "202601"),
        (BLANTYRE, "2026-03-01T00:00", "202602"),  # still February by UTC
        (LIMA, "2025-12-31T23:00", "202511"),  # 2026 already by UTC
        (LIMA, "2026-01-01T00:00", "202512"),
        (APIA, "2026-01-01T01:00", "202512"),
    ],
)
def test_a_month_is_over_when_it_is_so_in_the_schedule_s_own_zone(
    zone: str, due: str, last: str
) -> None:
    pair = pair_of("data", time_zone=zone)
    (span,) = list_spans(pair, at(zone, due).astimezone(UTC), "202001")
    assert span == Span(last, last)


def test_a_current_month_that_has_no_partition_yet_is_left_to_the_next_time() -> None:
    pair = pair_of("data", every="day", time_zone=APIA)
    assert list_spans(pair, at(APIA, "2026-01-01T01:00"), "202001") == (Span("202512", "202512"),)
    assert list_spans(pair, at(APIA, "2026-01-02T01:00"), "202001") == (Span("202512", "202601"),)


def test_months_before_the_first_are_left_out_and_there_may_be_none() -> None:
    due = at("UTC", "2026-01-05T02:00")
    assert list_spans(pair_of("data", months=12), due, "202511") == (Span("202511", "202512"),)
    assert list_spans(pair_of("data"), due, "202601") == ()


def test_a_sweep_takes_the_current_month_as_one_of_its_months() -> None:
    due = at("UTC", "2026-01-04T03:00")
    assert list_sweep_spans(SweepSettings(months=1), due, "202001") == (Span("202601", "202601"),)
    assert list_sweep_spans(SweepSettings(), due, "202001") == (Span("202502", "202601"),)


MOMENTS = st.datetimes(
    datetime(2021, 1, 1), datetime(2035, 12, 31), timezones=st.sampled_from([UTC])
)


@given(
    MOMENTS,
    st.sampled_from(sorted(MOVES)),
    st.integers(0, 30),
    st.sampled_from(["month", "day"]),
    st.sampled_from([BLANTYRE, LIMA, APIA, "America/New_York"]),
    st.sampled_from([True, None]),
)
def test_no_month_is_asked_for_twice_and_none_between_two_is_missing(
    due: datetime, sync_type: SyncType, months: int, every: Any, zone: str, current: bool | None
) -> None:
    pair = pair_of(sync_type, months=months, every=every, time_zone=zone, current_month=current)
    spans = list_spans(pair, due, "202006")
    asked = [month for span in spans for month in iterate_months(span.first, span.last)]
    here, by_utc = f"{due.astimezone(ZoneInfo(zone)):%Y%m}", f"{due:%Y%m}"
    assert asked == list(iterate_months(asked[0], asked[-1])) if asked else months == 0
    assert all("202006" <= month <= min(here, by_utc) for month in asked)
    whole = [month for month in asked if month != here]
    assert len(whole) <= months
    if due.year > 2023:
        assert len(whole) == months
        assert (here in asked) == (find_current(pair) != "none" and here <= by_utc)
