"""Planned objects for the tests of pushing, and a line to a fake destination."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pyarrow as pa

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.ledger.journal import open_journal
from d2_assets.ledger.outcomes import Outcome
from d2_assets.pushing.line import Line, PushResult
from d2_assets.pushing.pace import Pace
from d2_assets.staging.database import Database, open_database
from d2_assets.staging.tables import write_table
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.collisions import name_collisions
from d2_assets.tracker.objects import STAGED_SCHEMA, Body, Kind, TrackerObject
from d2_assets.tracker.push import push_changes
from d2_assets.tracker.readback import Reader, read_back
from d2_assets.tracker.reconcile import Reconciliation, compare_objects
from d2_assets.tracker.rows import make_row
from d2_assets.tracker.shape import encode_body
from d2_assets_tests.tracker.fake_importer import FakeImporter

MONTH = "202511"
PROGRAM, STAGE, UNIT, TYPE = "ProgramAaa1", "StageAaaaa1", "UnitAaaaaa1", "TypePerson1"

PLAN_SCHEMA = pa.schema(
    [
        *STAGED_SCHEMA,
        ("action", pa.string()),
        ("attempts", pa.int32()),
        ("old_digest", pa.uint64()),
        ("at_destination", pa.bool_()),
        ("in_conflict", pa.bool_()),
        ("old_body", pa.binary()),
    ]
)

#: One planned object: what it is, what is done with it, and what stands there before.
Planned = tuple[TrackerObject, str, Body | None]


def make_entity(uid: str, value: str = "Ada", **body: Any) -> TrackerObject:
    own = {
        "trackedEntity": uid,
        "trackedEntityType": TYPE,
        "orgUnit": UNIT,
        "attributes": [{"attribute": "AttrNumber1", "value": value}],
        **body,
    }
    return TrackerObject(
        Kind.TRACKED_ENTITY, uid, uid, "", own, org_unit=UNIT, type=TYPE, month=MONTH
    )


def make_enrollment(uid: str, entity: str, **body: Any) -> TrackerObject:
    own = {
        "enrollment": uid,
        "trackedEntity": entity,
        "program": PROGRAM,
        "orgUnit": UNIT,
        "enrolledAt": "2025-11-02T00:00:00.000",
        "status": "ACTIVE",
        **body,
    }
    return TrackerObject(
        Kind.ENROLLMENT, uid, entity, entity, own, program=PROGRAM, org_unit=UNIT, month=MONTH
    )


def make_event(uid: str, root: str = "", enrollment: str = "", **body: Any) -> TrackerObject:
    own = {
        "event": uid,
        "program": PROGRAM,
        "programStage": STAGE,
        "orgUnit": UNIT,
        "status": "COMPLETED",
        "occurredAt": "2025-11-03T00:00:00.000",
        "dataValues": [{"dataElement": "ElementAaa1", "value": "5"}],
        **({"enrollment": enrollment} if enrollment else {}),
        **body,
    }
    return TrackerObject(
        Kind.EVENT,
        uid,
        root or uid,
        enrollment,
        own,
        program=PROGRAM,
        stage=STAGE,
        org_unit=UNIT,
        month=MONTH,
    )


def make_relationship(uid: str, one: TrackerObject, other: TrackerObject) -> TrackerObject:
    own = {
        "relationship": uid,
        "relationshipType": "RelTypeAaa1",
        "from": {str(one.kind): {str(one.kind): one.id}},
        "to": {str(other.kind): {str(other.kind): other.id}},
    }
    return TrackerObject(Kind.RELATIONSHIP, uid, one.root, "", own, type="RelTypeAaa1", month=MONTH)


def make_tree(number: int, events: int = 2) -> list[TrackerObject]:
    """A tracked entity with an enrollment and its events."""
    entity = f"Entity{number:05}"
    enrollment = f"Enroll{number:05}"
    return [
        make_entity(entity, f"person {number}"),
        make_enrollment(enrollment, entity),
        *(make_event(f"Ev{number:05}{event:04}", entity, enrollment) for event in range(events)),
    ]


def mark_gone(item: TrackerObject) -> TrackerObject:
    """The object as a source shows it that has deleted it."""
    return replace(item, deleted=True, body={str(item.kind): item.id})


def create(*objects: TrackerObject) -> list[Planned]:
    return [(item, "create", None) for item in objects]


def stage_plan(database: Database, folder: Path, planned: Sequence[Planned]) -> None:
    """The view ``plan`` of these objects, and an empty view ``destination``."""
    rows = [
        make_row(number, item, None)
        | {
            "action": action,
            "attempts": 0,
            "at_destination": old is not None,
            "in_conflict": False,
            "old_body": encode_body(old) if old is not None else None,
        }
        for number, (item, action, old) in enumerate(planned)
    ]
    write_table(
        folder / "plan.parquet", PLAN_SCHEMA, [pa.RecordBatch.from_pylist(rows, PLAN_SCHEMA)]
    )
    database.attach("plan", folder / "plan.parquet", spread_by="id")
    stage_destination(database, folder, [])


def stage_destination(database: Database, folder: Path, objects: Iterable[TrackerObject]) -> None:
    rows = [make_row(number, item, None) for number, item in enumerate(objects)]
    path = folder / "destination.parquet"
    write_table(path, STAGED_SCHEMA, [pa.RecordBatch.from_pylist(rows, STAGED_SCHEMA)])
    database.attach("destination", path, spread_by="id")


@contextmanager
def open_scratch() -> Iterator[tuple[Database, Path]]:
    with TemporaryDirectory() as folder, open_database(Path(folder)) as database:
        yield database, Path(folder)


def make_reader(server: FakeImporter) -> Reader:
    return Reader(cast(DHIS2Client, server), {TYPE: (PROGRAM,)})


def push(
    database: Database,
    folder: Path,
    server: FakeImporter,
    choices: TrackerChoices | None = None,
    *,
    size: int = 50,
    stop: threading.Event | None = None,
    report: Callable[[PushResult], None] = lambda result: None,
    **rest: Any,
) -> PushResult:
    """Push the plan of the month to the fake destination."""
    with open_journal(folder / f"{MONTH}.jsonl", "run", server.url, lambda: 0.0) as journal:
        line = Line(
            client=cast(DHIS2Client, server),
            journal=journal,
            pace=Pace(size),
            writers=3,
            stop=stop or threading.Event(),
            clock=lambda: 0.0,
            sleep=lambda seconds: None,
        )
        return push_changes(
            database,
            line,
            choices or TrackerChoices(),
            make_reader(server),
            MONTH,
            folder / "settled.parquet",
            report,
            **rest,
        )


def reconcile(
    database: Database,
    folder: Path,
    server: FakeImporter,
    choices: TrackerChoices | None = None,
    *,
    read_again: bool = True,
) -> Reconciliation:
    """Read back and compare what was pushed."""
    name_collisions(database, server, folder / "collisions.parquet", {"AttrNumber1": "Number"})
    read_back(database, make_reader(server), MONTH, folder / "found.parquet", has_sent=read_again)
    counts = database.rows("SELECT kind, count(*) FROM plan WHERE row >= 0 GROUP BY ALL")
    return compare_objects(
        database,
        choices or TrackerChoices(),
        MONTH,
        {Kind(kind): rows for kind, rows in counts},
        0,
        folder,
        read_back=read_again,
    )


def list_settled(database: Database) -> dict[str, tuple[str, str, str]]:
    """Outcome, code and words of the rows that were not taken, by UID."""
    return {
        uid: (outcome, code, words)
        for uid, outcome, code, words in database.rows(
            "SELECT p.id, s.outcome, s.code, s.words FROM settled AS s JOIN plan AS p "
            "ON p.row = s.row"
        )
    }


def list_outcomes(database: Database) -> dict[str, Outcome]:
    """The outcome of each object, by UID."""
    return {
        uid: Outcome(outcome) for uid, outcome in database.rows("SELECT id, outcome FROM outcomes")
    }
