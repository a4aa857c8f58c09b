import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

from d2_assets.cli import app
from d2_assets.settings import load_settings, render_json_schema
from d2_assets_tests.settings.texts import GOOD


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("D2_ASSETS_CONFIG", raising=False)
    monkeypatch.delenv("D2_ASSETS_HOME", raising=False)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "settings.yaml"
    path.write_text("# ours\n" + GOOD, encoding="utf-8")
    return path


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_a_file_in_order_is_shown_as_tables(file: Path) -> None:
    result = run("config", "check", "--config", file)
    assert result.exit_code == 0
    for text in ("is in order", "national", "https://lmis.example.org", "national--training"):
        assert text in result.stdout


def test_the_file_is_found_through_the_environment(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("D2_ASSETS_CONFIG", str(file))
    assert str(file) in run("config", "check").stdout


def test_mistakes_are_told_on_the_error_stream_without_a_traceback(file: Path) -> None:
    file.write_text(GOOD.replace("role: source", "role: sender"), encoding="utf-8")
    result = run("config", "check", "--config", file)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert f"Error: {file}, line 6, instances[0].role: 'sender'" in result.stderr
    assert "What to do: Use one of 'source'" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_schema_is_printed_or_written(tmp_path: Path) -> None:
    assert run("config", "schema").stdout == render_json_schema()
    written = tmp_path / "schema.json"
    assert run("config", "schema", "--output", written).exit_code == 0
    assert written.read_text(encoding="utf-8") == render_json_schema()


def test_instances_and_pairs_are_listed(file: Path) -> None:
    assert "http://127.0.0.1:8080" in run("instances", "list", "--config", file).stdout
    assert "national--training" in run("pairs", "list", "--config", file).stdout


def test_an_instance_is_added_and_removed(file: Path) -> None:
    before = file.read_text(encoding="utf-8")
    words = ("district", "http://10.0.0.7", "--username", "a", "--password-env", "D2_DISTRICT")
    options = ("--allow-http", "--timeout-seconds", 300, "--role", "source", "--config", file)
    assert run("instances", "add", *words, *options).exit_code == 0
    added = load_settings(file, {}).instance("district")
    assert (added.allow_http, added.timeout_seconds, added.role) == (True, 300, "source")
    assert run("instances", "remove", "district", "--config", file).exit_code == 0
    assert file.read_text(encoding="utf-8") == before


def test_an_instance_without_an_account_is_told_the_options_that_name_one(file: Path) -> None:
    before = file.read_bytes()
    result = run("instances", "add", "own", "https://own.example.org", "--config", file)
    assert result.exit_code == 1
    for option in ("--username", "--password-file", "--token-env"):
        assert option in result.stderr
    assert file.read_bytes() == before


def test_a_pair_is_added_and_removed(file: Path) -> None:
    before = file.read_text(encoding="utf-8")
    words = ("national", "training", "--name", "again", "--data-set", "BfMAe6Itzgt")
    options = ("--start-date", "2024-01-01", "--sync-type", "complete", "--config", file)
    result = run("pairs", "add", *words, *options)
    assert "Pair again is added" in result.stdout
    added = load_settings(file, {}).pair("again")
    assert added.filters.data_sets == ("BfMAe6Itzgt",)
    assert str(added.filters.start_date) == "2024-01-01"
    assert run("pairs", "remove", "again", "--config", file).exit_code == 0
    assert file.read_text(encoding="utf-8") == before


def test_an_edit_that_is_refused_says_what_to_do(file: Path) -> None:
    result = run("instances", "remove", "national", "--config", file)
    assert result.exit_code == 1
    assert "used by national--training" in result.stderr
    assert "What to do: Remove these pairs first" in result.stderr


def test_a_number_that_is_zero_is_not_passed_over(file: Path) -> None:
    words = ("x", "https://x.org", "--token-env", "X", "--timeout-seconds", 0)
    result = run("instances", "add", *words, "--config", file)
    assert "timeout_seconds: 0.0 is out of range" in result.stderr


def test_the_sandbox_file_is_not_edited_by_default() -> None:
    result = run("instances", "add", "x", "https://x.org", "--token-env", "X")
    assert result.exit_code == 1
    assert "D2_ASSETS_CONFIG" in result.stderr


def test_testing_shows_what_failed_for_each_instance_and_fails(file: Path) -> None:
    result = run("instances", "test", "training", "lmis", "--config", file)
    assert result.exit_code == 1
    assert "training.token" in result.stdout
    assert "lmis.password" in result.stdout


def test_the_sandbox_is_started_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    started: dict[str, object] = {}
    stand_in = SimpleNamespace(run_sandbox=lambda **choices: started.update(choices))
    monkeypatch.setitem(sys.modules, "d2_assets.sandbox.command", stand_in)
    words = ["--values", 500, "--port-243", 9043, "--destination-data", "--org-units", 5000]
    result = run("sandbox", "up", *words)
    assert result.exit_code == 0
    assert started == {
        "values": 500,
        "seed": 2026,
        "host": "127.0.0.1",
        "port_240": 18040,
        "port_243": 9043,
        "port_openlmis": 18060,
        "home": Path(".d2_assets/sandbox"),
        "destination_data": True,
        "org_units": 5000,
        "data_elements": 0,
        "empty_destination": False,
        "events": 2_000,
        "entities": 500,
    }


def test_help_names_every_group() -> None:
    result = run("--help")
    for group in ("config", "instances", "pairs", "sandbox"):
        assert group in result.stdout
