"""Misbehaviour on order: each fault does what its name says, to the requests it names."""

from typing import Literal

import pytest
import requests

from d2_assets.sandbox import Fault
from d2_assets_tests.sandbox.asking import ask, find_form, send
from d2_assets_tests.sandbox.conftest import Serve


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
