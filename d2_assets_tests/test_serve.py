import socket
from importlib import import_module
from pathlib import Path

import pytest

from d2_assets.errors import ConfigurationError, TransientError
from d2_assets.serve import (
    _OURS,
    LOOPBACK,
    check_storage,
    find_free_port,
    find_outdated_settings,
    prepare_dagster_home,
)

#: A server that is not there: port 1 is nobody's.
NOWHERE = {"D2_ASSETS_DATABASE_URL": "postgresql://dagster:s3cret@127.0.0.1:1/history"}


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
    assert "d2_assets.coordinator" in file.read_text(encoding="utf-8")
    file.write_text("# ours\n", encoding="utf-8")
    prepare_dagster_home(tmp_path / "dagster")
    assert file.read_text(encoding="utf-8") == "# ours\n"


def test_a_home_of_an_earlier_version_does_not_pass_the_database_by_in_silence(
    tmp_path: Path,
) -> None:
    home = prepare_dagster_home(tmp_path / "dagster")
    file = home / "dagster.yaml"
    whole = file.read_text(encoding="utf-8")
    lines = [line for line in whole.splitlines() if "instance_class" not in line]
    earlier = [line for line in lines if not line.startswith(("  module: d2", "  class: Inst"))]
    for text in ("\n".join(earlier), f"{whole}\nstorage: {{sqlite: {{base_dir: /tmp}}}}\n", ""):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigurationError, match="D2_ASSETS_DATABASE_URL is set, but") as told:
            check_storage(home, NOWHERE)
        assert str(file) in told.value.message
        assert "instance_class" in told.value.remedy
        check_storage(home, {})


def test_a_dagster_yaml_of_an_earlier_version_is_warned_of_in_words(tmp_path: Path) -> None:
    home = prepare_dagster_home(tmp_path / "dagster")
    file = home / "dagster.yaml"
    assert find_outdated_settings(home) == ""
    ours, queue = file.read_text("utf-8").split("run_coordinator:")
    older = "module: dagster.core.run_coordinator\n  class: QueuedRunCoordinator"
    file.write_text(f"{ours}run_coordinator:\n  {older}\n", encoding="utf-8")
    words = find_outdated_settings(home)
    assert "do not wait for each other" in words
    assert "status" not in words
    assert "Copy the project's dagster.yaml" in words
    file.write_text(f"run_coordinator:{queue}", encoding="utf-8")
    assert "bear no status word." in find_outdated_settings(home)
    file.write_text("instance_class: 7", encoding="utf-8")
    assert "no status word; " in find_outdated_settings(home)


def test_the_classes_that_dagster_yaml_must_name_exist(tmp_path: Path) -> None:
    for module, name in _OURS.values():
        assert getattr(import_module(module), name).__module__ == module


def test_a_database_that_is_not_there_is_told_before_dagster_starts(tmp_path: Path) -> None:
    home = prepare_dagster_home(tmp_path / "dagster")
    with pytest.raises(TransientError, match=r'"history" at 127\.0\.0\.1:1 ') as told:
        check_storage(home, NOWHERE)
    assert "s3cret" not in str(told.value)
