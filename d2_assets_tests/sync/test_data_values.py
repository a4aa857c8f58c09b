from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from d2_assets.data_values.choices import Reverse
from d2_assets.dhis2.data_values import DataValueQuery
from d2_assets.errors import ConfigurationError, TransientError
from d2_assets.ledger.lease import hold_lease
from d2_assets.staging.tables import verify_table
from d2_assets.sync.months import move_data_values
from d2_assets.sync.progress import Progress
from d2_assets_tests.data_values.builders import (
    CLINIC_2,
    FLAG,
    MONTH,
    MONTHLY,
    NOTE,
    QUARTER,
    QUARTERLY,
    STOCK,
    make_row,
)
from d2_assets_tests.data_values.fake_dhis2 import FakeDHIS2
from d2_assets_tests.sync.runs import PAIR, make_work, move, open_plan


def _source() -> FakeDHIS2:
    server = FakeDHIS2(name="national")
    server.hold(
        make_row(),
        make_row(data_element=NOTE, value="ünsure"),
        make_row(data_element=STOCK, period=QUARTER, value="12.50"),
        make_row(org_unit=CLINIC_2, period="202510"),
        make_row(org_unit=CLINIC_2, period="202412"),
    )
    return server


def test_the_plan_is_known_before_anything_is_sent(tmp_path: Path) -> None:
    destination = FakeDHIS2()
    destination.hold(make_row(value="6"), make_row(data_element=FLAG, value="true"))
    with open_plan(make_work(tmp_path), _source(), destination) as planned:
        assert planned.plan.actions[MONTH]["create"] == 2
        assert planned.plan.actions[MONTH]["update"] == 1
        assert planned.plan.destination_only == {MONTH: 1}
        assert planned.outside.before_first_month > 0
        assert set(planned.completeness) == {MONTH}
    assert destination.posts == []
    assert destination.posted_registrations == []


def test_both_sides_and_the_plan_are_kept_as_whole_tables(tmp_path: Path) -> None:
    move(make_work(tmp_path), _source(), FakeDHIS2())
    folder = tmp_path / "staging/data_values" / PAIR / MONTH
    for name in ("source", "destination", "checked", "plan", "destination_only"):
        verify_table(folder / f"{name}.parquet")
    assert not list(folder.glob("*.part"))
    assert not list(folder.glob("*.download"))


def test_a_range_of_months_is_read_once(tmp_path: Path) -> None:
    source = _source()
    with open_plan(make_work(tmp_path, ("202510", MONTH)), source, FakeDHIS2()) as planned:
        assert planned.plan.read("202510") == 2
        assert planned.plan.actions["202510"] == {"create": 1, "filtered": 1}
        assert planned.folder.name == f"202510-{MONTH}"
    asked = [(query.data_set, period) for query in source.reads for period in query.periods]
    assert len(asked) == len(set(asked))


def test_both_sides_are_read_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each waits with its first reading until the other has begun."""
    both, met = Barrier(2, timeout=30), set[str]()
    download = FakeDHIS2.download_data_values

    def meet(server: FakeDHIS2, query: DataValueQuery, to: Path) -> int:
        if query.include_deleted and server.name not in met:
            met.add(server.name)
            both.wait()
        return download(server, query, to)

    monkeypatch.setattr(FakeDHIS2, "download_data_values", meet)
    with open_plan(make_work(tmp_path), _source(), FakeDHIS2()) as planned:
        assert planned.plan.read(MONTH) > 0
    assert met == {"national", "training"}


def test_the_destination_is_asked_for_the_shared_data_sets_only(tmp_path: Path) -> None:
    destination = FakeDHIS2()
    destination.data_sets = [item for item in destination.data_sets if item.id == MONTHLY]
    with open_plan(make_work(tmp_path), _source(), destination) as planned:
        assert planned.plan.count(MONTH, "quarantined") == 1
    assert {query.data_set for query in destination.reads} == {MONTHLY}


def test_the_lease_is_held_from_the_first_reading_to_the_last(tmp_path: Path) -> None:
    destination = FakeDHIS2()
    with (
        open_plan(make_work(tmp_path), _source(), destination) as planned,
        pytest.raises(TransientError, match="run run-1"),
        hold_lease(planned.work.home.leases(), destination.url, "another", wait_seconds=0),
    ):
        pass
    with hold_lease(tmp_path / "leases", destination.url, "another", wait_seconds=0):
        pass


def test_a_two_way_pair_works_on_both_of_its_servers_alone(tmp_path: Path) -> None:
    source, destination = _source(), FakeDHIS2()
    ends = " and ".join(sorted((source.client.url, destination.client.url)))
    work = make_work(tmp_path, reverse=(Reverse(),))
    with (
        open_plan(work, source, destination),
        pytest.raises(TransientError, match="run run-1"),
        hold_lease(tmp_path / "leases", ends, "the other direction", wait_seconds=0),
    ):
        pass
    with (
        open_plan(make_work(tmp_path), source, destination),
        hold_lease(tmp_path / "leases", ends, "the other direction", wait_seconds=0),
    ):
        pass


def test_a_preview_neither_waits_for_a_writer_nor_touches_its_tables(tmp_path: Path) -> None:
    destination = FakeDHIS2()
    preview = replace(make_work(tmp_path), is_preview=True)
    with (
        open_plan(make_work(tmp_path), _source(), destination) as written,
        open_plan(preview, _source(), destination) as seen,
    ):
        assert seen.plan.actions == written.plan.actions
        assert seen.folder != written.folder
        (result,) = move_data_values(written)
        assert result.error is None
    assert destination.posts


def test_the_lease_is_given_back_when_the_plan_fails(tmp_path: Path) -> None:
    source = FakeDHIS2(name="national", read_faults=[TransientError("The line was cut.")])
    destination = FakeDHIS2()
    with pytest.raises(TransientError, match="cut"):
        move(make_work(tmp_path), source, destination)
    with hold_lease(tmp_path / "leases", destination.url, "another", wait_seconds=0):
        pass
    assert destination.posts == []


def test_preflight_stops_before_anything_is_read(tmp_path: Path) -> None:
    source, destination = _source(), FakeDHIS2(account_units=())
    with pytest.raises(ConfigurationError, match="training"):
        move(make_work(tmp_path), source, destination)
    assert source.reads == destination.reads == destination.posts == []


def test_a_version_that_was_not_tried_is_logged(tmp_path: Path) -> None:
    told: list[object] = []
    move(make_work(tmp_path, told=told), _source(), FakeDHIS2(version="2.44.0"))
    assert any("2.44.0" in words for words in told if isinstance(words, str))


def test_every_stage_is_told(tmp_path: Path) -> None:
    told: list[object] = []
    move(make_work(tmp_path, told=told), _source(), FakeDHIS2())
    stages = [item.stage for item in told if isinstance(item, Progress)]
    assert list(dict.fromkeys(stages)) == [
        "reading both sides",
        f"sending {MONTH}",
        f"reading back {MONTH}",
    ]


def test_a_pair_of_one_data_set_leaves_the_values_of_the_other_alone(tmp_path: Path) -> None:
    source, destination = _source(), FakeDHIS2()
    source.hold(make_row(period=QUARTER, value="9"))
    destination.hold(make_row(period=QUARTER, value="8", org_unit=CLINIC_2))
    work = make_work(tmp_path, data_sets=(MONTHLY,), mirror=True, brake_percent=100)
    (result,) = move(work, source, destination)
    assert {post.data_set for post in destination.posts} == {MONTHLY}
    assert result.values.destination_only == 0
    assert {row["period"] for row in destination.values.values() if row["value"] != "8"} == {MONTH}
    quarter = [row for row in destination.values.values() if row["period"] == QUARTER]
    assert [(row["value"], row["deleted"]) for row in quarter] == [("8", False)]
    assert QUARTERLY not in {query.data_set for query in destination.reads}
