"""The fault ``status_413``: which writes are too large, and how the size of one is told."""

import gzip
import json

import pytest
import requests

from d2_assets.sandbox import Fault
from d2_assets.sandbox.accounts import read_password
from d2_assets.sandbox.faults import RequestSize, measure_request
from d2_assets_tests.sandbox.asking import ask, find_form, send
from d2_assets_tests.sandbox.conftest import Serve

WRITE = "/api/dataValueSets"


def test_a_write_of_too_many_rows_is_refused_and_a_smaller_one_costs_no_turn(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    form = find_form(sandbox)
    rows = [form.row(orgUnit=unit) for unit in form.units[:5]]
    sandbox.add_fault(Fault("status_413", max_rows=2, times=2))
    sizes = (2, 3, 1, 5, 5)
    answers = [send(sandbox, form, rows[:size]) for size in sizes]
    assert [answer.status_code for answer in answers] == [200, 413, 200, 413, 200]
    assert "413 Request Entity Too Large" in answers[1].text
    assert answers[1].headers["content-type"].startswith("text/html")
    assert [record.rows for record in sandbox.requests()] == [2, 0, 1, 0, 5]


def test_a_refused_large_write_stores_nothing(serve: Serve) -> None:
    sandbox = serve("2.40", with_data=False)
    form = find_form(sandbox)
    sandbox.add_fault(Fault("status_413", max_rows=1, times=None))
    rows = [form.row(orgUnit=unit) for unit in form.units[:2]]
    assert send(sandbox, form, rows).status_code == 413
    assert sandbox.store.data_values() == []


def test_a_proxy_measures_the_bytes_as_they_are_sent(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    form = find_form(sandbox)
    rows = [form.row(orgUnit=unit, comment="x" * 500) for unit in form.units[:4]]
    body = json.dumps({"dataSet": form.data_set, "dataValues": rows}).encode()
    packed = gzip.compress(body)
    sandbox.add_fault(Fault("status_413", max_bytes=len(packed), times=None))

    def post(body: bytes, **headers: str) -> int:
        auth = ("admin", read_password())
        url = f"{sandbox.url}{WRITE}"
        return requests.post(url, data=body, headers=headers, auth=auth, timeout=30).status_code

    assert post(body) == 413
    assert post(packed, **{"Content-Encoding": "gzip"}) == 200
    assert len(sandbox.store.data_values()) == 4


def test_every_write_is_too_large_when_no_limit_is_given_and_no_read_is(serve: Serve) -> None:
    sandbox = serve("2.40", with_data=False)
    form = find_form(sandbox)
    sandbox.add_fault(Fault("status_413"))
    assert ask(sandbox, "/api/me").status_code == 200
    assert [send(sandbox, form, [form.row()]).status_code for _ in range(2)] == [413, 200]


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ({"dataSet": "a", "dataValues": [{}, {}, {}]}, 3),
        ({"completeDataSetRegistrations": [{}, {}]}, 2),
        ({"dataElements": [{}], "dataSets": [{}, {}]}, 3),
        ([{}, {}], 2),
        ({"name": "one object"}, 1),
    ],
)
def test_the_size_of_a_write_is_the_number_of_its_items(body: object, rows: int) -> None:
    unpacked = json.dumps(body).encode()
    assert measure_request(b"packed", unpacked) == RequestSize(rows=rows, bytes=6)


def test_a_body_that_is_no_json_counts_as_one_item_and_none_as_nothing() -> None:
    assert measure_request(b"<a/>", b"<a/>") == RequestSize(rows=1, bytes=4)
    assert measure_request(b"", b"") == RequestSize(rows=0, bytes=0)
