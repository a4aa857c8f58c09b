"""What a run is about to move when a fault comes: a month that was never moved, or an update."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp

from d2_assets.sandbox import Registration, StoredValue
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.world import MONTH, list_values

Change = Callable[[Journey], None]

_NUMBERS = frozenset({"INTEGER", "INTEGER_POSITIVE", "INTEGER_ZERO_OR_POSITIVE", "NUMBER"})


def load_first(journey: Journey) -> None:
    """Nothing was moved yet."""


@dataclass(frozen=True, slots=True)
class _Moved:
    """What a first load left: at the destination, and at home."""

    values: Sequence[StoredValue]
    registrations: Sequence[Registration]
    home: Path


#: By versions of source and destination: all updates begin where one and the same load ended.
_MOVED: dict[tuple[str, str], _Moved] = {}


def _move_first(journey: Journey) -> None:
    way = (journey.source.version, journey.destination.version)
    store = journey.destination.store
    if way not in _MOVED:
        assert journey.materialise(MONTH).success
        home = Path(mkdtemp(dir=journey.folder.parent)) / "home"
        shutil.copytree(journey.home, home)
        _MOVED[way] = _Moved(store.data_values(), store.registrations(), home)
        return
    moved = _MOVED[way]
    store.put_data_values(moved.values)
    store.put_registrations(moved.registrations)
    shutil.copytree(moved.home, journey.home)


def load_update(journey: Journey) -> None:
    """The month was moved; since then values were changed, deleted, added and commented."""
    store = journey.source.store
    live = [value for value in list_values(store, [MONTH]) if not value.deleted]
    added, old = live[::12], [value for place, value in enumerate(live) if place % 12]
    store.delete_data_values(added, forever=True)
    _move_first(journey)
    types = {body["id"]: body["valueType"] for body in store.metadata("dataElements")}
    deleted, commented, *others = old[::6]
    numbers = [
        value
        for value in old
        if types[value.data_element] in _NUMBERS and (value.value or "").isdigit()
    ]
    store.put_data_values(
        replace(value, value=f"1{value.value}", last_updated=None) for value in numbers[::2]
    )
    store.put_data_values(replace(value, last_updated=None) for value in added)
    store.put_data_values([replace(commented, comment="Corrigé", last_updated=None)])
    store.delete_data_values([deleted, *others[::3]])


LOADS: Mapping[str, Change] = {"first load": load_first, "update": load_update}
