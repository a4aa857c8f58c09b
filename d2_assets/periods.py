"""DHIS2's period types and ids, and the month (the partition) that a period belongs to.

Servers take a period of the wrong type, and ``2026-03``, in silence: only ids that DHIS2 itself
writes are taken here. The rules are those of ``org.hisp.dhis.period`` and
``DateUnitPeriodTypeParser`` in dhis2-core, for the ISO 8601 calendar (no other is supported).
"""

from calendar import FRIDAY, MONDAY, SATURDAY, SUNDAY, THURSDAY, WEDNESDAY
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Protocol

from d2_assets.errors import ContractError

# DHIS2 writes years as they are, without padding; the last one leaves room for a financial year.
_YEARS = range(1000, 9998)
_NOVEMBER_BEFORE = -1


@dataclass(frozen=True, slots=True, order=False)
class Period:
    """One period: ``id`` as DHIS2 writes it, ``end`` is the last day of it."""

    id: str
    period_type: str
    start: date
    end: date


class _Rule(Protocol):
    def iterate_year(self, year: int) -> Iterator[tuple[str, date, date]]:
        """Id, first and last day of the periods whose id bears the year, in order."""
        ...


@dataclass(frozen=True, slots=True)
class _Days:
    def iterate_year(self, year: int) -> Iterator[tuple[str, date, date]]:
        day, following = date(year, 1, 1), date(year + 1, 1, 1)
        while day < following:
            yield f"{day:%Y%m%d}", day, day
            day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Weeks:
    """``size`` weeks from ``weekday`` (0 is Monday) on; numbers are never padded with a zero.

    A week belongs to the year that holds its fourth day (``WeeklyAbstractPeriodType``). Bi-week n
    is the 14 days from ISO week 2n - 1 on (``BiWeeklyAbstractPeriodType``): the 27th of a year with
    53 weeks also covers the first week of the next year. No other periods of one type overlap.
    """

    prefix: str
    weekday: int
    size: int = 1

    def iterate_year(self, year: int) -> Iterator[tuple[str, date, date]]:
        length = timedelta(weeks=self.size)
        start, following = self._find_week_one(year), self._find_week_one(year + 1)
        number = 1
        while start < following:
            yield f"{year}{self.prefix}{number}", start, start + length - timedelta(days=1)
            start, number = start + length, number + 1

    def _find_week_one(self, year: int) -> date:
        fourth = date(year, 1, 4)
        return fourth - timedelta(days=(fourth.weekday() - self.weekday) % 7)


@dataclass(frozen=True, slots=True)
class _Months:
    """``size`` months from ``first_month`` on (1 is the January of the year in the id).

    What starts in November bears the year in which it ends: ``2025Nov`` is 2024-11-01 to 2025-10-31
    (``FinancialNovemberPeriodType``, and the quarters and half-years alike).
    """

    form: str
    size: int
    first_month: int = 1

    def iterate_year(self, year: int) -> Iterator[tuple[str, date, date]]:
        for number in range(1, 12 // self.size + 1):
            month = self.first_month + (number - 1) * self.size
            start, following = _start_month(year, month), _start_month(year, month + self.size)
            yield self.form.format(year=year, number=number), start, following - timedelta(days=1)


def _start_month(year: int, month: int) -> date:
    """The first day of a month counted from January (1) of the year, before and beyond it."""
    years, month_before = divmod(month - 1, 12)
    return date(year + years, month_before + 1, 1)


# The names of ``dataSet.periodType`` on the wire. WeeklyFriday, FinancialFeb, FinancialAug and
# FinancialSep exist on newer servers only; TwoYearly, which some servers list, has no period ids.
_RULES: Mapping[str, _Rule] = {
    "Daily": _Days(),
    "Weekly": _Weeks("W", MONDAY),
    "WeeklyWednesday": _Weeks("WedW", WEDNESDAY),
    "WeeklyThursday": _Weeks("ThuW", THURSDAY),
    "WeeklyFriday": _Weeks("FriW", FRIDAY),
    "WeeklySaturday": _Weeks("SatW", SATURDAY),
    "WeeklySunday": _Weeks("SunW", SUNDAY),
    "BiWeekly": _Weeks("BiW", MONDAY, size=2),
    "Monthly": _Months("{year}{number:02}", 1),
    "BiMonthly": _Months("{year}{number:02}B", 2),
    "Quarterly": _Months("{year}Q{number}", 3),
    "QuarterlyNov": _Months("{year}NovQ{number}", 3, _NOVEMBER_BEFORE),
    "SixMonthly": _Months("{year}S{number}", 6),
    "SixMonthlyApril": _Months("{year}AprilS{number}", 6, 4),
    "SixMonthlyNov": _Months("{year}NovS{number}", 6, _NOVEMBER_BEFORE),
    "Yearly": _Months("{year}", 12),
    "FinancialFeb": _Months("{year}Feb", 12, 2),
    "FinancialApril": _Months("{year}April", 12, 4),
    "FinancialJuly": _Months("{year}July", 12, 7),
    "FinancialAug": _Months("{year}Aug", 12, 8),
    "FinancialSep": _Months("{year}Sep", 12, 9),
    "FinancialOct": _Months("{year}Oct", 12, 10),
    "FinancialNov": _Months("{year}Nov", 12, _NOVEMBER_BEFORE),
}

PERIOD_TYPES: tuple[str, ...] = tuple(_RULES)

_LONGER_THAN_A_MONTH = frozenset(
    name for name, rule in _RULES.items() if isinstance(rule, _Months) and rule.size > 1
)


def parse_period(period_id: str) -> Period:
    """The period of an id; ContractError for any text that DHIS2 would not write itself."""
    period = find_period(period_id)
    if period is None:
        raise ContractError(
            f"{period_id!r} is not a DHIS2 period id.",
            remedy=f"Write it in one of the forms {_list_forms()}.",
            findings=[period_id],
        )
    return period


def find_period(period_id: str) -> Period | None:
    """The period of an id; None for any text that DHIS2 would not write itself."""
    digits = period_id[:4]
    if not (digits.isascii() and digits.isdigit()) or int(digits) not in _YEARS:
        return None
    return _index_year(int(digits)).get(period_id)


def find_period_type(period_id: str) -> str | None:
    """The name of the period type; None when the id is malformed."""
    period = find_period(period_id)
    return period.period_type if period else None


def iterate_periods(period_type: str, start: date, end: date) -> Iterator[Period]:
    """All periods of the type that share a day with start to end (inclusive), in order."""
    if period_type not in _RULES:
        raise ContractError(
            f"{period_type!r} is not a DHIS2 period type.",
            remedy=f"The period types known are {', '.join(PERIOD_TYPES)}.",
            findings=[period_type],
        )
    # 2024April reaches into 2025, and 2026Nov begins in it.
    for year in range(start.year - 1, end.year + 2):
        if year in _YEARS:
            for period in _list_year(year)[period_type]:
                if period.start <= end and period.end >= start:
                    yield period


def parse_month(month: str) -> Period:
    """The period of a month id such as ``202511``; ContractError for anything else."""
    period = find_period(month)
    if period is None or period.period_type != "Monthly":
        raise ContractError(
            f"{month!r} is not a month.",
            remedy="Write a month as year and month without a separator, for example 202511.",
            findings=[month],
        )
    return period


def iterate_months(first: str, last: str) -> Iterator[str]:
    """The month ids from first to last (inclusive); none when last comes before first."""
    for period in iterate_periods("Monthly", parse_month(first).start, parse_month(last).end):
        yield period.id


def find_partition(period: Period, today: date) -> str:
    """The month id of the partition that the period belongs to, as seen on a day.

    It is the month in which the period ends. A period longer than a month that is still running
    belongs to the month of today instead, so that early entries travel before it ends.
    """
    running = period.start <= today <= period.end
    if running and period.period_type in _LONGER_THAN_A_MONTH:
        return f"{today:%Y%m}"
    return f"{period.end:%Y%m}"


def list_period_ids(
    months: Collection[str], today: date, start: date | None = None, end: date | None = None
) -> list[Period]:
    """All periods of all types whose partition is one of the months, by type and then by start.

    With ``start`` or ``end`` only those that share a day with start to end (inclusive).
    """
    if not months:
        return []
    wanted = frozenset(months)
    spans = [parse_month(month) for month in wanted]
    first, last = min(span.start for span in spans), max(span.end for span in spans)
    return [
        period
        for period_type in PERIOD_TYPES
        for period in iterate_periods(period_type, first, last)
        if find_partition(period, today) in wanted
        and (start is None or period.end >= start)
        and (end is None or period.start <= end)
    ]


@lru_cache(maxsize=128)
def _index_year(year: int) -> Mapping[str, Period]:
    return {period.id: period for periods in _list_year(year).values() for period in periods}


@lru_cache(maxsize=128)
def _list_year(year: int) -> Mapping[str, tuple[Period, ...]]:
    return {
        name: tuple(Period(text, name, start, end) for text, start, end in rule.iterate_year(year))
        for name, rule in _RULES.items()
    }


def _list_forms() -> str:
    latest = ((periods[-1].id, name) for name, periods in _list_year(2025).items())
    return ", ".join(f"{period_id} ({name})" for period_id, name in latest)
