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

from d2_assets.demo import _hold_folder
from d2_assets.errors import TransientError
from d2_assets.serve import LOOPBACK

COMMAND = [sys.executable, "-m", "d2_assets.demo"]


@pytest.fixture
def usual_ports() -> Iterator[set[int]]:
    """The ports that the demo would take first; this test holds those that nobody else does."""
    held = []
    for port in (3000, 18040, 18043):
        listener = socket.socket()
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            listener.close()
            continue
        listener.listen()
        held.append(listener)
    yield {3000, 18040, 18043}
    for listener in held:
        listener.close()


def test_the_demo_moves_a_month_beside_ports_that_are_taken(
    tmp_path: Path, usual_ports: set[int]
) -> None:
    done = subprocess.run(
        [*COMMAND, "--exit"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The destination equals the source" in done.stdout
    ports = {int(port) for port in re.findall(r"http://127\.0\.0\.1:(\d+)", done.stdout)}
    assert len(ports) == 3
    assert not ports & usual_ports


def test_the_demo_stays_until_it_is_told_to_end(tmp_path: Path) -> None:
    with subprocess.Popen(
        COMMAND, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as demo:
        assert demo.stdout is not None
        said = []
        for line in demo.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        address = re.findall(r"Look at it: +(http://\S+):(\d+)/", "".join(said))
        assert address, "".join(said)
        with closing(socket.create_connection((LOOPBACK, int(address[0][1])), timeout=10)):
            pass
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(timeout=60) == 0


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with (
        _hold_folder(tmp_path / "demo"),
        pytest.raises(TransientError, match="runs in this folder already"),
        _hold_folder(tmp_path / "demo"),
    ):
        pass
