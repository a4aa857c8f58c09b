"""A server that stands elsewhere than in UTC: its stamps, and how it reads times it is asked."""

from datetime import timedelta
from pathlib import Path

import pytest

from d2_assets.sandbox import ContentSpec, Sandbox, start_sandbox
from d2_assets_tests.sandbox.asking import ask, find_root
from d2_assets_tests.sandbox.conftest import NOW, Serve

ALL = ("2.38", "2.40", "2.42", "2.43")
#: Five hours behind UTC, three ahead of it.
WEST, EAST = "America/Bogota", "Africa/Nairobi"
MINUTE = timedelta(minutes=1)


def _edit(sandbox: Sandbox) -> str:
    """A value is entered now; gives a data set that holds it."""
    store = sandbox.store
    value = next(one for one in store.data_values() if one.period == "202610")
    store.edit_value(value.key, "77")
    return next(
        body["id"]
        for body in store.metadata("dataSets")
        for link in body.get("dataSetElements", ())
        if link["dataElement"]["id"] == value.data_element
    )


def _count_since(sandbox: Sandbox, data_set: str, since: str) -> int:
    """How often the entered value is among what changed since."""
    root = find_root(sandbox)
    asked = {"dataSet": data_set, "orgUnit": root, "children": "true", "lastUpdated": since}
    dates = {"startDate": "2020-01-01", "endDate": "2030-12-31"}
    rows = ask(sandbox, "/api/dataValueSets", **asked, **dates).json()["dataValues"]
    return sum(row["value"] == "77" for row in rows)


@pytest.mark.parametrize("version", ALL)
def test_stamps_without_an_offset_are_of_the_server_s_zone(version: str, serve: Serve) -> None:
    sandbox = serve(version)
    sandbox.set_time_zone(WEST)
    info = ask(sandbox, "/api/system/info").json()
    assert (info["serverDate"], info["serverTimeZoneId"]) == ("2026-11-15T07:00:00.000", WEST)
    data_set = _edit(sandbox)
    root = find_root(sandbox)
    asked = {"dataSet": data_set, "orgUnit": root, "children": "true", "period": "202610"}
    rows = ask(sandbox, "/api/dataValueSets", **asked).json()["dataValues"]
    assert "2026-11-15T12:00:00.000+0000" in {row["lastUpdated"] for row in rows}


@pytest.mark.parametrize("version", ALL)
def test_up_to_2_42_the_time_asked_for_is_put_into_utc_and_compared_with_local_ones(
    version: str, serve: Serve
) -> None:
    """A row of 07:00 in Bogota: 07:00 is taken for 12:00 there, and the row is missed."""
    sandbox = serve(version)
    sandbox.set_time_zone(WEST)
    data_set = _edit(sandbox)
    found = [
        _count_since(sandbox, data_set, since)
        for since in ("2026-11-15T07:00:00.000", "2026-11-15T02:00:00.000")
    ]
    assert found == ([1, 1] if version == "2.43" else [0, 1])


@pytest.mark.parametrize("version", ALL)
def test_east_of_utc_older_rows_come_along(version: str, serve: Serve) -> None:
    """A row of 15:00 in Nairobi: 17:00 is taken for 14:00 there."""
    sandbox = serve(version)
    sandbox.set_time_zone(EAST)
    data_set = _edit(sandbox)
    found = _count_since(sandbox, data_set, "2026-11-15T17:00:00.000")
    assert found == (0 if version == "2.43" else 1)


@pytest.mark.parametrize("version", ALL)
def test_up_to_2_40_tracked_entities_are_asked_for_by_days(version: str, tmp_path: Path) -> None:
    content, path = ContentSpec(values=1, entities=5), tmp_path / "tracked.db"
    with start_sandbox(version, path, content=content, clock=lambda: NOW) as sandbox:
        entity = sandbox.store.tracker.objects("trackedEntity", include_deleted=False)[0]
        sandbox.store.tracker.change("trackedEntity", entity.uid)
        mode = "ouMode" if version < "2.41" else "orgUnitMode"
        asked = {"trackedEntityType": entity.type, mode: "ACCESSIBLE", "fields": "trackedEntity"}
        found = {
            moment: len(_list(sandbox, asked | {"updatedAfter": f"2026-11-15T{moment}"}))
            for moment in ("11:59:00", "12:01:00")
        }
    assert found["11:59:00"] >= 1
    assert (found["12:01:00"] >= 1) is (version < "2.41")


def _list(sandbox: Sandbox, asked: dict[str, str]) -> list[dict[str, str]]:
    body = ask(sandbox, "/api/tracker/trackedEntities", **asked).json()
    return body.get("instances", body.get("trackedEntities"))


@pytest.mark.parametrize("version", ALL)
def test_a_login_stamps_the_user(version: str, serve: Serve) -> None:
    sandbox = serve(version)
    asked = {"fields": "username,lastLogin,lastUpdated", "paging": "false"}
    ask(sandbox, "/api/me")
    sandbox.set_clock(lambda: NOW + MINUTE)
    users = {one["username"]: one for one in ask(sandbox, "/api/users", **asked).json()["users"]}
    stamp = "2026-11-15T12:01:00.000"
    assert (users["admin"]["lastLogin"], users["admin"]["lastUpdated"]) == (stamp, stamp)
    assert users["clerk"]["lastUpdated"] < stamp
