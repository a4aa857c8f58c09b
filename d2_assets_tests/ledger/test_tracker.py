from pathlib import Path

import pyarrow.parquet as pq

from d2_assets.ledger.tracker import (
    TABLES,
    list_reasons,
    list_rows,
    save_ledger,
    save_quarantine,
    write_rows,
)
from d2_assets_tests.tracker.fake_importer import FakeImporter
from d2_assets_tests.tracker.pushing import (
    create,
    make_event,
    open_scratch,
    push,
    reconcile,
    stage_plan,
)


def test_the_ledger_holds_every_object_and_the_quarantine_those_that_could_not_land():
    good, bad = make_event("EventGood01"), make_event("EventBad001")
    server = FakeImporter(refused={(bad.kind, bad.id): ("E1000", "No access.")})
    with open_scratch() as (database, folder):
        stage_plan(database, folder, create(good, bad))
        push(database, folder, server)
        reconcile(database, folder, server)
        assert save_ledger(database, folder / "ledger.parquet") == 2
        ledger = {row["id"]: row for row in pq.read_table(folder / "ledger.parquet").to_pylist()}
        rows = save_quarantine(database, folder / "quarantine.parquet", pair="a-to-b", run="r1")
        assert rows == 1
        assert list_reasons(database) == [("E1000", "No access.", 1)]
        (shown,) = list_rows(database)
        sheet = (folder / "quarantine.csv").read_text("utf-8")
    assert {uid: row["outcome"] for uid, row in ledger.items()} == {
        good.id: "created",
        bad.id: "quarantined",
    }
    assert "body" not in ledger[good.id]
    assert (shown["id"], shown["code"], shown["attempts"]) == (bad.id, "E1000", "1")
    assert "a-to-b" in sheet


def test_a_table_of_text_has_a_spreadsheet_beside_it(tmp_path: Path):
    path = tmp_path / "moved_on.parquet"
    lines = [(f"Entity{number:05}", "202512") for number in range(5000)]
    assert write_rows("moved_on", path, iter(lines)) == 5000
    assert pq.read_table(path).column_names == list(TABLES["moved_on"])
    assert len(path.with_suffix(".csv").read_text("utf-8").splitlines()) == 5001


def test_a_table_without_rows_has_its_columns(tmp_path: Path):
    for table, columns in TABLES.items():
        assert write_rows(table, tmp_path / f"{table}.parquet", []) == 0
        assert pq.read_table(tmp_path / f"{table}.parquet").column_names == list(columns)
