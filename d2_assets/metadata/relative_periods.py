"""Periods of charts and maps: 2.38 has flags (``relativePeriods``) and fixed ones (``periods``),
later versions one list of both (``rawPeriods``) [seen].
"""

import re
from collections.abc import Mapping
from typing import Any

FLAGS_MEMBER = "relativePeriods"
LIST_MEMBER = "rawPeriods"
_FIXED_MEMBER = "periods"

#: Flags of 2.38 [seen] whose constant is not just the same words in capitals.
_IRREGULAR = {
    "thisDay": "TODAY",
    "biMonthsThisYear": "BIMONTHS_THIS_YEAR",
    "last6BiMonths": "LAST_6_BIMONTHS",
    "last2SixMonths": "LAST_2_SIXMONTHS",
    "thisBiWeek": "THIS_BIWEEK",
    "lastBiWeek": "LAST_BIWEEK",
    "last4BiWeeks": "LAST_4_BIWEEKS",
}
_REGULAR = """
    yesterday last3Days last7Days last14Days last30Days last60Days last90Days last180Days
    thisWeek lastWeek last4Weeks last12Weeks last52Weeks weeksThisYear
    thisMonth lastMonth last3Months last6Months last12Months monthsThisYear monthsLastYear
    thisBimonth lastBimonth thisQuarter lastQuarter last4Quarters quartersThisYear
    quartersLastYear thisSixMonth lastSixMonth thisYear lastYear last5Years last10Years
    thisFinancialYear lastFinancialYear last5FinancialYears last10FinancialYears
"""
_WORD = re.compile(r"[A-Z]?[a-z]+|\d+")

#: The flag of 2.38 and the constant of later versions.
RELATIVE_PERIODS: Mapping[str, str] = {
    **{flag: "_".join(_WORD.findall(flag)).upper() for flag in re.findall(r"\w+", _REGULAR)},
    **_IRREGULAR,
}
_FLAGS = {constant: flag for flag, constant in RELATIVE_PERIODS.items()}


def list_periods(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with its periods in one list, as versions after 2.38 keep them."""
    flags = body.get(FLAGS_MEMBER)
    listed = {name: value for name, value in body.items() if name != FLAGS_MEMBER}
    if isinstance(flags, Mapping) and not body.get(LIST_MEMBER):
        relative = [constant for flag, constant in RELATIVE_PERIODS.items() if flags.get(flag)]
        fixed = [one["id"] for one in body.get(_FIXED_MEMBER) or () if one.get("id")]
        listed[LIST_MEMBER] = [*relative, *fixed]
    return listed


def flag_periods(body: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The body with its periods as 2.38 keeps them, and the relative ones that 2.38 lacks."""
    if LIST_MEMBER not in body:
        return dict(body), []
    flagged = {name: value for name, value in body.items() if name != LIST_MEMBER}
    raw = body[LIST_MEMBER] or []
    flagged[FLAGS_MEMBER] = {_FLAGS[one]: True for one in raw if one in _FLAGS}
    # a fixed period begins with its year: 202501, 2025Q1, 2025W7, 2025April
    fixed = [one for one in raw if one[:1].isdigit()]
    if fixed:
        flagged[_FIXED_MEMBER] = [{"id": one} for one in fixed]
    return flagged, [one for one in raw if one not in _FLAGS and not one[:1].isdigit()]
