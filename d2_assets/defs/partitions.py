"""All assets share one partitioning, month by pair: a Dagster job cannot mix two.

Keys read ``national--training|202511``: Dagster joins the dimensions in the order of their names.
"""

from collections.abc import Iterable
from datetime import datetime

import dagster as dg

from d2_assets.settings import Settings

PERIOD = "period"
PAIR = "pair"


def build_partitions(settings: Settings) -> dg.MultiPartitionsDefinition:
    """Months from the settings' first month to the current one, by the pairs of the file."""
    return dg.MultiPartitionsDefinition(
        {
            PERIOD: dg.TimeWindowPartitionsDefinition(
                start=datetime.strptime(settings.first_month, "%Y%m"),
                cron_schedule="0 0 1 * *",
                fmt="%Y%m",
                end_offset=1,
            ),
            PAIR: dg.StaticPartitionsDefinition([pair.name for pair in settings.pairs]),
        }
    )


def group_by_pair(keys: Iterable[str]) -> dict[str, list[str]]:
    """The months of each pair, in order. A run is a rectangle: months of a pair, or pairs of a
    month."""
    months: dict[str, list[str]] = {}
    for key in keys:
        pair, month = key.split("|")
        months.setdefault(pair, []).append(month)
    return {pair: sorted(found) for pair, found in months.items()}


def join_key(pair: str, month: str) -> dg.MultiPartitionKey:
    """The full partition key."""
    return dg.MultiPartitionKey({PERIOD: month, PAIR: pair})
