"""The demo as a new user runs it, in a folder of its own, with its usual ports taken."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from d2_assets import demo
from d2_assets.errors import TransientError
from d2_assets.serve import LOOPBACK

COMMAND = [sys.executable, "-m", "d2_assets.demo"]


@pytest.fixture
def usual_ports() -> Iterator[set[int]]:
    """The ports that the demo would take first; this test holds those that nobody else does."""
    held = []
    for port in (3000, 18040, 18043, 18060):
        listener = socket.socket()
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            listener.close()
            continue
        listener.listen()
        held.append(listener)
    yield {3000, 18040, 18043, 18060}
    for listener in held:
        listener.close()


def test_the_demo_moves_a_month_beside_ports_that_are_taken_and_stays_until_told_to_end(
    tmp_path: Path, usual_ports: set[int]
) -> None:
    with subprocess.Popen(
        COMMAND, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdout is not None
        said = ""
        for line in running.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        address = re.search(r"Look at it: +http://[^:]+:(\d+)/", said)
        assert address, said
        with closing(socket.create_connection((LOOPBACK, int(address[1])), timeout=10)):
            pass
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=60) == 0
    assert "19 of 19 checks of stock passed" in said
    assert said.count("check destination_equals_source") == 3, said  # values, events, tracker
    assert "does not equal" not in said
    ports = {int(port) for port in re.findall(r"http://127\.0\.0\.1:(\d+)", said)}
    assert len(ports) == 4
    assert not ports & usual_ports


@pytest.mark.parametrize(("words", "stays"), [([], True), (["--exit"], False)])
def test_the_demo_ends_by_itself_when_it_is_asked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], stays: bool
) -> None:
    asked: list[bool] = []

    def run(*, stay: bool) -> int:
        asked.append(stay)
        return 1

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "run", run)
    monkeypatch.setattr(demo, "end_on_signals", lambda: None)
    monkeypatch.setattr(sys, "argv", ["demo", *words])
    assert demo.main() == 1
    assert asked == [stays]


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with (
        demo._hold_folder(tmp_path / "demo"),
        pytest.raises(TransientError, match="runs in this folder already"),
        demo._hold_folder(tmp_path / "demo"),
    ):
        pass
