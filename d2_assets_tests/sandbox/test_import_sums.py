"""Whatever is sent, the counters and the store add up to it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from d2_assets.sandbox import ContentSpec, Store
from d2_assets.sandbox.accounts import Account, find_account
from d2_assets.sandbox.content import fill_store
from d2_assets.sandbox.import_by_group import import_groups
from d2_assets.sandbox.import_by_row import import_rows
from d2_assets.sandbox.imports import Envelope, ImportOptions
from d2_assets.sandbox.instance import Instance
from d2_assets.sandbox.versions import VERSIONS
from d2_assets_tests.sandbox.conftest import NOW

#: Members of a row: unit and month make the key, the value is good or bad.
_ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(1, 10), st.sampled_from(["1", "2", "x", "", None])),
    max_size=30,
)


@pytest.fixture(scope="module", params=["2.40", "2.43"])
def instance(request: pytest.FixtureRequest) -> Iterator[Instance]:
    facts = VERSIONS[request.param]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sums.db"
        content = ContentSpec(values=10)
        fill_store(path, facts, content, with_data=False, clock=lambda: NOW)
        store = Store(path, lambda: NOW)
        yield Instance(facts, store)
        store.close()


def _make_envelope(store: Store, rows: list[tuple[int, int, str | None]]) -> Envelope:
    form = next(body for body in store.metadata("dataSets") if body["code"] == "HF_MONTHLY")
    element = next(body for body in store.metadata("dataElements") if body["code"] == "ANC_1")
    units = [unit["id"] for unit in form["organisationUnits"]]
    bodies: list[dict[str, Any]] = [
        {
            "dataElement": element["id"],
            "orgUnit": units[unit],
            "period": f"2026{month:02d}",
            "value": value,
        }
        for unit, month, value in rows
    ]
    return Envelope(form["id"], None, None, None, bodies)


def _admin(store: Store) -> Account:
    admin = find_account("admin", store)
    assert admin is not None
    return admin


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=_ROWS)
def test_taken_and_refused_are_what_was_given(
    instance: Instance, rows: list[tuple[int, int, str | None]]
) -> None:
    store = instance.store
    store.delete_data_values(store.data_values(), forever=True)
    keys = [(unit, month) for unit, month, _ in rows]
    good = {(unit, month) for unit, month, value in rows if value in ("1", "2")}
    run = import_groups if instance.facts.importer == "group" else import_rows
    summary = run(instance, _admin(store), _make_envelope(store, rows), ImportOptions())
    if instance.facts.importer == "group" and len(set(keys)) < len(keys):
        assert (summary.landed, summary.ignored) == (0, 0)
        assert summary.rejected == set(range(len(rows)))
        assert store.data_values() == []
    else:
        assert summary.landed + summary.ignored == len(rows)
        named = {index for conflict in summary.conflicts for index in conflict["indexes"]}
        assert named == {n for n, row in enumerate(rows) if row[2] not in ("1", "2")}
        assert len(store.data_values()) == len(good)
