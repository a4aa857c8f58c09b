import socket
from pathlib import Path

import pytest

from d2_assets.errors import TransientError
from d2_assets.serve import LOOPBACK, find_free_port, prepare_dagster_home


def test_a_port_that_is_taken_is_passed_over() -> None:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        taken = listener.getsockname()[1]
        found = find_free_port(taken)
        assert taken < found < taken + 200
        assert find_free_port(taken, frozenset({found})) > found


def test_no_free_port_is_told_with_what_to_do() -> None:
    with pytest.raises(TransientError, match="End a program that listens there"):
        find_free_port(50_000, frozenset(range(50_000, 50_200)))


def test_a_dagster_home_is_made_and_what_it_holds_is_kept(tmp_path: Path) -> None:
    home = prepare_dagster_home(tmp_path / "dagster")
    assert home.is_absolute()
    file = home / "dagster.yaml"
    assert "QueuedRunCoordinator" in file.read_text(encoding="utf-8")
    file.write_text("# ours\n", encoding="utf-8")
    prepare_dagster_home(tmp_path / "dagster")
    assert file.read_text(encoding="utf-8") == "# ours\n"
