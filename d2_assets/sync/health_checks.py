"""Asks every active instance at once how it is, and gives up on those that take too long.

A tick of a sensor has 60 seconds whatever the number of instances, and a server that does not
answer holds a thread until its time is up: so there is a thread for each, up to a bound.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass

from d2_assets.data_values.clocks import find_clock_error
from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.dialects import find_dialect
from d2_assets.errors import ConfigurationError, D2AssetsError
from d2_assets.http.policy import RetryPolicy
from d2_assets.settings import Settings
from d2_assets.sync.connect import connect, connect_openlmis, limit_timeouts
from d2_assets.sync.probe import InstanceReport, probe_instance, probe_openlmis

#: Seconds until one request is given up, and until the whole check is.
TIMEOUT = 20.0
BUDGET = 45.0
_MOST_THREADS = 64
_ASK_ONCE = RetryPolicy(attempts=1)

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class InstanceHealth:
    """How an instance is. ``clock_error``: seconds that its clock is ahead of ours, None where it
    tells no time. ``seconds``: how long it took to answer, None where it did not.
    ``version_warning``: why its version is treated like another one's, or empty."""

    report: InstanceReport
    seconds: float | None = None
    clock_error: float | None = None
    version_warning: str = ""

    @property
    def name(self) -> str:
        return self.report.name


def check_instances(
    settings: Settings,
    names: Sequence[str],
    environ: Mapping[str, str] | None = None,
    *,
    clock: Clock = time.time,
    budget: float = BUDGET,
) -> tuple[InstanceHealth, ...]:
    """How the named instances are, asked at once, once each, within ``budget`` seconds.

    One that does not answer in time is told as such. One that could not even be asked, because
    there were too many before it, is missing: it should come first the next time.
    """
    hasty = limit_timeouts(settings, TIMEOUT)
    pool = ThreadPoolExecutor(max_workers=min(len(names), _MOST_THREADS) or 1)
    asked: dict[str, Future[InstanceHealth]] = {
        name: pool.submit(check_instance, hasty, name, environ, clock) for name in names
    }
    wait(asked.values(), timeout=budget)
    # Threads that still wait for a server end with their requests; nobody waits for them.
    pool.shutdown(wait=False, cancel_futures=True)
    return tuple(
        future.result() if future.done() else _too_slow(name, budget)
        for name, future in asked.items()
        if not future.cancelled()
    )


def check_instance(
    settings: Settings, name: str, environ: Mapping[str, str] | None, clock: Clock
) -> InstanceHealth:
    """How one instance is; what fails becomes its message."""
    try:
        if settings.instance(name).kind == "dhis2":
            with closing(connect(settings, name, environ, policy=_ASK_ONCE)) as client:
                return _check_dhis2(client, clock)
        with closing(connect_openlmis(settings, name, environ, policy=_ASK_ONCE)) as lmis:
            asked = clock()
            report = probe_openlmis(lmis)
            return InstanceHealth(report, clock() - asked if report.reachable else None)
    except D2AssetsError as error:
        return InstanceHealth(InstanceReport(name, message=str(error)))


def _check_dhis2(client: DHIS2Client, clock: Clock) -> InstanceHealth:
    asked = clock()
    info = client.get_system_info()
    answered = clock()
    error = find_clock_error(info, (asked + answered) / 2)
    return InstanceHealth(
        probe_instance(client),
        answered - asked,
        None if error is None else error / 1000,
        _warn_of_version(info.version),
    )


def _warn_of_version(version: str) -> str:
    try:
        return find_dialect(version)[1] or ""
    except ConfigurationError as error:
        return str(error)


def _too_slow(name: str, budget: float) -> InstanceHealth:
    return InstanceHealth(
        InstanceReport(
            name, message=f"It did not answer within {budget:g} seconds. See whether it is up."
        )
    )
