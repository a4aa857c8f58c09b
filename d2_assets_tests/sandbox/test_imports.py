"""Both importers: what they refuse, what they take, what they say."""

import gzip
import json

import requests

from d2_assets.sandbox import Sandbox
from d2_assets.sandbox.accounts import read_password
from d2_assets_tests.sandbox.asking import ask, find_element, find_form, find_root, send
from d2_assets_tests.sandbox.conftest import Serve


def test_half_of_the_rows_are_refused_and_the_others_land_up_to_2_42(serve: Serve) -> None:
    sandbox = serve("2.40", with_data=False)
    form = find_form(sandbox)
    rows = [form.row("x" if n % 2 else "7", orgUnit=form.units[n]) for n in range(10)]
    answer = send(sandbox, form, rows)
    report = answer.json()["response"]
    assert answer.status_code == 409
    assert report["importCount"] == {"imported": 5, "updated": 0, "ignored": 5, "deleted": 0}
    assert [conflict["indexes"] for conflict in report["conflicts"]] == [[1, 3, 5, 7, 9]]
    assert report["rejectedIndexes"] == [1, 3, 5, 7, 9]
    assert len(sandbox.store.data_values()) == 5


def test_one_bad_value_in_ten_thousand_refuses_its_row_alone_on_2_43(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    form = find_form(sandbox)
    periods = [f"{year}{month:02d}" for year in range(1960, 2026) for month in range(1, 13)]
    _open_for_ever(sandbox)
    rows = [
        form.row(period=period, orgUnit=unit) for period in periods for unit in form.units[:13]
    ][:10_000]
    rows[1234]["value"] = "-1"
    answer = send(sandbox, form, rows)
    report = answer.json()["response"]
    assert (answer.status_code, report["status"]) == (200, "WARNING")
    assert report["importCount"] == {"imported": 0, "updated": 9_999, "ignored": 1, "deleted": 0}
    assert report["rejectedIndexes"] == [1234]
    assert len(sandbox.store.data_values()) == 9_999


def _open_for_ever(sandbox: Sandbox) -> None:
    units = sandbox.store.metadata("organisationUnits")
    opened = {"openingDate": "1900-01-01T00:00:00.000"}
    sandbox.store.put_metadata("organisationUnits", [unit | opened for unit in units])


def test_one_bad_key_refuses_the_whole_group_on_2_43(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    form = find_form(sandbox)
    rows = [form.row(), form.row(orgUnit=find_root(sandbox))]
    answer = send(sandbox, form, rows)
    report = answer.json()["response"]
    assert (answer.status_code, report["status"]) == (409, "ERROR")
    assert set(report["importCount"].values()) == {0}
    assert report["conflicts"][0]["errorCode"] == "E8022"
    assert report["rejectedIndexes"] == [0, 1]
    assert sandbox.store.data_values() == []


def test_only_the_group_with_the_bad_key_is_refused_on_2_43(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    form = find_form(sandbox)
    weekly = form.row(dataElement=find_element(sandbox, "CHOLERA"), period="202610")
    body = {"dataValues": [form.row(), weekly]}
    for atomic, stored in (("true", 0), ("false", 1)):
        answer = requests.post(
            f"{sandbox.url}/api/dataValueSets?atomic={atomic}",
            json=body,
            auth=("admin", read_password()),
            timeout=30,
        )
        assert answer.json()["response"]["conflicts"][0]["errorCode"] == "E8021"
        assert len(sandbox.store.data_values()) == stored


def test_an_element_of_two_data_sets_needs_the_envelope_on_2_43(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    form = find_form(sandbox)
    own = sandbox.store.get_object("dataSets", form.data_set) or {}
    sandbox.store.put_metadata("dataSets", [{**own, "id": "aTwinOfForm"}])
    body = {"dataValues": [form.row()]}
    auth = ("admin", read_password())
    answer = requests.post(f"{sandbox.url}/api/dataValueSets", json=body, auth=auth, timeout=30)
    conflict = answer.json()["response"]["conflicts"][0]
    assert (conflict["errorCode"], conflict["indexes"]) == ("E8003", [-1])
    assert send(sandbox, form, [form.row()]).status_code == 200


def test_a_period_before_the_unit_opened_is_refused_by_2_43_only(serve: Serve) -> None:
    for version, stored in (("2.40", 1), ("2.43", 0)):
        sandbox = serve(version, with_data=False)
        form = find_form(sandbox)
        answer = send(sandbox, form, [form.row(period="195001")])
        assert len(sandbox.store.data_values()) == stored
        if not stored:
            assert answer.json()["response"]["conflicts"][0]["errorCode"] == "E8031"


def test_a_unit_outside_the_account_s_hierarchy_is_refused(serve: Serve) -> None:
    for version, code in (("2.40", "E7617"), ("2.43", "E8011")):
        sandbox = serve(version, with_data=False)
        form = find_form(sandbox)
        own, other = form.units[0], form.units[1]
        assert send(sandbox, form, [form.row(orgUnit=own)], username="clerk").status_code == 200
        answer = send(sandbox, form, [form.row(orgUnit=other)], username="clerk")
        assert answer.json()["response"]["conflicts"][0]["errorCode"] == code
        assert [row.org_unit for row in sandbox.store.data_values()] == [own]


def test_an_account_without_data_write_right_lands_nothing(serve: Serve) -> None:
    for version, code in (("2.40", "E7601"), ("2.43", "E8010")):
        sandbox = serve(version, with_data=False)
        form = find_form(sandbox)
        answer = send(sandbox, form, [form.row()], username="viewer")
        report = answer.json()["response"]
        assert (answer.status_code, report["status"]) == (409, "ERROR")
        assert report["conflicts"][0]["errorCode"] == code
        assert sandbox.store.data_values() == []


def test_booleans_of_all_spellings_are_stored_as_true_and_false(serve: Serve) -> None:
    for version in ("2.40", "2.43"):
        sandbox = serve(version, with_data=False)
        form = find_form(sandbox)
        water = find_element(sandbox, "WATER")
        spelt = ("TRUE", "1", "f", "False")
        rows = [
            form.row(value, dataElement=water, orgUnit=form.units[n])
            for n, value in enumerate(spelt)
        ]
        send(sandbox, form, rows)
        stored = {row.org_unit: row.value for row in sandbox.store.data_values()}
        assert [stored[unit] for unit in form.units[:4]] == ["true", "true", "false", "false"]


def test_a_number_that_is_no_json_string_is_taken_by_2_40_and_breaks_2_43(serve: Serve) -> None:
    for version, status in (("2.40", 200), ("2.43", 500)):
        sandbox = serve(version, with_data=False)
        form = find_form(sandbox)
        assert send(sandbox, form, [form.row(7)]).status_code == status
        assert len(sandbox.store.data_values()) == (status == 200)


def test_a_period_that_cannot_be_read_is_a_conflict_on_2_40_and_breaks_2_43(serve: Serve) -> None:
    for version, status in (("2.40", 409), ("2.43", 500)):
        sandbox = serve(version, with_data=False)
        form = find_form(sandbox)
        answer = send(sandbox, form, [form.row(period="2026M77")])
        assert answer.status_code == status
        assert sandbox.store.data_values() == []


def test_followup_is_read_under_the_name_of_the_version(serve: Serve) -> None:
    for version, name in (("2.40", "followup"), ("2.43", "followUp")):
        sandbox = serve(version, with_data=False)
        form = find_form(sandbox)
        send(sandbox, form, [form.row(**{name: True})])
        assert sandbox.store.data_values()[0].followup
        other = "followUp" if name == "followup" else "followup"
        send(sandbox, form, [form.row(**{other: True})])
        assert not sandbox.store.data_values()[0].followup


def test_deleting_keeps_the_row_and_marks_it(serve: Serve) -> None:
    for version in ("2.40", "2.43"):
        sandbox = serve(version, with_data=False)
        form = find_form(sandbox)
        send(sandbox, form, [form.row()])
        send(sandbox, form, [form.row(deleted=True)])
        assert [row.deleted for row in sandbox.store.data_values()] == [True]
        read = {"dataSet": form.data_set, "orgUnit": form.units[0], "period": "202610"}
        assert ask(sandbox, "/api/dataValueSets", **read).json()["dataValues"] == []
        shown = ask(sandbox, "/api/dataValueSets", includeDeleted="true", **read).json()
        assert [row["deleted"] for row in shown["dataValues"]] == [True]


def test_strategies_hold_up_to_2_42_and_are_ignored_by_2_43(serve: Serve) -> None:
    for version, kept in (("2.40", "7"), ("2.43", "9")):
        sandbox = serve(version, with_data=False)
        form = find_form(sandbox)
        send(sandbox, form, [form.row()], importStrategy="UPDATE")
        assert len(sandbox.store.data_values()) == (version == "2.43")
        send(sandbox, form, [form.row()])
        send(sandbox, form, [form.row("9")], importStrategy="CREATE")
        assert [row.value for row in sandbox.store.data_values()] == [kept]


def test_payload_stamps_are_kept_up_to_2_40(serve: Serve) -> None:
    stamps = {"lastUpdated": "2020-01-01T00:00:00.000+0000", "storedBy": "someone"}
    for version, kept in (("2.40", True), ("2.43", False)):
        sandbox = serve(version, with_data=False)
        form = find_form(sandbox)
        send(sandbox, form, [form.row(**stamps)])
        row = sandbox.store.data_values()[0]
        assert (row.stored_by == "someone") is kept
        assert (row.last_updated == 1_577_836_800_000) is kept


def test_a_packed_body_and_a_dry_run_are_understood(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    form = find_form(sandbox)
    body = gzip.compress(
        json.dumps({"dataSet": form.data_set, "dataValues": [form.row()]}).encode()
    )
    for dry_run, stored in (("true", 0), ("false", 1)):
        answer = requests.post(
            f"{sandbox.url}/api/dataValueSets?dryRun={dry_run}",
            data=body,
            headers={"Content-Encoding": "gzip"},
            auth=("admin", read_password()),
            timeout=30,
        )
        assert answer.json()["response"]["importCount"]["updated"] == 1
        assert len(sandbox.store.data_values()) == stored
