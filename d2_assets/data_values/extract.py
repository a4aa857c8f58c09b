"""Both sides are read alike and staged as Parquet, whole or not at all.

Values are asked for by explicit period ids, of every period type: ``startDate``/``endDate``
take only periods fully inside and would lose quarters and weeks, and real servers hold values
under periods of the wrong type (2026Q1 in a monthly data set), which must be seen to be named.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from d2_assets.data_values.scope import Cut
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.data_values import (
    DATA_VALUE_SCHEMA,
    DataValueQuery,
    read_data_value_batches,
)
from d2_assets.periods import Period, find_partition, list_period_ids
from d2_assets.staging.tables import open_table

#: The staged rows: a number of their own, the data set they were reached through, the month
#: whose partition they belong to, and DHIS2's own members.
STAGED_SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("data_set", pa.string(), nullable=False),
        pa.field("month", pa.string(), nullable=False),
        *DATA_VALUE_SCHEMA,
    ]
)

#: The period types that all servers from 2.38 on know.
EVERYWHERE = frozenset(
    {
        "Daily",
        "Weekly",
        "WeeklyWednesday",
        "WeeklyThursday",
        "WeeklySaturday",
        "WeeklySunday",
        "BiWeekly",
        "Monthly",
        "BiMonthly",
        "Quarterly",
        "SixMonthly",
        "SixMonthlyApril",
        "SixMonthlyNov",
        "Yearly",
        "FinancialApril",
        "FinancialJuly",
        "FinancialOct",
        "FinancialNov",
    }
)

#: Period ids in one request: keeps the URL well below 8 kB.
_PERIODS_A_REQUEST = 150


@dataclass(frozen=True, slots=True)
class Window:
    """The months of one piece of work and the DHIS2 periods that belong to them."""

    months: tuple[str, ...]
    periods: Mapping[str, Period]
    month_by_period: Mapping[str, str]

    def of_month(self, month: str) -> "Window":
        """The part of the window that belongs to one month."""
        mine = {
            uid: item for uid, item in self.periods.items() if self.month_by_period[uid] == month
        }
        return Window((month,), mine, dict.fromkeys(mine, month))


def open_window(
    months: Sequence[str],
    today: date,
    period_types: Collection[str] = (),
    start: date | None = None,
    end: date | None = None,
) -> Window:
    """The periods that belong to the months, within the pair's dates.

    Of all types that every server knows, and of the newer ones only those in ``period_types``
    (the data sets' own): an older server need not understand the ids of the others.
    """
    types = EVERYWHERE.union(period_types)
    periods = {
        item.id: item
        for item in list_period_ids(months, today, start, end)
        if item.period_type in types
    }
    by_period = {uid: find_partition(item, today) for uid, item in periods.items()}
    return Window(tuple(months), periods, by_period)


def plan_reads(
    data_sets: Iterable[str], cuts: Sequence[Cut], window: Window
) -> list[DataValueQuery]:
    """One request for each data set, part of the hierarchy and handful of periods."""
    ids = tuple(window.periods)
    return [
        DataValueQuery(
            data_set=data_set,
            periods=ids[start : start + _PERIODS_A_REQUEST],
            org_units=cut.org_units,
            children=cut.children,
        )
        for data_set in data_sets
        for cut in cuts
        for start in range(0, len(ids), _PERIODS_A_REQUEST)
    ]


def stage_values(
    client: DHIS2Client,
    queries: Sequence[DataValueQuery],
    window: Window,
    path: Path,
    report: Callable[[int, int], None] = lambda done, rows: None,
) -> int:
    """Read all queries into one staged table; gives its rows.

    ``report(queries done, rows so far)`` is called after each query.
    """
    download = path.with_name(path.stem + ".download")
    try:
        with open_table(path, STAGED_SCHEMA) as writer:
            for done, query in enumerate(queries, start=1):
                client.download_data_values(query, download)
                for batch in _number_rows(download, query.data_set, window, writer.rows):
                    writer.write(batch)
                report(done, writer.rows)
    finally:
        download.unlink(missing_ok=True)
    return writer.rows


def _number_rows(
    download: Path, data_set: str, window: Window, first: int
) -> Iterator[pa.RecordBatch]:
    """The rows of one answer with their numbers, counted on from ``first``.

    A row under a period that was not asked for goes to the first month, where the check names it.
    """
    for batch in read_data_value_batches(download):
        count = batch.num_rows
        fallback = window.months[0]
        months = [
            window.month_by_period.get(period, fallback)
            for period in batch.column("period").to_pylist()
        ]
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(range(first, first + count), pa.int64()),
                pa.array([data_set] * count, pa.string()),
                pa.array(months, pa.string()),
                *(batch.column(field.name) for field in DATA_VALUE_SCHEMA),
            ],
            schema=STAGED_SCHEMA,
        )
        first += count
