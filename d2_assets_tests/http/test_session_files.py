"""Files over a real socket: fetched as they are stored, sent as a form does."""

import gzip

import pytest

from d2_assets.errors import OutcomeUnknownError, RejectedError, TransientError
from d2_assets_tests.http.server import Reply


def test_a_file_is_fetched_as_it_is_stored_even_if_it_is_gzip_itself(server, session, tmp_path):
    stored = gzip.compress(b"a table of readings")
    server.will_answer(Reply(stored, headers={"Content-Type": "application/gzip"}))
    assert session.download_file("api/file", None, tmp_path / "file") == len(stored)
    assert (tmp_path / "file").read_bytes() == stored
    assert server.asked[0].headers["Accept"] == "*/*"
    assert server.asked[0].headers["Accept-Encoding"] == "identity"


def test_a_file_of_html_is_a_file_and_a_cut_one_is_none(server, session, tmp_path):
    server.will_answer(Reply(b"<html>a report</html>", headers={"Content-Type": "text/html"}))
    session.download_file("api/file", None, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"<html>a report</html>"
    server.will_answer(Reply(b"half", framing="cut"))
    with pytest.raises(TransientError):
        session.download_file("api/file", None, tmp_path / "other")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_that_is_not_there_is_told(server, session, tmp_path):
    server.will_answer(Reply(b'{"message": "no such file"}', 404))
    with pytest.raises(RejectedError, match="no such file"):
        session.download_file("api/file", None, tmp_path / "file")


def test_a_file_is_uploaded_under_its_name_and_type(server, session, tmp_path):
    (tmp_path / "card").write_bytes(b"\x89PNG \x00")
    answer = session.post_file(
        "api/files", {"domain": "A"}, tmp_path / "card", "ü.png", "image/png"
    )
    assert answer.status == 200
    asked = server.asked[0]
    assert asked.path == "/api/files?domain=A"
    assert asked.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="file"; filename="\xc3\xbc.png"' in asked.body
    assert b"Content-Type: image/png\r\n\r\n\x89PNG \x00\r\n" in asked.body


def test_an_upload_whose_answer_is_lost_is_not_sent_again(server, session, tmp_path):
    (tmp_path / "card").write_bytes(b"abc")
    server.will_answer(Reply(b"half", framing="cut"))
    with pytest.raises(OutcomeUnknownError):
        session.post_file("api/files", None, tmp_path / "card", "card.png", "image/png")
    assert len(server.asked) == 1
