"""Real metadata packages, placeholders and all, cloned from each version to an empty server of each
other: what lands is whole, what does not is explained, and a second run writes nothing."""

from collections import Counter
from functools import cache
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import orjson
import pytest

from d2_assets.ledger.outcomes import Outcome
from d2_assets.sandbox import EMPTY, start_sandbox
from d2_assets.sandbox.packages import load_package
from d2_assets_tests.recordings import SHARED, VERSIONS
from d2_assets_tests.sync.cloning import move_all, prove_first_load, prove_nothing_is_left

#: The largest leaves and reaches each version; the two others take the other directions in turn.
LARGEST = "hiv_cs_240"
OTHERS = ("lmis_stk_240", "rms_237")
ROUND = [*pairwise((*VERSIONS, next(iter(VERSIONS))))]
DIRECTIONS = [(*ends, LARGEST) for ends in ROUND] + [
    (*ends, OTHERS[number % 2])
    for number, ends in enumerate(permutations(VERSIONS, 2))
    if ends not in ROUND
]

#: What an object may wait for: all of it lies in the package, or in what a version can hold.
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


@cache
def read_package(name: str) -> dict[str, Any]:
    return orjson.loads((SHARED / "packages" / f"{name}.json").read_bytes())


@pytest.mark.parametrize(("source", "destination", "package"), DIRECTIONS)
def test_a_package_is_cloned_whole_and_what_stays_behind_says_why(
    source: str, destination: str, package: str, tmp_path: Path
) -> None:
    with (
        start_sandbox(source, tmp_path / "a.db", content=EMPTY) as theirs,
        start_sandbox(destination, tmp_path / "b.db", content=EMPTY) as ours,
    ):
        load_package(theirs.store, read_package(package))
        results = move_all(tmp_path / "home", (theirs, ours))
        prove_first_load(results)
        counts = sum((Counter(result.tally.outcomes) for result in results), Counter())
        waiting = [one for result in results for one in result.refusals]
        assert {one.code for one in waiting} <= LAWFUL
        assert counts[Outcome.CREATED] > 5 * len(waiting)
        prove_nothing_is_left(tmp_path / "home", (theirs, ours))
