"""Reads that a server need not answer again: If-Modified-Since and 304."""

import pytest

from d2_assets.errors import ConfigurationError, TransientError
from d2_assets_tests.http.server import Reply

STAMP = "Tue, 01 Jan 2019 00:00:00 GMT"
PATH = "/api/orderables"


def test_the_first_read_assumes_nothing_and_gives_the_stamp(server, session):
    server.will_answer(Reply(b'{"content": []}', headers={"Last-Modified": STAMP}))
    assert session.get_json_if_modified(PATH, {"size": 10}, "") == ({"content": []}, STAMP)
    assert server.asked[0].path == "/api/orderables?size=10"
    assert "If-Modified-Since" not in server.asked[0].headers


def test_what_was_not_modified_has_no_body(server, session):
    server.will_answer(Reply(b"", 304))
    assert session.get_json_if_modified(PATH, None, STAMP) == (None, STAMP)
    assert server.asked[0].headers["If-Modified-Since"] == STAMP


def test_what_was_modified_comes_whole(server, session):
    later = "Wed, 02 Jan 2019 00:00:00 GMT"
    server.will_answer(Reply(b"[1]", headers={"Last-Modified": later}))
    assert session.get_json_if_modified(PATH, None, STAMP) == ([1], later)


def test_a_server_without_stamps_gives_none(server, session):
    server.will_answer(Reply(b"[1]"))
    assert session.get_json_if_modified(PATH, None, "") == ([1], "")


def test_a_304_that_nobody_asked_for_is_no_answer(server, session):
    server.will_answer(Reply(b"", 304))
    with pytest.raises(ConfigurationError, match="304"):
        session.get_json_if_modified(PATH, None, "")


def test_it_is_asked_again_like_any_read(server, session, pauses):
    server.will_answer(Reply(status=503), Reply(b"", 304))
    assert session.get_json_if_modified(PATH, None, STAMP) == (None, STAMP)
    assert pauses == [0.5]


def test_a_service_that_cannot_reach_another_is_asked_again(server, session, pauses):
    words = b'{"messageKey": "error.fetch", "message": "Error fetching from reference data"}'
    server.will_answer(Reply(words, 500), Reply(b"[1]"))
    assert session.get_json(PATH) == [1]
    assert pauses == [0.5]
    server.will_answer(*[Reply(words, 500)] * 20)
    with pytest.raises(TransientError, match="Error fetching from reference data"):
        session.get_json(PATH)
