"""Disks that are full and files that change: noticed, named, and nothing is sent from them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from d2_assets.staging.layout import Home
from d2_assets.sync import months as months_module
from d2_assets.sync.work import PlannedWork
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import MONTH
from d2_assets_tests.staging.disks import fill_up

Spoil = Callable[[Path], Any]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def _alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


SPOILS: dict[str, Spoil] = {"cut short": _cut, "altered": _alter, "taken away": Path.unlink}


@pytest.fixture
def journey(start_journey: Start) -> Journey:
    """One way is enough: what happens on the disk is the same for all servers."""
    return start_journey("2.40", "2.43")


def _assert_refused(journey: Journey, run: Run, name: str) -> None:
    assert not run.success
    assert run.materialised == []
    assert name in run.failure
    assert run.failure_parts["kind"] == "data"
    assert "staged anew" in run.failure_parts["what to do"]
    assert [record.path for record in journey.writes()] == []


def _assert_next_run_heals(journey: Journey) -> None:
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    journey.prove_nothing_is_lost(MONTH)


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS.keys())
@pytest.mark.parametrize("name", ["plan", "checked", "source", "destination"])
def test_a_staged_file_that_changes_before_the_push_sends_nothing(
    journey: Journey, name: str, spoil: Spoil
) -> None:
    def change(planned: PlannedWork) -> None:
        spoil(planned.folder / f"{name}.parquet")

    with journey.between_plan_and_push(change):
        run = journey.materialise(MONTH)
    _assert_refused(journey, run, f"{name}.parquet")
    _assert_next_run_heals(journey)


def test_a_note_that_is_taken_away_with_a_change_sends_nothing(journey: Journey) -> None:
    def change(planned: PlannedWork) -> None:
        _alter(planned.folder / "plan.parquet")
        (planned.folder / "plan.parquet.json").unlink()

    with journey.between_plan_and_push(change):
        run = journey.materialise(MONTH)
    _assert_refused(journey, run, "plan.parquet")


def test_a_plan_that_changes_during_the_push_stops_it(journey: Journey) -> None:
    """Chunks that were read before the change have gone out; none is made of what is altered."""
    journey.pair.update(chunk_size=20, writers=1)
    push = months_module.push_changes

    def change_and_push(database: Any, line: Any, month: str, path: Path, report: Any) -> Any:
        changes = iter([_alter])

        def alter_and_report(so_far: Any) -> None:
            for alter in changes:
                alter(path.with_name("plan.parquet"))
            report(so_far)

        return push(database, line, month, path, alter_and_report)

    with journey.monkeypatch.context() as patch:
        patch.setattr(months_module, "push_changes", change_and_push)
        run = journey.materialise(MONTH)
    assert not run.success
    assert "plan.parquet" in run.failure
    sent = journey.rows_sent()
    journey.clear_requests()
    _assert_next_run_heals(journey)
    assert 0 < sent < sent + journey.rows_sent()


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS.keys())
def test_what_was_read_back_and_changes_confirms_nothing(journey: Journey, spoil: Spoil) -> None:
    compare = months_module.compare_values

    def change_and_compare(*args: Any, **options: Any) -> Any:
        (found,) = journey.home.glob(f"staging/*/*/*/found-{MONTH}.parquet")
        spoil(found)
        return compare(*args, **options)

    with journey.monkeypatch.context() as patch:
        patch.setattr(months_module, "compare_values", change_and_compare)
        run = journey.materialise(MONTH)
    assert not run.success
    assert run.materialised == []
    assert f"found-{MONTH}.parquet" in run.failure
    _assert_next_run_heals(journey)


def _with_full(journey: Journey, patch: pytest.MonkeyPatch, name: str) -> None:
    """The name in the staging folder has no space left; planted after the folder was cleared."""
    open_folder = Home.staging

    def open_and_fill(home: Home, *args: Any) -> Path:
        folder = open_folder(home, *args)
        fill_up(folder / name)
        return folder

    patch.setattr(Home, "staging", open_and_fill)


@pytest.mark.parametrize(
    "name",
    [
        "source.download.partial",
        "source.parquet.part",
        "destination.parquet.json.part",
        "checked.parquet.part",
        "plan.parquet.part",
    ],
)
def test_a_full_disk_is_named_before_anything_is_sent(journey: Journey, name: str) -> None:
    with journey.monkeypatch.context() as patch:
        _with_full(journey, patch, name)
        run = journey.materialise(MONTH)
    assert not run.success
    assert run.failure_parts["kind"] == "settings or rights"
    assert f"{name.split('.')[0]}." in run.failure
    assert "No space left on device" in run.failure
    assert "Free space" in run.failure_parts["what to do"]
    assert journey.writes() == []
    _assert_next_run_heals(journey)


def test_a_disk_that_fills_up_during_the_push_loses_no_row(journey: Journey) -> None:
    def fill(planned: PlannedWork) -> None:
        fill_up(planned.folder / f"found-{MONTH}.parquet.part")

    with journey.between_plan_and_push(fill):
        run = journey.materialise(MONTH)
    assert not run.success
    assert "No space left on device" in run.failure
    assert journey.rows_sent() > 0
    _assert_next_run_heals(journey)


def test_a_ledger_for_which_there_is_no_space_is_written_by_the_next_run(
    journey: Journey,
) -> None:
    folder = journey.home / "ledger" / "data_values" / "national--training"
    folder.mkdir(parents=True)
    fill_up(folder / f"{MONTH}.parquet.part")
    run = journey.materialise(MONTH)
    assert not run.success
    assert f"{MONTH}.parquet cannot be written: " in run.failure
    _assert_next_run_heals(journey)


@pytest.mark.parametrize("place", ["home", "home/staging", "home/ledger", "home/leases"])
def test_a_file_where_a_folder_must_be_is_named(journey: Journey, place: str) -> None:
    file = journey.folder / place
    file.parent.mkdir(exist_ok=True)
    file.touch()
    run = journey.materialise(MONTH)
    assert not run.success
    assert str(file) in run.failure
    assert run.failure_parts["kind"] == "settings or rights"
    assert "D2_ASSETS_HOME" in run.failure_parts["what to do"]
    assert journey.writes() == []


def test_a_run_that_was_killed_leaves_nothing_that_the_next_one_takes(journey: Journey) -> None:
    folder = Home(journey.home).staging("data_values", "national--training", [MONTH])
    for name in ("plan.parquet", "source.parquet.part", "source.download", "x.download.partial"):
        (folder / name).write_text("half of it")
    (folder / "spill").mkdir()
    _assert_next_run_heals(journey)
    left = [item.name for item in folder.iterdir() if item.suffix not in (".parquet", ".json")]
    assert left == []
