import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest

from d2_assets.errors import TransientError
from d2_assets.ledger.lease import hold_lease

URL = "https://training.example.org"

_HOLDER = """
import sys, time
from pathlib import Path
from d2_assets.ledger.lease import hold_lease

with hold_lease(Path(sys.argv[1]), sys.argv[2], "run of a process"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_lease_can_be_taken_again_when_it_is_free(tmp_path: Path) -> None:
    said: list[str] = []
    for holder in ("run 1", "run 2"):
        with hold_lease(tmp_path, URL, holder, wait_seconds=0, log=said.append):
            pass
    assert said == []


def test_the_second_holder_is_told_who_writes_and_fails_as_transient(tmp_path: Path) -> None:
    said: list[str] = []
    with (
        hold_lease(tmp_path, URL, "run 1"),
        pytest.raises(TransientError, match="run 1") as refused,
        hold_lease(tmp_path, URL, "run 2", wait_seconds=0.01, log=said.append),
    ):
        pass
    assert len(said) == 1
    assert "run 1" in said[0]
    assert URL in said[0]
    assert URL in refused.value.message
    assert refused.value.remedy


def test_the_second_holder_writes_when_the_first_has_ended(tmp_path: Path) -> None:
    waits, held = Event(), Event()

    def write() -> None:
        with hold_lease(tmp_path, URL, "run 2", wait_seconds=60, log=lambda words: waits.set()):
            held.set()

    second = Thread(target=write)
    with hold_lease(tmp_path, URL, "run 1"):
        second.start()
        assert waits.wait(60)
        assert not held.is_set()
    second.join(60)
    assert held.is_set()


def test_a_run_that_fails_gives_its_lease_back(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken"), hold_lease(tmp_path, URL, "run 1"):
        raise ValueError("broken")
    with hold_lease(tmp_path, URL, "run 2", wait_seconds=0):
        pass


def test_two_destinations_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with (
        hold_lease(tmp_path, URL, "run 1"),
        hold_lease(tmp_path, "https://other.example.org", "run 2", wait_seconds=0),
    ):
        pass


def test_a_holder_whose_note_is_unreadable_is_another_run(tmp_path: Path) -> None:
    said: list[str] = []
    with hold_lease(tmp_path, URL, "run 1"):
        for note in tmp_path.glob("*.json"):
            note.write_text("", encoding="utf-8")
        with (
            pytest.raises(TransientError, match="another run"),
            hold_lease(tmp_path, URL, "run 2", wait_seconds=0, log=said.append),
        ):
            pass


def test_a_process_that_is_killed_frees_its_lease(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLDER, str(tmp_path), URL]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            with (
                pytest.raises(TransientError, match=f"run of a process .*{process.pid}"),
                hold_lease(tmp_path, URL, "run 2", wait_seconds=0),
            ):
                pass
        finally:
            process.kill()
            process.wait()
        with hold_lease(tmp_path, URL, "run 2", wait_seconds=60):
            pass
