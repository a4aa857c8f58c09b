"""Journeys of events and tracked entities: a filled source, and a destination that has none.

What landed is judged by the stores of the two servers, not by what the product says.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pyarrow.parquet as pq

from d2_assets.defs import errands
from d2_assets.defs.assets import tracker as asset_module
from d2_assets.sandbox import ContentSpec, RequestRecord, Sandbox
from d2_assets.sandbox.stored_tracker import PAYLOAD_MEMBERS, StoredObject, TrackerKind
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import LANDED, PAIR, Journey
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import CURRENT, StandingDate, find_object

MONTHS = ("202404", "202405")
#: 17 entities hold one of each sort: in two programs, without enrollment, older, related.
TRACKED = ContentSpec(values=7, months=2, last_month=CURRENT, events=40, entities=17)
ASSETS = ("events", "tracker")
KINDS: tuple[TrackerKind, ...] = tuple(PAYLOAD_MEMBERS)

Key = tuple[str, str]

#: Who wrote to a server, and the order of lists, are the server's own; the rest must be the same.
_NOT_COMPARED = frozenset(
    {"createdBy", "updatedBy", "completedBy", "storedBy", "attributes", "dataValues", "notes"}
)
_FILES = frozenset({"FILE_RESOURCE", "IMAGE"})


def start_tracked(start: Start, source: str, destination: str, **pair: Any) -> Journey:
    """Two servers with the content above; ``pair`` goes to its settings."""
    journey: Journey = start(source, destination, TRACKED)
    journey.monkeypatch.setattr(asset_module, "date", StandingDate)
    journey.monkeypatch.setattr(errands, "make_sleep", lambda stop: lambda seconds: None)
    journey.settings["first_month"] = MONTHS[0]
    journey.pair.update({"sync_type": "all_data", "writers": 2} | pair)
    journey.pair.setdefault("tracker", {"chunk_size": 20})
    return journey


def move(
    journey: Journey,
    *assets: str,
    months: Sequence[str] = MONTHS,
    pair: str = PAIR,
    fails: bool = False,
) -> Run:
    """Materialise the assets (both where none is named) for a month or a range of months."""
    keys = [dg.AssetKey(["data", name]) for name in assets or ASSETS]
    first, last = f"{pair}|{months[0]}", f"{pair}|{months[-1]}"
    done = (
        journey.build_definitions()
        .resolve_job_def("all_data")
        .execute_in_process(
            instance=journey.instance,
            raise_on_error=False,
            asset_selection=keys,
            partition_key=first if first == last else None,
            tags={
                "dagster/asset_partition_range_start": first,
                "dagster/asset_partition_range_end": last,
            }
            if first != last
            else None,
        )
    )
    run = Run(journey.instance, done.run_id)
    assert run.success is not fails, run.failure
    return run


def imports(server: Sandbox) -> list[RequestRecord]:
    """The imports of tracker objects that a server was asked for."""
    return [
        record
        for record in server.requests()
        if record.method == "POST" and record.path.startswith("/api/tracker")
    ]


# What the product says


def ledger(journey: Journey, asset: str, pair: str = PAIR) -> list[dict[str, Any]]:
    """Every object of all months and its outcome."""
    folder = journey.home / "ledger" / asset / pair
    tables = sorted(path for path in folder.glob("*.parquet") if re.fullmatch(r"\d{6}", path.stem))
    return [row for path in tables for row in pq.read_table(path).to_pylist() if row["row"] >= 0]


def outcomes(journey: Journey, asset: str, pair: str = PAIR) -> Mapping[str, int]:
    return Counter(row["outcome"] for row in ledger(journey, asset, pair))


def waiting(journey: Journey, asset: str = "tracker") -> dict[Key, tuple[str, str]]:
    """Code and reason of each object in quarantine."""
    return {
        (row["kind"], row["id"]): (row["code"], row["reason"])
        for row in ledger(journey, asset)
        if row["outcome"] == "quarantined"
    }


def show(run: Run, name: str, asset: str = "tracker", month: str = CURRENT) -> Any:
    """A number, text or table that a partition shows."""
    return run.show(month, asset=f"data/{asset}")[name]


# What the servers hold


@dataclass(frozen=True, slots=True)
class Program:
    """UIDs of what the journeys change."""

    weight: str
    national_id: str
    first_name: str


def read_program(journey: Journey) -> Program:
    store = journey.source.store

    def find(plural: str, code: str) -> str:
        return find_object(store, plural, code)["id"]

    return Program(
        find("dataElements", "EVENT_NUMBER"),
        find("trackedEntityAttributes", "NATIONAL_ID"),
        find("trackedEntityAttributes", "FIRST_NAME"),
    )


def live(server: Sandbox, kind: TrackerKind) -> list[StoredObject]:
    """What people see of a kind, in the order of the UIDs."""
    found = server.store.tracker.objects(kind, include_deleted=False)
    return sorted(found, key=lambda item: item.uid)


def single_programs(server: Sandbox) -> frozenset[str]:
    """The programs without registration."""
    bodies = server.store.metadata("programs")
    return frozenset(body["id"] for body in bodies if body["programType"] == "WITHOUT_REGISTRATION")


def of_asset(server: Sandbox, asset: str) -> dict[Key, StoredObject]:
    """All objects of an asset, deleted ones too."""
    single = single_programs(server)
    store = server.store.tracker
    alone = {item.uid for item in store.objects("event") if item.program in single}
    found: dict[Key, StoredObject] = {}
    for kind in KINDS:
        for item in store.objects(kind):
            ends = {item.from_uid, item.to_uid} if kind == "relationship" else {item.uid}
            is_single = kind in ("event", "relationship") and ends <= alone
            if is_single is (asset == "events"):
                found[kind, item.uid] = item
    return found


def list_family(server: Sandbox, entities: Collection[str]) -> set[Key]:
    """Entities with all that hangs on them and is not deleted."""
    found: set[Key] = {("trackedEntity", uid) for uid in entities}
    for kind in ("enrollment", "event"):
        found |= {(kind, one.uid) for one in live(server, kind) if one.tracked_entity in entities}
    below = {uid for _, uid in found}
    return found | {
        ("relationship", one.uid)
        for one in live(server, "relationship")
        if below & {one.from_uid, one.to_uid}
    }


def list_contacts(server: Sandbox) -> set[Key]:
    """The relationships of the tracker that need the other asset: they end at a single event."""
    alone = {uid for kind, uid in of_asset(server, "events") if kind == "event"}
    return {
        (kind, uid)
        for (kind, uid), item in of_asset(server, "tracker").items()
        if kind == "relationship" and alone & {item.from_uid, item.to_uid}
    }


class Contents:
    """What a server holds of its objects, as it must be the same on both sides."""

    def __init__(self, server: Sandbox) -> None:
        self._store = server.store
        self._types = {
            body["id"]: body["valueType"]
            for plural in ("dataElements", "trackedEntityAttributes")
            for body in server.store.metadata(plural)
        }
        self._shown = {
            body["id"]: {one["trackedEntityAttribute"]["id"] for one in body[member]}
            for plural, member in (
                ("trackedEntityTypes", "trackedEntityTypeAttributes"),
                ("programs", "programTrackedEntityAttributes"),
            )
            for body in server.store.metadata(plural)
        }
        self._enrolled: dict[str, set[str]] = {}
        for one in live(server, "enrollment"):
            self._enrolled.setdefault(one.tracked_entity, set()).add(one.program)

    def read(self, item: StoredObject) -> dict[str, Any]:
        """Files have UIDs of each server's own, and one content; what nobody sees is left out."""
        values = {
            given[name]: self._read_value(given[name], given["value"])
            for member, name in (("dataValues", "dataElement"), ("attributes", "attribute"))
            for given in item.body.get(member) or ()
            if member == "dataValues" or self._is_shown(item, given[name])
        }
        rest = {
            name: value
            for name, value in item.body.items()
            if name not in _NOT_COMPARED and value not in (None, False)
        }
        notes = sorted((note["note"], note["value"]) for note in item.body.get("notes") or ())
        return {**rest, "values": values, "notes": notes}

    def _is_shown(self, entity: StoredObject, attribute: str) -> bool:
        """By its type, or by a program in which it is enrolled."""
        owners = {entity.type} | self._enrolled.get(entity.uid, set())
        return any(attribute in self._shown[owner] for owner in owners)

    def _read_value(self, of: str, value: str) -> str:
        if self._types[of] not in _FILES:
            return value
        found = self._store.files.find(value)
        assert found is not None, value
        return found[0]["contentMd5"]


# Proofs


def prove_sound(run: Run, months: Iterable[str] = MONTHS, assets: Iterable[str] = ASSETS) -> None:
    """Every object that was read ended in one outcome, kind by kind, and no check is an error."""
    for asset in assets:
        for month in months:
            for row in show(run, "kinds", asset, month):
                ended = sum(count for name, count in row.items() if name not in ("kind", "read"))
                assert ended == row["read"], (asset, month, row)
    for check in run.checks:
        is_error = not check.passed and check.severity is dg.AssetCheckSeverity.ERROR
        assert not is_error, (check.asset_key, check.check_name, check.description)


def prove_landed(journey: Journey, asset: str, missing: Collection[Key] = ()) -> None:
    """Every object of the source is in the ledger once, and at the destination as it is at the
    source; ``missing`` are just those that must not have landed."""
    theirs, ours = of_asset(journey.source, asset), of_asset(journey.destination, asset)
    here, there = Contents(journey.source), Contents(journey.destination)
    rows = ledger(journey, asset)
    told = {(row["kind"], row["id"]): row["outcome"] for row in rows}
    assert len(told) == len(rows)
    live_ones = {key for key, item in theirs.items() if not item.deleted}
    assert live_ones <= told.keys() <= theirs.keys()
    left_out = {key for key, outcome in told.items() if outcome not in LANDED}
    assert left_out == set(missing)
    for key, item in theirs.items():
        landed = ours.get(key)
        if key in left_out:
            continue
        if item.deleted:
            assert landed is None or landed.deleted, key
        else:
            assert landed is not None, key
            assert not landed.deleted, key
            assert there.read(landed) == here.read(item), key
