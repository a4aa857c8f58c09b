"""Events and tracker from the settings' words to the ledger, between two servers in memory."""

from pathlib import Path
from typing import cast

import pyarrow.parquet as pq
import pytest

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.ledger.outcomes import Outcome
from d2_assets.sync.tracker import plan_tracker
from d2_assets.sync.tracker_months import move_tracker
from d2_assets.sync.tracker_work import TrackerAsset, TrackerResult
from d2_assets.tracker.objects import Kind
from d2_assets_tests.sync.tracker_runs import MONTHS, PAIR, Server, make_work, move
from d2_assets_tests.tracker.fake_metadata import NAME

EARLY, OCTOBER, NOVEMBER = (
    "2024-02-03T08:00:00.000",
    "2025-10-09T08:00:00.000",
    "2025-11-05T08:00:00.000",
)


@pytest.fixture
def source() -> Server:
    """An entity with an enrollment and two events, an old one without, and a bond between them;
    two events without registration."""
    server = Server("national", url="https://national.test")
    server.put_entity("teAnna00001", "Anna")
    server.put_enrollment("enAnna00001", "teAnna00001")
    server.put_child_event("evAnna00001", "enAnna00001", "3")
    server.put_child_event("evAnna00002", "enAnna00001", "4")
    server.put_entity("teBela00001", "Bela", updatedAt=EARLY)
    server.put_relationship(
        "reBonds0001", (Kind.TRACKED_ENTITY, "teAnna00001"), (Kind.TRACKED_ENTITY, "teBela00001")
    )
    server.put_event("evCase00001", "2025-10-03")
    server.put_event("evCase00002", "2025-11-03")
    return server


@pytest.fixture
def destination() -> Server:
    return Server("training", url="https://training.test")


def count(results: list[TrackerResult], outcome: Outcome) -> int:
    return sum(result.objects.tally.count(outcome) for result in results)


def prove_sound(results: list[TrackerResult]) -> None:
    for result in results:
        assert result.error is None
        assert (result.objects.lost, result.objects.doubled, result.objects.broken) == (0, 0, 0)
        assert all(tally.unaccounted == 0 for tally in result.objects.by_kind.values())


@pytest.mark.parametrize(("asset", "objects"), [("tracker", 6), ("events", 2)])
def test_everything_lands_and_a_second_run_writes_nothing(
    tmp_path: Path, source: Server, destination: Server, asset: TrackerAsset, objects: int
) -> None:
    first = move(make_work(tmp_path, asset), source, destination)
    prove_sound(first)
    assert [result.month for result in first] == list(MONTHS)
    assert count(first, Outcome.CREATED) == objects, [one.reasons for one in first]
    destination.posts.clear()
    second = move(make_work(tmp_path, asset), source, destination)
    prove_sound(second)
    assert count(second, Outcome.UNCHANGED) == objects
    assert destination.posts == []


def test_and_back_again_writes_nothing(tmp_path: Path, source: Server, destination: Server) -> None:
    move(make_work(tmp_path), source, destination)
    source.posts.clear()
    back = move(make_work(tmp_path / "back"), destination, source)
    prove_sound(back)
    assert count(back, Outcome.UNCHANGED) == 6
    assert source.posts == []


def test_an_entity_that_is_older_than_the_first_month_belongs_to_it(
    tmp_path: Path, source: Server, destination: Server
) -> None:
    (result,) = move(make_work(tmp_path, months=["202510"]), source, destination)
    assert result.objects.by_kind[Kind.TRACKED_ENTITY].read == 1
    assert (Kind.TRACKED_ENTITY, "teBela00001") in destination.stored


def test_an_entity_that_moved_on_is_named_when_its_month_is_run_again(
    tmp_path: Path, source: Server, destination: Server
) -> None:
    move(make_work(tmp_path, months=["202510"]), source, destination)
    source.put_entity("teBela00001", "Bela B.", updatedAt=NOVEMBER)
    (result,) = move(make_work(tmp_path, months=["202510"]), source, destination)
    assert [(one.id, one.month) for one in result.moved_on.entities] == [("teBela00001", "202511")]
    assert result.objects.tally.read == 0


def test_what_changed_is_sent_alone_and_what_is_gone_is_taken_away(
    tmp_path: Path, source: Server, destination: Server
) -> None:
    move(make_work(tmp_path), source, destination)
    destination.posts.clear()
    source.put_child_event("evAnna00001", "enAnna00001", "9")
    source.delete(Kind.EVENT, "evAnna00002")
    results = move(make_work(tmp_path), source, destination)
    prove_sound(results)
    assert count(results, Outcome.UPDATED) == 1
    assert count(results, Outcome.DELETED) == 1
    sent = {key for _, keys in destination.posts for key in keys}
    assert sent == {(Kind.EVENT, "evAnna00001"), (Kind.EVENT, "evAnna00002")}


def test_a_taken_value_names_both_entities_and_the_month_is_told_as_it_is(
    tmp_path: Path, source: Server, destination: Server
) -> None:
    destination.put_entity("teOther0001", "Anna")
    words = f"Non-unique attribute value `Anna` for attribute `{NAME}`"
    destination.refused[Kind.TRACKED_ENTITY, "teAnna00001"] = ("E1064", words)
    result = move(make_work(tmp_path), source, destination)[-1]
    (collision,) = result.collisions
    assert collision["entity"] == "teAnna00001"
    assert collision["holder"] == "teOther0001"
    assert collision["name"] == "Name"
    assert result.quarantined >= 1
    assert result.reasons[0][0]


def test_each_month_leaves_its_tables(tmp_path: Path, source: Server, destination: Server) -> None:
    result = move(make_work(tmp_path), source, destination)[-1]
    assert set(result.files) == {
        "ledger",
        "quarantine",
        "differences",
        "adaptations",
        "collisions",
        "moved_on",
    }
    ledger = pq.read_table(result.files["ledger"]).to_pylist()
    assert {row["outcome"] for row in ledger} == {"created"}
    assert result.files["ledger"] == tmp_path / "ledger" / "tracker" / PAIR / "202511.parquet"
    assert all(path.is_file() for path in result.files.values())


def test_a_destination_that_cannot_be_read_back_leaves_what_was_sent_queued(
    tmp_path: Path, source: Server, destination: Server
) -> None:
    destination.is_away = True
    (result,) = move(make_work(tmp_path, months=["202511"]), source, destination)
    assert str(result.error) == "The server is away. Run again."
    assert result.objects.tally.count(Outcome.QUEUED) > 0
    assert result.objects.lost == 0
    destination.is_away = False
    destination.posts.clear()
    (again,) = move(make_work(tmp_path, months=["202511"]), source, destination)
    prove_sound([again])


def test_a_source_that_is_away_at_the_end_does_not_cost_the_ledger(
    tmp_path: Path, source: Server, destination: Server
) -> None:
    move(make_work(tmp_path, months=["202510"]), source, destination)
    source.put_entity("teBela00001", "Bela B.", updatedAt=NOVEMBER)
    source.put_entity("teCilla0001", "Cilla", updatedAt=OCTOBER)
    destination.posts.clear()
    with plan_tracker(
        make_work(tmp_path, months=["202510"]),
        cast(DHIS2Client, source),
        cast(DHIS2Client, destination),
    ) as planned:
        source.is_away, source.posts = True, [("", [])]
        (result,) = move_tracker(planned)
    assert str(result.error) == "The server is away. Run again."
    assert result.objects.tally.count(Outcome.CREATED) == 1
    ledger = pq.read_table(result.files["ledger"]).to_pylist()
    assert [row["id"] for row in ledger] == ["teCilla0001"]


def test_a_month_that_fails_is_the_last_one(
    tmp_path: Path, source: Server, destination: Server
) -> None:
    destination.is_away = True
    results = move(make_work(tmp_path), source, destination)
    assert [result.month for result in results] == ["202510"]


def test_a_preview_sends_nothing_and_leaves_no_ledger(
    tmp_path: Path, source: Server, destination: Server
) -> None:
    work = make_work(tmp_path, is_preview=True)
    ends = cast(DHIS2Client, source), cast(DHIS2Client, destination)
    with plan_tracker(work, *ends) as planned:
        assert planned.plan.sends("202511") == 5
        assert planned.plan.sends("202510") == 1
    assert destination.posts == []
    assert not (tmp_path / "ledger").exists()
