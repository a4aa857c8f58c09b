"""The session against a real socket: what is repeated, what is not, what is never told."""

import gzip
import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from d2_assets.errors import (
    ConfigurationError,
    ContractError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from d2_assets.http.auth import BasicAuth, TokenAuth
from d2_assets.http.session import HttpSession
from d2_assets_tests.http.server import Reply

BODY = b'{"dataValues": []}'
HTML = {"Content-Type": "text/html"}
LOGIN = Reply(b"", 302, {"Location": "https://dhis2.example.org/dhis-web-commons/login.action"})


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_every_request_says_who_asks_and_that_it_is_no_browser(server, session):
    session.get_json("api/me", {"fields": "id", "filter": ["a", "b"]})
    asked = server.asked[0]
    assert asked.path == "/api/me?fields=id&filter=a&filter=b"
    assert asked.headers["X-Requested-With"] == "XMLHttpRequest"
    assert asked.headers["Accept"] == "application/json"
    assert asked.headers["Authorization"].startswith("Basic ")


def test_the_environment_cannot_change_account_or_certificates(server, tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    HttpSession(server.url, TokenAuth("d2pat_abc")).get_json("api/me")
    assert server.asked[0].headers["Authorization"] == "ApiToken d2pat_abc"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_read_is_repeated_until_the_server_is_back(server, session, pauses, status):
    server.will_answer(Reply(status=status), Reply(status=status), Reply(b'{"a": 1}'))
    assert session.get_json("api/me") == {"a": 1}
    assert pauses == [0.5, 1.0]


def test_the_server_says_how_long_to_wait(server, session, pauses):
    server.will_answer(Reply(status=503, headers={"Retry-After": "7"}), Reply())
    session.get_json("api/me")
    assert pauses == [7.0]


def test_a_read_that_never_succeeds_says_how_often_it_was_tried(server, session):
    server.will_answer(Reply(status=503))
    with pytest.raises(TransientError, match=r"Attempts: 5\.") as caught:
        session.get_json("api/me")
    assert len(server.asked) == 5
    assert caught.value.remedy


@pytest.mark.parametrize("framing", ["cut", "cut_chunked"])
def test_a_cut_answer_is_asked_for_again(server, session, framing):
    server.will_answer(Reply(BODY, framing=framing), Reply(BODY))
    assert session.get_json("api/x") == {"dataValues": []}


@pytest.mark.parametrize(
    "cut",
    [
        Reply(BODY, framing="cut"),
        Reply(BODY, framing="cut_chunked"),
        Reply(gzip.compress(BODY)[:-6]),
        Reply(gzip.compress(BODY)[:-6], framing="chunked"),
    ],
)
def test_a_download_is_whole_or_absent(server, session, tmp_path, cut):
    target = tmp_path / "answer.json"
    server.will_answer(cut)
    with pytest.raises(TransientError, match="cut"):
        session.download("api/x", {}, target)
    assert list(tmp_path.iterdir()) == []
    server.will_answer(cut, Reply(BODY))
    assert session.download("api/x", {}, target) == len(BODY)
    assert target.read_bytes() == BODY
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("framing", ["whole", "chunked"])
@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
def test_gzip_is_known_by_its_bytes(server, session, tmp_path, framing, headers):
    server.will_answer(Reply(gzip.compress(BODY), headers=headers, framing=framing))
    session.download("api/x", {"compression": "gzip"}, tmp_path / "answer.json")
    assert (tmp_path / "answer.json").read_bytes() == BODY


def test_a_download_of_html_leaves_no_file(server, session, tmp_path):
    server.will_answer(Reply(b"<html><title>Welcome</title>", headers=HTML))
    with pytest.raises(ContractError, match="HTML instead of JSON: 'Welcome'"):
        session.download("api/x", {}, tmp_path / "answer.json")
    assert list(tmp_path.iterdir()) == []


def test_no_json_is_said_to_be_none(server, session):
    server.will_answer(Reply(b"OK"))
    with pytest.raises(ContractError, match="api/x"):
        session.get_json("api/x")


def test_a_redirect_to_a_login_page_means_the_account(server, session):
    server.will_answer(LOGIN)
    with pytest.raises(ConfigurationError, match="account admin was not accepted"):
        session.get_json("api/me")
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_account_is_named(server, session, status):
    server.will_answer(Reply(b'{"message": "Unauthorized"}', status))
    with pytest.raises(ConfigurationError, match="account admin"):
        session.get_json("api/me")


def test_what_does_not_exist_is_rejected(server, session):
    server.will_answer(Reply(b"<title>Not Found</title>", 404, HTML))
    with pytest.raises(RejectedError, match="does not exist there"):
        session.get_json("api/nothing")


def test_a_refused_connection_is_tried_again_even_for_a_write(pauses):
    session = HttpSession(
        f"http://127.0.0.1:{_free_port()}", BasicAuth("admin", "x"), sleep=pauses.append
    )
    with pytest.raises(TransientError, match="was not sent: the connection was refused"):
        session.post_json("api/x", None, b"{}")
    assert len(pauses) == 4


def test_a_server_that_does_not_speak_tls_is_named_so(server, pauses):
    address = server.url.replace("http:", "https:")
    session = HttpSession(address, BasicAuth("admin", "x"), sleep=pauses.append)
    with pytest.raises(TransientError, match="the TLS connection failed"):
        session.get_json("api/me")


def test_a_ca_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"ca\.pem"):
        HttpSession("https://dhis2.example.org", BasicAuth("a", "b"), ca_file=tmp_path / "ca.pem")


@pytest.mark.parametrize("status", [429, 503])
def test_a_write_that_was_turned_away_is_sent_again(server, session, status):
    server.will_answer(Reply(status=status), Reply(b'{"status": "OK"}'))
    assert session.post_json("api/x", None, b"{}").status == 200
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "lost",
    [
        Reply(status=502),
        Reply(status=504),
        Reply(b"<title>Error</title>", 500, HTML),
        Reply(b"<title>Welcome</title>", 200, HTML),
        Reply(BODY, framing="cut"),
        Reply(BODY, framing="cut_chunked"),
        Reply(b""),
    ],
)
def test_a_write_whose_answer_was_lost_is_never_sent_again(server, session, lost):
    server.will_answer(lost, Reply())
    with pytest.raises(OutcomeUnknownError, match="was sent") as caught:
        session.post_json("api/x", None, b"{}")
    assert len(server.asked) == 1
    assert "Read the destination back" in caught.value.remedy


def test_a_write_that_times_out_may_have_been_stored(server):
    session = HttpSession(server.url, BasicAuth("admin", "x"), timeout_seconds=0.2)
    server.will_answer(Reply(framing="hang"))
    with pytest.raises(OutcomeUnknownError, match=r"no answer within 0\.2 s"):
        session.post_json("api/x", None, b"{}")
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [200, 400, 409, 500])
def test_a_report_is_an_answer_whatever_its_status(server, session, status):
    server.will_answer(Reply(b'{"status": "WARNING"}', status))
    answer = session.post_json("api/x", {"dryRun": "true"}, b"{}")
    assert (answer.status, answer.parse_json()) == (status, {"status": "WARNING"})


def test_a_gzip_body_is_sent_as_one(server, session):
    body = b'{"dataValues": [' + b" " * 5000 + b"]}"
    session.post_json("api/dataValueSets", None, body, gzip=True)
    asked = server.asked[0]
    assert asked.headers["Content-Encoding"] == "gzip"
    assert asked.headers["Content-Type"] == "application/json"
    assert gzip.decompress(asked.body) == body
    assert session.traffic.bytes_sent == len(asked.body)


def test_several_threads_share_a_session(server, session):
    server.will_answer(Reply(b'{"a": 1}', headers={"Set-Cookie": "JSESSIONID=x; Path=/"}))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: session.get_json("api/me"), range(80)))
    assert answers == [{"a": 1}] * 80
    assert session.traffic.requests == 80
    assert session.traffic.bytes_received == 80 * len(b'{"a": 1}')


def test_the_log_names_each_request_its_status_and_bytes(server, session, caplog):
    caplog.set_level(logging.DEBUG, logger="d2_assets.http")
    session.get_json("api/me")
    assert "GET /api/me: 200" in caplog.text
    assert "2 bytes" in caplog.text


def test_a_failed_download_keeps_the_file_that_was_there(server, session, tmp_path: Path):
    target = tmp_path / "answer.json"
    target.write_bytes(b"before")
    server.will_answer(Reply(status=404))
    with pytest.raises(RejectedError):
        session.download("api/x", {}, target)
    assert target.read_bytes() == b"before"


@pytest.mark.parametrize("name", ["answer.json", "answer.json.partial"])
def test_a_download_onto_a_full_disk_is_named(server, session, tmp_path: Path, name):
    target = tmp_path / "answer.json"
    full = tmp_path / "answer.json.partial"
    if name == target.name:
        target.mkdir()
        (target / "held").touch()
    else:
        full.symlink_to("/dev/full")
    server.will_answer(Reply(BODY))
    with pytest.raises(ConfigurationError, match=r"answer\.json cannot be written") as caught:
        session.download("api/x", {}, target)
    assert str(tmp_path) in caught.value.remedy
    assert "Free space" in caught.value.remedy
    assert len(server.asked) == 1
    assert not full.is_symlink()
    assert not full.exists()


def test_a_download_into_a_folder_that_is_a_file_is_named(server, session, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"file/answer\.json cannot be written"):
        session.download("api/x", {}, tmp_path / "file" / "answer.json")


def test_a_text_that_is_no_json_is_not_downloaded(server, session, tmp_path: Path):
    server.will_answer(Reply(b"It works!", headers={"Content-Type": "text/plain"}))
    with pytest.raises(ContractError, match="no JSON: 'It works!'"):
        session.download("api/x", {}, tmp_path / "answer.json")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_host_is_named_and_a_write_was_not_sent(monkeypatch, pauses):
    def fail(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    session = HttpSession("https://dhis2.example.org", BasicAuth("admin", "x"), sleep=pauses.append)
    with pytest.raises(TransientError, match=r"was not sent: .* \(DNS\)"):
        session.post_json("api/x", None, b"{}")
