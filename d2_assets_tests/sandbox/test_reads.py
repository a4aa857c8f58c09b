"""Reading data values: nothing lost, memory bounded, several at once."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from d2_assets.sandbox import ContentSpec, Sandbox, StoredValue, start_sandbox
from d2_assets.sandbox.store import Store
from d2_assets.sandbox.stored_values import ValueQuery
from d2_assets_tests.sandbox.asking import ask, find_form, find_root
from d2_assets_tests.sandbox.conftest import NOW, Serve


def _read_all(sandbox: Sandbox, **more: str) -> dict[str, Any]:
    data_sets = [body["id"] for body in sandbox.store.metadata("dataSets")]
    params = {
        "dataSet": data_sets,
        "orgUnit": find_root(sandbox),
        "children": "true",
        "startDate": "2000-01-01",
        "endDate": "2040-01-01",
    }
    return ask(sandbox, "/api/dataValueSets", **params | more).json()


def test_a_read_of_everything_gives_every_row_of_the_store(serve: Serve) -> None:
    for version in ("2.40", "2.43"):
        sandbox = serve(version, values=3000)
        stored = sandbox.store.data_values()
        given = _read_all(sandbox, includeDeleted="true")["dataValues"]
        assert sorted(row["value"] for row in given) == sorted(row.value or "" for row in stored)
        assert len(_read_all(sandbox)["dataValues"]) == sum(not row.deleted for row in stored)


def test_dates_leave_out_periods_that_reach_over_them(serve: Serve) -> None:
    sandbox = serve("2.40", with_data=False)
    form = find_form(sandbox)
    rows = [
        StoredValue(form.elements[0], p, form.units[0], value="1") for p in ("202610", "2026Q4")
    ]
    sandbox.store.put_data_values(rows)
    given = _read_all(sandbox, startDate="2026-10-01", endDate="2026-11-30")["dataValues"]
    assert [row["period"] for row in given] == ["202610"]


def test_a_unit_outside_the_account_s_hierarchy_cannot_be_read(serve: Serve) -> None:
    for version, status in (("2.40", 200), ("2.43", 409)):
        sandbox = serve(version)
        form = find_form(sandbox)
        params = {"dataSet": form.data_set, "period": "202610", "orgUnit": form.units[1]}
        answer = ask(sandbox, "/api/dataValueSets", username="clerk", **params)
        assert answer.status_code == status
        if status == 200:
            assert answer.content == b""
        else:
            assert answer.json()["errorCode"] == "E2012"


def test_a_complete_date_stands_at_the_root_up_to_2_42(serve: Serve) -> None:
    sandbox = serve("2.40")
    registration = sandbox.store.registrations()[0]
    answer = ask(
        sandbox,
        "/api/dataValueSets",
        dataSet=registration.data_set,
        period=registration.period,
        orgUnit=registration.org_unit,
    )
    assert answer.json()["completeDate"] == registration.date


def test_memory_does_not_grow_with_the_number_of_rows_read(tmp_path: Path) -> None:
    store = Store(tmp_path / "many.db", lambda: NOW)
    rows = (StoredValue(f"e{n % 50}", "202610", f"u{n}", value=str(n)) for n in range(60_000))
    store.put_data_values(rows)
    tracemalloc.start()
    read = sum(len(batch) for batch in store.iterate_rows(ValueQuery()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    store.close()
    assert read == 60_000
    assert peak < 5_000_000


def test_several_requests_are_answered_at_once(serve: Serve) -> None:
    sandbox = serve("2.40", values=2000)
    with ThreadPoolExecutor(8) as pool:
        sizes = list(pool.map(lambda _: len(_read_all(sandbox)["dataValues"]), range(16)))
    assert len(set(sizes)) == 1
    assert len(sandbox.requests()) == 16


def test_the_state_outlives_the_server(tmp_path: Path) -> None:
    path, content = tmp_path / "kept.db", ContentSpec(values=100)
    with start_sandbox("2.43", path, content=content, clock=lambda: NOW) as sandbox:
        form = find_form(sandbox)
        added = StoredValue(form.elements[0], "202610", form.units[0], value="4711")
        sandbox.store.put_data_values([added])
    with start_sandbox("2.43", path, content=content, clock=lambda: NOW) as sandbox:
        assert "4711" in [row.value for row in sandbox.store.data_values()]
    with start_sandbox("2.43", path, content=ContentSpec(values=101), clock=lambda: NOW) as sandbox:
        assert "4711" not in [row.value for row in sandbox.store.data_values()]
        assert len(sandbox.store.data_values()) == 101
