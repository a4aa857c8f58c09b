"""Files that are uploaded, named as a value, and fetched again."""

from collections.abc import Callable

import pytest
import requests

from d2_assets.sandbox import Sandbox
from d2_assets.sandbox.accounts import read_password
from d2_assets_tests.sandbox.asking import ask, find_element
from d2_assets_tests.sandbox.tracking import codes, find_field, post

CONTENT = b"\x89PNG\r\n\x1a\n--boundary?\r\n\x00"
Serve = Callable[..., Sandbox]


def upload(sandbox: Sandbox, content: bytes = CONTENT) -> str:
    """The UID of a new file resource."""
    answer = requests.post(
        f"{sandbox.url}/api/fileResources",
        params={"domain": "DATA_VALUE"},
        files={"file": ("rapport été.png", content, "image/png")},
        auth=("admin", read_password()),
        timeout=30,
    )
    assert answer.status_code == 202
    return answer.json()["response"]["fileResource"]["id"]


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("2.40", "/api/events/files?eventUid={0}&dataElementUid={1}"),
        ("2.43", "/api/tracker/events/{0}/dataValues/{1}/file"),
    ],
)
def test_a_file_comes_back_as_it_was_sent(serve: Serve, line: str, path: str) -> None:
    sandbox = serve(line, with_data=False)
    field, element = find_field(sandbox), find_element(sandbox, "EVENT_FILE_RESOURCE")
    uid = upload(sandbox)
    facts = ask(sandbox, f"/api/fileResources/{uid}").json()
    assert (facts["contentLength"], facts["contentType"]) == (len(CONTENT), "image/png")
    values = [*field.report_event()["dataValues"], {"dataElement": element, "value": uid}]
    assert codes(post(sandbox, {"events": [field.report_event(dataValues=values)]})) == []
    answer = ask(sandbox, path.format("ReportEvnt1", element))
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert ask(sandbox, path.format("ReportEvnt1", field.text)).status_code == 404


def test_a_file_belongs_to_one_object(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    field, element = find_field(sandbox), find_element(sandbox, "EVENT_FILE_RESOURCE")
    uid = upload(sandbox)
    values = [*field.report_event()["dataValues"], {"dataElement": element, "value": uid}]
    first, second = (
        field.report_event(event, dataValues=values) for event in ("ReportEvnt1", "ReportEvnt2")
    )
    assert codes(post(sandbox, {"events": [first]})) == []
    assert codes(post(sandbox, {"events": [first]})) == []
    assert codes(post(sandbox, {"events": [second]})) == [("E1009", "ReportEvnt2")]
    values[-1]["value"] = "NoSuchFile1"
    assert codes(post(sandbox, {"events": [second]})) == [("E1084", "ReportEvnt2")]


def test_an_unknown_file_and_a_form_without_one_are_refused(serve: Serve) -> None:
    sandbox = serve("2.43", with_data=False)
    assert ask(sandbox, "/api/fileResources/NoSuchFile1").status_code == 404
    answer = requests.post(
        f"{sandbox.url}/api/fileResources", data=b"x", auth=("admin", read_password()), timeout=30
    )
    assert answer.status_code == 400
