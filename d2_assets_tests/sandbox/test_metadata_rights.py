"""Who may import, delete and set up; users that arrive by import."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from d2_assets.sandbox import EMPTY, Sandbox, start_sandbox
from d2_assets.sandbox.accounts import read_password
from d2_assets_tests.sandbox.asking import ask
from d2_assets_tests.sandbox.conftest import NOW, Serve
from d2_assets_tests.sandbox.importing import codes, element, post, stats

PRIVATE = {"owner": "M5zQapPyTZI", "public": "r-------", "users": {}, "userGroups": {}}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with start_sandbox("2.40", tmp_path / "fresh.db", content=EMPTY, clock=lambda: NOW) as fresh:
        yield fresh


def test_without_the_right_nothing_is_imported(sandbox: Sandbox) -> None:
    answer = post(sandbox, {"dataElements": [element(1)]}, username="viewer")
    assert answer.status_code == 403
    assert sandbox.store.metadata("dataElements") == []


def test_sharing_binds_an_account_that_is_no_superuser(sandbox: Sandbox) -> None:
    post(sandbox, {"dataElements": [element(1, sharing=PRIVATE), element(2)]})
    both = {"dataElements": [element(1), element(2)]}
    answer = post(sandbox, both, username="sync", atomicMode="NONE")
    assert (codes(answer), stats(answer)["updated"]) == (["E3001"], 1)
    answer = post(sandbox, both, username="sync", atomicMode="NONE", importStrategy="DELETE")
    assert (codes(answer), stats(answer)["deleted"]) == (["E3002"], 1)


def test_an_owner_may_write_what_is_not_shared(sandbox: Sandbox) -> None:
    own = next(u["id"] for u in sandbox.store.metadata("users") if u["username"] == "sync")
    post(sandbox, {"dataElements": [element(1, sharing=PRIVATE | {"owner": own})]})
    assert post(sandbox, {"dataElements": [element(1)]}, username="sync").status_code == 200


def test_a_user_logs_in_with_the_password_that_was_sent_and_it_is_never_shown(
    sandbox: Sandbox,
) -> None:
    role = sandbox.store.metadata("userRoles")[0]["id"]
    people = [
        {"id": "ImportedUs1", "firstName": "Ann", "surname": "Bay", "username": "anna",
         "password": "Secret-1", "userRoles": [{"id": role}]},
        {"id": "ImportedUs2", "firstName": "Ann", "surname": "Bay", "username": "bert",
         "userRoles": [{"id": role}]},
        {"id": "ImportedUs3", "firstName": "Ann", "surname": "Bay", "username": "carl",
         "password": "Secret-3", "disabled": True, "userRoles": [{"id": role}]},
    ]  # fmt: skip
    assert post(sandbox, {"users": people}).status_code == 200
    assert _log_in(sandbox, "anna", "Secret-1") == 200
    assert _log_in(sandbox, "anna", read_password()) == 401
    assert _log_in(sandbox, "bert", read_password()) == 401
    assert _log_in(sandbox, "carl", "Secret-3") == 401
    assert "Secret-1" not in ask(sandbox, "/api/users/ImportedUs1").text


def test_credentials_of_older_bodies_are_understood(sandbox: Sandbox) -> None:
    credentials = {"username": "dora", "password": "Secret-4", "userRoles": []}
    user = {
        "id": "ImportedUs4",
        "firstName": "Dora",
        "surname": "Oz",
        "userCredentials": credentials,
    }
    assert post(sandbox, {"users": [user]}).status_code == 200
    assert _log_in(sandbox, "dora", "Secret-4") == 200


def _log_in(sandbox: Sandbox, username: str, password: str) -> int:
    account = (username, password)
    return requests.get(f"{sandbox.url}/api/me", auth=account, timeout=30).status_code


def test_what_is_needed_is_not_deleted(serve: Serve) -> None:
    sandbox = serve("2.42")
    uid = sandbox.store.data_values()[0].data_element
    body = sandbox.store.get_object("dataElements", uid) or {}
    combo = next(c for c in sandbox.store.metadata("categoryCombos") if c["code"] == "AGE_SEX")
    used = {"categoryCombos": [{"id": combo["id"]}], "dataElements": [{"id": uid}]}
    answer = post(sandbox, used, importStrategy="DELETE")
    assert (answer.status_code, codes(answer)) == (409, ["E4030", "E4030"])
    assert sandbox.store.get_object("dataElements", uid) == body


def test_lists_forget_what_is_deleted(sandbox: Sandbox) -> None:
    members = [{"id": "ImportedE01"}, {"id": "ImportedE02"}]
    group = {"id": "ImportedGrp", "name": "G", "shortName": "G", "dataElements": members}
    post(sandbox, {"dataElementGroups": [group], "dataElements": [element(1), element(2)]})
    answer = post(sandbox, {"dataElements": [{"id": "ImportedE01"}]}, importStrategy="DELETE")
    assert stats(answer) == {"deleted": 1, "total": 1}
    stored = sandbox.store.get_object("dataElementGroups", "ImportedGrp") or {}
    assert stored["dataElements"] == [{"id": "ImportedE02"}]


def test_an_option_set_goes_with_its_options(sandbox: Sandbox) -> None:
    option = {"id": "ImportedOp1", "name": "O", "code": "O", "optionSet": {"id": "ImportedOSt"}}
    option_set = {"id": "ImportedOSt", "name": "S", "valueType": "TEXT"}
    post(sandbox, {"optionSets": [option_set], "options": [option]})
    post(sandbox, {"optionSets": [{"id": "ImportedOSt"}]}, importStrategy="DELETE")
    assert sandbox.store.metadata("options") == []


def test_settings_are_stored_by_who_may(sandbox: Sandbox) -> None:
    def store(username: str, path: str, **more: object) -> int:
        url, account = f"{sandbox.url}/api/systemSettings{path}", (username, read_password())
        return requests.post(url, auth=account, timeout=30, **more).status_code  # type: ignore[arg-type]

    assert store("viewer", "", json={"applicationTitle": "Nobody's"}) == 403
    assert (
        store("sync", "", json={"applicationTitle": "Ours", "keyCacheStrategy": "NO_CACHE"}) == 200
    )
    assert store("sync", "/keyHideDailyPeriods", params={"value": "true"}) == 200
    settings = ask(sandbox, "/api/systemSettings").json()
    assert (settings["applicationTitle"], settings["keyHideDailyPeriods"]) == ("Ours", True)
