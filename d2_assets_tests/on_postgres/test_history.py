"""Runs, events, checks and backfills land in PostgreSQL, and nothing of them elsewhere."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus
from sqlalchemy.engine import URL

from d2_assets.defs.assets.data_values import KEY
from d2_assets_tests.journeys.backfills import backfill
from d2_assets_tests.journeys.fixtures import Start
from d2_assets_tests.journeys.journey import PAIR, Journey
from d2_assets_tests.journeys.world import MONTH, SIX_MONTHS
from d2_assets_tests.on_postgres.conftest import PASSWORD
from d2_assets_tests.postgres import query

_MATERIALISED = """
    select partition from event_logs
    where dagster_event_type = 'ASSET_MATERIALIZATION' and asset_key = '["data", "data_values"]'
    order by 1
"""
_CHECKS = """
    select check_name, partition, execution_status from asset_check_executions
    where asset_key = '["data", "data_values"]' order by 1
"""
_TABLES = "select table_name from information_schema.tables where table_schema = 'public'"


@pytest.fixture
def journey(start_journey: Start, instance: dg.DagsterInstance) -> Journey:
    """A journey whose history goes to PostgreSQL."""
    started = start_journey("2.40", "2.43")
    started.instance = instance
    return started


def test_a_materialised_partition_lands_in_postgresql_and_nowhere_else(
    journey: Journey, database: URL, home: Path
) -> None:
    run = journey.materialise(MONTH)
    assert run.success, run.failure
    partition = f"{PAIR}|{MONTH}"
    assert query(database, "select run_id, status from runs") == [(run.run_id, "SUCCESS")]
    tags = dict(query(database, "select key, value from run_tags"))  # pyright: ignore
    assert tags["dagster/partition"] == partition
    assert query(database, _MATERIALISED) == [(partition,)]
    assert query(database, _CHECKS) == [
        ("destination_equals_source", partition, "SUCCEEDED"),
        ("no_row_is_lost", partition, "SUCCEEDED"),
    ]
    assert list(home.glob("**/*.db")) == []


def test_history_is_there_when_dagster_is_opened_again(
    journey: Journey, database: URL, home: Path
) -> None:
    run = journey.materialise(MONTH)
    with dg.DagsterInstance.from_config(str(home)) as opened:
        stored = opened.get_run_by_id(run.run_id)
        assert stored is not None
        assert stored.status is dg.DagsterRunStatus.SUCCESS
        assert opened.get_materialized_partitions(KEY) == {f"{PAIR}|{MONTH}"}


def test_a_backfill_of_six_months_is_one_run_in_postgresql(
    journey: Journey, database: URL, home: Path
) -> None:
    keys = [f"{PAIR}|{month}" for month in SIX_MONTHS]
    status = backfill(journey.instance, journey.write_settings(), KEY, keys)
    assert status is BulkActionStatus.COMPLETED_SUCCESS
    assert query(database, "select status from bulk_actions") == [("COMPLETED_SUCCESS",)]
    assert query(database, "select status from runs") == [("SUCCESS",)]
    assert query(database, _MATERIALISED) == [(key,) for key in keys]
    assert list(home.glob("**/*.db")) == []


def test_two_runs_at_once_share_the_database_and_tell_nobody_its_password(
    journey: Journey, database: URL, home: Path
) -> None:
    months = SIX_MONTHS[:2]
    environ = {
        **os.environ,
        "D2_ASSETS_CONFIG": str(journey.write_settings()),
        "DAGSTER_HOME": str(home),
    }
    command = [
        *(sys.executable, "-m", "dagster", "asset", "materialize"),
        *("--module-name", "d2_assets.definitions", "--select", 'key:"data/data_values"'),
    ]
    runs = [
        subprocess.Popen(
            [*command, "--partition", f"{PAIR}|{month}"],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for month in months
    ]
    told = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], "\n".join(told)
    assert query(database, "select status from runs") == [("SUCCESS",)] * 2
    assert query(database, _MATERIALISED) == [(f"{PAIR}|{month}",) for month in months]
    journey.prove_nothing_is_lost(*months)
    shown = subprocess.run(
        [sys.executable, "-m", "dagster", "instance", "info"],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    with dg.DagsterInstance.from_config(str(home)) as opened:
        page = opened.info_str()  # what the UI shows under Deployment, Configuration
    stored = [
        str(row)
        for (table,) in query(database, _TABLES)
        for row in query(database, f'select * from "{table}"')
    ]
    written = [file.read_text("utf-8", "replace") for file in home.rglob("*") if file.is_file()]
    address = os.environ["D2_ASSETS_DATABASE_URL"]
    assert "s3cret" in address
    for words in (*told, shown.stdout, shown.stderr, page, *stored, *written):
        assert "s3cret" not in words
        assert PASSWORD not in words
