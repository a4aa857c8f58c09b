"""Two hundred ticks of both sensors, with changes and troubles thrown by dice: in the end the
destination equals the source, nothing is lost, and nothing was sent twice."""

import logging
from collections import defaultdict
from pathlib import Path

import dagster as dg
import pytest

from d2_assets.defs.run_facts import RANGE_END_TAG, RANGE_START_TAG
from d2_assets.defs.schedules import build_schedules
from d2_assets_tests.journeys.journey import LANDED, PAIR
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.soaking import MONTHS, Soak, start_soak
from d2_assets_tests.journeys.tracker_world import ASSETS, Contents, ledger, of_asset
from d2_assets_tests.journeys.world import Templates, read_live

pytestmark = pytest.mark.timeout(900)

SEED, TICKS = 20240520, 200
VERSIONS = ("2.40", "2.42")
#: Ticks within which all must be done when nothing goes wrong any more.
MOST = 60
_log = logging.getLogger(__name__)


def test_a_pair_that_was_left_to_itself_ends_equal(
    templates: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_soak(templates, tmp_path, monkeypatch, SEED, VERSIONS) as soak:
        try:
            live_and_prove(soak)
        except BaseException as error:
            error.add_note("\n".join((f"Seed {SEED}.", *soak.told)))
            raise
        _log.info("%s ticks, runs: %s", soak.ticks, dict(soak.count_runs()))
        _log.info("sent: %s, requests and looks of quiet ticks: %s", soak.sent, soak.quiet)


def live_and_prove(soak: Soak) -> None:
    assert move_all(soak, "all_data").success
    soak.live_through(TICKS)
    soak.settle_down(MOST)
    sweep(soak)
    prove_values(soak)
    for asset in ASSETS:
        prove_objects(soak, asset)
    prove_names(soak)
    prove_all_is_done(soak)
    assert len(soak.met) > 20, soak.met
    words = {one.removeprefix("change: ").removeprefix("retry: ") for one in soak.count_runs()}
    assert words >= {"completed", "completed_with_warnings", "failed", "cancelled"}
    assert soak.count_runs()["retry: completed"]


def move_all(soak: Soak, job: str) -> Run:
    """A person launches all months."""
    tags = {RANGE_START_TAG: f"{PAIR}|{MONTHS[0]}", RANGE_END_TAG: f"{PAIR}|{MONTHS[-1]}"}
    return soak.execute(dg.RunRequest(run_key=f"all {soak.ticks}", job_name=job, tags=tags))


def sweep(soak: Soak) -> None:
    """As its schedule does it at night."""
    (schedule,) = build_schedules(soak.world.build()[0])
    context = dg.build_schedule_context(scheduled_execution_time=soak.world.clock.now)
    for request in schedule.evaluate_tick(context).run_requests or ():
        run = soak.execute(request)
        assert run.success, run.failure


def prove_values(soak: Soak) -> None:
    """By the stores, and by the ledger: each row once, with what became of it."""
    source, destination = soak.journey.servers
    assert read_live(destination.store, MONTHS) == read_live(source.store, MONTHS)
    soak.journey.prove_nothing_is_lost(*MONTHS)
    soak.journey.prove_registrations(*MONTHS)


def prove_objects(soak: Soak, asset: str) -> None:
    """Like ``prove_landed``. Only a relationship stands in the ledgers of two months, when those of
    its ends were moved by different runs."""
    source, destination = soak.journey.servers
    theirs, ours = of_asset(source, asset), of_asset(destination, asset)
    here, there = Contents(source), Contents(destination)
    told = defaultdict(list)
    for row in ledger(soak.journey, asset):
        told[row["kind"], row["id"]].append(row["outcome"])
    assert {key for key, item in theirs.items() if not item.deleted} <= told.keys()
    assert told.keys() <= theirs.keys()
    for key, outcomes in told.items():
        assert set(outcomes) <= LANDED, (key, outcomes)
        assert len(outcomes) == 1 or key[0] == "relationship", (key, outcomes)
    for key, item in theirs.items():
        landed = ours.get(key)
        is_there = landed is not None and not landed.deleted
        assert is_there is not item.deleted, key
        if landed is not None and is_there:
            assert there.read(landed) == here.read(item), key


def prove_names(soak: Soak) -> None:
    """Of all data elements that both know."""
    theirs, ours = (
        {body["id"]: body["name"] for body in server.store.metadata("dataElements")}
        for server in soak.journey.servers
    )
    assert {uid: ours[uid] for uid in theirs if uid in ours} == {
        uid: name for uid, name in theirs.items() if uid in ours
    }


def prove_all_is_done(soak: Soak) -> None:
    """Ticks start nothing and cost a request for each look at most; a run of all writes nothing."""
    before = len(soak.quiet)
    for _ in range(6):
        assert soak.tick() == []
    quiet = soak.quiet[before:]
    assert quiet
    assert all(requests <= looked for requests, looked in quiet), quiet
    run = move_all(soak, "complete")
    assert run.success, run.failure
    assert soak.journey.writes() == []
