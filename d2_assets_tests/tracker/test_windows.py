from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from d2_assets.tracker.windows import DayRange, Span

MONTHS = [f"2025{month:02}" for month in range(1, 13)]


def test_a_month_is_asked_for_with_days_more_at_both_ends() -> None:
    assert Span(("202511",), "202501").ranges == (DayRange("2025-10-30", "2025-12-02"),)


def test_months_that_follow_each_other_are_one_range() -> None:
    span = Span(("202512", "202601", "202511", "202603"), "202501")

    assert span.ranges == (
        DayRange("2025-10-30", "2026-02-02"),
        DayRange("2026-02-27", "2026-04-02"),
    )


def test_the_month_is_read_from_the_text_of_the_stamp() -> None:
    span = Span(("202511",), "202501")

    assert span.find_month("2025-11-30T23:59:59.999") == "202511"
    assert span.find_month("2025-12-01T00:00:00.000") == ""
    assert span.find_month("2025-11-01") == "202511"
    assert span.find_month("") == ""


def test_of_tracked_entities_the_first_month_also_holds_everything_older() -> None:
    span = Span(("202501",), "202501", takes_older=True)

    assert span.ranges == (DayRange("", "2025-02-02"),)
    assert span.find_month("2019-06-30T10:00:00.000") == "202501"
    assert span.find_month("2025-02-01T10:00:00.000") == ""


def test_a_later_month_holds_nothing_older() -> None:
    span = Span(("202502",), "202501", takes_older=True)

    assert span.ranges == (DayRange("2025-01-30", "2025-03-02"),)
    assert span.find_month("2019-06-30T10:00:00.000") == ""


def test_of_events_the_first_month_holds_nothing_older() -> None:
    span = Span(("202501",), "202501")

    assert span.find_month("2024-12-31") == ""


def test_the_dates_of_the_pair_cut_the_window() -> None:
    span = Span(("202511",), "202501", start=date(2025, 11, 10), end=date(2025, 11, 20))

    assert span.ranges == (DayRange("2025-11-08", "2025-11-22"),)
    assert span.find_month("2025-11-09T10:00:00.000") == ""
    assert span.find_month("2025-11-10T00:00:00.000") == "202511"
    assert span.find_month("2025-11-20T23:00:00.000") == "202511"
    assert span.find_month("2025-11-21T00:00:00.000") == ""


@given(
    st.sets(st.sampled_from(MONTHS), min_size=1),
    st.dates(date(2024, 1, 1), date(2026, 12, 31)),
    st.booleans(),
)
def test_every_day_of_a_month_is_inside_a_range(
    months: set[str], day: date, takes_older: bool
) -> None:
    span = Span(tuple(months), "202501", takes_older=takes_older)

    if span.find_month(str(day)):
        assert any((one.after or "0") <= str(day) <= (one.before or "9") for one in span.ranges)


@given(st.dates(date(2000, 1, 1), date(2025, 12, 31)))
def test_all_months_together_hold_every_entity_once(day: date) -> None:
    found = [
        month
        for month in MONTHS
        if Span((month,), "202501", takes_older=True).find_month(str(day)) == month
    ]

    assert len(found) == 1
