import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest

from d2_assets.errors import ConfigurationError, TransientError
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


def test_as_many_hold_a_destination_as_it_has_places(tmp_path: Path) -> None:
    said: list[str] = []
    with (
        hold_lease(tmp_path, URL, "run 1", places=2),
        hold_lease(tmp_path, URL, "run 2", places=2, wait_seconds=0),
        pytest.raises(TransientError, match=r"run 1 .* and run 2 "),
        hold_lease(tmp_path, URL, "run 3", places=2, wait_seconds=0.01, log=said.append),
    ):
        pass
    assert len(said) == 1
    # the first place is that of a destination with one
    with (
        hold_lease(tmp_path, URL, "run 1"),
        hold_lease(tmp_path, URL, "run 2", places=2, wait_seconds=0),
    ):
        pass


def test_whichever_place_is_given_back_is_taken_next(tmp_path: Path) -> None:
    waits, held = Event(), Event()

    def write() -> None:
        with hold_lease(
            tmp_path, URL, "run 3", places=2, wait_seconds=60, log=lambda words: waits.set()
        ):
            held.set()

    third = Thread(target=write)
    with hold_lease(tmp_path, URL, "run 1", places=2):
        with hold_lease(tmp_path, URL, "run 2", places=2):
            third.start()
            assert waits.wait(60)
            assert not held.is_set()
        assert held.wait(60)
    third.join(60)


@pytest.mark.parametrize("words", ["", "[]", "{}", "\x00"])
def test_a_holder_whose_note_is_unreadable_is_another_run(tmp_path: Path, words: str) -> None:
    said: list[str] = []
    with hold_lease(tmp_path, URL, "run 1"):
        for note in tmp_path.glob("*.json"):
            note.write_text(words, encoding="utf-8")
        with (
            pytest.raises(TransientError, match="another run"),
            hold_lease(tmp_path, URL, "run 2", wait_seconds=0, log=said.append),
        ):
            pass


def test_a_disk_that_is_full_is_named_and_the_lease_given_back(tmp_path: Path) -> None:
    with hold_lease(tmp_path, URL, "run 1"):
        (note,) = tmp_path.glob("*.json")
    note.unlink()
    note.symlink_to("/dev/full")
    with (
        pytest.raises(ConfigurationError, match=r"json cannot be written: No space") as refused,
        hold_lease(tmp_path, URL, "run 2"),
    ):
        pass
    assert str(tmp_path) in refused.value.remedy
    note.unlink()
    with hold_lease(tmp_path, URL, "run 3", wait_seconds=0):
        pass


def test_a_lock_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with hold_lease(tmp_path, URL, "run 1"):
        (lock,) = tmp_path.glob("*.lock")
    lock.unlink(missing_ok=True)
    lock.mkdir()
    with (
        pytest.raises(ConfigurationError, match="lock cannot be written"),
        hold_lease(tmp_path, URL, "run 2"),
    ):
        pass


@pytest.mark.parametrize("is_file", [True, False])
def test_a_folder_of_leases_that_is_none_is_named(tmp_path: Path, is_file: bool) -> None:
    folder = tmp_path / "leases"
    if is_file:
        folder.touch()
    with pytest.raises(ConfigurationError, match="leases"), hold_lease(folder, URL, "run 1"):
        pass


def test_an_error_of_the_disk_in_the_work_itself_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), hold_lease(tmp_path, URL, "run 1"):
        (tmp_path / "nowhere").read_text(encoding="utf-8")


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
