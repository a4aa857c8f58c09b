"""Accounts that change while they are used: units, passwords, tokens."""

from base64 import b64encode

import pytest
import requests

from d2_assets.sandbox import Sandbox
from d2_assets_tests.sandbox.asking import ask, ask_with_token, find_form, find_root, send
from d2_assets_tests.sandbox.conftest import Serve

ALL = ("2.38", "2.40", "2.42", "2.43")


def _log_in(sandbox: Sandbox, username: str, password: str) -> int:
    auth = (username, password)
    return requests.get(f"{sandbox.url}/api/me", auth=auth, timeout=30).status_code


@pytest.mark.parametrize(("version", "code"), [("2.40", "E7617"), ("2.43", "E8011")])
def test_units_of_an_account_change_at_once(version: str, code: str, serve: Serve) -> None:
    sandbox = serve(version, with_data=False)
    form = find_form(sandbox)
    own, other = form.units[0], form.units[1]
    rows = [form.row(orgUnit=other)]
    sandbox.set_org_units("clerk", [find_root(sandbox)])
    assert send(sandbox, form, rows, username="clerk").status_code == 200
    sandbox.set_org_units("clerk", [own])
    answer = send(sandbox, form, rows, username="clerk")
    assert answer.json()["response"]["conflicts"][0]["errorCode"] == code
    me = ask(sandbox, "/api/me", username="clerk", fields="organisationUnits[id]").json()
    assert me["organisationUnits"] == [{"id": own}]


def test_a_password_that_was_changed_is_the_only_one_that_is_taken(serve: Serve) -> None:
    sandbox = serve("2.42")
    sandbox.set_password("clerk", "another")
    assert _log_in(sandbox, "clerk", "district") == 401
    assert _log_in(sandbox, "clerk", "another") == 200
    assert _log_in(sandbox, "admin", "district") == 200
    assert _log_in(sandbox, "admin", "another") == 401


def test_a_changed_password_is_shown_nowhere(serve: Serve) -> None:
    sandbox = serve("2.40")
    sandbox.set_password("clerk", "s3cret-of-clerk")
    for path in ("/api/users?fields=*", "/api/systemSettings", "/api/metadata"):
        assert "s3cret-of-clerk" not in ask(sandbox, path).text


@pytest.mark.parametrize("version", ALL)
def test_a_token_signs_in_until_it_is_revoked(version: str, serve: Serve) -> None:
    sandbox = serve(version)
    token = sandbox.add_token("clerk")
    answer = ask_with_token(sandbox, token)
    assert (answer.status_code, answer.json()["username"]) == (200, "clerk")
    sandbox.revoke_token(token)
    answer = ask_with_token(sandbox, token)
    assert (answer.status_code, answer.json()["status"]) == (401, "ERROR")


def test_the_log_does_not_take_a_token_for_a_name(serve: Serve) -> None:
    sandbox = serve("2.40")
    ask_with_token(sandbox, b64encode(b"admin:of a token").decode())
    assert [record.username for record in sandbox.requests()] == [""]


@pytest.mark.parametrize(
    ("version", "status"), [("2.38", 401), ("2.40", 401), ("2.42", 400), ("2.43", 400)]
)
def test_a_malformed_token_is_told_apart_from_2_42_on(
    version: str, status: int, serve: Serve
) -> None:
    sandbox = serve(version)
    token = sandbox.add_token("clerk")
    wrong_digit = "1" if token[-1] == "0" else "0"
    assert ask_with_token(sandbox, token[:-1] + wrong_digit).status_code == status


def test_an_unknown_account_is_named_with_those_that_are_known(serve: Serve) -> None:
    sandbox = serve("2.40")
    for change in (
        lambda: sandbox.set_org_units("nobody", []),
        lambda: sandbox.set_password("nobody", "x"),
        lambda: sandbox.add_token("nobody"),
    ):
        with pytest.raises(LookupError, match=r"nobody.*admin, clerk, .*viewer"):
            change()


def test_an_account_can_be_changed_over_http(serve: Serve) -> None:
    sandbox = serve("2.43")
    url = f"{sandbox.url}/sandbox/accounts"
    order = {"username": "clerk", "org_units": [], "password": "another"}
    assert requests.post(url, json=order, timeout=10).status_code == 204
    answer = requests.get(f"{sandbox.url}/api/me", auth=("clerk", "another"), timeout=10)
    assert (answer.status_code, answer.json()["organisationUnits"]) == (200, [])
    wrong = requests.post(url, json={"username": "nobody", "password": "x"}, timeout=10)
    assert wrong.status_code == 400
    assert "nobody" in wrong.json()["message"]
    assert requests.post(url, data=b"{", timeout=10).status_code == 400
