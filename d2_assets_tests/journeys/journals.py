"""What the journal of a month tells of the runs that wrote it, asserted."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from d2_assets.ledger.journal import decode_digests, read_journal
from d2_assets_tests.journeys.journey import PAIR, Journey

#: What a row that was sent may have come to without being settled.
_OPEN = frozenset({"queued", "not_attempted"})


def find_journal(journey: Journey, month: str, pair: str = PAIR) -> Path:
    return journey.home / "journal" / "data_values" / pair / f"{month}.jsonl"


def list_entries(journey: Journey, month: str, pair: str = PAIR) -> list[Mapping[str, Any]]:
    """The events of all runs since the last one that was not cut short, oldest first."""
    return list(read_journal(find_journal(journey, month, pair)))


def count_events(entries: Sequence[Mapping[str, Any]], event: str) -> int:
    return sum(entry["event"] == event for entry in entries)


def assert_nothing_settled_was_sent_twice(entries: Sequence[Mapping[str, Any]]) -> None:
    """No row goes out again after the journal says how it ended, in whichever run."""
    sent: dict[int, Sequence[int]] = {}
    settled: set[int] = set()
    for entry in entries:
        if entry["event"] == "sent":
            sent[entry["chunk"]] = decode_digests(entry)
            assert settled.isdisjoint(sent[entry["chunk"]]), f"chunk {entry['chunk']} was settled"
        elif entry["event"] == "settled":
            left = {row for end in entry["ended"] if end["outcome"] in _OPEN for row in end["rows"]}
            digests = sent.pop(entry["chunk"])
            settled.update(one for row, one in enumerate(digests) if row not in left)
