"""Misbehaviour on order: each fault does what its name says, to the requests it names."""

import gzip
import json
import time
import zlib
from typing import Literal

import pytest
import requests

from d2_assets.sandbox import Fault, Sandbox
from d2_assets.sandbox.accounts import read_password
from d2_assets_tests.sandbox.asking import ask, ask_with_token, find_form, find_root, send
from d2_assets_tests.sandbox.conftest import Serve

ALL = ("2.38", "2.40", "2.42", "2.43")
WRITE = "/api/dataValueSets"
READ_WRITTEN = {"startDate": "2000-01-01", "endDate": "2040-01-01", "children": "true"}


@pytest.mark.parametrize("framing", ["chunked", "content_length"])
def test_a_cut_answer_ends_in_the_middle(
    framing: Literal["chunked", "content_length"], serve: Serve
) -> None:
    sandbox = serve("2.40")
    sandbox.add_fault(Fault("cut", framing=framing))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask(sandbox, "/api/organisationUnits", paging="false")
    assert ask(sandbox, "/api/organisationUnits", paging="false").status_code == 200


def test_a_busy_server_says_when_to_come_back(serve: Serve) -> None:
    sandbox = serve("2.40")
    sandbox.add_fault(Fault("status_503", retry_after=2))
    answer = ask(sandbox, "/api/me")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_a_lost_answer_hides_that_the_rows_were_stored(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    form = find_form(sandbox)
    sandbox.add_fault(Fault("stored_504", path_prefix="/api/dataValueSets", method="POST"))
    answer = send(sandbox, form, [form.row()])
    assert answer.status_code == 504
    assert len(sandbox.store.data_values()) == 1


def test_html_and_nonsense_come_with_status_200(serve: Serve) -> None:
    sandbox = serve("2.40")
    for kind in ("html", "not_json"):
        sandbox.add_fault(Fault(kind))
        answer = ask(sandbox, "/api/me")
        assert answer.status_code == 200
        with pytest.raises(requests.JSONDecodeError):
            answer.json()


def test_a_fault_waits_for_its_turn_and_then_passes(serve: Serve) -> None:
    sandbox = serve("2.40")
    sandbox.add_fault(Fault("status_503", path_prefix="/api/me", after=1, times=2))
    assert ask(sandbox, "/api/system/info").status_code == 200
    statuses = [ask(sandbox, "/api/me").status_code for _ in range(4)]
    assert statuses == [200, 503, 503, 200]
    sandbox.add_fault(Fault("status_503", times=None))
    assert {ask(sandbox, "/api/me").status_code for _ in range(3)} == {503}
    sandbox.clear_faults()
    assert ask(sandbox, "/api/me").status_code == 200


def test_a_slow_answer_is_slower_than_the_patience_of_its_client(serve: Serve) -> None:
    sandbox = serve("2.40")
    sandbox.add_fault(Fault("slow", seconds=0.5))
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(f"{sandbox.url}/api/me", auth=("admin", "district"), timeout=0.1)


def test_faults_and_the_log_can_be_reached_over_http(serve: Serve) -> None:
    sandbox = serve("2.40")
    faults, log = f"{sandbox.url}/sandbox/faults", f"{sandbox.url}/sandbox/log"
    assert requests.post(faults, json={"kind": "nonsense"}, timeout=10).status_code == 400
    assert requests.post(faults, json={"kind": "html"}, timeout=10).status_code == 201
    assert ask(sandbox, "/api/me").headers["content-type"].startswith("text/html")
    assert [record["fault"] for record in requests.get(log, timeout=10).json()] == ["html"]
    assert requests.delete(log, timeout=10).status_code == 204
    assert sandbox.requests() == []


def test_the_log_tells_writes_from_reads_and_counts_their_rows(serve: Serve) -> None:
    sandbox = serve("2.40", with_data=False)
    form = find_form(sandbox)
    ask(sandbox, "/api/me")
    send(sandbox, form, [form.row(orgUnit=unit) for unit in form.units[:3]])
    assert [(r.method, r.rows, r.username) for r in sandbox.requests()] == [
        ("GET", 0, "admin"),
        ("POST", 3, "admin"),
    ]


def _read_packed(sandbox: Sandbox) -> bytes:
    """The body of a compressed read, as it came over the wire."""
    form = find_form(sandbox)
    params = READ_WRITTEN | {"dataSet": form.data_set, "orgUnit": find_root(sandbox)}
    return ask(sandbox, WRITE, compression="gzip", **params).content


@pytest.mark.parametrize("framing", ["chunked", "content_length"])
def test_a_gzip_body_can_end_early_in_an_answer_that_http_finds_whole(
    framing: Literal["chunked", "content_length"], serve: Serve
) -> None:
    sandbox = serve("2.40")
    whole = _read_packed(sandbox)
    assert json.loads(gzip.decompress(whole))["dataValues"]
    sandbox.add_fault(Fault("cut_gzip", framing=framing))
    cut = _read_packed(sandbox)
    assert cut == whole[: len(whole) * 2 // 3]
    unpacker = zlib.decompressobj(wbits=31)
    unpacker.decompress(cut)
    assert not unpacker.eof
    assert _read_packed(sandbox) == whole


def test_what_is_not_gzip_is_cut_as_any_answer(serve: Serve) -> None:
    sandbox = serve("2.43")
    sandbox.add_fault(Fault("cut_gzip"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask(sandbox, "/api/organisationUnits", paging="false")


@pytest.mark.parametrize("version", ALL)
def test_a_revoked_password_is_answered_as_a_wrong_one(version: str, serve: Serve) -> None:
    sandbox = serve(version, with_data=False)
    form = find_form(sandbox)
    wrong = requests.get(f"{sandbox.url}/api/me", auth=("admin", "wrong"), timeout=30)
    sandbox.add_fault(Fault("status_401", method="POST"))
    answer = send(sandbox, form, [form.row()])
    assert (answer.status_code, answer.json()) == (401, wrong.json())
    assert answer.headers["content-type"] == wrong.headers["content-type"]
    assert sandbox.store.data_values() == []


@pytest.mark.parametrize("version", ALL)
def test_a_token_meets_the_refusal_of_an_unknown_one(version: str, serve: Serve) -> None:
    sandbox = serve(version)
    kept, revoked = sandbox.add_token("admin"), sandbox.add_token("admin")
    sandbox.revoke_token(revoked)
    sandbox.add_fault(Fault("status_401"))
    unknown = ask_with_token(sandbox, kept)
    assert unknown.status_code == 401
    assert unknown.json() == ask_with_token(sandbox, revoked).json()
    assert ask_with_token(sandbox, kept).status_code == 200


@pytest.mark.parametrize("version", ["2.40", "2.43"])
@pytest.mark.parametrize("stored", [False, True])
def test_a_reset_connection_gives_no_answer_whether_stored_or_not(
    version: str, stored: bool, serve: Serve
) -> None:
    sandbox = serve(version, with_data=False)
    form = find_form(sandbox)
    sandbox.add_fault(Fault("reset", stored=stored))
    with pytest.raises(requests.exceptions.ConnectionError) as caught:
        send(sandbox, form, [form.row()])
    assert "ConnectionResetError" in repr(caught.value)
    assert len(sandbox.store.data_values()) == stored
    assert [(r.status, r.rows, r.fault) for r in sandbox.requests()] == [(0, int(stored), "reset")]
    assert send(sandbox, form, [form.row()]).status_code == 200


def test_a_connection_that_is_kept_alive_can_be_reset_later(serve: Serve) -> None:
    sandbox = serve("2.40")
    sandbox.add_fault(Fault("reset", after=1))
    with requests.Session() as session:
        session.auth = ("admin", read_password())
        assert session.get(f"{sandbox.url}/api/me", timeout=30).status_code == 200
        with pytest.raises(requests.exceptions.ConnectionError):
            session.get(f"{sandbox.url}/api/me", timeout=30)
        assert session.get(f"{sandbox.url}/api/me", timeout=30).status_code == 200


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize(("lost", "stored"), [(None, 0), (2, 3), (9, 0), (0, 5)])
def test_a_success_is_reported_of_rows_that_were_never_stored(
    version: str, lost: int | None, stored: int, serve: Serve
) -> None:
    honest, sandbox = serve(version, with_data=False), serve(version, with_data=False, twin=True)
    form = find_form(sandbox)
    rows = [form.row(orgUnit=unit) for unit in form.units[:5]]
    sandbox.add_fault(Fault("success_lost", max_rows=lost))
    assert ask(sandbox, WRITE).status_code == 409
    answer = send(sandbox, form, rows)
    assert answer.status_code == 200
    assert answer.json() == send(honest, form, rows).json()
    units = {row.org_unit for row in sandbox.store.data_values()}
    assert units == set(form.units[:stored])
    send(sandbox, form, rows)
    assert len(sandbox.store.data_values()) == 5


def test_an_asynchronous_import_can_lose_its_rows_too(serve: Serve) -> None:
    sandbox = serve("2.40", with_data=False)
    form = find_form(sandbox)
    sandbox.add_fault(Fault("success_lost"))
    job = send(sandbox, form, [form.row()], **{"async": "true"}).json()["response"]["id"]
    path = f"/api/system/taskSummaries/DATAVALUE_IMPORT/{job}"
    deadline = time.monotonic() + 30
    while not (summary := ask(sandbox, path)).content:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert summary.json()["importCount"]["imported"] == 1
    assert sandbox.store.data_values() == []


def test_a_late_answer_comes_after_the_rows_were_stored(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    form = find_form(sandbox)
    sandbox.add_fault(Fault("stored_slow", method="POST", seconds=30))
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(
            f"{sandbox.url}{WRITE}",
            json={"dataSet": form.data_set, "dataValues": [form.row()]},
            auth=("admin", read_password()),
            timeout=2,
        )
    assert len(sandbox.store.data_values()) == 1


def test_a_gateway_without_a_server_behind_it_stores_nothing(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    form = find_form(sandbox)
    sandbox.add_fault(Fault("status_502", method="POST"))
    answer = send(sandbox, form, [form.row()])
    assert (answer.status_code, "retry-after" in answer.headers) == (502, False)
    assert sandbox.store.data_values() == []
