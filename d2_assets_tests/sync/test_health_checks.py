import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from d2_assets.sandbox import EMPTY, start_sandbox
from d2_assets.sandbox.accounts import read_password
from d2_assets.sandbox.openlmis import StockSpec, generate_state, start_openlmis
from d2_assets.sandbox.openlmis.content import PASSWORD, USERNAME
from d2_assets.settings import Settings, parse_settings
from d2_assets.sync.health_checks import check_instances
from d2_assets_tests.journeys.world import NOW, read_clock
from d2_assets_tests.settings.texts import FILE

ENVIRON = {"D2_PASSWORD": read_password(), "LMIS_PASSWORD": PASSWORD}


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def write_settings(addresses: dict[str, str], lmis: str = "", timeout: float = 2.0) -> Settings:
    lines = ["instances:"]
    for name, url in addresses.items():
        auth = "{username: admin, password_env: D2_PASSWORD}"
        lines.append(f"  - {{name: {name}, url: {url}, auth: {auth}, timeout_seconds: {timeout}}}")
    if lmis:
        auth = f"{{username: {USERNAME}, password_env: LMIS_PASSWORD}}"
        lines.append(f"  - {{name: lmis, kind: openlmis, url: {lmis}, auth: {auth}}}")
    return parse_settings("\n".join(lines), FILE)


def test_clock_and_time_to_answer_are_measured_at_both_kinds_of_server(tmp_path: Path) -> None:
    moments = iter([NOW.timestamp() - 10_801 + seconds for seconds in range(100)])
    state = generate_state(StockSpec(facilities=1, products=2, months=1))
    with (
        start_sandbox("2.42", tmp_path / "a.sqlite", content=EMPTY, clock=read_clock) as sandbox,
        start_openlmis(state) as stock,
    ):
        settings = write_settings({"national": sandbox.url}, stock.url, timeout=30.0)
        (national,) = check_instances(settings, ["national"], ENVIRON, clock=lambda: next(moments))
        (lmis,) = check_instances(settings, ["lmis"], ENVIRON, clock=lambda: next(moments))
    assert national.report.reachable
    assert national.report.version == sandbox.version
    assert national.clock_error == timedelta(hours=3, seconds=0.5).total_seconds()
    assert national.seconds == 1.0
    assert national.version_warning == ""
    assert (lmis.report.reachable, lmis.clock_error, lmis.seconds) == (True, None, 1.0)


def test_fifty_silent_servers_do_not_hold_up_the_one_that_answers(
    tmp_path: Path, silent: str
) -> None:
    addresses = {f"silent{number}": silent for number in range(50)}
    with start_sandbox("2.42", tmp_path / "a.sqlite", content=EMPTY) as sandbox:
        settings = write_settings({**addresses, "national": sandbox.url})
        began = time.monotonic()
        found = check_instances(settings, [*addresses, "national"], ENVIRON, budget=30.0)
        assert time.monotonic() - began < 25
    assert [health.name for health in found if health.report.reachable] == ["national"]
    assert len(found) == 51
    assert all(health.report.message for health in found if health.name != "national")


def test_who_is_slower_than_the_budget_is_told_and_who_was_not_asked_is_missing(
    silent: str,
) -> None:
    names = [f"silent{number}" for number in range(70)]
    settings = write_settings(dict.fromkeys(names, silent))
    found = check_instances(settings, names, ENVIRON, budget=0.5)
    assert {health.report.message for health in found} == {
        "It did not answer within 0.5 seconds. See whether it is up."
    }
    assert [health.name for health in found] == names[:64]


def test_a_missing_secret_is_the_message_of_its_instance() -> None:
    settings = write_settings({"national": "http://127.0.0.1:1"})
    (health,) = check_instances(settings, ["national"], {})
    assert "D2_PASSWORD" in health.report.message
    assert health.seconds is None
