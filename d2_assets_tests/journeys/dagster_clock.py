"""Dagster by the clock of a journey: times that it writes of runs are those that sensors go by."""

from logging import LogRecord
from typing import Any

import pytest
from dagster._core.log_manager import DagsterLogManager

from d2_assets_tests.journeys.automation import Clock


def go_by(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs and events, from now on; the times at which records are made are the database's own."""
    make_record = DagsterLogManager.makeRecord

    def stamp(manager: DagsterLogManager, *args: Any, **options: Any) -> LogRecord:
        record = make_record(manager, *args, **options)
        record.created = clock.timestamp()
        return record

    monkeypatch.setattr(DagsterLogManager, "makeRecord", stamp)
    monkeypatch.setattr("dagster._time._mockable_get_current_datetime", clock)
    monkeypatch.setattr("dagster._time._mockable_get_current_timestamp", clock.timestamp)
