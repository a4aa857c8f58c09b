"""Values that no partition holds: older than the first month, or in the future.

They are counted and shown per pair, never passed over. Counting reads them all, which on a bad
line is dear, so it is done once a day; the time of the count is shown with it.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

from d2_assets.data_values.scope import Scope
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.data_values import DataValueQuery, read_data_value_batches
from d2_assets.periods import Period, find_partition, find_period, parse_month

#: Seconds after which the values are counted anew.
_KEEP = 24 * 3600

_DAWN, _DUSK = date(1900, 1, 1), date(2100, 12, 31)


@dataclass(frozen=True, slots=True)
class Outside:
    """Live values of the pair that no partition holds. ``counted_at`` is in seconds (epoch)."""

    before_first_month: int
    in_the_future: int
    counted_at: float

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
    report: Callable[[], None] = lambda: None,
) -> Outside:
    """Count at the source, or give the count kept in ``kept`` when it is fresh.

    By dates, not ids: which ids there are is what is asked. ``startDate`` to ``endDate`` takes
    periods that lie fully inside, which is what outside the partitions means.
    """
    fresh = _read_kept(kept, now)
    if fresh is not None:
        return fresh
    opening = parse_month(first_month).start
    spans = {
        "before_first_month": (_DAWN, opening - timedelta(days=1)),
        "in_the_future": (today.replace(day=1), _DUSK),
    }
    counts: Counter[str] = Counter()
    last = f"{today:%Y%m}"
    for name, (start, end) in spans.items():
        for period in _read_periods(source, scope, start, end, kept.with_suffix(".download")):
            known = find_period(period)
            partition = find_partition(known, today) if known else ""
            counts[name] += not (first_month <= partition <= last and _has_begun(known, today))
        report()
    outside = Outside(counts["before_first_month"], counts["in_the_future"], now)
    kept.write_text(json.dumps(asdict(outside)), encoding="utf-8")
    return outside


def _has_begun(period: Period | None, today: date) -> bool:
    """What begins after today is not moved yet, though its month may be a partition already."""
    return period is None or period.start <= today


def _read_kept(kept: Path, now: float) -> Outside | None:
    try:
        outside = Outside(**json.loads(kept.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return outside if 0 <= now - outside.counted_at < _KEEP else None


def _read_periods(
    source: DHIS2Client, scope: Scope, start: date, end: date, download: Path
) -> Iterator[str]:
    """The period of each live value whose period lies fully inside the two days."""
    try:
        for data_set in scope.data_sets:
            for cut in scope.source_cuts:
                query = DataValueQuery(
                    data_set=data_set,
                    org_units=cut.org_units,
                    children=cut.children,
                    include_deleted=False,
                    start_date=start,
                    end_date=end,
                )
                source.download_data_values(query, download)
                for batch in read_data_value_batches(download):
                    yield from batch.column("period").to_pylist()
    finally:
        download.unlink(missing_ok=True)
