from pathlib import Path
from typing import Any

import pytest

from d2_assets.errors import ContractError
from d2_assets.tracker.objects import Kind
from d2_assets.tracker.two_way import NO_AGREEMENT, Clocks, load_agreed, record_agreed
from d2_assets_tests.tracker.fake_client import FakeClient
from d2_assets_tests.tracker.fake_metadata import MALARIA, WEIGHT, rename
from d2_assets_tests.tracker.planning import plan_between

X = "evMalaria01"
ENDS = ("national", "training")
CLOCKS = Clocks("Africa/Maputo", "Africa/Maputo", 0, 0)


def _serve() -> tuple[FakeClient, FakeClient]:
    theirs, ours = FakeClient("national"), FakeClient("training")
    theirs.put_event(X)
    ours.put_event(X)
    return theirs, ours


def _agree(theirs: FakeClient, ours: FakeClient, path: Path) -> None:
    with plan_between(theirs, ours, is_two_way=True, agreed=path) as planned:
        assert planned.action(X) == "unchanged"
        planned.agree(ENDS)


def _decide(theirs: FakeClient, ours: FakeClient, path: Path, **options: Any) -> tuple[str, str]:
    with plan_between(theirs, ours, is_two_way=True, agreed=path, **options) as planned:
        row = planned.row(X)
        conflicts = planned.plan.conflicts
    assert bool(conflicts) == row["in_conflict"]
    return row["action"], row["verdict"]


def test_what_changed_at_the_source_alone_is_written(tmp_path: Path) -> None:
    theirs, ours = _serve()
    _agree(theirs, ours, tmp_path / "all.parquet")
    theirs.put_event(X, status="COMPLETED")

    assert _decide(theirs, ours, tmp_path / "all.parquet") == ("update", None)


def test_what_changed_at_the_destination_alone_stays_there(tmp_path: Path) -> None:
    theirs, ours = _serve()
    _agree(theirs, ours, tmp_path / "all.parquet")
    ours.put_event(X, status="COMPLETED")

    assert _decide(theirs, ours, tmp_path / "all.parquet") == ("destination_newer", None)


def test_the_other_direction_goes_by_the_same_file(tmp_path: Path) -> None:
    theirs, ours = _serve()
    _agree(theirs, ours, tmp_path / "all.parquet")
    ours.put_event(X, status="COMPLETED")

    assert _decide(ours, theirs, tmp_path / "all.parquet") == ("update", None)


def test_the_other_direction_agrees_though_metadata_have_other_uids(tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    theirs, ours = _serve()
    rename(ours, WEIGHT, "deWeightB01")
    rename(ours, MALARIA, "prMalariaB1")
    theirs.codes[MALARIA] = ours.codes["prMalariaB1"] = "MAL"
    theirs.put_event(X, dataValues=[{"dataElement": WEIGHT, "value": "3"}])
    ours.put_event(
        X, program="prMalariaB1", dataValues=[{"dataElement": "deWeightB01", "value": "3"}]
    )
    _agree(theirs, ours, path)
    ours.put(Kind.EVENT, X, status="COMPLETED")

    assert _decide(ours, theirs, path) == ("update", None)
    assert _decide(theirs, ours, path) == ("destination_newer", None)


def test_without_an_agreement_both_count_as_changed(tmp_path: Path) -> None:
    theirs, ours = _serve()
    ours.put_event(X, status="COMPLETED")

    assert _decide(theirs, ours, tmp_path / "all.parquet") == (
        "quarantined",
        "changed_on_both_sides",
    )


@pytest.mark.parametrize(
    ("options", "action"),
    [
        ({"conflict_rule": "quarantine"}, "quarantined"),
        ({"conflict_rule": "priority", "source_has_priority": True}, "update"),
        ({"conflict_rule": "priority"}, "destination_newer"),
        ({"conflict_rule": "newest", "clocks": CLOCKS}, "update"),
        ({"conflict_rule": "newest"}, "quarantined"),
    ],
)
def test_what_changed_at_both_goes_by_the_rule(
    tmp_path: Path, options: dict[str, Any], action: str
) -> None:
    theirs, ours = _serve()
    _agree(theirs, ours, tmp_path / "all.parquet")
    theirs.put_event(X, status="COMPLETED", updatedAt="2025-11-08T10:00:00.000")
    ours.put_event(X, status="SKIPPED", scheduledAt="2025-11-03T00:00:00.000")

    assert _decide(theirs, ours, tmp_path / "all.parquet", **options)[0] == action


def test_the_newer_edit_is_told_by_zones_and_clocks() -> None:
    east = Clocks("Africa/Maputo", "UTC", 0, 0)

    assert east.compare("2025-11-05T10:00:00.000", "2025-11-05T09:00:00.000") == -1
    assert east.compare("2025-11-05T12:00:00.000", "2025-11-05T09:00:00.000") == 1
    assert east.compare("2025-11-05T11:00:00.000", "2025-11-05T09:00:02.000") is None
    assert Clocks("UTC", "UTC", 3_600_000, 0).compare("2025-11-05T10:00", "2025-11-05T09:30") == -1
    assert Clocks("UTC", "UTC", None, 0).compare("2025-11-05T10:00", "2025-11-05T09:30") is None
    assert Clocks("nowhere", "UTC", 0, 0).compare("2025-11-05T10:00", "2025-11-05T09:30") is None


def test_a_deletion_at_the_destination_is_news_that_the_other_direction_carries(
    tmp_path: Path,
) -> None:
    path = tmp_path / "all.parquet"
    theirs, ours = _serve()
    _agree(theirs, ours, path)
    ours.delete(Kind.EVENT, X)

    assert _decide(theirs, ours, path) == ("destination_newer", None)
    assert _decide(ours, theirs, path) == ("delete", None)


def test_an_edit_of_what_was_deleted_at_the_destination_waits(tmp_path: Path) -> None:
    theirs, ours = _serve()
    _agree(theirs, ours, tmp_path / "all.parquet")
    ours.delete(Kind.EVENT, X)
    theirs.put_event(X, status="COMPLETED")

    assert _decide(theirs, ours, tmp_path / "all.parquet") == (
        "quarantined",
        "deleted_at_destination",
    )


def test_what_is_deleted_at_the_source_and_edited_at_the_destination_is_a_conflict(
    tmp_path: Path,
) -> None:
    theirs, ours = _serve()
    _agree(theirs, ours, tmp_path / "all.parquet")
    theirs.delete(Kind.EVENT, X)
    ours.put_event(X, status="COMPLETED")

    assert _decide(theirs, ours, tmp_path / "all.parquet")[1] == "changed_on_both_sides"


def test_what_merging_leaves_different_is_agreed_on(tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    theirs, ours = _serve()
    ours.put_event(X, dataValues=[{"dataElement": WEIGHT, "value": "3"}])
    with plan_between(theirs, ours, is_two_way=True, merge=True, agreed=path) as planned:
        assert planned.action(X) == "unchanged"
        planned.database.execute(
            "CREATE TABLE alike_now AS SELECT p.kind, p.id, p.body, d.body "
            "AS found FROM plan AS p JOIN destination AS d USING (kind, id)"
        )
        record_agreed(planned.database, path, "SELECT * FROM alike_now")
    theirs.put_event(X, status="COMPLETED")

    assert _decide(theirs, ours, path, merge=True) == ("update", None)


def test_mirroring_takes_what_was_shared_and_leaves_what_was_entered_there(
    tmp_path: Path,
) -> None:
    path = tmp_path / "all.parquet"
    theirs, ours = _serve()
    _agree(theirs, ours, path)
    theirs.stored.clear()
    theirs.put_event("evKept00001")
    ours.put_event("evEntered01")

    with plan_between(theirs, ours, is_two_way=True, mirror=True, agreed=path) as planned:
        assert planned.actions == {X: "delete", "evKept00001": "create"}
        assert planned.plan.destination_only == {"202511": {Kind.EVENT: 2}}


def test_a_damaged_file_is_named_when_it_is_read_and_begun_anew_when_it_is_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / "all.parquet"
    theirs, ours = _serve()
    _agree(theirs, ours, path)
    path.write_bytes(b"cut")

    with (
        plan_between(theirs, ours) as planned,
        pytest.raises(ContractError, match="last seen to share"),
    ):
        load_agreed(planned.database, path)
    with plan_between(theirs, ours) as planned:
        warnings: list[str] = []
        query = "SELECT kind, id, body, NULL::BLOB AS found FROM plan"
        record_agreed(planned.database, path, query, NO_AGREEMENT, warnings.append)
        assert "begun anew" in warnings[0]
        load_agreed(planned.database, path)
        assert planned.database.value("SELECT count(*) FROM agreed") == 1


def test_a_file_in_which_nothing_changes_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    theirs, ours = _serve()
    _agree(theirs, ours, path)
    before = path.stat().st_mtime_ns
    _agree(theirs, ours, path)

    assert path.stat().st_mtime_ns == before
