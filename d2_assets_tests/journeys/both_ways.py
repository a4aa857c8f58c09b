"""What is done to two servers between which data move in both directions."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from d2_assets.sandbox import Sandbox, StoredValue
from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import (
    MONTH,
    NOW,
    Key,
    element_id,
    list_values,
)

BACK = "training--national"
HOUR = timedelta(hours=1)


def set_rule(journey: Journey, **conflicts: str) -> None:
    for pair in journey.pairs.values():
        pair["conflicts"] = conflicts


def move(journey: Journey, pair: str, month: str = MONTH) -> Run:
    run = journey.materialise(month, pairs=(pair,))
    assert run.success, run.failure
    return run


def rows_written(journey: Journey) -> int:
    """Data values that either server was sent since the last look."""
    rows = sum(record.rows for record in journey.writes())
    journey.clear_requests()
    return rows


def outcomes(run: Run, month: str = MONTH) -> dict[str, int]:
    """Outcomes of the values without those that say that all was right."""
    return {name: rows for name, rows in run.outcomes(month).items() if name != "unchanged"}


def keys_of(server: Sandbox, month: str = MONTH) -> list[Key]:
    """Keys of whole numbers of the month that are there."""
    element = element_id(server.store, "OPD_MALARIA")
    return [
        value.key
        for value in list_values(server.store, [month])
        if not value.deleted and value.data_element == element and (value.value or "").isdigit()
    ]


def value_at(server: Sandbox, key: Key) -> str | None:
    found = server.store.find_value(key)
    return None if found is None or found.deleted else found.value


def bump_stamps(server: Sandbox) -> None:
    """What a metadata import does: every row was updated, and nobody edited it."""
    late = int((NOW + HOUR).timestamp() * 1000)
    values: Iterable[StoredValue] = server.store.data_values()
    server.store.put_data_values([replace(value, last_updated=late) for value in values])


def edit_both(journey: Journey) -> Key:
    """One and the same value is edited at both ends, at the destination last."""
    move(journey, PAIR)
    key = keys_of(journey.source)[0]
    journey.source.store.edit_value(key, "4711", at=NOW)
    journey.destination.store.edit_value(key, "4712", at=NOW + HOUR)
    return key


def stored(server: Sandbox, key: Key) -> StoredValue:
    found = server.store.find_value(key)
    assert found is not None
    return found
