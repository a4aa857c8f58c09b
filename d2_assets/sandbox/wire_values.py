"""How DHIS2 itself reads a value and a period id, more generous than its documentation.

Booleans come in six spellings and are stored as "true" and "false". A period like "2026-03" is
taken for 202603 by every version, because the server parses dates where an id fails.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache

from d2_assets.errors import ContractError
from d2_assets.periods import Period, parse_period

_TRUE = frozenset({"true", "t", "1"})
_FALSE = frozenset({"false", "f", "0"})
_MAX_LENGTH = 50_000
_NUMBER = r"(-?0|-?[1-9]\d*)(\.\d+)?(E(-)?\d+)?"


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


def _between(low: float, high: float) -> Callable[[str], bool]:
    # A float is enough to compare with whole bounds; the value itself stays a string.
    return lambda value: re.fullmatch(_NUMBER, value) is not None and low <= float(value) <= high


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_datetime(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


#: Value type -> its test, and DHIS2's own name for what is wrong.
_TESTS: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "NUMBER": (_matches(_NUMBER), "value_not_numeric"),
    "UNIT_INTERVAL": (_between(0, 1), "value_not_unit_interval"),
    "PERCENTAGE": (_between(0, 100), "value_not_percentage"),
    "INTEGER": (_matches(r"0|-?[1-9]\d*"), "value_not_integer"),
    "INTEGER_POSITIVE": (_matches(r"[1-9]\d*"), "value_not_positive_integer"),
    "INTEGER_NEGATIVE": (_matches(r"-[1-9]\d*"), "value_not_negative_integer"),
    "INTEGER_ZERO_OR_POSITIVE": (_matches(r"0|[1-9]\d*"), "value_not_zero_or_positive_integer"),
    "BOOLEAN": (_matches("true|false"), "value_not_bool"),
    "TRUE_ONLY": (_matches("true"), "value_not_true_only"),
    "DATE": (_is_date, "value_not_valid_date"),
    "DATETIME": (_is_datetime, "value_not_valid_datetime"),
}


def normalise_value(value: str, value_type: str) -> str:
    """The value as it is stored."""
    if value_type in ("BOOLEAN", "TRUE_ONLY"):
        lowered = value.lower()
        return "true" if lowered in _TRUE else "false" if lowered in _FALSE else value
    return value


def find_misfit(value: str, value_type: str) -> str | None:
    """DHIS2's name for what is wrong with a normalised value; None when it fits."""
    if len(value) > _MAX_LENGTH:
        return "value_length_greater_than_max_length"
    test, words = _TESTS.get(value_type, (None, ""))
    return words if test and not test(value) else None


@lru_cache(maxsize=10_000)
def accept_period(text: str) -> Period | None:
    """The period that a server takes the text for; None when it cannot be read at all."""
    forms = [
        text,
        re.sub(r"^(\d{4})-(\d{2})$", r"\1\2", text),
        re.sub(r"^(\d{4})-(\d{2})-(\d{2})$", r"\1\2\3", text),
        re.sub(r"^(\d{4}(?:Wed|Thu|Sat|Sun|Bi)?W)0(\d)$", r"\1\2", text),
    ]
    for form in dict.fromkeys(forms):
        try:
            return parse_period(form)
        except ContractError:
            continue
    return None
