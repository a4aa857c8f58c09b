"""How a pair runs by itself: what starts it, how often, and what happens when it fails.

Nothing here starts anything: sensors and schedules are off until they are switched on in the UI.
"""

import re
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from d2_assets.identifiers import is_uid
from d2_assets.settings.fields import SettingsModel
from d2_assets.settings.mistakes import refuse

Every = Literal["month", "week", "day", "minutes", "cron"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

_WEEKDAYS: tuple[Weekday, ...] = (
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
)
#: Families and classes as they are written, and the two words for what is no metadata class.
_RESOURCE = re.compile(r"[a-z][A-Za-z0-9]*(?:_[a-z]+)*")
_CRON_FIELD = r"(?:[\d*/,\-]+|[A-Za-z]{3}(?:[-,][A-Za-z]{3})*)"
_CRON = re.compile(rf"{_CRON_FIELD}(?: {_CRON_FIELD}){{4}}")
_MINUTES_A_DAY = 1440


def _check_resource(word: str) -> str:
    if is_uid(word) or _RESOURCE.fullmatch(word):
        return word
    raise refuse(
        f"{word!r} names nothing that can be watched.",
        "Use a metadata family (data_elements), a class (dataElements), or the UID of a data set "
        "or program.",
    )


class Timing(SettingsModel):
    """When something is done, in a time zone: one of a few plain rhythms, or a cron line."""

    every: Every = "month"
    day: int = Field(default=5, ge=1, le=28)
    """Day of the month, for month."""
    weekday: Weekday = "sunday"
    """For week."""
    hour: int = Field(default=2, ge=0, le=23)
    minute: int = Field(default=0, ge=0, le=59)
    minutes: int = Field(default=30, ge=1, le=_MINUTES_A_DAY)
    """For minutes: 1 to 60 that divide an hour, or whole hours that divide a day."""
    cron: str = ""
    """For cron: five fields, minute, hour, day, month, weekday."""
    time_zone: str = "UTC"

    @field_validator("minutes")
    @classmethod
    def _divides(cls, minutes: int) -> int:
        hours, rest = divmod(minutes, 60)
        if (minutes <= 60 and 60 % minutes == 0) or (rest == 0 and 24 % hours == 0):
            return minutes
        raise refuse(
            f"Every {minutes} minutes does not fit into hours and days evenly.",
            "Use 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720 or 1440.",
        )

    @field_validator("cron")
    @classmethod
    def _five_fields(cls, cron: str) -> str:
        words = " ".join(cron.split())
        if words and not _CRON.fullmatch(words):
            raise refuse(
                f"{cron!r} is not a cron line.",
                'Write minute, hour, day, month and weekday, like "0 2 5 * *".',
            )
        return words

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise refuse(
                f"There is no time zone {name!r}.", "Use a name like Africa/Blantyre, or UTC."
            ) from None
        return name

    @model_validator(mode="after")
    def _line_where_it_counts(self) -> "Timing":
        if (self.every == "cron") != bool(self.cron):
            raise refuse(
                "every: cron and a cron line go together.",
                "Write both, or leave both out.",
            )
        return self

    @property
    def cron_line(self) -> str:
        """The rhythm as five fields of cron."""
        at = f"{self.minute} {self.hour}"
        match self.every:
            case "month":
                return f"{at} {self.day} * *"
            case "week":
                return f"{at} * * {_WEEKDAYS.index(self.weekday)}"
            case "day":
                return f"{at} * * *"
            case "cron":
                return self.cron
        if self.minutes < 60:
            return f"*/{self.minutes} * * * *"
        hours = self.minutes // 60
        return "0 0 * * *" if hours == 24 else f"0 */{hours} * * *"


class ScheduleSettings(Timing):
    """When a scheduled pair runs, and for which months."""

    months: int = Field(default=1, ge=0, le=120)
    """The last so many whole months; 1 is the month before."""
    current_month: bool | None = None
    """Whether the month that still runs is taken too. Unset: for tracker alone with every: month,
    for all with the other rhythms."""

    @model_validator(mode="after")
    def _some_month(self) -> "ScheduleSettings":
        if self.months == 0 and self.current_month is False:
            raise refuse(
                "months 0 without the current month leaves nothing to run.",
                "Set months to 1 or more, or current_month: true.",
            )
        return self


class SweepSettings(Timing):
    """When whole months are compared by hash, to find what lastUpdated cannot show."""

    every: Every = "week"
    hour: int = Field(default=3, ge=0, le=23)
    months: int = Field(default=12, ge=1, le=1200)
    """The last so many months, with the current one."""


class ChangeSettings(SettingsModel):
    """How an automatic pair follows what changes at its source."""

    check_seconds: int = Field(default=300, ge=30, le=86_400)
    """Time between two looks at a resource."""
    high_frequency: tuple[str, ...] = ()
    """Resources that are looked at every high_frequency_seconds: metadata families, classes, UIDs
    of data sets and programs."""
    high_frequency_seconds: int = Field(default=30, ge=10, le=3600)
    start: Literal["delayed", "immediate"] = "delayed"
    """delayed: a run starts delay_seconds after the first change, with all that came meanwhile."""
    delay_seconds: int = Field(default=30, ge=0, le=3600)
    metadata: bool = True
    """Whether metadata are watched, where the pair moves them."""
    data: bool = True
    """Whether data values, events and tracked entities are watched, where the pair moves them."""
    include: tuple[str, ...] = ()
    """Resources to watch; empty: all of the pair."""
    exclude: tuple[str, ...] = ()
    """Resources that are not watched."""
    max_runs_per_hour: int = Field(default=10, ge=1, le=1000)
    cooldown_seconds: int = Field(default=1800, ge=0, le=86_400)
    """After a run that failed nothing is started for so long."""
    off_after_failures: int = Field(default=5, ge=1, le=100)
    """Failures in a row after which nothing is started until a run of the pair ended well."""
    overlap_seconds: int = Field(default=120, ge=0, le=86_400)
    """How far before the last change each look reaches back, for rows that were stored late."""
    look_back_hours: int = Field(default=24, ge=0, le=24 * 366)
    """How far back the first look reaches, when the sensor is switched on."""

    @field_validator("high_frequency", "include", "exclude")
    @classmethod
    def _names_resources(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_check_resource(word) for word in words)


class RetrySettings(SettingsModel):
    """What happens after a run failed for a cause that may pass by itself."""

    tries: int = Field(default=3, ge=0, le=10)
    """New runs at most, 60, 120, 240 ... seconds after each failure, at most an hour; 0: none."""
