"""Servers that show what they were sent: no error, report or log line of ours repeats it."""

import base64
import json
import logging
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from d2_assets.dhis2.reports import read_import_report
from d2_assets.errors import ConfigurationError, ContractError, D2AssetsError
from d2_assets.http.auth import BasicAuth, TokenAuth
from d2_assets.http.session import HttpSession
from d2_assets_tests.http.server import Reply, ScriptedServer, run_server

PASSWORD = "s3cret/ü?&%\"'"
TOKEN = "d2pat_Unmistakable" + "A" * 26 + "1234567890"
BASIC = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
HTML = {"Content-Type": "text/html"}
TEXT = {"Content-Type": "text/plain"}

#: What must stand nowhere, whoever quotes it: pieces that no spelling changes.
TELLING = ("s3cret", BASIC[:12], "Unmistakable", "other-secret")


def _ask(session: HttpSession, method: str) -> Any:
    if method == "GET":
        return session.get_json("api/me", {"fields": "id"})
    return read_import_report(session.post_json("api/me", None, b"{}"), "a chunk")


def _json(message: str) -> bytes:
    return json.dumps({"message": message, "errorCode": message}).encode()


REPLIES = {
    "401": Reply(_json(f"{PASSWORD} and {TOKEN} were wrong"), 401),
    "403": Reply(_json(PASSWORD), 403),
    "404": Reply(_json(TOKEN), 404),
    "400 with the token": Reply(_json(f"Token {TOKEN} is malformed"), 400),
    "409 with the header": Reply(_json(f"Authorization: Basic {BASIC}"), 409),
    "409 with a part": Reply(_json(f"Basic {BASIC[:20]}… was s3cret/ü…"), 409),
    "500 with JSON in JSON": Reply(_json(json.dumps({"Authorization": f"Basic {BASIC}"})), 500),
    "an HTML page": Reply(f"<title>{PASSWORD} {TOKEN} {BASIC}</title>".encode(), 200, HTML),
    "a page of a proxy": Reply(f"<h1>Basic {BASIC}</h1>".encode(), 503, HTML),
    "a page in Latin-1": Reply(f"<h1>{PASSWORD}</h1>".encode("latin-1"), 502, HTML),
    "a text": Reply(f"authorization={BASIC}&token={TOKEN}".encode(), 200, TEXT),
    "a text that is cut": Reply(("x" * 190 + PASSWORD).encode(), 400, TEXT),
    "JSON that is none": Reply(f'{{"header": "{BASIC}", {PASSWORD}'.encode()),
    "a redirect": Reply(b"", 302, {"Location": f"https://admin:{quote(PASSWORD)}@x.example.org/"}),
    "a redirect with a token": Reply(b"", 307, {"Location": f"https://x.example.org/?t={TOKEN}"}),
    "a redirect with a query": Reply(b"", 308, {"Location": "https://x.org/?token=other-secret"}),
}


def _tell(error: BaseException) -> str:
    return f"{error!r} {error} {error.args} {vars(error)} {''.join(_format(error))}"


def _format(error: BaseException) -> list[str]:
    return traceback.format_exception(type(error), error, error.__traceback__)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
@pytest.mark.parametrize("auth", [BasicAuth("admin", PASSWORD), TokenAuth(TOKEN)], ids=type)
def test_no_error_and_no_log_shows_a_secret(
    server: ScriptedServer,
    pauses: list[float],
    caplog: pytest.LogCaptureFixture,
    reply: Reply,
    method: str,
    auth: BasicAuth | TokenAuth,
) -> None:
    caplog.set_level(logging.DEBUG)
    others = [PASSWORD, TOKEN, BASIC, "other-secret"]
    session = HttpSession(server.url, auth, sleep=pauses.append, secrets=others)
    server.will_answer(reply)
    with pytest.raises(D2AssetsError) as caught:
        _ask(session, method)
    session.close()
    told = _tell(caught.value) + caplog.text
    assert not [secret for secret in TELLING if secret in told]


def test_a_report_that_quotes_a_secret_stays_a_report(
    server: ScriptedServer, session: HttpSession
) -> None:
    body = {
        "response": {
            "status": "WARNING",
            "importCount": {"imported": 7, "updated": 0, "ignored": 1, "deleted": 0},
            "conflicts": [{"value": 'Value "district-secret" is wrong', "indexes": [3]}],
            "rejectedIndexes": [3],
        }
    }
    server.will_answer(Reply(json.dumps(body).encode(), 409))
    report = read_import_report(session.post_json("api/x", None, b"{}"), "a chunk")
    assert report.count.imported == 7
    assert report.rejected_indexes == {3}
    assert report.conflicts[0].message == 'Value "[hidden]" is wrong'


def test_a_report_without_secrets_is_given_byte_by_byte(
    server: ScriptedServer, session: HttpSession
) -> None:
    body = b'{"status" : "OK", "number": 1.10, "words": "d\\u00fc"}'
    server.will_answer(Reply(body, 200))
    assert session.post_json("api/x", None, b"{}").content == body


def test_data_that_are_read_keep_what_looks_like_the_password(
    server: ScriptedServer, session: HttpSession
) -> None:
    server.will_answer(Reply(b'{"name": "district-secret"}'))
    assert session.get_json("api/x") == {"name": "district-secret"}


def test_the_password_of_a_proxy_is_hidden(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedServer, pauses: list[float]
) -> None:
    proxy = server.url.replace("http://", "http://us3r:proxy%2Fsecret@")
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    session = HttpSession("http://dhis2.example.org", TokenAuth(TOKEN), sleep=pauses.append)
    server.will_answer(Reply(_json("proxy/secret was wrong"), 400))
    with pytest.raises(D2AssetsError) as caught:
        session.get_json("api/me")
    assert "proxy/secret" not in _tell(caught.value)
    assert "[hidden] was wrong" in caught.value.message


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_credentials_never_follow_a_redirect(
    server: ScriptedServer, session: HttpSession, status: int, host: str
) -> None:
    with run_server() as other:
        address = other.url.replace("127.0.0.1", host)
        headers = {"Location": f"{address}/api/me", "Set-Cookie": "JSESSIONID=x; Path=/"}
        server.will_answer(Reply(b"{}", status, headers))
        asks: tuple[Callable[[str], Any], ...] = (
            session.get_json,
            lambda path: session.post_json(path, None, b"{}"),
        )
        for ask in asks:
            with pytest.raises(ConfigurationError, match=address):
                ask("api/me")
        assert other.asked == []
        assert len(server.asked) == 2


def test_a_download_follows_no_redirect(
    server: ScriptedServer, session: HttpSession, tmp_path: Any
) -> None:
    with run_server() as other:
        server.will_answer(Reply(b"{}", 307, {"Location": f"{other.url}/api/me"}))
        with pytest.raises(ConfigurationError, match=other.url):
            session.download("api/x", None, tmp_path / "answer.json")
        assert other.asked == []
        assert list(tmp_path.iterdir()) == []


def test_an_answer_that_is_no_json_shows_none_of_it(
    server: ScriptedServer, session: HttpSession
) -> None:
    server.will_answer(Reply(b'{"a": district-secret}'))
    with pytest.raises(ContractError) as caught:
        session.get_json("api/me")
    assert "district-secret" not in _tell(caught.value)
