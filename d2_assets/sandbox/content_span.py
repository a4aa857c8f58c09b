"""When generated events and tracked entities happened, and what a version may hold of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from d2_assets.sandbox.content_bodies import Body
from d2_assets.sandbox.content_metadata import Country
from d2_assets.sandbox.content_values import MAKERS
from d2_assets.sandbox.tracker_edits import format_ms

_DAY_MS = 86_400_000
_AUTHORS = ("admin", "clerk", "supervisor")


@dataclass(frozen=True, slots=True)
class Span:
    """From a first to a last day, up to now in milliseconds."""

    first: date
    last: date
    now: int

    def draw_day(self, rng: Random) -> date:
        """A day within."""
        return self.first + timedelta(days=int(rng.random() * ((self.last - self.first).days + 1)))

    def stamp(self, day: date, rng: Random, days: float) -> int:
        """A moment of so many days at most after the morning of a day, and never after now."""
        morning = int(datetime.combine(day, time(7), UTC).timestamp()) * 1000
        return min(morning + int(rng.random() * days * _DAY_MS), self.now)


class Values:
    """Data values and attributes of a country, made for their types."""

    def __init__(self, country: Country) -> None:
        self.country = country
        self.types = {
            body["id"]: body["valueType"]
            for plural in ("dataElements", "trackedEntityAttributes")
            for body in country.metadata[plural]
        }
        self._units = [body["id"] for body in country.metadata["organisationUnits"]]

    def can_make(self, uid: str) -> bool:
        """Whether a value can be made for an element: files and some references are not."""
        return self.types[uid] in MAKERS or self.types[uid] == "ORGANISATION_UNIT"

    def make(self, uid: str, rng: Random) -> str:
        """A value for an element or attribute."""
        if self.types[uid] == "ORGANISATION_UNIT":
            return self._units[int(rng.random() * len(self._units))]
        return MAKERS[self.types[uid]](rng)

    def list_elements(self, stage: str) -> list[str]:
        """The elements of a stage, the compulsory one first."""
        uid = self.country.uid(f"programStages/{stage}")
        body = next(one for one in self.country.metadata["programStages"] if one["id"] == uid)
        return [part["dataElement"]["id"] for part in body["programStageDataElements"]]

    def list_places(self, program: str) -> list[str]:
        """The units that run a program."""
        uid = self.country.uid(f"programs/{program}")
        body = next(one for one in self.country.metadata["programs"] if one["id"] == uid)
        return [unit["id"] for unit in body["organisationUnits"]]


def stamp_values(
    key: str, values: Iterable[tuple[str, str]], created: int, author: str
) -> list[Body]:
    """Data values or attributes as they are stored; ``key`` names what they are of."""
    at = format_ms(created)
    stamps = {"createdAt": at, "updatedAt": at, "createdBy": author, "updatedBy": author}
    more: dict[str, Any] = {"providedElsewhere": False} if key == "dataElement" else {}
    return [{key: uid, "value": value, **more, **stamps} for uid, value in values]


def pick_author(rng: Random) -> str:
    """Who entered something."""
    return _AUTHORS[int(rng.random() * len(_AUTHORS))]


def make_note(uid: str, text: str, at: int, author: str) -> Body:
    """A note as it is stored."""
    return {
        "note": uid,
        "value": text,
        "storedAt": format_ms(at),
        "storedBy": author,
        "createdBy": author,
    }


def make_point(rng: Random) -> Body:
    """A place in the country; the digits survive every way of writing them."""
    return {
        "type": "Point",
        "coordinates": [29 + int(rng.random() * 64) / 32, -3 + int(rng.random() * 64) / 32],
    }
