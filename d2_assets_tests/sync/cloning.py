"""All families from one stand-in server to another, over HTTP and without Dagster."""

from collections.abc import Sequence
from pathlib import Path

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.http.auth import BasicAuth
from d2_assets.http.session import HttpSession
from d2_assets.ledger.outcomes import Outcome
from d2_assets.metadata.families import FAMILIES
from d2_assets.sandbox import Sandbox
from d2_assets.sandbox.accounts import read_password
from d2_assets.sync.metadata import FamilyResult, move_family, plan_family
from d2_assets_tests.sync.families import make_work

Ends = tuple[Sandbox, Sandbox]

#: Outcomes of a run that stopped half-way.
_OPEN = {Outcome.QUEUED, Outcome.NOT_ATTEMPTED}


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


def prove_first_load(results: Sequence[FamilyResult]) -> None:
    """Every object has its outcome, and what did not land says why."""
    for result in results:
        assert result.error is None
        assert (result.unaccounted, result.broken) == (0, 0), result.family
        assert all(one.code and one.reason for one in result.refusals)
        assert not _OPEN & result.tally.outcomes.keys()


def prove_nothing_is_left(home: Path, ends: Ends) -> None:
    """A second run writes nothing."""
    ends[1].clear_requests()
    for result in move_all(home, ends):
        assert not {Outcome.CREATED, Outcome.UPDATED} & result.tally.outcomes.keys()
        assert (result.second_pass, result.deferred) == (0, 0)
    assert count_writes(ends[1]) == 0
