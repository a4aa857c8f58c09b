"""How a resource of each kind is asked for what changed, and which month moves each change."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from d2_assets.data_values.fingerprints import fingerprint_values, read_stamps
from d2_assets.dhis2.changes import (
    Change,
    iterate_changed_entities,
    iterate_changed_events,
    iterate_changed_objects,
)
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.data_values import (
    DataValueQuery,
    download_data_values,
    read_data_value_batches,
)
from d2_assets.dhis2.tracker import pick_names
from d2_assets.dhis2.tracker_names import TrackerNames
from d2_assets.dhis2.tracker_parameters import ChangeQuery
from d2_assets.ledger.written import fingerprint
from d2_assets.periods import find_partition, find_period
from d2_assets.settings import Pair
from d2_assets.stamps import read_stamp, write_stamp
from d2_assets.watching.clock import find_offsets, shift_to_local
from d2_assets.watching.facts import SourceFacts
from d2_assets.watching.resources import Resource
from d2_assets.watching.sighting import OUTSIDE, Items

#: Years whose periods a read names where it has to name some.
_FIRST_YEAR = 1900
_YEARS_AHEAD = 20


@dataclass(frozen=True, slots=True)
class Question:
    """What changed at or after ``since`` (milliseconds of the source's own clock). ``folder`` takes
    what is downloaded."""

    client: DHIS2Client
    resource: Resource
    facts: SourceFacts
    pair: Pair
    since: int
    today: date
    first_month: str
    folder: Path

    @property
    def month(self) -> str:
        """The current month."""
        return f"{self.today:%Y%m}"

    def ask(self) -> Iterator[Items]:
        """The changes, some at a time; errors are the client's."""
        match self.resource.kind:
            case "class":
                return self._ask_class()
            case "data_set":
                return self._ask_data_set()
            case "events":
                return self._ask_events()
            case "entities":
                return self._ask_entities()

    def _ask_class(self) -> Iterator[Items]:
        plural, size = self.resource.id, self.pair.page_size
        for changes in iterate_changed_objects(self.client.session, plural, self.since, size):
            yield _make_items(changes, [self.month] * len(changes))

    def _ask_events(self) -> Iterator[Items]:
        query = ChangeQuery(self.since, program=self.resource.id, org_unit=self._root)
        stages, size = self.pair.filters.program_stages, self.pair.page_size
        for page in iterate_changed_events(self.client.session, self._names, query, size):
            changes = [one for one in page if not stages or one.stage in stages]
            yield _make_items(changes, [self._place_event(one) for one in changes])

    def _ask_entities(self) -> Iterator[Items]:
        uid, size = self.resource.id, self.pair.page_size
        is_program = uid in self.facts.type_of_program
        query = ChangeQuery(
            self.since,
            program=uid if is_program else "",
            type="" if is_program else uid,
            org_unit=self._root,
        )
        for changes in iterate_changed_entities(self.client.session, self._names, query, size):
            yield _make_items(changes, [self._place_entity(one) for one in changes])

    def _ask_data_set(self) -> Iterator[Items]:
        download = self.folder / f"{self.resource.id}.changes.download"
        place = lru_cache(maxsize=4096)(self._place_period)
        try:
            download_data_values(self.client.session, self._make_query(), download)
            for batch in read_data_value_batches(download):
                yield self._take_values(batch, place)
        finally:
            download.unlink(missing_ok=True)

    @property
    def _names(self) -> TrackerNames:
        return pick_names(self.facts.dialect, self.pair.tracker.old_endpoints)

    @property
    def _root(self) -> str:
        """The pair's org unit. Of several, all that the account sees are asked: one request, and a
        change elsewhere costs a run that writes nothing."""
        roots = self.pair.filters.org_units
        return roots[0] if len(roots) == 1 else ""

    def _make_query(self) -> DataValueQuery:
        dialect = self.facts.dialect
        years = (_FIRST_YEAR, self.today.year + _YEARS_AHEAD)
        asks_dates = dialect.asks_dates_of_changes
        since = self._shift(self.since) if dialect.shifts_updated_since else self.since
        return DataValueQuery(
            data_set=self.resource.id,
            org_units=self.facts.roots,
            start_date=date(years[0], 1, 1) if asks_dates else None,
            end_date=date(years[1], 12, 31) if asks_dates else None,
            updated_since=write_stamp(since),
        )

    def _shift(self, since: int) -> int:
        """What to ask for so that nothing since then is missed: west of UTC the server takes a time
        for a later one; east of it for an earlier one, and that is left so."""
        return since + min(0, *find_offsets(since, self.facts.zone))

    def _take_values(self, batch: pa.RecordBatch, place: Callable[[str], str]) -> Items:
        """The rows that changed since; servers give more."""
        zone = self.facts.zone
        written = read_stamps(batch)
        stamps = [shift_to_local(stamp, zone) for stamp in written]
        kept = [number for number, stamp in enumerate(stamps) if stamp >= self.since]
        rows = batch.take(pa.array(kept, pa.int64()))
        written = [written[number] for number in kept]
        return Items(
            fingerprint_values(rows, written),
            [stamps[number] for number in kept],
            written,
            [place(period) for period in rows.column("period").to_pylist()],
        )

    def _place_period(self, text: str) -> str:
        """The month whose partition moves a period; as ``open_window`` has it."""
        period, filters = find_period(text), self.pair.filters
        if (
            period is None
            or (filters.start_date and period.end < filters.start_date)
            or period.start > (filters.end_date or self.today)
        ):
            return OUTSIDE
        return self._place_month(find_partition(period, self.today))

    def _place_event(self, change: Change) -> str:
        day, filters = change.occurred_at[:10], self.pair.filters
        if (
            not day
            or (filters.start_date and day < filters.start_date.isoformat())
            or (filters.end_date and day > filters.end_date.isoformat())
        ):
            return OUTSIDE
        return self._place_month(_month_of(day))

    def _place_entity(self, change: Change) -> str:
        """The first month holds everything older."""
        return self._place_month(max(_month_of(change.updated_at), self.first_month))

    def _place_month(self, month: str) -> str:
        return month if self.first_month <= month <= self.month else OUTSIDE


def _month_of(stamp: str) -> str:
    return stamp[:4] + stamp[5:7]


def _make_items(changes: Sequence[Change], months: Sequence[str]) -> Items:
    """An object is known by its UID alone: servers list some under two classes (event charts)."""
    stamps = [read_stamp(one.updated_at) for one in changes]
    items = [fingerprint(stamp, one.id) for one, stamp in zip(changes, stamps, strict=True)]
    return Items(items, stamps, stamps, months)
