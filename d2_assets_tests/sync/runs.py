"""One run of a pair between two servers in memory, below Dagster."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from d2_assets.data_values.choices import Choices
from d2_assets.staging.layout import Home
from d2_assets.sync.data_values import plan_data_values
from d2_assets.sync.months import MonthResult, move_data_values
from d2_assets.sync.progress import INTERVAL, Meter, Progress
from d2_assets.sync.work import PlannedWork, Work
from d2_assets_tests.data_values.builders import MONTH, TODAY
from d2_assets_tests.data_values.fake_dhis2 import FakeDHIS2

PAIR = "national--training"


def make_work(
    folder: Path, months: Sequence[str] = (MONTH,), *, told: list[Any] | None = None, **choices: Any
) -> Work:
    """Work of the pair under ``folder``; log lines and progress go to ``told``."""
    said: list[Any] = [] if told is None else told

    def tell(progress: Progress | str) -> None:
        said.append(progress)

    return Work(
        pair=PAIR,
        months=tuple(months),
        choices=Choices(**{"chunk_size": 5, "writers": 2, **choices}),
        first_month="202501",
        today=TODAY,
        run="run-1",
        home=Home(folder),
        # A clock by which every report is due.
        meter=Meter(count(0.0, INTERVAL).__next__, tell),
        clock=lambda: 0.0,
        log=tell,
        warn=tell,
    )


@contextmanager
def open_plan(work: Work, source: FakeDHIS2, destination: FakeDHIS2) -> Iterator[PlannedWork]:
    with plan_data_values(work, source.client, destination.client) as planned:
        yield planned


def move(work: Work, source: FakeDHIS2, destination: FakeDHIS2) -> list[MonthResult]:
    """Plan and push all months of the work; a month with an error is the last one."""
    with open_plan(work, source, destination) as planned:
        return list(move_data_values(planned))
