"""Fixtures of journeys; ``conftest`` of each folder that travels takes them in."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Event
from zlib import crc32

import dagster as dg
import pytest

from d2_assets.defs import errands, resources
from d2_assets.defs.assets import data_values as asset_module
from d2_assets.http.policy import RetryPolicy
from d2_assets.sandbox import ContentSpec
from d2_assets.sync.connect import connect
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.world import CONTENT, StandingDate, Templates

#: The versions of source and destination.
BOTH_WAYS = (("2.40", "2.43"), ("2.43", "2.40"))
DIRECTIONS = (
    *BOTH_WAYS,
    ("2.38", "2.40"),
    ("2.40", "2.38"),
    ("2.40", "2.42"),
    ("2.42", "2.43"),
)

#: The share of each pause that a journey waits: rows are stored in far less than ten seconds here.
_HURRY = 0.05

Start = Callable[..., Journey]


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return Templates(tmp_path_factory.mktemp("templates"))


def _make_short_sleep(stop: Event) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        stop.wait(seconds * _HURRY)

    return sleep


@pytest.fixture
def start_journey(
    templates: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Start]:
    """Starts the two servers of a journey; they end with the test."""
    monkeypatch.setattr(asset_module, "date", StandingDate)
    monkeypatch.setattr(errands, "make_sleep", _make_short_sleep)
    patient = RetryPolicy(first_delay=0.01)
    monkeypatch.setattr(resources, "connect", partial(connect, policy=patient))
    with ExitStack() as stack:

        def start(source: str, destination: str, content: ContentSpec = CONTENT) -> Journey:
            servers = [
                templates.start(
                    version, tmp_path / f"{name}.sqlite", with_data=with_data, content=content
                )
                for name, version, with_data in (
                    ("source", source, True),
                    ("destination", destination, False),
                )
            ]
            instance = stack.enter_context(dg.DagsterInstance.ephemeral())
            journey = Journey(tmp_path, servers[0], servers[1], instance, monkeypatch)
            stack.callback(journey.stop)
            return journey

        yield start


@pytest.fixture
def journey(start_journey: Start, request: pytest.FixtureRequest) -> Journey:
    """A journey between the versions that ``give_directions`` gives the test."""
    source, destination = request.param
    return start_journey(source, destination)


def give_directions(metafunc: pytest.Metafunc) -> None:
    """2.40 to 2.43 and back; every pair of neighbours for tests marked ``all_directions``, two of
    them for those marked ``directions_in_turn``, one for those marked ``one_direction``.

    The mark of a test goes before its module's.
    """
    if "journey" in metafunc.fixturenames and not hasattr(metafunc.module, "journey"):
        ways = _choose_ways(metafunc)
        metafunc.parametrize("journey", ways, ids=" to ".join, indirect=True)


def _choose_ways(metafunc: pytest.Metafunc) -> Sequence[tuple[str, str]]:
    number = crc32(metafunc.function.__name__.encode())
    for mark in metafunc.definition.iter_markers():
        if mark.name == "all_directions":
            return DIRECTIONS
        if mark.name == "directions_in_turn":
            half = len(DIRECTIONS) // 2
            return DIRECTIONS[number % half], DIRECTIONS[number % half + half]
        if mark.name == "one_direction":
            return (DIRECTIONS[number % len(DIRECTIONS)],)
    return BOTH_WAYS
