"""What a run is about to move when a fault comes: a month that was never moved, or an update."""

import json
import shutil
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp

from d2_assets.sandbox import Registration, Sandbox, StoredValue
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.world import MONTH, list_values

Change = Callable[[Journey], None]

_NUMBERS = frozenset({"INTEGER", "INTEGER_POSITIVE", "INTEGER_ZERO_OR_POSITIVE", "NUMBER"})


def load_first(journey: Journey) -> None:
    """Nothing was moved yet."""


@dataclass(frozen=True, slots=True)
class _Moved:
    """What a load left: at the destination, and at home."""

    values: Sequence[StoredValue]
    registrations: Sequence[Registration]
    home: Path


#: By what decides how a load ends: its month, the settings, and what both servers are and hold.
_MOVED: dict[Hashable, _Moved] = {}


def move_before(journey: Journey, month: str = MONTH) -> None:
    """The month was moved before the test begins, and no server remembers the requests.

    A run does that, unless a test of this process began in just this way: its end is laid down.
    """
    assert not journey.home.exists(), "something was moved already"
    key = (month, _describe_settings(journey), *map(_describe, journey.servers))
    store = journey.destination.store
    if moved := _MOVED.get(key):
        store.put_data_values(moved.values)
        store.put_registrations(moved.registrations)
        shutil.copytree(moved.home, journey.home)
        return
    run = journey.materialise(month)
    assert run.success, run.failure
    journey.clear_requests()
    home = Path(mkdtemp(dir=journey.folder.parent)) / "home"
    shutil.copytree(journey.home, home)
    _MOVED[key] = _Moved(store.data_values(), store.registrations(), home)


def _describe_settings(journey: Journey) -> str:
    """Without what is another in each journey: folder and ports."""
    text = json.dumps([journey.settings, journey.instances, journey.pairs])
    for number, own in enumerate((str(journey.folder), *(one.url for one in journey.servers))):
        text = text.replace(own, f"<{number}>")
    return text


def _describe(server: Sandbox) -> Hashable:
    store = server.store
    bodies = [store.metadata(plural) for plural in store.plurals] if store.metadata_revision else []
    return (
        server.version,
        tuple(store.data_values()),
        tuple(store.registrations()),
        json.dumps(bodies),
    )


def load_update(journey: Journey) -> None:
    """The month was moved; since then values were changed, deleted, added and commented."""
    store = journey.source.store
    live = [value for value in list_values(store, [MONTH]) if not value.deleted]
    added, old = live[::12], [value for place, value in enumerate(live) if place % 12]
    store.delete_data_values(added, forever=True)
    move_before(journey)
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
