"""How far a server's clock is off, since stamps of two servers are compared for one rule alone.

Which of two edits is the newer one can only be told from both servers' ``lastUpdated``; each was
written by a clock of its own.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from d2_assets.dhis2.system import SystemInfo

#: Edits closer to each other than these milliseconds have no order: servers up to 2.42 write
#: whole seconds, and a clock is known as well as the request lasts that asks for it.
SAME_MOMENT = 5_000


@dataclass(frozen=True, slots=True)
class ClockErrors:
    """By how many milliseconds each server's clock is ahead of ours; None where it told no time."""

    source: int | None = 0
    destination: int | None = 0


ON_TIME = ClockErrors()


def find_clock_error(info: SystemInfo, now: float) -> int | None:
    """Milliseconds that the server's clock is ahead of ``now`` (seconds since the epoch), when
    ``info`` was asked for; None where its date or time zone cannot be read.

    In the hour that comes twice when summer time ends the first one is taken.
    """
    try:
        local = datetime.fromisoformat(info.server_date)
        moment = local if local.tzinfo else local.replace(tzinfo=ZoneInfo(info.time_zone))
    except (ValueError, ZoneInfoNotFoundError):
        return None
    return round((moment.timestamp() - now) * 1000)
