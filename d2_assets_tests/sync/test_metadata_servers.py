"""All families from a generated country to an empty server, over HTTP, in one direction upwards and
one downwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.http.auth import BasicAuth
from d2_assets.http.session import HttpSession
from d2_assets.ledger.outcomes import Outcome
from d2_assets.metadata.families import FAMILIES
from d2_assets.sandbox.accounts import read_password
from d2_assets.sandbox.content import ContentSpec
from d2_assets.sandbox.content_fresh import EMPTY
from d2_assets.sandbox.server import Sandbox, start_sandbox
from d2_assets.sync.metadata import FamilyResult, move_family, plan_family
from d2_assets_tests.sync.families import make_work

Ends = tuple[Sandbox, Sandbox]


@pytest.fixture(params=[("2.40", "2.42"), ("2.43", "2.38")], ids="-".join)
def ends(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ends]:
    left, right = request.param
    with (
        start_sandbox(left, tmp_path / "a.db", content=ContentSpec(), with_data=False) as source,
        start_sandbox(right, tmp_path / "b.db", content=EMPTY, with_data=False) as destination,
    ):
        yield source, destination


def connect(sandbox: Sandbox) -> DHIS2Client:
    return DHIS2Client("sandbox", HttpSession(sandbox.url, BasicAuth("admin", read_password())))


def move_all(home: Path, ends: Ends) -> list[FamilyResult]:
    source, destination = map(connect, ends)
    try:
        results: list[FamilyResult] = []
        for family in FAMILIES:
            work = make_work(home, family, log=print, warn=print)
            with plan_family(work, source, destination) as planned:
                results.append(move_family(planned))
        return results
    finally:
        source.close()
        destination.close()


def count_writes(sandbox: Sandbox) -> int:
    return sum(request.method == "POST" for request in sandbox.requests())


def test_every_family_lands_or_says_why_and_a_second_run_writes_nothing(
    ends: Ends, tmp_path: Path
) -> None:
    for result in move_all(tmp_path / "home", ends):
        assert result.error is None
        assert (result.unaccounted, result.broken) == (0, 0), result.family
        assert all(one.code and one.reason for one in result.refusals)
        assert not {Outcome.QUEUED, Outcome.NOT_ATTEMPTED} & result.tally.outcomes.keys()
    assert count_writes(ends[1]) > 0
    ends[1].clear_requests()
    for result in move_all(tmp_path / "home", ends):
        assert not {Outcome.CREATED, Outcome.UPDATED} & result.tally.outcomes.keys()
        assert (result.second_pass, result.deferred) == (0, 0)
    assert count_writes(ends[1]) == 0
