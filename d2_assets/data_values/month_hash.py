"""The hash of a month's data values and registrations, as the source gave them.

It is taken before translation, so that it is the source's own. Keys and what people see count;
stamps and users do not, nor the value of a deleted row. A row counts by the data set that it was
reached through: one that is reached through two is there twice.
"""

from collections.abc import Mapping

from d2_assets.data_values.completeness import Registrations, key_of
from d2_assets.data_values.content import KEY
from d2_assets.ledger.month_hashes import ContentHash, hash_item, join_hashes
from d2_assets.staging.database import Database

_HALF = 1 << 64

# The length of the value tells where it ends and the comment begins, whatever they hold.
_ROW = f"""concat_ws(chr(31), data_set, {", ".join(KEY)},
    CASE WHEN deleted THEN 'deleted'
         ELSE concat_ws(chr(31), 'live', followup, length(coalesce(value, '')),
                        coalesce(value, ''), coalesce(comment, '')) END)"""


def hash_values(database: Database, rows: str) -> Mapping[str, ContentHash]:
    """The hash of each month of a view of staged rows; months without rows are not there."""
    sums = database.rows(
        f"""
        SELECT month, count(*), sum(md5_number_lower(text)), sum(md5_number_upper(text))
        FROM (SELECT month, {_ROW} AS text FROM {rows}) GROUP BY month
        """
    )
    return {
        month: ContentHash(items, int(low) % _HALF, int(high) % _HALF)
        for month, items, low, high in sums
    }


def hash_registrations(found: Registrations) -> ContentHash:
    """The hash of registrations: their keys and whether they say complete."""
    return join_hashes(
        hash_item("completeness", *key_of(item), str(item.completed).lower())
        for item in found.values()
    )
