"""A month with just so many values: the sandbox's own content, cut down to the number.

The sandbox spreads values over whole periods, some of which end in another month. So a few more
are generated than wanted, and what is too many is taken out again, evenly. The country keeps its
size: two months of different size differ in their values alone.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path

from d2_assets.periods import list_period_ids, parse_month
from d2_assets.sandbox import ContentSpec, Store, StoredValue

#: Quarters and years end in it: it has values of every data set but the budget.
MONTH = "202412"
#: A month before it, in which nothing was reported.
EMPTY_MONTH = "202406"
#: The first month of the settings.
FIRST_MONTH = "202401"
#: The day below Dagster; through Dagster it is the real one.
TODAY = date(2025, 6, 15)

_SEED = 2026
_KEY = "period, org_unit, data_element, category_option_combo, attribute_option_combo"
_COMMENT = "Corrected after the review"


def specify_content(values: int) -> ContentSpec:
    """What to generate so that at least ``values`` of it belong to the month."""
    return ContentSpec(values=values + values // 4 + 500, seed=_SEED, months=1, last_month=MONTH)


def specify_tracked(events: int, entities: int) -> ContentSpec:
    """So many events of a program without registration, and tracked entities; few values."""
    return ContentSpec(
        values=1_000, seed=_SEED, months=1, last_month=MONTH, events=events, entities=entities
    )


def gather_tracked(store: Store, month: str) -> int:
    """Let all tracked entities be changed last within the month: some are older, some were
    corrected after it. Gives how many were moved."""
    first, last = (
        int(datetime.combine(day, time(), UTC).timestamp()) * 1000
        for day in (parse_month(month).start, parse_month(month).end)
    )
    with store.writing() as connection:
        return connection.execute(
            "UPDATE tracked SET updated_at = max(:first, min(:last, updated_at)) "
            "WHERE updated_at NOT BETWEEN :first AND :last",
            {"first": first, "last": last},
        ).rowcount


def take_files(store: Store, path: Path) -> None:
    """The uploaded files of another server, as if they had been sent here and not yet used."""
    other = Store(path, lambda: datetime.now(UTC))
    with other.tracker.reading() as connection:
        rows = connection.execute("SELECT uid, body, content FROM file_resource").fetchall()
    other.close()
    with store.writing() as connection:
        connection.executemany("INSERT INTO file_resource VALUES (?, ?, ?, '')", map(tuple, rows))


def keep_values(store: Store, month: str, values: int) -> int:
    """Take out what does not belong to the month, and evenly what is more than ``values``."""
    mine = {period.id for period in list_period_ids([month], TODAY)}
    with store.writing() as connection:
        for period in store.list_periods():
            if period not in mine:
                connection.execute("DELETE FROM data_value WHERE period = ?", (period,))
                connection.execute("DELETE FROM registration WHERE period = ?", (period,))
        connection.execute(
            f"""
            DELETE FROM data_value WHERE ({_KEY}) IN (
                SELECT {_KEY} FROM (
                    SELECT {_KEY}, row_number() OVER (ORDER BY {_KEY}) AS place,
                           count(*) OVER () AS total
                    FROM data_value
                ) WHERE total > :values
                    AND place * :values / total = (place - 1) * :values / total
            )
            """,
            {"values": values},
        )
        (kept,) = connection.execute("SELECT count(*) FROM data_value").fetchone()
    return int(kept)


def change_values(store: Store, share: int) -> int:
    """Another comment for every ``share``-th value that is not deleted; gives how many."""
    with store.writing() as connection:
        return connection.execute(
            f"""
            UPDATE data_value SET comment = :comment, last_updated = :now WHERE ({_KEY}) IN (
                SELECT {_KEY} FROM (
                    SELECT {_KEY}, row_number() OVER (ORDER BY {_KEY}) AS place
                    FROM data_value WHERE deleted = 0
                ) WHERE place % :share = 0
            )
            """,
            {"comment": _COMMENT, "now": store.now_ms(), "share": share},
        ).rowcount


def forget_all(store: Store) -> None:
    """Neither values nor registrations are left, deleted ones included."""
    with store.writing() as connection:
        connection.execute("DELETE FROM data_value")
        connection.execute("DELETE FROM registration")


def read_by_data_set(path: Path) -> Mapping[str, Sequence[StoredValue]]:
    """The values in a server's file that are not deleted, by data set, without any request."""
    store = Store(path, lambda: datetime.now(UTC))
    try:
        set_of_element = {
            member["dataElement"]["id"]: data_set["id"]
            for data_set in store.metadata("dataSets")
            for member in data_set["dataSetElements"]
        }
        found: dict[str, list[StoredValue]] = defaultdict(list)
        for value in store.data_values(include_deleted=False):
            found[set_of_element[value.data_element]].append(value)
        return found
    finally:
        store.close()
