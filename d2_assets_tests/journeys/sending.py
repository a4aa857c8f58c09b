"""How much was sent, beside what had to be: by the stores and the requests of the two servers."""

from collections import Counter
from collections.abc import Sequence

from d2_assets.ledger.journal import read_journal
from d2_assets_tests.journeys.journals import assert_nothing_settled_was_sent_twice
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.tracker_world import ASSETS, Contents, of_asset
from d2_assets_tests.journeys.world import content_of, list_values, read_live

VALUES, OBJECTS = "values", "objects"
_PATHS = {VALUES: "/api/dataValueSets", OBJECTS: "/api/tracker", "definitions": "/api/metadata"}
#: Faults of a write that was carried out all the same.
_STORED = frozenset({"", "stored_504", "stored_slow"})
#: A person that is deleted takes enrollments, events and relationships along.
_MOST_OF_AN_EDIT = 20


def count_differences(journey: Journey, months: Sequence[str]) -> Counter[str]:
    """Values and tracker objects that the destination holds otherwise than the source."""
    there = read_live(journey.destination.store, months)
    found: Counter[str] = Counter()
    for value in list_values(journey.source.store, months):
        wanted = None if value.deleted else content_of(value)
        found[VALUES] += there.get(value.key) != wanted
    theirs, ours = map(Contents, journey.servers)
    for asset in ASSETS:
        held = of_asset(journey.destination, asset)
        for key, item in of_asset(journey.source, asset).items():
            one = held.get(key)
            here = None if item.deleted else theirs.read(item)
            found[OBJECTS] += here != (None if one is None or one.deleted else ours.read(one))
    return found


def assert_nothing_was_sent_twice(
    journey: Journey, months: Sequence[str], different: Counter[str], edited: int
) -> Counter[str]:
    """Each row that a run took to the destination ended a difference; ``different`` tells those
    before it, and ``edited`` edits were made meanwhile. Nothing went again that a journal calls
    settled. Gives what was taken."""
    sent = _count_taken(journey)
    left = count_differences(journey, months)
    for name in (VALUES, OBJECTS):
        ended = different[name] - left[name]
        words = f"{sent[name]} {name} were sent, and ended {ended} differences"
        assert sent[name] <= ended + _MOST_OF_AN_EDIT * edited, words
    for path in sorted((journey.home / "journal").rglob("*.jsonl")):
        assert_nothing_settled_was_sent_twice(list(read_journal(path)))
    return sent


def _count_taken(journey: Journey) -> Counter[str]:
    """Rows of the requests that the destination carried out."""
    sent: Counter[str] = Counter()
    for record in journey.destination.requests():
        if record.method != "GET" and record.fault in _STORED:
            for name, path in _PATHS.items():
                sent[name] += record.rows * record.path.startswith(path)
    return sent
