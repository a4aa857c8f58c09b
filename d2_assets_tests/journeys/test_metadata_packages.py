"""Packages that were made apart: one code, two UIDs."""

from typing import Any

import orjson
import pytest

from d2_assets.sandbox import EMPTY, start_sandbox
from d2_assets.sandbox.packages import load_package
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.metadata_world import clone, face_empty
from d2_assets_tests.journeys.world import MONTH, read_clock
from d2_assets_tests.recordings import SHARED

pytestmark = pytest.mark.skipif(
    not (SHARED / "packages").is_dir(), reason=f"no packages at {SHARED}: set D2_ASSETS_SHARED"
)


def read_package(name: str) -> dict[str, Any]:
    return orjson.loads((SHARED / "packages" / f"{name}.json").read_bytes())


def face_package(journey: Journey, *names: str) -> None:
    """Put a server that holds packages alone in the source's place."""
    version = journey.source.version[:4]
    journey.source.stop()
    journey.source = start_sandbox(
        version, journey.folder / "package.sqlite", content=EMPTY, clock=read_clock
    )
    for name in names:
        load_package(journey.source.store, read_package(name))
    journey.instances["national"]["url"] = journey.source.url
    face_empty(journey)


def test_two_packages_with_one_code_under_two_uids_share_the_object(start_journey: Start) -> None:
    """The destination has the code already, under another UID: references follow it."""
    journey = start_journey("2.40", "2.42")
    face_package(journey, "lmis_stk_240")
    body = read_package("lmis_stk_240")
    element = next(one for one in body["dataElements"] if _uses(body, one["id"]))
    other = "OtherUid123"
    journey.destination.store.put_metadata("dataElements", [{**element, "id": other}])
    run = clone(journey)
    assert run.success, run.failure
    store = journey.destination.store
    assert store.get_object("dataElements", element["id"]) is None
    for uid in _uses(body, element["id"]):
        there = store.get_object("indicators", uid)
        assert there is not None
        text = there["numerator"] + there["denominator"]
        assert other in text
        assert element["id"] not in text
    (data_set,) = store.metadata("dataSets")
    assert other in {one["dataElement"]["id"] for one in data_set["dataSetElements"]}
    shown = run.show(MONTH, asset="metadata/data_elements")["crosswalk"]
    assert (element["id"], other) in {(row["source"], row["destination"]) for row in shown}


def _uses(body: dict[str, Any], uid: str) -> list[str]:
    """The indicators of a package that name a data element."""
    return [one["id"] for one in body["indicators"] if uid in one["numerator"] + one["denominator"]]
