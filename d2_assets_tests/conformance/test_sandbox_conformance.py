"""The sandbox answers as the recorded servers do, played in recorded order."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from itertools import count
from pathlib import Path
from random import Random

import pytest

from d2_assets.sandbox import ContentSpec, start_sandbox
from d2_assets.sandbox.accounts import read_password
from d2_assets.sandbox.tracker_bodies import find_hidden_enrollment
from d2_assets_tests.conformance.comparing import compare
from d2_assets_tests.conformance.own_objects import WRITING, make_own_objects
from d2_assets_tests.conformance.playing import Player, substitute
from d2_assets_tests.conformance.start_state import fill_from_recordings
from d2_assets_tests.conformance.start_state_objects import put_tracker_objects
from d2_assets_tests.conformance.start_state_tracker import (
    EVENT_PROGRAM,
    HIDDEN_ENROLLMENT,
)
from d2_assets_tests.conformance.unserved import UNSERVED, find_reason
from d2_assets_tests.conftest import SAID
from d2_assets_tests.recordings import Exchange, needs_recordings, read_exchange, read_exchanges

#: How many exchanges must be compared for each version line; raise it with what is served.
FLOORS = {"2.38": 212, "2.40": 212, "2.42": 212, "2.43": 212}

pytestmark = needs_recordings


@pytest.fixture
def player(version: str, tmp_path: Path) -> Iterator[Player]:
    recorded = read_exchange(version, "system-info").body["serverDate"]
    now = datetime.fromisoformat(f"{recorded}+00:00")
    ticks = count()

    def read_clock() -> datetime:
        # It moves, because lists are in the order of changes.
        return now + timedelta(milliseconds=next(ticks))

    with start_sandbox(version, tmp_path / "sandbox.db", clock=read_clock) as sandbox:
        fill_from_recordings(sandbox.store, version)
        put_tracker_objects(sandbox.store, version)
        before = {}
        if not read_exchange(version, "dv-async-task").body:
            # Whoever recorded it looked before the job was picked up, and went on.
            before["dv-async"] = lambda: sandbox.set_job_delay(3600)
            before["tr-async"] = lambda: sandbox.set_job_delay(0)
        yield Player(sandbox.url, "admin", read_password(), before=before)


def _play_all(player: Player, exchanges: Iterable[Exchange]) -> list[str]:
    """Every difference, with the exchange it was found in."""
    findings, children = [], None
    for exchange in exchanges:
        if exchange.name == "dv-read-children":
            children = exchange.body
        differences = compare(exchange, player.play(exchange), unpacked=children)
        findings += [f"{exchange.number:03d} {exchange.name} {words}" for words in differences]
    return findings


@pytest.mark.parametrize("version", list(FLOORS))
def test_each_served_exchange_is_answered_as_recorded(
    version: str, player: Player, record_property: Callable[[str, object], None]
) -> None:
    names = {HIDDEN_ENROLLMENT: find_hidden_enrollment(EVENT_PROGRAM)}
    served = [
        substitute(exchange, names)
        for exchange in read_exchanges(version)
        if not find_reason(exchange.name)
    ]
    findings = _play_all(player, served)
    words = f"DHIS2 {version}: {len(served)} exchanges compared, {len(findings)} differences"
    record_property(SAID, words)
    assert not findings, "\n".join(findings)
    assert len(served) >= FLOORS[version]


@pytest.mark.parametrize("version", ["2.40", "2.43"])
def test_writes_to_objects_of_the_suite_s_own_are_answered_as_recorded(
    version: str, tmp_path: Path
) -> None:
    """What a live server is asked with D2_LIVE_WRITE=1, on generated content."""
    now = datetime(2027, 2, 14, 12, tzinfo=UTC)
    content = ContentSpec(values=300)
    path = tmp_path / "own.db"
    with start_sandbox(version, path, content=content, clock=lambda: now) as sandbox:
        units = sandbox.store.metadata("organisationUnits")
        root = next(unit for unit in units if unit["level"] == 1)
        own = make_own_objects(version, root, date(2027, 2, 14), Random(version))
        for plural, bodies in own.metadata.items():
            sandbox.store.put_metadata(plural, bodies)
        exchanges = [
            substitute(exchange, own.names)
            for exchange in read_exchanges(version)
            if any(fnmatchcase(exchange.name, pattern) for pattern in WRITING)
        ]
        player = Player(sandbox.url, "admin", read_password(), names=own.names)
        findings = _play_all(player, exchanges)
    assert not findings, "\n".join(findings)


@pytest.mark.parametrize("version", list(FLOORS))
def test_every_reason_for_not_serving_names_an_exchange(version: str) -> None:
    names = [exchange.name for exchange in read_exchanges(version)]
    for pattern in UNSERVED:
        assert any(fnmatchcase(name, pattern) for name in names), pattern
