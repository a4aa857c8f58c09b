"""The server itself: where it listens, what it says it is, who may come in."""

from pathlib import Path

import pytest
import requests

from d2_assets.errors import ConfigurationError
from d2_assets.sandbox import start_sandbox
from d2_assets_tests.sandbox.asking import ask, find_form
from d2_assets_tests.sandbox.conftest import Serve


def test_every_answer_says_that_it_is_a_sandbox(serve: Serve) -> None:
    sandbox = serve("2.43")
    for path in ("/api/me", "/api/noSuchThing", "/api/dataValueSets", "/"):
        assert ask(sandbox, path).headers["x-d2-assets-sandbox"] == "true"
    assert "sandbox" in ask(sandbox, "/api/system/info").json()["systemName"]


def test_a_port_that_is_taken_is_named_with_the_mend(serve: Serve, tmp_path: Path) -> None:
    taken = int(serve("2.43").url.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match=f"{taken}.*choose another port"):
        start_sandbox("2.40", tmp_path / "other.db", port=taken)


def test_an_unknown_version_is_named_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"2\.30.*2\.40, 2\.42, 2\.43"):
        start_sandbox("2.30", tmp_path / "old.db")


def test_a_stopped_server_refuses_connections(serve: Serve) -> None:
    sandbox = serve("2.40")
    sandbox.stop()
    with pytest.raises(requests.exceptions.ConnectionError):
        ask(sandbox, "/api/me")


def test_a_calendar_other_than_iso_can_be_set(serve: Serve) -> None:
    sandbox = serve("2.40")
    sandbox.store.put_setting("keyCalendar", "ethiopian")
    assert ask(sandbox, "/api/system/info").json()["calendar"] == "ethiopian"


def test_a_page_of_objects_and_what_hangs_on_them(serve: Serve) -> None:
    sandbox = serve("2.43")
    form = find_form(sandbox)
    fields = (
        "id,access[data],dataSetElements[dataElement[id,categoryCombo[categoryOptionCombos[id]]]]"
    )
    body = ask(sandbox, "/api/dataSets", fields=fields, filter=f"id:eq:{form.data_set}").json()
    (data_set,) = body["dataSets"]
    assert data_set["access"]["data"] == {"read": True, "write": True}
    members = [member["dataElement"] for member in data_set["dataSetElements"]]
    sizes = {len(element["categoryCombo"]["categoryOptionCombos"]) for element in members}
    assert sizes == {1, 6}
    denied = ask(sandbox, "/api/dataSets", username="viewer", fields="access[data]").json()
    assert {s["access"]["data"]["write"] for s in denied["dataSets"]} == {False}


def test_filters_orders_and_pages_work_together(serve: Serve) -> None:
    sandbox = serve("2.40")
    params = {"filter": "level:ge:3", "order": "code:desc", "pageSize": 5, "fields": "code,level"}
    first = ask(sandbox, "/api/organisationUnits", **params).json()
    rest = ask(sandbox, "/api/organisationUnits", page=2, **params).json()
    codes = [unit["code"] for page in (first, rest) for unit in page["organisationUnits"]]
    assert codes == sorted(codes, reverse=True)
    assert first["pager"]["total"] == sum(
        unit["level"] >= 3 for unit in sandbox.store.metadata("organisationUnits")
    )
    named = ask(sandbox, "/api/organisationUnits", filter="parent.name:ilike:amberi").json()
    assert len(named["organisationUnits"]) == 1
