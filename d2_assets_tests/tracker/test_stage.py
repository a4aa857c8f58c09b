from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from d2_assets.errors import CancelledError, TransientError
from d2_assets.staging.database import open_database
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.objects import STAGED_SCHEMA, TrackerObject
from d2_assets.tracker.rows import NO_FILES, FileIdentities
from d2_assets.tracker.scope import read_scope
from d2_assets.tracker.stage import Staged, stage_both
from d2_assets.tracker.verdicts import Verdict, decide
from d2_assets.tracker.windows import Span
from d2_assets_tests.tracker.fake_client import FakeClient
from d2_assets_tests.tracker.fake_metadata import SCAN

X, Y = "evMalaria01", "evMalaria02"


def _stage(
    theirs: FakeClient,
    ours: FakeClient,
    folder: Path,
    *,
    is_registration: bool = False,
    files: FileIdentities = NO_FILES,
    **options: Any,
) -> tuple[Staged, list[tuple[str, str, str | None]]]:
    source: Any = theirs
    destination: Any = ours
    choices = TrackerChoices()
    scope = read_scope(source, destination, choices, is_registration)
    span = Span(("202511",), "202501", takes_older=is_registration)
    with open_database(folder) as database:
        staged = stage_both(
            database, source, destination, scope, choices, span, folder, files=files, **options
        )
        rows = database.rows(
            "SELECT 'source', id, verdict FROM source UNION ALL "
            "SELECT 'destination', id, verdict FROM destination ORDER BY ALL"
        )
        for name in ("source", "destination"):
            described = database.rows(f"DESCRIBE {name}")
            assert [row[0] for row in described] == STAGED_SCHEMA.names
    return staged, rows


def _serve() -> tuple[FakeClient, FakeClient]:
    theirs, ours = FakeClient("national"), FakeClient("training")
    theirs.put_event(X)
    theirs.put_event(Y)
    ours.put_event(X)
    return theirs, ours


def test_both_sides_are_staged_and_counted(tmp_path: Path) -> None:
    staged, rows = _stage(*_serve(), tmp_path)

    assert (staged.rows, staged.rows_there) == (2, 1)
    assert rows == [("destination", X, None), ("source", X, None), ("source", Y, None)]


def test_how_far_it_is_is_told(tmp_path: Path) -> None:
    begun: list[tuple[str, int]] = []
    told: list[tuple[int, int]] = []
    _stage(
        *_serve(),
        tmp_path,
        begin=lambda words, total: begun.append((words, total)),
        report=lambda done, rows: told.append((done, rows)),
    )

    assert begun == [("reading both sides", 2)]
    assert told[-1] == (2, 3)


def test_trees_are_told_by_the_requests_for_them(tmp_path: Path) -> None:
    theirs, ours = FakeClient("national"), FakeClient("training")
    theirs.put_entity("tePerson001")
    begun: list[tuple[str, int]] = []
    told: list[tuple[int, int]] = []
    _stage(
        theirs,
        ours,
        tmp_path,
        is_registration=True,
        begin=lambda words, total: begun.append((words, total)),
        report=lambda done, rows: told.append((done, rows)),
    )

    assert begun == [("listing tracked entities", 0), ("reading both sides", 2)]
    assert told[-1] == (2, 1)


def test_files_are_staged_as_what_they_are(tmp_path: Path) -> None:
    theirs, ours = _serve()
    for server, uid in ((theirs, "fiScan00001"), (ours, "fiScan0000B")):
        server.put_event(X, dataValues=[{"dataElement": SCAN, "value": uid}])

    def identify(item: TrackerObject) -> TrackerObject:
        values = [{**one, "value": "file:9:9"} for one in item.body.get("dataValues", ())]
        return replace(item, body={**item.body, "dataValues": values})

    files = FileIdentities(lambda item: (identify(item), None), identify)
    with open_database(tmp_path) as database:
        _stage(theirs, ours, tmp_path, files=files)
        for name in ("source", "destination"):
            database.attach(name, tmp_path / f"{name}.parquet")
        same = "SELECT count(*) FROM source JOIN destination USING (kind, id, digest)"
        assert database.value(same) == 1


def test_an_event_whose_file_cannot_be_read_says_so(tmp_path: Path) -> None:
    theirs, ours = _serve()

    def refuse(item: TrackerObject) -> tuple[TrackerObject, Verdict | None]:
        if item.id == Y:
            return item, decide("file_missing", holder="Scan", cause="404.")
        return item, None

    _, rows = _stage(theirs, ours, tmp_path, files=FileIdentities(refuse, NO_FILES.of_destination))

    assert ("source", Y, "file_missing") in rows
    assert ("source", X, None) in rows


def test_a_run_that_is_cancelled_leaves_no_table(tmp_path: Path) -> None:
    stop = Event()
    stop.set()

    with pytest.raises(CancelledError):
        _stage(*_serve(), tmp_path, stop=stop)
    assert not list(tmp_path.glob("*.parquet*"))


def test_when_one_side_fails_nothing_is_staged(tmp_path: Path) -> None:
    theirs, ours = _serve()

    def fail(*asked: Any) -> Any:
        raise TransientError("The server is away.", remedy="Launch the partition again.")

    away: Any = fail
    ours.iterate_events = away

    with pytest.raises(TransientError):
        _stage(theirs, ours, tmp_path)
    assert not list(tmp_path.glob("*.parquet*"))
