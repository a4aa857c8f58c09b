"""The generated content of a sandbox: deterministic for a seed, of any size up to millions.

Rows are streamed into the file. There are exactly as many as asked for, soft-deleted ones
included, spread evenly over what the facilities could have reported.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, product
from pathlib import Path
from random import Random
from typing import Any

from d2_assets.periods import Period, iterate_periods, parse_month
from d2_assets.sandbox.content_bodies import Body
from d2_assets.sandbox.content_entities import EntityMaker
from d2_assets.sandbox.content_events import EventMaker
from d2_assets.sandbox.content_fresh import FreshServer, list_fresh_metadata
from d2_assets.sandbox.content_metadata import Country, Extent
from d2_assets.sandbox.content_plan import (
    DATA_SETS,
    DISTRICTS,
    DataSetPlan,
    count_option_combos,
)
from d2_assets.sandbox.content_span import Span, Values
from d2_assets.sandbox.content_system import list_settings
from d2_assets.sandbox.content_units import Unit
from d2_assets.sandbox.store import Clock, Store
from d2_assets.sandbox.stored_tracker import StoredObject, upsert_objects
from d2_assets.sandbox.stored_values import Registration, Row, upsert_rows
from d2_assets.sandbox.versions import VersionFacts

_MARK = "d2AssetsSandboxContent"
_COMMENTS = (
    "Rapport reçu en retard",
    "Verificado com o responsável da unidade — às 8h",
    "Counted twice, see register p. 12",
    "تم التحقق",
)
_TEXTS = ("Roof repaired", "Pas d'électricité la nuit", "Nouvelle infirmière arrivée", "None")
_BATCH = 20_000
_TRACKED_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class ContentSpec:
    """What to generate: ``values`` data values over ``months`` up to ``last_month`` ("202611").

    Without a last month it is the current one. ``org_units`` and ``data_elements`` are how many
    there are at least; those beyond what the values need hold none, and the values stay the same.
    ``events`` are those of programs without registration; ``entities`` are tracked entities, which
    come with enrollments and events of their own. ``stock`` facilities have a data set for stock
    of the stand-in OpenLMIS.
    """

    values: int = 20_000
    seed: int = 2026
    months: int = 24
    last_month: str | None = None
    org_units: int = 0
    data_elements: int = 0
    events: int = 0
    entities: int = 0
    stock: int = 0


def fill_store(
    path: Path,
    facts: VersionFacts,
    spec: ContentSpec | FreshServer,
    *,
    with_data: bool,
    clock: Clock,
) -> bool:
    """Generate the content into ``path``; False when the file holds just that already."""
    today = clock().astimezone(UTC)
    if isinstance(spec, ContentSpec):
        spec = replace(spec, last_month=spec.last_month or f"{today:%Y%m}")
    mark = asdict(spec) | {"version": facts.version, "with_data": with_data}
    store = Store(path, clock)
    try:
        if store.settings().get(_MARK) == mark:
            return False
    finally:
        store.close()
    for leftover in path.parent.glob(f"{path.name}*"):
        leftover.unlink()
    store = Store(path, clock)
    try:
        if isinstance(spec, ContentSpec):
            _fill_with_country(store, facts, spec, today, with_data=with_data)
        else:
            _put(store, list_fresh_metadata(facts), list_settings(facts, fresh=True))
        # Last, so that an interrupted run is taken for none.
        store.put_setting(_MARK, json.loads(json.dumps(mark)))
    finally:
        store.close()
    return True


def _fill_with_country(
    store: Store, facts: VersionFacts, spec: ContentSpec, today: datetime, *, with_data: bool
) -> None:
    generator = _Generator(spec, facts, today)
    _put(store, generator.country.metadata, list_settings(facts, fresh=False))
    if with_data:
        generator.write_rows(store)
        store.put_registrations(generator.iterate_registrations())
        _fill_tracker(store, generator, spec)


def _fill_tracker(store: Store, generator: "_Generator", spec: ContentSpec) -> None:
    if not spec.events and not spec.entities:
        return
    values = Values(generator.country)
    events = EventMaker(store, values, generator.span, spec.seed)
    _put_tracked(store, events.iterate(spec.events))
    entities = EntityMaker(values, generator.span, spec.seed, events.uids)
    _put_tracked(store, entities.iterate(spec.entities))


def _put_tracked(store: Store, objects: Iterator[StoredObject]) -> None:
    while batch := list(islice(objects, _TRACKED_BATCH)):
        with store.writing() as connection:
            upsert_objects(connection, batch)


def _put(store: Store, metadata: Mapping[str, Sequence[Body]], settings: Mapping[str, Any]) -> None:
    for plural, bodies in metadata.items():
        store.put_metadata(plural, bodies)
    for name, value in settings.items():
        store.put_setting(name, value)


#: Data element, category and attribute option combo, and the element's value type.
_Slot = tuple[str, str, str, str]


class _Generator:
    def __init__(self, spec: ContentSpec, facts: VersionFacts, today: datetime) -> None:
        self._spec = spec
        self._now = int(today.timestamp()) * 1000
        last = parse_month(spec.last_month or f"{today:%Y%m}")
        self._last_day = min(last.end, today.date())
        self._first_day = _go_back(last.start, spec.months - 1)
        opened_late = _go_back(last.start, min(3, spec.months - 1)).isoformat()
        self._periods = {plan.code: self._list_periods(plan) for plan in DATA_SETS}
        per_district = self._count_slots() / len(DISTRICTS)
        reporting = max(len(DISTRICTS), int(spec.values / per_district * 1.05) + 2)
        extent = Extent(reporting, opened_late, spec.org_units, spec.data_elements, spec.stock)
        self.country = Country(spec.seed, facts, extent)

    @property
    def span(self) -> Span:
        """When events and tracked entities happened."""
        return Span(self._first_day, self._last_day, self._now)

    def _list_periods(self, plan: DataSetPlan) -> list[Period]:
        return [
            period
            for period in iterate_periods(plan.period_type, self._first_day, self._last_day)
            if period.start <= self._last_day
        ]

    def _list_slots(self, country: Country, plan: DataSetPlan) -> list[_Slot]:
        """All values that one unit may report for one period of a data set."""
        attributes = country.list_option_combos(plan.attribute_combo)
        return sorted(
            (country.uid(f"dataElements/{element.code}"), category, attribute, element.value_type)
            for element in plan.elements
            for category, attribute in product(
                country.list_option_combos(element.combo), attributes
            )
        )

    def _iterate_reports(self, plan: DataSetPlan) -> Iterator[tuple[Period, Unit]]:
        """Each period with each unit that was open, in the order of the store's key."""
        units = sorted(self.country.list_reporting_units(plan), key=lambda unit: unit.id)
        for period in sorted(self._periods[plan.code], key=lambda period: period.id):
            start = period.start.isoformat()
            yield from ((period, unit) for unit in units if unit.opened <= start)

    def _count_slots(self) -> int:
        """How many values there could be if each district had one facility."""
        return sum(
            sum(count_option_combos(element.combo) for element in plan.elements)
            * count_option_combos(plan.attribute_combo)
            * len(self._periods[plan.code])
            * len(DISTRICTS[:: plan.share])
            for plan in DATA_SETS
        )

    def write_rows(self, store: Store) -> None:
        """Stream exactly ``values`` rows into the store."""
        rows = self._iterate_rows()
        while batch := list(islice(rows, _BATCH)):
            with store.writing() as connection:
                upsert_rows(connection, batch)

    def _iterate_rows(self) -> Iterator[Row]:
        slots = {plan.code: self._list_slots(self.country, plan) for plan in DATA_SETS}
        total = sum(
            len(slots[plan.code]) * sum(1 for _ in self._iterate_reports(plan))
            for plan in DATA_SETS
        )
        values, seen = self._spec.values, 0
        rng = Random(f"{self._spec.seed}/values")
        for plan in DATA_SETS:
            for period, unit in self._iterate_reports(plan):
                stamp = self._stamp(period, rng)
                for key in slots[plan.code]:
                    seen += 1
                    if seen * values // total > (seen - 1) * values // total:
                        yield _make_row(key, period.id, unit.id, stamp, rng)

    def _stamp(self, period: Period, rng: Random) -> int:
        """When a report was entered: some days after its period, in milliseconds."""
        end = datetime.combine(period.end, time(9), UTC)
        entered = int(end.timestamp()) * 1000 + int(rng.random() * 15 * 86_400) * 1000
        return min(entered, self._now)

    def iterate_registrations(self) -> Iterator[Registration]:
        """Two of three reports are marked as complete."""
        rng = Random(f"{self._spec.seed}/registrations")
        for plan in DATA_SETS:
            combos = self.country.list_option_combos(plan.attribute_combo)
            data_set = self.country.uid(f"dataSets/{plan.code}")
            for period, unit in self._iterate_reports(plan):
                if period.end < self._last_day and rng.random() < 0.66:
                    day = min(period.end + timedelta(days=rng.randint(1, 10)), self._last_day)
                    yield Registration(
                        data_set, period.id, unit.id, combos[0], day.isoformat(), "admin", True
                    )


def _make_row(key: _Slot, period: str, unit: str, stamp: int, rng: Random) -> Row:
    element, category, attribute, value_type = key
    oddity = rng.random()
    comment = _COMMENTS[int(oddity * 400)] if oddity < 0.01 else None
    return (
        element, period, unit, category, attribute, _MAKERS[value_type](rng), comment,
        0.01 < oddity < 0.015, 0.015 < oddity < 0.02, "admin", stamp, stamp,
    )  # fmt: skip


def _make_number(rng: Random) -> str:
    tenths = int(rng.random() * 5000)
    return f"{tenths // 10}.{tenths % 10}" if tenths % 10 else str(tenths // 10)


_MAKERS: dict[str, Callable[[Random], str]] = {
    "INTEGER_ZERO_OR_POSITIVE": lambda rng: str(int(rng.random() ** 2 * 180)),
    "NUMBER": _make_number,
    "PERCENTAGE": lambda rng: str(int(rng.random() * 101)),
    "BOOLEAN": lambda rng: "true" if rng.random() < 0.7 else "false",
    "TEXT": lambda rng: _TEXTS[int(rng.random() * len(_TEXTS))],
}


def _go_back(day: date, months: int) -> date:
    """The first of the month so many months before."""
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)
