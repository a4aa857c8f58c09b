"""One run of a pair below Dagster: its stages, and how long each took."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.content import FIRST_MONTH, MONTH, TODAY
from benchmarks.servers import Server
from d2_assets.data_values.choices import Choices
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.http.auth import BasicAuth
from d2_assets.http.session import HttpSession
from d2_assets.sandbox.accounts import read_password
from d2_assets.staging.layout import Home
from d2_assets.sync.data_values import plan_data_values
from d2_assets.sync.months import MonthResult, move_data_values
from d2_assets.sync.progress import Meter, Progress
from d2_assets.sync.work import Work

ACCOUNT = "admin"


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Rows sent, and seconds of each stage: as far as the plan, pushing, reconciling."""

    sent: int
    planning: float
    pushing: float
    reconciling: float

    @property
    def whole(self) -> float:
        return self.planning + self.pushing + self.reconciling


def make_session(server: Server, name: str) -> HttpSession:
    """A session as the product makes it."""
    return HttpSession(server.url, BasicAuth(ACCOUNT, read_password()), name=name)


def open_client(server: Server, name: str) -> DHIS2Client:
    """A client as the product makes it."""
    return DHIS2Client(name, make_session(server, name))


def run_month(home: Path, source: Server, destination: Server, choices: Choices) -> StageTimes:
    """Move the month and time its stages; a run that fails or loses rows measures nothing."""
    work = Work(
        pair="national--training",
        months=(MONTH,),
        choices=choices,
        first_month=FIRST_MONTH,
        today=TODAY,
        run="benchmark",
        home=Home(home),
        meter=Meter(time.monotonic, show_progress),
        clock=time.time,
        sleep=time.sleep,
    )
    began = time.time()
    clients = open_client(source, "national"), open_client(destination, "training")
    with plan_data_values(work, *clients) as planned:
        planning = time.time() - began
        (result,) = _check(list(move_data_values(planned)))
    for client in clients:
        client.close()
    return StageTimes(
        result.push.sent, planning, result.seconds_pushing, result.seconds_reconciling
    )


def _check(results: Sequence[MonthResult]) -> Sequence[MonthResult]:
    for result in results:
        if result.error is not None:
            raise result.error
        if result.unaccounted or result.quarantined:
            raise RuntimeError(
                f"{result.unaccounted} rows of {result.month} are unaccounted for and "
                f"{result.quarantined} in quarantine: this is no clean run to measure."
            )
    return results


def show_progress(progress: Progress) -> None:
    """How far a run is, on stderr."""
    sys.stderr.write(f"  {progress.stage}: {progress.percent} %\n")
