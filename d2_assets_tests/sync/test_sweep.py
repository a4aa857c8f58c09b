"""Sweeps between two servers in memory: which months are passed over, and which are moved."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.completeness import CompletenessRegistration
from d2_assets.errors import OutcomeUnknownError, TransientError
from d2_assets.sync import months as moving
from d2_assets.sync.month_hashes import fingerprint_choices
from d2_assets.sync.sweep import SWEEP, Sweep, Why, sweep_data_values, sweep_tracker
from d2_assets.sync.tracker_work import TrackerAsset
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.objects import Kind
from d2_assets_tests.data_values.builders import (
    CLINIC_1,
    CLINIC_2,
    FLAG,
    MONTH,
    MONTHLY,
    NOTE,
    OPTION,
    QUARTERLY,
    make_row,
)
from d2_assets_tests.data_values.fake_dhis2 import FakeDHIS2, Fault
from d2_assets_tests.sync import tracker_runs
from d2_assets_tests.sync.runs import PAIR, make_work, move, open_plan
from d2_assets_tests.sync.tracker_runs import Server

BEFORE = "202510"
MONTHS = (BEFORE, MONTH)
DONE = CompletenessRegistration(MONTHLY, BEFORE, CLINIC_1, OPTION, "", True, "")


@pytest.fixture
def source() -> FakeDHIS2:
    server = FakeDHIS2(name="national")
    server.hold(make_row(), make_row(data_element=NOTE, value="unsure"), make_row(period=BEFORE))
    server.register(replace(DONE, period=MONTH))
    return server


@pytest.fixture
def destination() -> FakeDHIS2:
    return FakeDHIS2()


def sweep(
    folder: Path,
    source: FakeDHIS2,
    destination: FakeDHIS2,
    months: Sequence[str] = MONTHS,
    **choices: Any,
) -> Sweep:
    """What a sweep says; it must not have asked the destination for anything."""
    asked = len(destination.reads)
    found = sweep_data_values(make_work(folder, months, **choices), source.client, destination.url)
    assert len(destination.reads) == asked
    return found


def test_a_month_that_was_never_moved_is_moved_and_nothing_is_read_for_that(
    tmp_path: Path, source: FakeDHIS2, destination: FakeDHIS2
) -> None:
    found = sweep(tmp_path, source, destination)
    assert found == Sweep(dict.fromkeys(MONTHS, Why.NOT_NOTED), {})
    assert source.reads == []


def test_months_that_are_as_they_were_moved_are_passed_over(
    tmp_path: Path, source: FakeDHIS2, destination: FakeDHIS2
) -> None:
    move(make_work(tmp_path, MONTHS), source, destination)
    for months in (MONTHS, [BEFORE], [MONTH]):
        found = sweep(tmp_path, source, destination, months)
        assert found.changed == {}
        assert list(found.unchanged) == list(months)
    assert found.unchanged[MONTH].run == "run-1"
    # Two values, one of them reached through two data sets, and a registration.
    assert found.unchanged[MONTH].content.items == 4
    assert not list((tmp_path / "staging" / SWEEP).rglob("*.parquet*"))


@pytest.mark.parametrize(
    "row",
    [
        make_row(period=BEFORE, value="6"),
        make_row(period=BEFORE, org_unit=CLINIC_2),
        make_row(period=BEFORE, deleted=True),
    ],
)
def test_a_row_that_changed_is_found_whatever_its_stamp_says(
    tmp_path: Path, source: FakeDHIS2, destination: FakeDHIS2, row: dict[str, Any]
) -> None:
    move(make_work(tmp_path, MONTHS), source, destination)
    source.hold(row)
    found = sweep(tmp_path, source, destination)
    assert found.changed == {BEFORE: Why.OTHER_CONTENT}
    assert list(found.unchanged) == [MONTH]
    move(make_work(tmp_path, [BEFORE]), source, destination)
    assert sweep(tmp_path, source, destination).changed == {}


def test_a_row_and_a_registration_that_are_gone_for_good_are_found(
    tmp_path: Path, source: FakeDHIS2, destination: FakeDHIS2
) -> None:
    move(make_work(tmp_path, MONTHS), source, destination)
    source.values = {key: row for key, row in source.values.items() if row["period"] != BEFORE}
    source.registrations.clear()
    assert sweep(tmp_path, source, destination).changed == dict.fromkeys(MONTHS, Why.OTHER_CONTENT)


def test_a_registration_that_came_is_found(
    tmp_path: Path, source: FakeDHIS2, destination: FakeDHIS2
) -> None:
    move(make_work(tmp_path, MONTHS), source, destination)
    source.register(DONE)
    assert sweep(tmp_path, source, destination).changed == {BEFORE: Why.OTHER_CONTENT}


def test_with_other_filters_or_another_server_it_is_another_month(
    tmp_path: Path, source: FakeDHIS2, destination: FakeDHIS2
) -> None:
    move(make_work(tmp_path), source, destination)
    others = dict.fromkeys([MONTH], Why.OTHER_CHOICES)
    for choices in ({"data_sets": (MONTHLY,)}, {"org_units": (CLINIC_1,)}, {"mirror": True}):
        assert sweep(tmp_path, source, destination, [MONTH], **choices).changed == others
    moved = sweep_data_values(make_work(tmp_path), source.client, "https://elsewhere.example.org")
    assert moved.changed == others
    for choices in ({"chunk_size": 7}, {"writers": 1}, {"page_size": 9}, {"brake_percent": 50}):
        assert sweep(tmp_path, source, destination, [MONTH], **choices).changed == {}


def test_what_stands_for_choices_does_not_depend_on_the_order_of_names() -> None:
    one = TrackerChoices(explicit={"programs": {"a": "b", "c": "d"}, "options": {}})
    other = TrackerChoices(explicit={"options": {}, "programs": {"c": "d", "a": "b"}})
    assert fingerprint_choices(one) == fingerprint_choices(other)
    assert fingerprint_choices(one) != fingerprint_choices(one, "https://training.test")


def test_a_month_with_rows_that_wait_is_moved_again_until_they_landed(
    tmp_path: Path, source: FakeDHIS2, destination: FakeDHIS2
) -> None:
    """What stopped them may have been mended at the destination, which a sweep does not read."""
    known = destination.data_sets
    destination.data_sets = [item for item in known if item.id == QUARTERLY]
    move(make_work(tmp_path), source, destination)
    assert sweep(tmp_path, source, destination, [MONTH]).changed == {MONTH: Why.ROWS_WAIT}
    destination.data_sets = known
    move(make_work(tmp_path), source, destination)
    assert sweep(tmp_path, source, destination, [MONTH]).changed == {}


def test_a_damaged_work_list_is_left_to_the_run_that_moves_the_month(
    tmp_path: Path, source: FakeDHIS2, destination: FakeDHIS2
) -> None:
    move(make_work(tmp_path), source, destination)
    (tmp_path / "quarantine/data_values" / PAIR / f"{MONTH}.parquet").write_bytes(b"cut")
    assert sweep(tmp_path, source, destination, [MONTH]).changed == {MONTH: Why.ROWS_WAIT}


def test_a_run_that_was_cut_short_leaves_no_hash_though_the_source_goes_back(
    tmp_path: Path, source: FakeDHIS2, destination: FakeDHIS2, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands at the destination is another content, so the older hash is no proof."""
    move(make_work(tmp_path), source, destination)
    source.hold(make_row(value="7"))
    with monkeypatch.context() as patch:
        patch.setattr(moving, "compare_values", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            move(make_work(tmp_path), source, destination)
    assert "7" in {row["value"] for row in destination.values.values()}
    source.hold(make_row())
    assert sweep(tmp_path, source, destination, [MONTH]).changed == {MONTH: Why.NOT_NOTED}


def test_a_month_that_ended_with_an_error_is_not_noted_and_the_ones_before_are(
    tmp_path: Path, source: FakeDHIS2, destination: FakeDHIS2
) -> None:
    lost = TransientError("The server is away.")
    destination.faults = [None, *[Fault(lost)] * 20]
    results = move(make_work(tmp_path, MONTHS), source, destination)
    assert [result.error is None for result in results] == [True, False]
    destination.faults = []
    assert sweep(tmp_path, source, destination).changed == {MONTH: Why.NOT_NOTED}


def test_a_row_that_the_server_lost_keeps_its_month_open(
    tmp_path: Path, source: FakeDHIS2, destination: FakeDHIS2
) -> None:
    destination.lost = {("ElementNum1", MONTH, CLINIC_1, OPTION, OPTION)}
    move(make_work(tmp_path), source, destination)
    assert sweep(tmp_path, source, destination, [MONTH]).changed == {MONTH: Why.NOT_NOTED}


def test_a_run_of_a_part_forgets_the_hash_and_notes_none(
    tmp_path: Path, source: FakeDHIS2, destination: FakeDHIS2
) -> None:
    work = make_work(tmp_path)
    move(work, source, destination)
    source.hold(make_row(value="7"), make_row(data_element=FLAG, value="true"))
    apart = replace(work, home=work.home.set_apart(PAIR))
    move(replace(apart, choices=replace(apart.choices, data_sets=(MONTHLY,))), source, destination)
    source.hold(make_row())
    assert sweep(tmp_path, source, destination, [MONTH]).changed == {MONTH: Why.NOT_NOTED}


def test_a_preview_neither_notes_nor_forgets(
    tmp_path: Path, source: FakeDHIS2, destination: FakeDHIS2
) -> None:
    work = make_work(tmp_path)
    with open_plan(replace(work, is_preview=True), source, destination):
        pass
    assert sweep(tmp_path, source, destination, [MONTH]).changed == {MONTH: Why.NOT_NOTED}
    move(work, source, destination)
    with open_plan(replace(work, is_preview=True), source, destination):
        pass
    assert sweep(tmp_path, source, destination, [MONTH]).changed == {}


def test_a_source_that_cannot_be_read_stops_the_sweep_and_changes_nothing(
    tmp_path: Path, source: FakeDHIS2, destination: FakeDHIS2
) -> None:
    move(make_work(tmp_path), source, destination)
    source.read_faults = [OutcomeUnknownError("The line was cut.")]
    with pytest.raises(OutcomeUnknownError, match="cut"):
        sweep(tmp_path, source, destination, [MONTH])
    assert sweep(tmp_path, source, destination, [MONTH]).changed == {}


# Events and tracked entities

OCTOBER = "2025-10-09T08:00:00.000"


@pytest.fixture
def national() -> Server:
    """Two entities and two events in each of the months."""
    server = Server("national", url="https://national.test")
    for number, stamp in enumerate((OCTOBER, "2025-11-05T08:00:00.000")):
        server.put_entity(f"tePerson00{number}", updatedAt=stamp)
        server.put_enrollment(f"enPerson00{number}", f"tePerson00{number}", updatedAt=stamp)
        server.put_child_event(f"evPerson00{number}", f"enPerson00{number}", updatedAt=stamp)
        server.put_event(f"evCase0000{number}", stamp[:10], updatedAt=stamp)
    server.put_relationship(
        "reBoth00001",
        (Kind.TRACKED_ENTITY, "tePerson000"),
        (Kind.TRACKED_ENTITY, "tePerson001"),
    )
    return server


@pytest.fixture
def training() -> Server:
    return Server("training", url="https://training.test")


def sweep_asset(
    folder: Path,
    asset: TrackerAsset,
    source: Server,
    months: Sequence[str] = MONTHS,
    **choices: Any,
) -> Sweep:
    work = tracker_runs.make_work(folder, asset, months, **choices)
    return sweep_tracker(work, cast(DHIS2Client, source), "https://training.test")


def move_asset(
    folder: Path, asset: TrackerAsset, source: Server, destination: Server, *months: str
) -> None:
    work = tracker_runs.make_work(folder, asset, months or MONTHS)
    results = tracker_runs.move(work, source, destination)
    assert [result.error for result in results] == [None] * len(work.months)


@pytest.mark.parametrize("asset", ["events", "tracker"])
def test_months_of_objects_are_passed_over_in_any_company(
    tmp_path: Path, asset: TrackerAsset, national: Server, training: Server
) -> None:
    """Each month was noted by a run of its own; a relationship joins them."""
    move_asset(tmp_path, asset, national, training)
    training.calls.clear()
    assert sweep_asset(tmp_path, asset, national).changed == {}
    assert list(sweep_asset(tmp_path, asset, national, [BEFORE]).unchanged) == [BEFORE]
    assert training.calls == []
    move_asset(tmp_path, asset, national, training, MONTH)
    assert sweep_asset(tmp_path, asset, national).changed == {}


@pytest.mark.parametrize(
    ("asset", "kind", "uid"),
    [
        ("events", Kind.EVENT, "evCase00000"),
        ("tracker", Kind.ENROLLMENT, "enPerson000"),
        ("tracker", Kind.TRACKED_ENTITY, "tePerson000"),
    ],
)
def test_an_object_that_changed_without_a_new_stamp_is_found(
    tmp_path: Path,
    asset: TrackerAsset,
    kind: Kind,
    uid: str,
    national: Server,
    training: Server,
) -> None:
    move_asset(tmp_path, asset, national, training)
    national.put(kind, uid, status="COMPLETED", inactive=True)
    assert sweep_asset(tmp_path, asset, national).changed == {BEFORE: Why.OTHER_CONTENT}
    move_asset(tmp_path, asset, national, training, BEFORE)
    assert sweep_asset(tmp_path, asset, national).changed == {}


def test_an_entity_that_moved_on_changes_both_of_its_months(
    tmp_path: Path, national: Server, training: Server
) -> None:
    move_asset(tmp_path, "tracker", national, training)
    national.put_entity("tePerson000", updatedAt="2025-11-09T08:00:00.000")
    found = sweep_asset(tmp_path, "tracker", national)
    assert found.changed == dict.fromkeys(MONTHS, Why.OTHER_CONTENT)


@pytest.mark.parametrize("asset", ["events", "tracker"])
def test_other_filters_make_other_months_of_objects(
    tmp_path: Path, asset: TrackerAsset, national: Server, training: Server
) -> None:
    move_asset(tmp_path, asset, national, training)
    found = sweep_asset(tmp_path, asset, national, propagate_deletes=False)
    assert found.changed == dict.fromkeys(MONTHS, Why.OTHER_CHOICES)


def test_objects_that_could_not_be_read_back_leave_their_month_open(
    tmp_path: Path, national: Server, training: Server
) -> None:
    training.is_away = True
    (result,) = tracker_runs.move(
        tracker_runs.make_work(tmp_path, "tracker", [MONTH]), national, training
    )
    assert result.error is not None
    assert sweep_asset(tmp_path, "tracker", national, [MONTH]).changed == {MONTH: Why.NOT_NOTED}


def test_refused_objects_are_tried_again_by_each_sweep(
    tmp_path: Path, national: Server, training: Server
) -> None:
    training.refused[Kind.EVENT, "evPerson001"] = ("E1000", "No access.")
    move_asset(tmp_path, "tracker", national, training)
    assert sweep_asset(tmp_path, "tracker", national).changed == {MONTH: Why.ROWS_WAIT}
    training.refused.clear()
    move_asset(tmp_path, "tracker", national, training, MONTH)
    assert sweep_asset(tmp_path, "tracker", national).changed == {}
