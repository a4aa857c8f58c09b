"""Values that no partition holds: older than the first month, or in the future.

They are counted and shown per pair, never passed over. A server may hold ten years before the
first month, so counting stops at some thousands a request, which the count then says, and is done
once a day.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from d2_assets.data_values.extract import EVERYWHERE
from d2_assets.data_values.scope import Scope
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.data_values import DataValueQuery, read_data_value_batches
from d2_assets.disk import name_disk_errors
from d2_assets.periods import list_period_ids, parse_month

#: Seconds after which the values are counted anew.
_KEEP = 24 * 3600

#: Values that one request may bring.
_MOST = 10_000

_DAWN, _DUSK = date(1900, 1, 1), date(2100, 12, 31)


@dataclass(frozen=True, slots=True)
class Outside:
    """Live values of the pair that no partition holds. ``counted_at`` is in seconds (epoch).

    ``of`` stands for what was counted: another source, filter or first month is another count.
    ``there_are_more``: counting stopped at the most that a request may bring.
    """

    of: str
    before_first_month: int
    in_the_future: int
    counted_at: float
    there_are_more: bool = False

    @property
    def total(self) -> int:
        return self.before_first_month + self.in_the_future


def count_outside(
    source: DHIS2Client,
    scope: Scope,
    first_month: str,
    today: date,
    kept: Path,
    now: float,
    scratch: Path,
) -> Outside:
    """Count at the source, or give the count kept in ``kept`` when it is fresh. ``scratch`` is a
    folder of this work alone."""
    counted = repr((source.url, first_month, sorted(scope.source_data_sets), scope.source_cuts))
    of = hashlib.sha256(counted.encode()).hexdigest()
    fresh = _read_kept(kept, now)
    if fresh is not None and fresh.of == of:
        return fresh
    opening = parse_month(first_month).start
    past = {"start_date": _DAWN, "end_date": opening - timedelta(days=1)}
    future = {"start_date": today + timedelta(days=1), "end_date": _DUSK}
    begun = _list_begun(scope, today)
    download = scratch / "outside.download"
    before = list(_count(source, scope, past, download))
    later = list(_count(source, scope, future, download))
    later += _count(source, scope, {"periods": begun}, download) if begun else []
    more = any(rows >= _MOST for rows in [*before, *later])
    outside = Outside(of, sum(before), sum(later), now, more)
    written = scratch / "outside.json"
    with name_disk_errors(kept):
        written.write_text(json.dumps(asdict(outside)), encoding="utf-8")
        written.replace(kept)
    return outside


def _list_begun(scope: Scope, today: date) -> Sequence[str]:
    """Weeks and bi-weeks that have begun and end in the next month, which is no partition yet."""
    next_month = f"{today.replace(day=1) + timedelta(days=31):%Y%m}"
    types = EVERYWHERE.union(item.period_type for item in scope.data_sets.values())
    return tuple(
        period.id
        for period in list_period_ids([next_month], today)
        if period.start <= today and period.period_type in types
    )


def _count(
    source: DHIS2Client, scope: Scope, when: dict[str, Any], download: Path
) -> Iterator[int]:
    """The rows that each request brings. By dates, not ids, where any period may be meant:
    ``startDate`` to ``endDate`` takes those that lie fully inside."""
    try:
        for data_set in scope.source_data_sets:
            for cut in scope.source_cuts:
                query = DataValueQuery(
                    data_set=data_set,
                    org_units=cut.org_units,
                    children=cut.children,
                    include_deleted=False,
                    limit=_MOST,
                    **when,
                )
                source.download_data_values(query, download)
                yield sum(batch.num_rows for batch in read_data_value_batches(download))
    finally:
        download.unlink(missing_ok=True)


def _read_kept(kept: Path, now: float) -> Outside | None:
    try:
        outside = Outside(**json.loads(kept.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return outside if 0 <= now - outside.counted_at < _KEEP else None
