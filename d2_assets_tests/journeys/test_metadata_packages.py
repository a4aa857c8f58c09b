"""Real metadata packages, placeholders and all, onto an empty server of each other version."""

from itertools import permutations
from typing import Any

import orjson
import pytest

from d2_assets.sandbox import EMPTY, start_sandbox
from d2_assets.sandbox.packages import load_package
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.metadata_world import (
    all_ledgers,
    clone,
    face_empty,
    outcomes,
    refused,
    writes_at,
)
from d2_assets_tests.journeys.world import MONTH, read_clock
from d2_assets_tests.recordings import SHARED

PACKAGES = ("lmis_stk_240", "hiv_cs_240", "rms_237")
VERSIONS = ("2.38", "2.40", "2.42", "2.43")
#: What an object may lawfully wait for: codes of refusals that are the package's own doing.
LAWFUL = frozenset(
    {
        "class_unknown",
        "constant_unknown",
        "missing_reference",
        "needs_refused",
        "placeholder",
        "text_too_long",
    }
)

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


def cross() -> list[Any]:
    """Each version to each other one, the packages in turn; the small one everywhere."""
    pairs = list(permutations(VERSIONS, 2))
    return [
        pytest.param(source, destination, PACKAGES[number % 3], id=f"{source}-{destination}")
        for number, (source, destination) in enumerate(pairs)
    ]


@pytest.mark.parametrize(("source", "destination", "package"), cross())
def test_a_package_lands_as_far_as_it_can_and_stays(
    start_journey: Start, source: str, destination: str, package: str
) -> None:
    journey = start_journey(source, destination)
    face_package(journey, package)
    run = clone(journey)
    assert run.success, run.failure
    strange = {
        key: reason
        for key, reason in refused(journey).items()
        if _code_of(journey, key) not in LAWFUL
    }
    assert strange == {}
    created = outcomes(journey)["created"]
    assert created > 3 * len(refused(journey))
    journey.clear_requests()
    again = clone(journey)
    assert again.success, again.failure
    assert writes_at(journey.destination) == []
    assert "created" not in outcomes(journey)


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


def _code_of(journey: Journey, key: tuple[str, str]) -> str:
    return next(
        row["reason_code"] for row in all_ledgers(journey) if (row["class"], row["id"]) == key
    )
