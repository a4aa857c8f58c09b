"""Events and tracker between two stand-in servers over HTTP, and back again; ``journeys`` goes the
other ways between versions."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest

from d2_assets.ledger.outcomes import Outcome
from d2_assets.periods import iterate_months
from d2_assets.sandbox import ContentSpec, start_sandbox
from d2_assets.staging.layout import Home
from d2_assets.sync.progress import INTERVAL, Meter
from d2_assets.sync.tracker import plan_tracker
from d2_assets.sync.tracker_months import move_tracker
from d2_assets.sync.tracker_work import TrackerAsset, TrackerResult, TrackerWork
from d2_assets.tracker.choices import TrackerChoices
from d2_assets_tests.sync.cloning import Ends, connect, count_writes

CONTENT = ContentSpec(values=100, months=4, events=60, entities=25)
_ASSETS: tuple[TrackerAsset, ...] = ("events", "tracker")
_DAYS_BACK = 150


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    with (
        start_sandbox("2.43", tmp_path / "a.db", content=CONTENT) as source,
        start_sandbox("2.40", tmp_path / "b.db", content=CONTENT, with_data=False) as destination,
    ):
        yield source, destination


def move_both(home: Path, ends: Ends) -> list[TrackerResult]:
    """All months of both assets, events first."""
    with closing(connect(ends[0])) as source, closing(connect(ends[1])) as destination:
        results: list[TrackerResult] = []
        for asset in _ASSETS:
            with plan_tracker(make_work(home, asset), source, destination) as planned:
                results += move_tracker(planned)
        return results


def make_work(home: Path, asset: TrackerAsset) -> TrackerWork:
    today = date.today()
    first = f"{today - timedelta(days=_DAYS_BACK):%Y%m}"
    return TrackerWork(
        asset=asset,
        pair="national--training",
        months=tuple(iterate_months(first, f"{today:%Y%m}")),
        choices=TrackerChoices(chunk_size=20, writers=2),
        first_month=first,
        today=today,
        run="run-1",
        home=Home(home),
        meter=Meter(count(0.0, INTERVAL).__next__, lambda progress: None),
        clock=lambda: 0.0,
        log=print,
        warn=print,
    )


def add_up(results: list[TrackerResult]) -> dict[Outcome, int]:
    """Objects per outcome, all months together."""
    for result in results:
        assert result.error is None, result.error
        assert (result.objects.lost, result.objects.doubled) == (0, 0), result.month
        assert result.objects.broken == 0, (result.month, result.objects.differences)
        assert all(tally.unaccounted == 0 for tally in result.objects.by_kind.values())
    found = {
        outcome: sum(result.objects.tally.count(outcome) for result in results)
        for outcome in Outcome
    }
    return {outcome: objects for outcome, objects in found.items() if objects}


def test_everything_lands_a_second_run_writes_nothing_and_the_way_back_neither(
    ends: Ends, tmp_path: Path
) -> None:
    first = move_both(tmp_path / "home", ends)
    there = add_up(first)
    assert there.get(Outcome.QUARANTINED, 0) == 0, [one.quarantined_rows for one in first]
    assert there[Outcome.CREATED] > 100
    ends[1].clear_requests()
    again = add_up(move_both(tmp_path / "home", ends))
    assert not {Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED} & again.keys()
    assert count_writes(ends[1]) == 0
    ends[0].clear_requests()
    back = add_up(move_both(tmp_path / "back", (ends[1], ends[0])))
    assert not {Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED} & back.keys()
    assert count_writes(ends[0]) == 0
