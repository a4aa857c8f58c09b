"""All families from a generated country to an empty server, over HTTP: from the newest version to
the oldest; ``journeys`` goes from each to its neighbours."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from d2_assets.sandbox import EMPTY, ContentSpec, start_sandbox
from d2_assets_tests.sync.cloning import (
    Ends,
    count_writes,
    move_all,
    prove_first_load,
    prove_nothing_is_left,
)


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    with (
        start_sandbox("2.43", tmp_path / "a.db", content=ContentSpec(), with_data=False) as source,
        start_sandbox("2.38", tmp_path / "b.db", content=EMPTY) as destination,
    ):
        yield source, destination


def test_every_family_lands_or_says_why_and_a_second_run_writes_nothing(
    ends: Ends, tmp_path: Path
) -> None:
    prove_first_load(move_all(tmp_path / "home", ends))
    assert count_writes(ends[1]) > 0
    prove_nothing_is_left(tmp_path / "home", ends)
