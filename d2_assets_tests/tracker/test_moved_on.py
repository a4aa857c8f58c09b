from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from d2_assets.staging.tables import write_table
from d2_assets.tracker import moved_on
from d2_assets.tracker.moved_on import NOBODY_MOVED, Moved, find_moved_on
from d2_assets_tests.tracker.fake_client import FakeClient
from d2_assets_tests.tracker.fake_metadata import PERSON
from d2_assets_tests.tracker.planning import MONTH, Planned, plan_between

STAYED, MOVED, GONE = "tePerson001", "tePerson002", "tePerson003"


def _write_ledger(path: Path) -> None:
    rows = [{"kind": "trackedEntity", "id": uid, "type": PERSON} for uid in (STAYED, MOVED, GONE)]
    rows.append({"kind": "event", "id": "evBirth0001", "type": ""})
    schema = pa.schema([(name, pa.string()) for name in ("kind", "id", "type")])
    write_table(path, schema, [pa.RecordBatch.from_pylist(rows, schema)])


def _serve() -> FakeClient:
    server = FakeClient("national")
    server.put_entity(STAYED)
    server.put_entity(MOVED, updatedAt="2026-02-01T00:00:00.000")
    return server


def _find(planned: Planned, path: Path, server: FakeClient) -> Any:
    source: Any = server
    return find_moved_on(planned.database, path, MONTH, source, planned.scope)


def test_entities_that_are_of_a_later_month_now_are_named_with_it(tmp_path: Path) -> None:
    theirs = _serve()
    _write_ledger(tmp_path / "202511.parquet")

    with plan_between(theirs, FakeClient("training"), is_registration=True) as planned:
        found = _find(planned, tmp_path / "202511.parquet", theirs)

    assert found.entities == (Moved(MOVED, "202602"), Moved(GONE, ""))
    assert (found.more, found.total) == (0, 2)


def test_beyond_some_hundred_they_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moved_on, "_MOST_NAMED", 1)
    theirs = _serve()
    _write_ledger(tmp_path / "202511.parquet")

    with plan_between(theirs, FakeClient("training"), is_registration=True) as planned:
        found = _find(planned, tmp_path / "202511.parquet", theirs)

    assert found.entities == (Moved(MOVED, "202602"),)
    assert (found.more, found.total) == (1, 2)


def test_a_month_that_was_never_run_names_nobody(tmp_path: Path) -> None:
    theirs = _serve()

    with plan_between(theirs, FakeClient("training"), is_registration=True) as planned:
        assert _find(planned, tmp_path / "202511.parquet", theirs) is NOBODY_MOVED
