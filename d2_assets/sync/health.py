"""What changed about an instance since it was last asked, and what of that is told to people.

While nothing changes nothing is told: of each instance the state is kept that was told last.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

from d2_assets.errors import ConfigurationError
from d2_assets.notices import Notice
from d2_assets.sync.health_checks import InstanceHealth

#: A clock that was off is right again at this share of the limit: one that is about at the limit
#: is not told again and again.
_RIGHT_AGAIN = 0.5


@dataclass(frozen=True, slots=True)
class InstanceState:
    """How an instance was. ``lost_since`` and ``asked`` in seconds since the epoch, the first None
    while it answers; ``version`` and ``account`` as last told by it; ``is_usable``: whether the
    account can do what its pairs need; ``clock_is_off`` as it was told."""

    asked: float = 0.0
    lost_since: float | None = None
    version: str = ""
    is_usable: bool = True
    clock_is_off: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """What an instance must be: ``clock_skew_seconds`` as the settings say, ``is_written_to``
    where an active pair has it as destination."""

    clock_skew_seconds: float
    is_written_to: bool = False


def follow_instance(
    before: InstanceState, health: InstanceHealth, expected: Expected, now: float
) -> tuple[InstanceState, tuple[Notice, ...]]:
    """The state after an answer, or after none, and what is to be told of it."""
    report = health.report
    after = replace(before, asked=now)
    if not report.reachable:
        if before.lost_since is not None:
            return after, ()
        return replace(after, lost_since=now), (_tell_loss(health),)
    notices = []
    if before.lost_since is not None:
        words = f"{health.name} answers again, after {_say_time(now - before.lost_since)}."
        notices.append(Notice("instance_returned", health.name, words))
    if before.version not in ("", report.version):
        notices.append(_tell_version(before.version, health))
    is_usable = _find_trouble(health, expected) == ""
    if is_usable != before.is_usable:
        notices.append(_tell_account(health, expected))
    clock_is_off = _is_off(before.clock_is_off, health, expected)
    if clock_is_off and not before.clock_is_off:
        notices.append(_tell_clock(health, expected))
    after = replace(
        after,
        lost_since=None,
        version=report.version,
        is_usable=is_usable,
        clock_is_off=clock_is_off,
    )
    return after, tuple(notices)


def order_by_need(names: Iterable[str], states: Mapping[str, InstanceState]) -> tuple[str, ...]:
    """Names in the order in which to ask: who was not asked for longest comes first."""
    return tuple(sorted(names, key=lambda name: states.get(name, InstanceState()).asked))


def write_states(states: Mapping[str, InstanceState]) -> str:
    """The states as text, for ``read_states``."""
    return json.dumps({name: asdict(state) for name, state in states.items()})


def read_states(text: str) -> dict[str, InstanceState]:
    """The states of a text; empty for an empty one. ConfigurationError for any other."""
    try:
        return {name: InstanceState(**state) for name, state in json.loads(text or "{}").items()}
    except (ValueError, TypeError, AttributeError):
        raise ConfigurationError(
            f"What was last known of the instances cannot be read: {text[:80]!r}.",
            remedy="Reset the cursor on the page of the sensor instance_health: it then tells "
            "once more what is the matter now.",
        ) from None


def _find_trouble(health: InstanceHealth, expected: Expected) -> str:
    """Why the account is of no use; empty where it is. A version that is refused is no matter of
    the account."""
    report = health.report
    if report.message and report.message != health.version_warning:
        return report.message
    if expected.is_written_to and report.may_write.startswith("no:"):
        return report.may_write.removeprefix("no: ")
    return ""


def _is_off(before: bool, health: InstanceHealth, expected: Expected) -> bool:
    if health.clock_error is None:
        return before
    limit = expected.clock_skew_seconds * (_RIGHT_AGAIN if before else 1.0)
    return abs(health.clock_error) > limit


def _tell_loss(health: InstanceHealth) -> Notice:
    return Notice(
        "instance_lost",
        health.name,
        f"{health.name} cannot be reached, or does not let us in.",
        cause=health.report.message,
        mend="See whether the server is up and the account is valid. Until then the runs of its "
        "pairs fail; what changed meanwhile is found when it is back.",
    )


def _tell_version(before: str, health: InstanceHealth) -> Notice:
    words = f"{health.name} had version {before}, and has {health.report.version} now."
    return Notice(
        "version_changed",
        health.name,
        f"{words} {health.version_warning}".strip(),
        mend="Run a preview of its pairs and see whether its findings have changed.",
    )


def _tell_account(health: InstanceHealth, expected: Expected) -> Notice:
    trouble = _find_trouble(health, expected)
    account = health.report.account or "in the settings"
    if not trouble:
        words = f"The account {account} of {health.name} can do what its pairs need."
        return Notice("account_changed", health.name, words)
    return Notice(
        "account_changed",
        health.name,
        f"The account {account} of {health.name} cannot do what its pairs need.",
        cause=trouble,
        mend="Give the account what it lacks, or name another one in the settings.",
    )


def _tell_clock(health: InstanceHealth, expected: Expected) -> Notice:
    error = health.clock_error or 0.0
    side = "ahead of" if error > 0 else "behind"
    return Notice(
        "clock_off",
        health.name,
        f"The clock of {health.name} is {_say_time(abs(error))} {side} ours, "
        f"and clock_skew_seconds allows {_say_time(expected.clock_skew_seconds)}.",
        cause="Its serverDate in its serverTimeZoneId was compared with the clock of this server.",
        mend="Set the clocks by NTP, and see that the time zone of the server is the one it "
        "names. The rule newest for two-way pairs measures the difference and allows for it.",
    )


def _say_time(seconds: float) -> str:
    """A time in its two largest units, as people say it."""
    whole = round(seconds)
    days, hours = divmod(whole // 3600, 24)
    parts = ((days, "d"), (hours, "h"), (whole // 60 % 60, "min"), (whole % 60, "s"))
    told = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(told[:2]) or "0 s"
