"""The choice between SQLite and PostgreSQL; ``on_postgres`` holds what needs a server."""

import os
from pathlib import Path

import click
import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef
from dagster._serdes import serialize_value

from d2_assets.errors import TransientError
from d2_assets.serve import prepare_dagster_home
from d2_assets.settings.database import read_database_url
from d2_assets.storage import Instance, check_database

VARIABLE = "D2_ASSETS_DATABASE_URL"
#: A server that is not there: port 1 is nobody's.
NOWHERE = "postgresql://dagster:s3cret@127.0.0.1:1/history"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Dagster home with the project's dagster.yaml, and no database named."""
    monkeypatch.delenv(VARIABLE, raising=False)
    return prepare_dagster_home(tmp_path / "dagster")


def test_history_is_kept_in_sqlite_where_nothing_is_set(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert isinstance(instance, Instance)
        instance.add_dynamic_partitions("months", ["202404"])
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_dynamic_partitions("months") == ["202404"]
    assert list(home.glob("**/*.db"))


def test_the_address_is_no_part_of_what_processes_hand_on(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, NOWHERE)
    reference = InstanceRef.from_dir(str(home))
    assert reference.storage_data is not None
    assert reference.storage_data.class_name == "PostgresStorage"
    handed_on = serialize_value(reference)
    assert "s3cret" not in handed_on
    assert "127.0.0.1" not in handed_on


def test_a_process_that_lost_the_variable_does_not_write_elsewhere(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, NOWHERE)
    reference = InstanceRef.from_dir(str(home))
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(click.ClickException, match="is not set in this process"):
        dg.DagsterInstance.from_ref(reference)
    assert os.listdir(home) == ["dagster.yaml"]


def test_an_address_that_is_none_is_told_without_the_password(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "postgresql://dagster:s3cret@127.0.0.1")
    with pytest.raises(click.ClickException, match=f"{VARIABLE} names no database") as told:
        dg.DagsterInstance.from_config(str(home))
    assert "s3cret" not in told.value.message


def test_a_server_that_is_not_there_is_asked_a_few_times_and_named() -> None:
    url = read_database_url({VARIABLE: NOWHERE})
    assert url is not None
    slept: list[float] = []
    with pytest.raises(TransientError) as told:
        check_database(url, slept.append)
    assert slept == [0.5, 1.0, 2.0]
    words = str(told.value)
    assert len(words.splitlines()) == 1
    for part in (VARIABLE, '"history" at 127.0.0.1:1', "Connection refused", "See that the server"):
        assert part in words
    assert "s3cret" not in words
