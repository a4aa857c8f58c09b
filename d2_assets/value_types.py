"""What a value must look like for the value type of its data element or attribute.

A server answers a value that does not fit with E7619 (up to 2.42) or E8122 (2.43): the check here
finds it before anything is sent. The rules are those of ``ValidationUtils.valueIsValid`` and
``MathUtils`` in dhis2-core, for the value types of ``/api/schemas``. Where versions differ or the
source leaves doubt, the lenient reading holds: what a real server takes must not be held back.
One table serves Python and DuckDB, so patterns keep to the syntax that ``re`` and RE2 share.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from d2_assets.identifiers import UID_PATTERN

_LONGEST_VALUE = 50_000
_LONGEST_NUMBER = 249


@dataclass(frozen=True, slots=True)
class ValueType:
    """``pattern`` is what the whole value must match (None: any text), ``words`` the same in words.

    ``longest`` is the greatest length in characters.
    """

    name: str
    pattern: str | None
    words: str
    longest: int = _LONGEST_VALUE


def _up_to(limit: str) -> str:
    """Pattern of the whole numbers from 1 to the limit, without leading zeros."""
    shorter = f"[1-9][0-9]{{0,{len(limit) - 2}}}"
    smaller = [
        f"{limit[:place]}[{int(place == 0)}-{int(digit) - 1}][0-9]{{{len(limit) - place - 1}}}"
        for place, digit in enumerate(limit)
        if int(digit) > int(place == 0)
    ]
    return "|".join([shorter, *smaller, limit])


# Servers hold whole numbers in 32 bits; a zero has no sign there, in decimal numbers it may.
_POSITIVE = _up_to("2147483647")
_NEGATIVE = f"-(?:{_up_to('2147483648')})"
_FRACTION = r"(?:\.[0-9]+)?"
_ZERO_FRACTION = r"(?:\.0+)?"
_EXPONENT = "E-?[0-9]+"
_DECIMAL = f"-?(?:0|[1-9][0-9]*){_FRACTION}"
# The range of a number with an exponent is left to the server to judge.
_WITH_EXPONENT = f"{_DECIMAL}{_EXPONENT}"

_LEAP_YEAR = (
    "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"  # 2024, 2000
)
_DAY = (
    "(?:[0-9]{4}-(?:"
    "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8])"
    f")|{_LEAP_YEAR}-02-29)"
)
# The variants that an import turns into true and false.
_TRUE = "[Tt][Rr][Uu][Ee]|[Tt]|1"
_FALSE = "[Ff][Aa][Ll][Ss][Ee]|[Ff]|0"


def _text(name: str) -> ValueType:
    return ValueType(name, None, "text")


def _number(name: str, pattern: str, words: str) -> ValueType:
    return ValueType(name, pattern, words, _LONGEST_NUMBER)


VALUE_TYPES: Mapping[str, ValueType] = MappingProxyType(
    {
        value_type.name: value_type
        for value_type in (
            _text("TEXT"),
            _text("LONG_TEXT"),
            _text("MULTI_TEXT"),
            ValueType("LETTER", "[A-Za-z]|[^\\x00-\\x7F]", "a single letter"),
            # Servers judge these when a person types them, not when they are imported.
            _text("PHONE_NUMBER"),
            _text("EMAIL"),
            _text("TIME"),
            _text("AGE"),
            _text("USERNAME"),
            _text("ORGANISATION_UNIT"),
            _text("REFERENCE"),
            _text("TRACKER_ASSOCIATE"),
            _text("GEOJSON"),
            ValueType("BOOLEAN", f"{_TRUE}|{_FALSE}", "true or false"),
            ValueType("TRUE_ONLY", _TRUE, "true"),
            # A server takes any time, or other text, behind the day.
            ValueType("DATE", f"{_DAY}(?s:.*)", "a day of the calendar such as 2025-11-05"),
            ValueType(
                "DATETIME",
                "[0-9]+-[0-9]{1,2}-[0-9]{1,2}[T ][0-9](?s:.*)",
                "a day and a time such as 2025-11-05T14:30",
            ),
            _number("NUMBER", f"{_DECIMAL}(?:{_EXPONENT})?", "a number such as 12.5"),
            _number(
                "UNIT_INTERVAL",
                f"0{_FRACTION}|1{_ZERO_FRACTION}|-0{_ZERO_FRACTION}|{_WITH_EXPONENT}",
                "a number from 0 to 1",
            ),
            _number(
                "PERCENTAGE",
                f"(?:0|[1-9][0-9]?){_FRACTION}|100{_ZERO_FRACTION}|-0{_ZERO_FRACTION}"
                f"|{_WITH_EXPONENT}",
                "a number from 0 to 100",
            ),
            _number(
                "INTEGER",
                f"0|{_POSITIVE}|{_NEGATIVE}",
                "a whole number from -2147483648 to 2147483647",
            ),
            _number("INTEGER_POSITIVE", _POSITIVE, "a whole number from 1 to 2147483647"),
            _number("INTEGER_NEGATIVE", _NEGATIVE, "a whole number from -2147483648 to -1"),
            _number(
                "INTEGER_ZERO_OR_POSITIVE",
                f"0|{_POSITIVE}",
                "a whole number from 0 to 2147483647",
            ),
            ValueType(
                "COORDINATE",
                "(?s:.*[0-9].*,.*[0-9].*)",
                "a longitude and a latitude such as 10.75,59.91",
            ),
            ValueType(
                "URL", "[A-Za-z][A-Za-z0-9+.-]*://(?s:.+)", "an address such as https://dhis2.org"
            ),
            ValueType("FILE_RESOURCE", UID_PATTERN, "the UID of a file resource"),
            ValueType("IMAGE", UID_PATTERN, "the UID of a file resource"),
        )
    }
)

# Whether a value may be empty is another question (a comment may stand alone), answered elsewhere.
_BLANK = "[\\x00-\\x20]*"


def find_misfit(value: str, value_type: str) -> str | None:
    """Why the value does not fit, in words; None when it fits, is blank, or the type is unknown."""
    known = VALUE_TYPES.get(value_type)
    if known is None or _compile(_BLANK).fullmatch(value):
        return None
    if len(value) > known.longest:
        return _describe_length(known)
    if known.pattern is not None and not _compile(known.pattern).fullmatch(value):
        return _describe_pattern(known)
    return None


def misfit_sql(value_column: str, type_column: str) -> str:
    """A DuckDB expression that says the same as ``find_misfit``: the reason, or NULL.

    The columns are SQL as it stands in a query (quoted where needed); a NULL value fits.
    """
    branches = " ".join(
        f"WHEN {_quote(known.name)} THEN {_misfit_case(value_column, known)}"
        for known in VALUE_TYPES.values()
    )
    blank = f"regexp_full_match({value_column}, {_quote(_BLANK)})"
    return f"CASE WHEN {blank} THEN NULL ELSE CASE {type_column} {branches} END END"


def _misfit_case(value_column: str, known: ValueType) -> str:
    too_long = (
        f"WHEN length({value_column}) > {known.longest} THEN {_quote(_describe_length(known))}"
    )
    if known.pattern is None:
        return f"CASE {too_long} END"
    misfit = f"NOT regexp_full_match({value_column}, {_quote(known.pattern)})"
    return f"CASE {too_long} WHEN {misfit} THEN {_quote(_describe_pattern(known))} END"


def _describe_length(known: ValueType) -> str:
    return f"{known.name} takes at most {known.longest} characters"


def _describe_pattern(known: ValueType) -> str:
    return f"{known.name} must be {known.words}"


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
