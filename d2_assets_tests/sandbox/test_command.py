"""``run_sandbox``: three servers until a signal comes."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from d2_assets.errors import ConfigurationError
from d2_assets.sandbox import Sandbox
from d2_assets.sandbox.accounts import read_password
from d2_assets.sandbox.command import run_sandbox
from d2_assets_tests.sandbox.conftest import Serve

_CALL = """
from pathlib import Path
from d2_assets.sandbox.command import run_sandbox
run_sandbox(values=100, port_240=0, port_243=0, port_openlmis=0, home=Path({home!r}){more})
"""


def _count(url: str, plural: str) -> int:
    """How many objects of a class a server has."""
    auth = ("admin", read_password())
    answer = requests.get(f"{url}/api/{plural}", auth=auth, params={"pageSize": 1}, timeout=10)
    return int(answer.json()["pager"]["total"])


def test_it_serves_all_until_it_is_told_to_stop(tmp_path: Path) -> None:
    command = [sys.executable, "-u", "-c", _CALL.format(home=str(tmp_path), more="")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        *urls, stock = re.findall(r"http://\S+", "".join(lines))
        refused = requests.get(f"{stock}/api/programs", timeout=10).json()
        versions = [
            requests.get(
                f"{url}/api/system/info", auth=("admin", read_password()), timeout=10
            ).json()["version"]
            for url in urls
        ]
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
    assert versions == ["2.40.9.1", "2.43.1"]
    assert refused["error"] == "unauthorized"
    assert process.returncode == 0
    assert "stopped" in rest


def test_sizes_and_an_empty_destination_by_flag(tmp_path: Path) -> None:
    more = ", org_units=300, data_elements=200, empty_destination=True"
    command = [sys.executable, "-u", "-c", _CALL.format(home=str(tmp_path), more=more)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        source, destination, _ = re.findall(r"http://[^\s/]+", "".join(lines))
        counts = [
            [_count(url, plural) for plural in ("organisationUnits", "dataElements")]
            for url in (source, destination)
        ]
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
    assert counts == [[300, 200], [0, 0]]
    assert "nothing yet" in lines[1]


def test_a_taken_port_ends_it_at_once_with_the_mend(serve: Serve, tmp_path: Path) -> None:
    sandbox: Sandbox = serve("2.40")
    taken = int(sandbox.url.rpartition(":")[2])
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(ConfigurationError, match="choose another port"):
            run_sandbox(values=10, port_240=taken, home=tmp_path)
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
