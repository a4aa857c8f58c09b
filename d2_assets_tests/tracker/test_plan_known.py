"""What a plan knows beside the two sides: merging, what servers insist on, runs cut short."""

from pathlib import Path
from typing import Any

import pytest

from d2_assets.staging import database
from d2_assets.tracker.objects import Kind
from d2_assets.tracker.shape import decode_body
from d2_assets_tests.tracker.fake_metadata import NAME, WEIGHT
from d2_assets_tests.tracker.planning import (
    EN,
    MONTH,
    RE,
    TE,
    X,
    plan_between,
    push_perfectly,
    put_child,
    serve,
)


def test_merging_an_object_that_lacks_values_changes_nothing() -> None:
    theirs, ours = serve()
    theirs.put_event(X)
    ours.put_event(X, dataValues=[{"dataElement": WEIGHT, "value": "3"}])

    with plan_between(theirs, ours, merge=True) as planned:
        assert planned.action(X) == "unchanged"
    with plan_between(theirs, ours) as planned:
        assert planned.action(X) == "update"


def test_merging_an_object_with_another_value_is_an_update() -> None:
    theirs, ours = serve()
    theirs.put_event(X, dataValues=[{"dataElement": WEIGHT, "value": "4"}])
    ours.put_event(X, dataValues=[{"dataElement": WEIGHT, "value": "3"}])

    with plan_between(theirs, ours, merge=True) as planned:
        assert planned.action(X) == "update"


def test_what_the_server_was_seen_to_insist_on_is_told_and_not_sent_again() -> None:
    theirs, ours = serve()
    theirs.put_event(X, completedAt="2025-11-04T10:00:00.000")
    ours.put_event(X, completedAt="2025-11-05T00:00:00.000")

    with plan_between(theirs, ours) as planned:
        assert planned.action(X) == "update"
    with plan_between(theirs, ours, insists=[X]) as planned:
        assert planned.action(X) == "unchanged"
        assert planned.database.rows("SELECT month, kind, id, member, wanted, found FROM kept") == [
            (
                MONTH,
                "event",
                X,
                "completedAt",
                "2025-11-04T10:00:00.000",
                "2025-11-05T00:00:00.000",
            )
        ]


def test_a_value_is_never_taken_for_what_the_server_insists_on() -> None:
    theirs, ours = serve()
    theirs.put_event(X, status="COMPLETED")
    ours.put_event(X)

    with plan_between(theirs, ours, insists=[X]) as planned:
        assert planned.action(X) == "update"


def test_what_a_run_that_was_cut_short_was_refused_is_not_sent_again() -> None:
    theirs, ours = serve()
    put_child(theirs)

    with plan_between(
        theirs, ours, is_registration=True, journal={TE: ("quarantined", "E1064")}
    ) as planned:
        row = planned.row(TE)
        assert (row["action"], row["verdict"], row["attempts"]) == ("quarantined", "E1064", 1)
        assert row["reason"] == "Words of the server."
        assert planned.row(EN)["verdict"] == "parent_quarantined"


def test_what_a_run_that_was_cut_short_wrote_and_is_not_there_is_lost() -> None:
    theirs, ours = serve()
    theirs.put_event(X)

    with plan_between(theirs, ours, journal={X: ("taken", "")}) as planned:
        row = planned.row(X)

    assert (row["action"], row["verdict"]) == ("quarantined", "lost_by_server")


def test_what_a_run_that_was_cut_short_wrote_and_is_there_is_unchanged() -> None:
    theirs, ours = serve()
    theirs.put_event(X)
    ours.put_event(X)

    with plan_between(theirs, ours, journal={X: ("taken", "")}) as planned:
        assert planned.action(X) == "unchanged"


def test_what_the_server_made_of_what_a_run_wrote_before_it_was_cut_short_is_told() -> None:
    theirs, ours = serve()
    theirs.put_event(X, completedAt="2025-11-04T10:00:00.000")
    ours.put_event(X, completedAt="2025-11-05T00:00:00.000")

    with plan_between(theirs, ours, journal={X: ("taken", "")}) as planned:
        assert planned.action(X) == "unchanged"
        assert planned.database.value("SELECT count(*) FROM kept") == 1


def test_members_that_the_sources_version_never_had_are_no_difference() -> None:
    theirs, ours = serve()
    theirs.version, ours.version = "2.40.9", "2.43.1"
    put_child(theirs)
    put_child(ours)
    ours.put(Kind.ENROLLMENT, EN, attributeOptionCombo="HllvX50cXC0")

    with plan_between(theirs, ours, is_registration=True) as planned:
        assert planned.action(EN) == "unchanged"


def test_values_stay_text() -> None:
    theirs, ours = serve()
    value = "0.10000000000000000000001"
    theirs.put_event(X, dataValues=[{"dataElement": WEIGHT, "value": value}])

    with plan_between(theirs, ours) as planned:
        body = decode_body(planned.row(X)["body"])

    assert body["dataValues"] == [{"dataElement": WEIGHT, "value": value}]


def test_after_a_perfect_push_everything_is_unchanged() -> None:
    theirs, ours = serve()
    put_child(theirs)
    theirs.put_entity("teMother001", name="Berta")
    theirs.put_relationship(RE, (Kind.TRACKED_ENTITY, TE), (Kind.TRACKED_ENTITY, "teMother001"))
    ours.put_entity(TE, attributes=[{"attribute": NAME, "value": "Hanna"}])

    with plan_between(theirs, ours, is_registration=True) as planned:
        push_perfectly(planned, ours)
    with plan_between(theirs, ours, is_registration=True) as planned:
        assert set(planned.actions.values()) == {"unchanged"}


def test_two_plans_of_the_same_servers_are_the_same() -> None:
    theirs, ours = serve()
    put_child(theirs, "4")
    put_child(ours, "3")

    rows: list[Any] = []
    for _ in range(2):
        with plan_between(theirs, ours, is_registration=True) as planned:
            rows.append(planned.rows)

    assert rows[0] == rows[1]


def test_a_plan_that_is_made_in_parts_is_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    theirs, ours = serve()
    put_child(theirs, "4")
    put_child(ours, "3")
    for number in range(6):
        uid = f"tePerson01{number}"
        theirs.put_entity(uid)
        theirs.put_enrollment(f"enChild001{number}", uid)
        theirs.put_relationship(
            f"reMother01{number}", (Kind.TRACKED_ENTITY, TE), (Kind.TRACKED_ENTITY, uid)
        )
    theirs.put_entity("tePerson010", attributes=[{"attribute": "atUnknown01", "value": "1"}])
    theirs.delete(Kind.TRACKED_ENTITY, "tePerson011")
    ours.put_entity("tePerson011")
    ours.put_entity("teLone00001")
    options: dict[str, Any] = {"is_registration": True, "mirror": True, "is_two_way": True}

    rows: list[Any] = []
    for size in (40_000, 1):
        monkeypatch.setattr(database, "_ROWS_A_PART", size)
        agreed = tmp_path / f"{size}.parquet"
        with plan_between(theirs, ours, agreed=agreed, **options) as planned:
            planned.agree(("national", "training"))
        with plan_between(theirs, ours, agreed=agreed, **options) as planned:
            rows.append((planned.rows, planned.plan))

    assert rows[0] == rows[1]
    assert len({row["action"] for row in rows[0][0]}) >= 4
