"""Values of every type for generated events and tracked entities, each fit for its type.

Texts that are not ASCII, numbers with and without decimals, and bodies in JSON are among them:
each has been lost somewhere.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from random import Random

_TEXTS = ("Sans complication", "مرحبا", 'a,b;"c"', "Fièvre depuis trois jours", "Nouvelle visite")
_LONG_TEXT = "Première ligne.\nSecond line; with a comma, and \u201cquotes\u201d."
_PLACES = ("[29.75,-1.5]", "[30.125,-2.25]", "[29.5,-1.875]")
_SHAPE = '{"type":"Point","coordinates":[29.75,-1.5]}'
_FIRST_DAY = date(2018, 1, 1)

Maker = Callable[[Random], str]


def _pick(*texts: str) -> Maker:
    return lambda rng: texts[int(rng.random() * len(texts))]


def _count(low: int, high: int) -> Maker:
    return lambda rng: str(low + int(rng.random() * (high - low + 1)))


def make_day(rng: Random) -> str:
    """A day in the years before the data."""
    return (_FIRST_DAY + timedelta(days=int(rng.random() * 2500))).isoformat()


def make_weight(rng: Random) -> str:
    """A weight in kilograms, as a server writes numbers: no zeros at the end."""
    tenths = 15 + int(rng.random() * 60)
    return f"{tenths // 10}.{tenths % 10}" if tenths % 10 else str(tenths // 10)


#: Value type -> maker. References to units and files are made where those are known.
MAKERS: Mapping[str, Maker] = {
    "TEXT": _pick(*_TEXTS),
    "LONG_TEXT": _pick(_LONG_TEXT, *_TEXTS),
    "LETTER": _pick("F", "M"),
    "PHONE_NUMBER": _pick("+250780000001", "+250780000002"),
    "EMAIL": _pick("agent@example.org", "clinic@example.org"),
    "BOOLEAN": _pick("true", "false"),
    "TRUE_ONLY": _pick("true"),
    "DATE": make_day,
    "DATETIME": lambda rng: f"{make_day(rng)}T08:30",
    "TIME": _pick("08:30", "17:05"),
    "NUMBER": make_weight,
    "UNIT_INTERVAL": _pick("0.25", "0.5", "1"),
    "PERCENTAGE": _count(0, 100),
    "INTEGER": _count(-20, 400),
    "INTEGER_POSITIVE": _pick("1", "2", "3"),
    "INTEGER_NEGATIVE": _count(-90, -1),
    "INTEGER_ZERO_OR_POSITIVE": _count(0, 90),
    "USERNAME": _pick("clerk", "supervisor"),
    "COORDINATE": _pick(*_PLACES),
    "AGE": make_day,
    "URL": _pick("https://example.org/report?id=1&lang=fr"),
    "GEOJSON": _pick(_SHAPE),
}
