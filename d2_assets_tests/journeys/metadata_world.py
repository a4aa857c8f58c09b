"""Journeys of metadata: a filled source, an empty destination, and what must hold afterwards.

What landed is judged by the stores of the two servers, not by what the product says.
"""

import shutil
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow.parquet as pq

from d2_assets.metadata.families import FAMILIES
from d2_assets.sandbox import EMPTY, Sandbox, start_sandbox
from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import MONTH, find_object, read_clock

Body = dict[str, Any]
Key = tuple[str, str]

#: Outcomes of objects that are right at the destination.
LANDED = frozenset({"created", "updated", "unchanged"})


def face_empty(journey: Journey) -> None:
    """Put a server without content in the destination's place; the pair moves metadata."""
    _replace_destination(journey)


def _replace_destination(journey: Journey, template: Path | None = None) -> None:
    journey.destination.stop()
    version = journey.destination.version[:4]
    file = journey.folder / "empty.sqlite"
    if template:
        shutil.copyfile(template, file)
    journey.destination = start_sandbox(
        version, file, content=None if template else EMPTY, clock=read_clock
    )
    journey.instances["training"]["url"] = journey.destination.url
    journey.pair["sync_type"] = "metadata"


def clone(journey: Journey) -> Run:
    """All families for the month."""
    return journey.run_job("metadata", month=MONTH)


#: What a first clone left, by the versions: the file of the destination, and the home.
_CLONED: dict[tuple[str, str], tuple[Path, Path]] = {}


def clone_before(journey: Journey) -> None:
    """The destination has everything already, and no server remembers the requests.

    A run does that for the first test of this process; the others begin with copies of its end.
    """
    way = (journey.source.version, journey.destination.version)
    if way in _CLONED:
        file, home = _CLONED[way]
        _replace_destination(journey, file)
        shutil.copytree(home, journey.home)
        return
    face_empty(journey)
    run = clone(journey)
    assert run.success, run.failure
    journey.clear_requests()
    kept = Path(mkdtemp(dir=journey.folder.parent))
    with (
        closing(sqlite3.connect(journey.destination.store.path)) as ours,
        closing(sqlite3.connect(kept / "cloned.sqlite")) as theirs,
    ):
        ours.backup(theirs)
    shutil.copytree(journey.home, kept / "home")
    _CLONED[way] = kept / "cloned.sqlite", kept / "home"


def ledger(journey: Journey, family: str) -> list[dict[str, str]]:
    """Every object of a family and its outcome, without the members of others that it set."""
    path = journey.home / "ledger" / f"metadata_{family}" / PAIR / f"{MONTH}.parquet"
    return [row for row in pq.read_table(path).to_pylist() if not row["second_pass"]]


def read_table(run: Run, family: str, file: str) -> list[dict[str, str]]:
    """A table that a partition of a family leaves ("adaptations_file"), whole."""
    path = run.show(MONTH, asset=f"metadata/{family}")[file]
    return pq.read_table(path).to_pylist()


def all_ledgers(journey: Journey) -> list[dict[str, str]]:
    return [row for family in FAMILIES for row in ledger(journey, family)]


def outcomes(journey: Journey) -> dict[str, int]:
    """Objects of all families per outcome."""
    found: dict[str, int] = {}
    for row in all_ledgers(journey):
        found[row["outcome"]] = found.get(row["outcome"], 0) + 1
    return found


def refused(journey: Journey) -> dict[Key, str]:
    """The reason of each object in quarantine, by class and UID."""
    return {
        (row["class"], row["id"]): row["reason"]
        for row in all_ledgers(journey)
        if row["outcome"] == "quarantined"
    }


def list_objects(server: Sandbox) -> set[Key]:
    """All objects of the classes that families own."""
    owned = {plural for family in FAMILIES.values() for plural in family.classes}
    return {
        (plural, body["id"])
        for plural in server.store.plurals
        if plural in owned
        for body in server.store.metadata(plural)
    }


def prove_objects(journey: Journey, missing: Iterable[Key] = ()) -> None:
    """Each object of the source is in a ledger once; what is said to have landed stands at the
    destination under its name; ``missing`` are just those that must wait in quarantine."""
    rows = [row for row in all_ledgers(journey) if row["class"] != "systemSettings"]
    told = [(row["class"], row["id"]) for row in rows]
    assert len(told) == len(set(told))
    assert list_objects(journey.source) - set(told) == set()
    for row in rows:
        there = journey.destination.store.get_object(row["class"], row["destination_id"])
        if row["outcome"] in LANDED:
            assert there is not None, row
            if row["class"] not in ("users", "categoryOptionCombos"):
                ours = journey.source.store.get_object(row["class"], row["id"])
                assert ours is not None
                assert there.get("name") == ours.get("name"), row
        elif row["outcome"] == "quarantined":
            assert row["reason"], row
    assert set(refused(journey)) == set(missing)


def change(server: Sandbox, plural: str, code: str, **members: Any) -> Body:
    """Edit an object by hand; None removes a member."""
    body = find_object(server.store, plural, code) | members
    kept = {name: value for name, value in body.items() if value is not None}
    server.store.put_metadata(plural, [kept])
    return kept


def writes_at(server: Sandbox) -> list[str]:
    """The writing requests that a server saw."""
    return [record.path for record in server.requests() if record.method != "GET"]


def checks_by_asset(run: Run) -> Mapping[str, Mapping[str, bool]]:
    """Whether each check of each asset passed."""
    found: dict[str, dict[str, bool]] = {}
    for check in run.checks:
        asset = check.asset_key.to_user_string()
        found.setdefault(asset, {})[check.check_name] = check.passed
    return found
