"""Faults while both sides are read: asked again where that helps, else nothing is sent at all."""

import socket
from typing import Any

import pytest

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.sync import data_values
from d2_assets_tests.http.certificates import make_certificate
from d2_assets_tests.http.server import run_server
from d2_assets_tests.journeys.faults import (
    Disturbance,
    Name,
    at_call,
    cross,
    get,
    prepare,
    prove_first_run,
    prove_next_run,
    sign_in_with_token,
    stop,
    travel,
)
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import Journey
from d2_assets_tests.journeys.loads import LOADS, Change
from d2_assets_tests.journeys.world import MONTH

NOWHERE = "nowhere.invalid"


def _move_to(name: Name, url: str) -> Change:
    """Another address in the settings; "{}" is host and port of the server."""

    def change(journey: Journey) -> None:
        now = journey.instances[name]["url"]
        address = url.format(now.partition("://")[2])
        journey.instances[name].update(url=address, allow_http=True)
        journey.monkeypatch.setattr(socket, "getaddrinfo", _resolve_all_but_nowhere)

    return change


def _move_back(journey: Journey) -> None:
    journey.instances["national"]["url"] = journey.source.url
    journey.instances["training"]["url"] = journey.destination.url


_resolve = socket.getaddrinfo


def _resolve_all_but_nowhere(host: Any, *rest: Any, **options: Any) -> Any:
    """No test asks the network, not even for a name that nobody has."""
    if host == NOWHERE:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return _resolve(host, *rest, **options)


def _make_impatient(journey: Journey) -> None:
    journey.instances["national"]["timeout_seconds"] = 1.0


PASSING = (
    Disturbance("an answer that is cut", get("cut", after=3, times=2), at="national"),
    Disturbance(
        "an answer of announced length that is cut",
        get("cut", after=1, times=2, framing="content_length"),
    ),
    Disturbance("gzip that is cut", get("cut_gzip", after=3, times=2), at="national"),
    Disturbance("a closed connection", get("reset", after=2, times=2)),
    Disturbance("a busy server", get("status_503", after=2, retry_after=1), at="national"),
    Disturbance(
        "a slow page", get("slow", after=3, seconds=1.5), before=_make_impatient, at="national"
    ),
)
FAILING = (
    Disturbance(
        "answers that are cut for ever",
        get("cut", after=3, times=None),
        says=("the answer was cut", "Attempts: 5"),
        at="national",
        sends=False,
    ),
    Disturbance(
        "gzip that is cut for ever",
        get("cut_gzip", after=1, times=None),
        says=("the answer was cut",),
        sends=False,
    ),
    Disturbance(
        "an HTML page",
        get("html", after=3),
        says=("login page", "Check the username and password"),
        at="national",
        sends=False,
    ),
    Disturbance(
        "an answer that is not JSON",
        get("not_json", after=1),
        says=("instead of JSON", "<<not json>>"),
        sends=False,
    ),
    Disturbance(
        "a token that is revoked",
        get("status_401", after=3, times=None),
        before=sign_in_with_token,
        says=("token was refused", "401", "Check the username and password, or the token"),
        at="national",
        sends=False,
    ),
    Disturbance(
        "a server that is busy for ever",
        get("status_503", after=1, times=None),
        says=("503", "Wait until the server is back"),
        sends=False,
    ),
    Disturbance(
        "a source that goes down",
        before=at_call(DHIS2Client, "download_data_values", 5, stop("national")),
        mend=Journey.start_again,
        says=("connection was refused", "that the server runs"),
        at="national",
        sends=False,
    ),
    Disturbance(
        "a destination that goes down",
        before=at_call(data_values, "stage_values", 2, stop("training")),
        mend=Journey.start_again,
        says=("connection was refused", "that the server runs"),
        sends=False,
    ),
    Disturbance(
        "a host that nobody knows",
        before=_move_to("training", f"http://{NOWHERE}"),
        mend=_move_back,
        says=("name of its host is not known (DNS)", "Check the instance's URL"),
        sends=False,
    ),
    Disturbance(
        "a plain server behind https",
        before=_move_to("national", "https://{}"),
        mend=_move_back,
        says=("the TLS connection failed",),
        at="national",
        sends=False,
    ),
)


@cross(PASSING + FAILING)
def test_a_fault_while_reading(
    start_journey: Start, source: str, destination: str, load: Change, disturbance: Disturbance
) -> None:
    travel(start_journey(source, destination), load, disturbance)


@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)
@pytest.mark.parametrize("name", ["national", "training"])
def test_a_certificate_that_nobody_vouches_for(
    start_journey: Start, name: Name, load: Change
) -> None:
    journey = start_journey("2.40", "2.43")
    before = prepare(journey, load)
    with run_server(make_certificate(journey.folder / "tls")) as server:
        journey.instances[name]["url"] = server.url
        run = journey.materialise(MONTH)
        refused = Disturbance(
            "self-signed",
            says=("certificate could not be verified", "ca_file"),
            at=name,
            sends=False,
        )
        prove_first_run(journey, run, before, refused)
        assert server.asked == []
    _move_back(journey)
    assert prove_next_run(journey) == before.different
