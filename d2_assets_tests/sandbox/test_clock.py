"""The server's clock: what it stamps, and that it may be wrong."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from d2_assets.sandbox import ContentSpec, StoredValue, start_sandbox
from d2_assets_tests.sandbox.asking import ask, find_form, send
from d2_assets_tests.sandbox.conftest import NOW, Serve

ALL = ("2.38", "2.40", "2.42", "2.43")
HOURS = timedelta(hours=1)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("off", [3 * HOURS, -3 * HOURS])
def test_all_that_a_server_dates_follows_its_clock(
    version: str, off: timedelta, tmp_path: Path
) -> None:
    there = NOW + off
    content = ContentSpec(values=10)
    path = tmp_path / "off.db"
    with start_sandbox(
        version, path, content=content, with_data=False, clock=lambda: there
    ) as sandbox:
        form = find_form(sandbox)
        send(sandbox, form, [form.row()])
        read = {"dataSet": form.data_set, "orgUnit": form.units[0], "period": "202610"}
        (row,) = ask(sandbox, "/api/dataValueSets", **read).json()["dataValues"]
        info = ask(sandbox, "/api/system/info").json()
    stamp = f"{there:%Y-%m-%dT%H:%M:%S}.000"
    assert info["serverDate"] == stamp
    assert (row["created"], row["lastUpdated"]) == (f"{stamp}+0000", f"{stamp}+0000")


def test_a_clock_can_go_wrong_while_the_server_runs(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    form = find_form(sandbox)
    send(sandbox, form, [form.row()])
    sandbox.set_clock(lambda: NOW - 3 * HOURS)
    assert ask(sandbox, "/api/system/info").json()["serverDate"] == "2026-11-15T09:00:00.000"
    send(sandbox, form, [form.row("8")])
    (row,) = sandbox.store.data_values()
    assert row.last_updated == _milliseconds(NOW - 3 * HOURS)
    assert row.created == _milliseconds(NOW)


@pytest.mark.parametrize(("version", "kept"), [(v, v < "2.41") for v in ALL])
def test_the_payload_s_stamp_is_stored_by_older_servers_only(
    version: str, kept: bool, serve: Serve
) -> None:
    sandbox = serve(version, with_data=False)
    form = find_form(sandbox)
    given = datetime(2020, 1, 1, tzinfo=UTC)
    send(sandbox, form, [form.row(lastUpdated="2020-01-01T01:00:00.000+0100")])
    (row,) = sandbox.store.data_values()
    assert row.last_updated == _milliseconds(given if kept else NOW)


def test_a_value_that_a_user_enters_is_stamped_by_the_server_s_clock(serve: Serve) -> None:
    sandbox = serve("2.40", with_data=False)
    store, form = sandbox.store, find_form(sandbox)
    old = StoredValue(
        form.elements[0], "202610", form.units[0], value="7", comment="seen", followup=True,
        deleted=True, stored_by="importer", created=1000, last_updated=2000,
    )  # fmt: skip
    store.put_data_values([old])
    edited = store.edit_value(old.key, "8", stored_by="clerk")
    assert store.find_value(old.key) == edited
    assert store.data_values() == [edited]
    assert (edited.value, edited.comment, edited.followup) == ("8", "seen", True)
    assert (edited.deleted, edited.stored_by) == (False, "clerk")
    assert (edited.created, edited.last_updated) == (1000, _milliseconds(NOW))


def test_a_user_enters_a_value_where_none_was_and_at_another_time(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    store, form = sandbox.store, find_form(sandbox)
    key = StoredValue(form.elements[0], "202610", form.units[0]).key
    assert store.find_value(key) is None
    earlier = NOW - timedelta(days=40)
    edited = store.edit_value(key, "8", at=earlier)
    assert store.data_values() == [edited] == [store.find_value(key)]
    assert edited.created == edited.last_updated == _milliseconds(earlier)
    read = {"dataSet": form.data_set, "orgUnit": form.units[0], "period": "202610"}
    (row,) = ask(sandbox, "/api/dataValueSets", **read).json()["dataValues"]
    assert (row["value"], row["storedBy"]) == ("8", "admin")
