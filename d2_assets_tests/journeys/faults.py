"""One body for all journeys through a fault: what must hold in the run that meets it and after it.

Every fault is met by a first load and by an update, and in several directions. In each no row is
lost, none is without an outcome, the second run ends equal, and what the servers and the journal
saw shows that nothing was sent twice.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Literal, get_args

import pytest

from d2_assets.sandbox import Fault, Sandbox, StoredValue
from d2_assets_tests.journeys.fixtures import DIRECTIONS
from d2_assets_tests.journeys.journals import assert_nothing_settled_was_sent_twice, list_entries
from d2_assets_tests.journeys.journey import LANDED, Journey, key_of
from d2_assets_tests.journeys.loads import LOADS, Change
from d2_assets_tests.journeys.runs import Run
from d2_assets_tests.journeys.world import MONTH, Content, Key, content_of, list_values, read_live

VALUES = "/api/dataValueSets"
#: Small enough for many requests, even of an update.
CHUNK, WRITERS = 15, 2
_UNFINISHED = (".part", ".partial", ".download")

Name = Literal["national", "training"]
NAMES: tuple[Name, ...] = get_args(Name)


def change_nothing(journey: Journey) -> None:
    """What most disturbances do at most moments."""


def clear_faults(journey: Journey) -> None:
    """What mends most disturbances."""
    journey.source.clear_faults()
    journey.destination.clear_faults()


# What goes wrong


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What is done to a journey ``before`` its run, and when all is planned (``between``).

    The server that it happens ``at`` meets the ``fault``. The run ends well, unless ``says`` tells
    what its failure must say beside the server's name; ``sends`` is whether anything may have gone
    out by then.
    """

    name: str
    fault: Fault | None = None
    before: Change = change_nothing
    between: Change = change_nothing
    mend: Change = clear_faults
    says: tuple[str, ...] = ()
    at: Name = "training"
    sends: bool = True


def at_call(owner: object, name: str, nth: int, change: Change) -> Change:
    """Something happens just before the ``nth`` call of a method, from whatever thread."""

    def plant(journey: Journey) -> None:
        original, calls = getattr(owner, name), count(1)

        def call(*args: Any, **options: Any) -> Any:
            if next(calls) == nth:
                change(journey)
            return original(*args, **options)

        journey.monkeypatch.setattr(owner, name, call)

    return plant


def server_of(journey: Journey, name: Name) -> Sandbox:
    return journey.source if name == "national" else journey.destination


def stop(name: Name) -> Change:
    """A server goes down."""
    return lambda journey: server_of(journey, name).stop()


def sign_in_with_token(journey: Journey) -> None:
    """Both instances are asked with a new personal access token instead of a password."""
    for name in NAMES:
        file = journey.folder / f"{name}.token"
        file.write_text(server_of(journey, name).add_token("admin"), encoding="utf-8")
        journey.instances[name]["auth"] = {"token_file": str(file)}


def cross(disturbances: Sequence[Disturbance]) -> pytest.MarkDecorator:
    """Each disturbance with each load, in directions that take turns."""
    return pytest.mark.parametrize(
        ("source", "destination", "load", "disturbance"),
        [
            pytest.param(*values, disturbance, id=f"{disturbance.name}-{name}")
            for number, disturbance in enumerate(disturbances)
            for name, values in _cases(number)
        ],
    )


def in_turn(number: int) -> pytest.MarkDecorator:
    """Each load in a direction of its own; another ``number`` takes others."""
    return pytest.mark.parametrize(
        ("source", "destination", "load"),
        [pytest.param(*values, id=name) for name, values in _cases(number)],
    )


def _cases(number: int) -> Iterator[tuple[str, tuple[str, str, Change]]]:
    for turn, (name, load) in enumerate(LOADS.items()):
        source, destination = DIRECTIONS[(number + 3 * turn) % len(DIRECTIONS)]
        yield f"{name}-{source} to {destination}", (source, destination, load)


# What must hold


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stood at some moment: what the source had of the month, and the destination."""

    read: Sequence[StoredValue]
    there: Mapping[Key, Content]
    ledger: bytes

    @property
    def wanted(self) -> dict[Key, Content | None]:
        """What the destination should have; None: nothing."""
        return {value.key: None if value.deleted else content_of(value) for value in self.read}

    @property
    def changed(self) -> set[Key]:
        """Rows that have to be sent."""
        return {key for key, content in self.wanted.items() if self.there.get(key) != content}

    @property
    def different(self) -> int:
        return len(self.changed)


def look(journey: Journey) -> Standing:
    ledger = _ledger_file(journey)
    return Standing(
        list_values(journey.source.store, [MONTH]),
        read_live(journey.destination.store, [MONTH]),
        ledger.read_bytes() if ledger.exists() else b"",
    )


def prepare(journey: Journey, load: Change) -> Standing:
    """Bring a journey to where the disturbance comes."""
    load(journey)
    journey.pair.update(chunk_size=CHUNK, writers=WRITERS)
    journey.clear_requests()
    before = look(journey)
    assert before.different > 5 * CHUNK
    return before


def travel(journey: Journey, load: Change, disturbance: Disturbance) -> None:
    """Run into the disturbance, mend it, run again; prove what must hold after each."""
    before = prepare(journey, load)
    run = meet(journey, disturbance)
    sent = prove_first_run(journey, run, before, disturbance)
    entries = list_entries(journey, MONTH)
    disturbance.mend(journey)
    sent += prove_next_run(journey)
    if not disturbance.says:
        assert journey.writes() == []
    assert sent == before.different
    assert_nothing_settled_was_sent_twice(join_entries(entries, list_entries(journey, MONTH)))


def meet(journey: Journey, disturbance: Disturbance) -> Run:
    """The run that the disturbance comes to."""
    if disturbance.fault:
        server_of(journey, disturbance.at).add_fault(disturbance.fault)
    disturbance.before(journey)
    with journey.between_plan_and_push(lambda planned: disturbance.between(journey)):
        return journey.materialise(MONTH)


def prove_first_run(journey: Journey, run: Run, before: Standing, disturbance: Disturbance) -> int:
    """The run that met the disturbance; gives the rows that the destination saw."""
    if disturbance.fault:
        await_fault(server_of(journey, disturbance.at), disturbance.fault)
    if disturbance.says:
        assert_told(journey, run, disturbance)
    else:
        assert run.success, run.failure
        assert all(check.passed for check in run.checks)
        assert journey.rows_sent() == before.different
        journey.prove_nothing_is_lost(MONTH)
    if disturbance.sends:
        prove_every_row_is_accounted(journey, run, before)
    else:
        assert journey.writes() == []
        assert look(journey) == before
    assert_nothing_is_unfinished(journey)
    return journey.rows_sent()


def await_fault(sandbox: Sandbox, fault: Fault) -> None:
    """See that it was met: a request is in the log when it has been answered, however late."""
    patience = 100
    while fault.kind not in {record.fault for record in sandbox.requests()}:
        patience -= 1
        assert patience, f"no request met {fault}"
        time.sleep(0.1)


def assert_told(journey: Journey, run: Run, disturbance: Disturbance) -> None:
    """The failure names the server, what happened and what to do."""
    assert not run.success
    assert run.materialised == []
    url = journey.instances[disturbance.at]["url"]
    for words in (disturbance.at, url, *disturbance.says):
        assert words in run.failure
    assert run.failure_parts["what to do"] in run.failure
    assert run.failure_parts["what to do"] != "Look at the log of this run."
    assert "Traceback" not in run.failure


def prove_every_row_is_accounted(
    journey: Journey, run: Run, before: Standing, *, but: Collection[Key] = ()
) -> None:
    """One outcome a row; what is called landed is there, what was not attempted is not.

    ``but`` are rows that someone changed at the destination meanwhile.
    """
    assert [c.passed for c in run.checks if c.check_name == "no_row_is_lost"] == [True]
    rows = journey.ledger(MONTH)
    outcomes = {key_of(row): row["outcome"] for row in rows}
    assert len(rows) == len(outcomes)
    assert outcomes.keys() == before.wanted.keys()
    there = read_live(journey.destination.store, [MONTH])
    for key in outcomes.keys() - set(but):
        outcome = outcomes[key]
        if outcome in LANDED:
            assert there.get(key) == before.wanted[key], outcome
        elif outcome in ("not_attempted", "quarantined"):
            assert there.get(key) == before.there.get(key), outcome
        else:
            assert outcome == "queued"


def prove_next_run(journey: Journey) -> int:
    """A run on mended servers sends what is missing and no more; gives the rows it sent."""
    journey.clear_requests()
    left = look(journey).different
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    assert all(check.passed for check in run.checks)
    assert journey.rows_sent() == left
    journey.prove_nothing_is_lost(MONTH)
    journey.prove_registrations(MONTH)
    after = look(journey)
    assert after.there == {key: content for key, content in after.wanted.items() if content}
    assert_nothing_is_unfinished(journey)
    return left


def assert_nothing_is_unfinished(journey: Journey) -> None:
    files = [path for path in journey.home.rglob("*") if path.suffix in _UNFINISHED]
    assert files == []


def join_entries(
    first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The journal as two runs left it, as one; the second may have gone on in the same file."""
    goes_on = list(second[: len(first)]) == list(first)
    return list(second) if goes_on else [*first, *second]


def _ledger_file(journey: Journey) -> Path:
    return journey.home / "ledger" / "data_values" / "national--training" / f"{MONTH}.parquet"


post = partial(Fault, method="POST", path_prefix=VALUES)
get = partial(Fault, method="GET", path_prefix=VALUES)
