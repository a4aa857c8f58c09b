"""Plans between two servers in memory: what a run reads, and what it would write."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from d2_assets.ledger.resume import load_journals
from d2_assets.staging.database import Database, open_database
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.objects import Kind
from d2_assets.tracker.plan import Plan, plan_changes
from d2_assets.tracker.scope import Scope, read_scope
from d2_assets.tracker.shape import decode_body
from d2_assets.tracker.stage import Staged, stage_both
from d2_assets.tracker.two_way import NO_CLOCKS, Clocks, load_agreed, make_agreement, record_agreed
from d2_assets.tracker.windows import Span
from d2_assets_tests.tracker.fake_client import FakeClient

MONTH = "202511"
#: A child, and an event without registration.
TE, EN, EV, RE = "tePerson001", "enChild0001", "evBirth0001", "reMother001"
X = "evMalaria01"

#: What the journal says of a row, by kind and UID: outcome and code.
Settled = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Planned:
    """What was read and what would be written, and where."""

    database: Database
    folder: Path
    scope: Scope
    choices: TrackerChoices
    staged: Staged
    plan: Plan
    agreed: Path

    @property
    def rows(self) -> list[dict[str, Any]]:
        return (
            self.database.connection.execute("SELECT * FROM plan ORDER BY row")
            .to_arrow_table()
            .to_pylist()
        )

    def action(self, uid: str) -> str:
        (row,) = [row for row in self.rows if row["id"] == uid]
        return row["action"]

    def row(self, uid: str) -> dict[str, Any]:
        (row,) = [row for row in self.rows if row["id"] == uid]
        return row

    @property
    def actions(self) -> dict[str, str]:
        return {row["id"]: row["action"] for row in self.rows}

    def agree(self, names: tuple[str, str]) -> None:
        """Note that all live rows of the plan are alike at both ends."""
        record_agreed(
            self.database,
            self.agreed,
            "SELECT kind, id, body, NULL::BLOB AS found FROM plan WHERE row >= 0",
            make_agreement(self.scope, *names),
        )


@contextmanager
def plan_between(
    theirs: FakeClient,
    ours: FakeClient,
    *,
    is_registration: bool = False,
    months: Sequence[str] = (MONTH,),
    first_month: str = "202501",
    journal: Settled | None = None,
    insists: Sequence[str] = (),
    agreed: Path | None = None,
    clocks: Clocks = NO_CLOCKS,
    **choices: Any,
) -> Iterator[Planned]:
    """Stage both sides and plan. ``journal``: what a run that was cut short had settled;
    ``insists``: objects that the destination was seen to keep as they are."""
    chosen = TrackerChoices(**choices)
    span = Span(
        tuple(months),
        first_month,
        takes_older=is_registration,
        start=None if is_registration else chosen.start_date,
        end=None if is_registration else chosen.end_date,
    )
    with TemporaryDirectory() as scratch, open_database(Path(scratch)) as database:
        folder = Path(scratch)
        source: Any = theirs
        destination: Any = ours
        scope = read_scope(source, destination, chosen, is_registration)
        staged = stage_both(database, source, destination, scope, chosen, span, folder)
        load_journals(database, [], "")
        for uid, (outcome, code) in (journal or {}).items():
            database.execute(
                "INSERT INTO journalled SELECT digest, "
                f"'{outcome}', '{code}', 'Words of the server.', 1 FROM source WHERE id = '{uid}'"
            )
        _load_echoes(database, insists)
        agreed = agreed or folder / "all.parquet"
        load_agreed(database, agreed)
        agreement = make_agreement(scope, theirs.name, ours.name)
        plan = plan_changes(database, chosen, scope, folder, agreement=agreement, clocks=clocks)
        yield Planned(database, folder, scope, chosen, staged, plan, agreed)


def push_perfectly(planned: Planned, ours: FakeClient) -> None:
    """What a server that takes everything holds afterwards."""
    for row in planned.rows:
        kind, uid, body = Kind(row["kind"]), row["id"], decode_body(row["body"])
        if row["action"] in ("create", "update"):
            notes = _unite_notes(ours.stored.get((kind, uid), {}), body)
            ours.stored.pop((kind, uid), None)
            ours.put(kind, uid, **{**body, **notes})
            if row["parent"] == "" and kind is Kind.EVENT:
                ours.stored[kind, uid].pop("enrollment", None)
        elif row["action"] in ("delete", "delete_with_parent"):
            ours.delete(kind, uid)


def _unite_notes(stored: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    notes = {note["note"]: note for note in (*stored.get("notes", ()), *body.get("notes", ()))}
    return {"notes": list(notes.values())} if notes else {}


def _load_echoes(database: Database, insists: Sequence[str]) -> None:
    columns = ("class", "id", "property", "wanted", "found")
    schema = pa.schema([(name, pa.string()) for name in columns])
    database.load("echoes", schema.empty_table())
    for uid in insists:
        database.execute(
            "INSERT INTO echoes SELECT s.kind, s.id, 'body', s.digest::VARCHAR, d.digest::VARCHAR "
            f"FROM source AS s JOIN destination AS d USING (kind, id) WHERE s.id = '{uid}'"
        )


def on(day: str) -> date:
    return date.fromisoformat(day)


def serve() -> tuple[FakeClient, FakeClient]:
    """Two servers with nothing on them."""
    return FakeClient("national"), FakeClient("training")


def put_child(server: FakeClient, value: str = "3") -> None:
    """A child with an enrollment and one event."""
    server.put_entity(TE)
    server.put_enrollment(EN, TE)
    server.put_child_event(EV, EN, value)
