"""Relationships that waited for an event of the same run.

A relationship may join a tracked entity and an event without registration. Asset ``tracker``
carries it and comes first in a run, so the event may not be at the destination yet: the
relationship waits as ``relationship_end_missing``, and its reason names the event.
"""

import re
from collections.abc import Iterator, Sequence

import pyarrow.parquet as pq

from d2_assets.identifiers import UID_PATTERN
from d2_assets.ledger.outcomes import Outcome
from d2_assets.staging.layout import Home

_CODE = "relationship_end_missing"
_EVENT = re.compile(rf"\bevent ({UID_PATTERN})")
_THERE = [str(one) for one in (Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED)]


def find_months_to_move_again(
    home: Home, pair: str, months: Sequence[str], run: str
) -> tuple[str, ...]:
    """The months of ``tracker`` in which a relationship waits, since this run, for an event that
    asset ``events`` has brought to the destination, by the ledger of the same months."""
    waiting = {month: frozenset(_list_events(home, pair, month, run)) for month in months}
    wanted = sorted({uid for events in waiting.values() for uid in events})
    there = {uid for month in months for uid in _list_there(home, pair, month, wanted)}
    return tuple(month for month, events in waiting.items() if events & there)


def _list_events(home: Home, pair: str, month: str, run: str) -> Iterator[str]:
    path = home.quarantine("tracker", pair, month)
    if not path.exists():
        return
    filters = [("code", "==", _CODE), ("run", "==", run)]
    for reason in pq.read_table(path, columns=["reason"], filters=filters)["reason"].to_pylist():
        yield from _EVENT.findall(reason)


def _list_there(home: Home, pair: str, month: str, wanted: Sequence[str]) -> list[str]:
    path = home.ledger("events", pair, month)
    if not wanted or not path.exists():
        return []
    filters = [("id", "in", wanted), ("outcome", "in", _THERE)]
    return pq.read_table(path, columns=["id"], filters=filters)["id"].to_pylist()
