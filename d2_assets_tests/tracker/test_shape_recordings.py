"""Bodies that real servers gave, flattened: nothing in them is unknown."""

from collections.abc import Iterator

import pytest

from d2_assets.dhis2.tracker_old import rename_entity, rename_event
from d2_assets.tracker.adaptations import UNKNOWN, Adaptations
from d2_assets.tracker.objects import Kind, TrackerObject
from d2_assets.tracker.shape import (
    decode_body,
    encode_body,
    flatten_entity,
    flatten_event,
)
from d2_assets_tests.recordings import VERSIONS, drop_cuts, needs_recordings, read_exchanges
from d2_assets_tests.tracker.trees import find_trees


def read_trees(version: str) -> Iterator[list[TrackerObject]]:
    """All that a version's recordings of ``/api/tracker`` show, flattened; unknown members fail."""
    for exchange in read_exchanges(version):
        if not exchange.name.startswith("tr-"):
            continue
        for kind, body in find_trees(drop_cuts(exchange.body)):
            told = Adaptations()
            if kind == "event":
                yield flatten_event(body, told)
            elif kind == "enrollment":
                yield flatten_entity({"trackedEntity": "tei00000001", "enrollments": [body]}, told)
            else:
                yield flatten_entity(body, told)
            assert [row for row in told.rows() if row.why == UNKNOWN] == []


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_objects_hold_no_member_that_nobody_knows(version: str) -> None:
    objects = [item for tree in read_trees(version) for item in tree]
    assert {item.kind for item in objects} >= {Kind.TRACKED_ENTITY, Kind.ENROLLMENT, Kind.EVENT}
    for item in objects:
        assert decode_body(encode_body(item.body)) == item.body
        dates = [value for name, value in item.body.items() if name.endswith("At")]
        assert all(len(date) == len("2026-03-10T00:00:00.000") for date in dates)


@needs_recordings
@pytest.mark.parametrize("version", ["2.38", "2.40"])
def test_the_endpoints_before_give_the_same_objects(version: str) -> None:
    renames = {
        "legacy-events": ("events", rename_event, flatten_event),
        "legacy-trackedEntityInstances": ("trackedEntityInstances", rename_entity, flatten_entity),
    }
    for name, (plural, rename, flatten_tree) in renames.items():
        (exchange,) = [one for one in read_exchanges(version) if one.name == name]
        for body in drop_cuts(exchange.body)[plural]:
            told = Adaptations()
            assert flatten_tree(rename(body), told)
            assert [row for row in told.rows() if row.why == UNKNOWN] == []
