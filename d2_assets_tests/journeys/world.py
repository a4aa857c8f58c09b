"""Two small stand-in servers whose clock stands still, so that no day of the year decides a test.

The content is generated once for all tests of a process; each journey works on copies of its own.
"""

import shutil
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from d2_assets.periods import find_partition, parse_period
from d2_assets.sandbox import ContentSpec, Registration, Sandbox, Store, StoredValue, start_sandbox

NOW = datetime(2024, 5, 20, 9, tzinfo=UTC)
TODAY = NOW.date()
#: The month of the clock, the one before, and the six before that.
CURRENT, MONTH = "202405", "202404"
SIX_MONTHS = ("202311", "202312", "202401", "202402", "202403", "202404")
CONTENT = ContentSpec(values=3000, months=8, last_month=CURRENT)

Key = tuple[str, str, str, str, str]
#: Value, comment and follow-up flag.
Content = tuple[str, str, bool]


class StandingDate(date):
    """``date`` on the day of the stand-in servers."""

    @classmethod
    def today(cls) -> "StandingDate":
        return cls(TODAY.year, TODAY.month, TODAY.day)


def read_clock() -> datetime:
    return NOW


class Templates:
    """Filled stores by version, with and without data, made when they are first wanted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def start(
        self,
        version: str,
        store: Path,
        *,
        with_data: bool,
        content: ContentSpec = CONTENT,
    ) -> Sandbox:
        """A server of its own on a copy of the template."""
        size = f"{content.values}-{content.events}-{content.entities}"
        name = f"{version}-{size}-{'full' if with_data else 'empty'}.sqlite"
        template = self._folder / name
        if not template.exists():
            start_sandbox(
                version, template, content=content, with_data=with_data, clock=read_clock
            ).stop()
        shutil.copyfile(template, store)
        return start_sandbox(version, store, clock=read_clock)


@cache
def find_month(period: str) -> str:
    """The partition that a period belongs to on the day of the servers."""
    return find_partition(parse_period(period), TODAY)


def list_values(store: Store, months: Iterable[str]) -> list[StoredValue]:
    """All rows of the months, soft-deleted ones included."""
    wanted = frozenset(months)
    return [value for value in store.data_values() if find_month(value.period) in wanted]


def read_live(store: Store, months: Iterable[str]) -> dict[Key, Content]:
    """What people see at a server in those months."""
    return {
        value.key: content_of(value) for value in list_values(store, months) if not value.deleted
    }


def content_of(value: StoredValue) -> Content:
    """What must be equal on both sides, beside the key."""
    return value.value or "", value.comment or "", value.followup


def list_registrations(store: Store, months: Iterable[str]) -> list[Registration]:
    """The completeness registrations of the months."""
    wanted = frozenset(months)
    return [item for item in store.registrations() if find_month(item.period) in wanted]


def find_object(store: Store, plural: str, code: str) -> dict[str, Any]:
    """A metadata object by its code ("dataSets", "HF_MONTHLY"); a copy that may be changed."""
    return dict(next(body for body in store.metadata(plural) if body.get("code") == code))


def change_object(store: Store, plural: str, code: str, changes: Mapping[str, Any]) -> None:
    """Store an object with some members changed, as its administrator would."""
    store.put_metadata(plural, [find_object(store, plural, code) | dict(changes)])


def element_id(store: Store, code: str) -> str:
    return find_object(store, "dataElements", code)["id"]


def data_set_elements(store: Store, code: str) -> list[str]:
    """The data elements of a data set."""
    members = find_object(store, "dataSets", code)["dataSetElements"]
    return [member["dataElement"]["id"] for member in members]


def list_units(store: Store, level: int) -> list[str]:
    """The org units of a level, in the order of their ids."""
    units = store.metadata("organisationUnits")
    return sorted(unit["id"] for unit in units if unit["level"] == level)


def find_subtree(store: Store, root: str) -> frozenset[str]:
    """An org unit and all below it."""
    units = store.metadata("organisationUnits")
    return frozenset(unit["id"] for unit in units if root in unit["path"].split("/"))
