from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.errors import ContractError
from d2_assets.periods import (
    PERIOD_TYPES,
    Period,
    find_partition,
    find_period,
    find_period_type,
    iterate_months,
    iterate_periods,
    list_period_ids,
    parse_month,
    parse_period,
)

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2040, 12, 31)
DAY = timedelta(days=1)
YEARS_OF_53_WEEKS = (2004, 2009, 2015, 2020, 2026, 2032, 2037)
SHORT_TYPES = {
    "Daily",
    "Weekly",
    "WeeklyWednesday",
    "WeeklyThursday",
    "WeeklyFriday",
    "WeeklySaturday",
    "WeeklySunday",
    "BiWeekly",
    "Monthly",
}

days = st.dates(FIRST_DAY, LAST_DAY)
period_types = st.sampled_from(PERIOD_TYPES)


@st.composite
def periods(draw: st.DrawFn) -> Period:
    day = draw(days)
    return next(iterate_periods(draw(period_types), day, day))


@pytest.mark.parametrize(
    ("period_id", "period_type", "start", "end"),
    [
        ("20240229", "Daily", "2024-02-29", "2024-02-29"),
        ("2025W1", "Weekly", "2024-12-30", "2025-01-05"),
        ("2026W53", "Weekly", "2026-12-28", "2027-01-03"),
        ("2025WedW1", "WeeklyWednesday", "2025-01-01", "2025-01-07"),
        ("2025ThuW1", "WeeklyThursday", "2025-01-02", "2025-01-08"),
        ("2025FriW1", "WeeklyFriday", "2025-01-03", "2025-01-09"),
        ("2025SatW1", "WeeklySaturday", "2025-01-04", "2025-01-10"),
        ("2025SunW1", "WeeklySunday", "2024-12-29", "2025-01-04"),
        ("2025BiW1", "BiWeekly", "2024-12-30", "2025-01-12"),
        ("2025BiW26", "BiWeekly", "2025-12-15", "2025-12-28"),
        ("2020BiW27", "BiWeekly", "2020-12-28", "2021-01-10"),
        ("202402", "Monthly", "2024-02-01", "2024-02-29"),
        ("202506B", "BiMonthly", "2025-11-01", "2025-12-31"),
        ("2025Q4", "Quarterly", "2025-10-01", "2025-12-31"),
        ("2025NovQ1", "QuarterlyNov", "2024-11-01", "2025-01-31"),
        ("2025NovQ4", "QuarterlyNov", "2025-08-01", "2025-10-31"),
        ("2025S1", "SixMonthly", "2025-01-01", "2025-06-30"),
        ("2025AprilS1", "SixMonthlyApril", "2025-04-01", "2025-09-30"),
        ("2025AprilS2", "SixMonthlyApril", "2025-10-01", "2026-03-31"),
        ("2025NovS1", "SixMonthlyNov", "2024-11-01", "2025-04-30"),
        ("2025NovS2", "SixMonthlyNov", "2025-05-01", "2025-10-31"),
        ("2025", "Yearly", "2025-01-01", "2025-12-31"),
        ("2025Feb", "FinancialFeb", "2025-02-01", "2026-01-31"),
        ("2025April", "FinancialApril", "2025-04-01", "2026-03-31"),
        ("2025July", "FinancialJuly", "2025-07-01", "2026-06-30"),
        ("2025Aug", "FinancialAug", "2025-08-01", "2026-07-31"),
        ("2025Sep", "FinancialSep", "2025-09-01", "2026-08-31"),
        ("2025Oct", "FinancialOct", "2025-10-01", "2026-09-30"),
        ("2025Nov", "FinancialNov", "2024-11-01", "2025-10-31"),
    ],
)
def test_a_period_means_the_days_that_dhis2_means(
    period_id: str, period_type: str, start: str, end: str
) -> None:
    period = parse_period(period_id)
    assert period.period_type == period_type
    assert (period.start, period.end) == (date.fromisoformat(start), date.fromisoformat(end))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03",
        "2026M3",
        "2026W0",
        "2026W60",
        "2025W53",
        "2025W01",
        "2025BiW27",
        "20250230",
        "2025-11-05",
        "202513",
        "202507B",
        "2025Q5",
        "2025NovS3",
        "2025november",
        " 202511",
        "202511\n",
        "٢٠٢٥١١",  # Arabic digits
        "0000",
        "9999April",
    ],
)
def test_what_dhis2_would_not_write_is_refused_and_named(text: str) -> None:
    with pytest.raises(ContractError) as caught:
        parse_period(text)
    assert repr(text) in str(caught.value)
    assert "2025W52 (Weekly)" in str(caught.value)
    assert find_period_type(text) is None


@given(st.text(max_size=12))
def test_any_text_is_a_period_with_that_very_id_or_none(text: str) -> None:
    period = find_period(text)
    assert period is None or period.id == text


@given(periods())
def test_a_written_period_reads_back_as_itself(period: Period) -> None:
    assert parse_period(period.id) == period
    assert find_period_type(period.id) == period.period_type


@pytest.mark.parametrize("period_type", PERIOD_TYPES)
def test_periods_of_a_type_follow_each_other_without_gap(period_type: str) -> None:
    listed = list(iterate_periods(period_type, FIRST_DAY, LAST_DAY))
    assert listed[0].start <= FIRST_DAY
    assert listed[-1].end >= LAST_DAY
    assert len({period.id for period in listed}) == len(listed)
    overlaps = [before.id for before, after in pairwise(listed) if after.start != before.end + DAY]
    expected = [f"{year}BiW27" for year in YEARS_OF_53_WEEKS] if period_type == "BiWeekly" else []
    assert overlaps == expected


def test_the_27th_bi_week_shares_its_second_week_with_the_next_year() -> None:
    for year in YEARS_OF_53_WEEKS:
        last, first = parse_period(f"{year}BiW27"), parse_period(f"{year + 1}BiW1")
        assert last.end - first.start == timedelta(days=6)


def test_weeks_are_the_iso_weeks() -> None:
    for week in iterate_periods("Weekly", FIRST_DAY, LAST_DAY):
        year, number, weekday = week.start.isocalendar()
        assert (week.id, weekday) == (f"{year}W{number}", 1)


@given(days, st.sampled_from(sorted(name for name in SHORT_TYPES if name.startswith("Weekly"))))
def test_a_week_belongs_to_the_year_of_its_fourth_day(day: date, period_type: str) -> None:
    week = next(iterate_periods(period_type, day, day))
    assert week.id.startswith(str((week.start + 3 * DAY).year))
    assert week.end == week.start + 6 * DAY


@given(period_types, days, days)
def test_iterated_periods_share_a_day_with_the_span(
    period_type: str, one: date, other: date
) -> None:
    start, end = sorted((one, other))
    end = min(end, start + timedelta(days=800))
    listed = list(iterate_periods(period_type, start, end))
    assert all(period.start <= end and period.end >= start for period in listed)
    assert listed[0].start <= start
    assert listed[-1].end >= end


def test_an_unknown_period_type_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ContractError, match=r"'TwoYearly' is not a DHIS2 period type.*Monthly"):
        list(iterate_periods("TwoYearly", FIRST_DAY, LAST_DAY))


@pytest.mark.parametrize("text", ["2025", "202513", "2025-11", "20251101", "november"])
def test_only_a_month_is_read_as_a_month(text: str) -> None:
    with pytest.raises(ContractError, match="is not a month"):
        parse_month(text)


def test_months_run_over_the_turn_of_the_year() -> None:
    assert list(iterate_months("202411", "202502")) == ["202411", "202412", "202501", "202502"]
    assert list(iterate_months("202502", "202411")) == []


def test_a_period_that_ends_in_the_month_belongs_to_it() -> None:
    today = date(2026, 2, 10)
    for period_id in ("20251231", "2025W52", "202512", "202506B", "2025Q4", "2025S2", "2025"):
        assert find_partition(parse_period(period_id), today) == "202512"
    assert find_partition(parse_period("2026W1"), today) == "202601"


@pytest.mark.parametrize("period_id", ["2025Q4", "202506B", "2025", "2025Oct", "2025July"])
def test_a_long_period_that_is_running_belongs_to_the_current_month(period_id: str) -> None:
    period = parse_period(period_id)
    assert find_partition(period, date(2025, 11, 5)) == "202511"
    assert find_partition(period, date(2025, 12, 31)) == "202512"
    assert find_partition(period, period.end + DAY) == f"{period.end:%Y%m}"


@pytest.mark.parametrize("period_id", ["2025W48", "202511", "20251130"])
def test_a_short_period_waits_for_the_month_in_which_it_ends(period_id: str) -> None:
    period = parse_period(period_id)
    assert find_partition(period, date(2025, 11, 5)) == f"{period.end:%Y%m}"


@given(periods(), days)
def test_a_partition_after_today_holds_only_what_has_not_started_or_is_short(
    period: Period, today: date
) -> None:
    if find_partition(period, today) > f"{today:%Y%m}":
        assert period.start > today or period.period_type in SHORT_TYPES


@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2026, 12, 31), date(2030, 6, 15)])
def test_all_months_together_hold_each_period_once(today: date) -> None:
    months = list(iterate_months("200001", f"{today:%Y%m}"))
    by_month = [list_period_ids([month], today) for month in months]
    held = [period.id for found in by_month for period in found]
    assert len(held) == len(set(held))
    assert set(held) == {period.id for period in list_period_ids(months, today)}
    ended = {
        period.id
        for period_type in PERIOD_TYPES
        for period in iterate_periods(period_type, FIRST_DAY, today)
        if FIRST_DAY <= period.end <= today
    }
    assert ended <= set(held)


def test_a_running_year_is_asked_for_in_the_current_month_only() -> None:
    today = date(2025, 11, 5)
    assert parse_period("2025") in list_period_ids(["202511"], today)
    assert parse_period("2025") not in list_period_ids(["202510"], today)
    assert parse_period("2025") not in list_period_ids(["202512"], today)


def test_periods_outside_the_dates_of_the_pair_are_left_out() -> None:
    today = date(2026, 2, 10)
    listed = list_period_ids(["202511"], today, date(2025, 11, 10), date(2025, 11, 11))
    assert [period.id for period in listed if period.period_type == "Daily"] == [
        "20251110",
        "20251111",
    ]
    assert "202511" in {period.id for period in listed}
    assert "2025W45" not in {period.id for period in listed}


def test_no_month_holds_no_period_and_a_malformed_one_is_refused() -> None:
    assert list_period_ids([], date(2025, 11, 5)) == []
    with pytest.raises(ContractError, match="'2025-11' is not a month"):
        list_period_ids(["2025-11"], date(2025, 11, 5))
