"""A server's own clock: stamps of metadata and tracker are its local time, without an offset.

All stamps of a look are put on that clock and compared there. In the hour that comes twice when
summer time ends a later change may bear an earlier stamp, so whoever asks for what changed since
such a stamp has to ask from the beginning of that hour.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from d2_assets.errors import ConfigurationError, ContractError
from d2_assets.stamps import EPOCH, MILLISECOND

#: How Java names a zone that is only an offset.
_OFFSET = re.compile(r"(?:GMT|UTC)([+-])(\d{1,2}):?(\d{2})?")
_STEP = timedelta(minutes=1)


def find_zone(name: str) -> tzinfo:
    """The zone that a server names (``serverTimeZoneId``); ConfigurationError for none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        match = _OFFSET.fullmatch(name)
    if match is None:
        raise ConfigurationError(
            f"The source says that its time zone is {name!r}, which is not known here.",
            remedy="Set a named time zone there (Africa/Blantyre), or bring the time zones of "
            "this system up to date.",
        )
    sign = -1 if match[1] == "-" else 1
    return timezone(sign * timedelta(hours=int(match[2]), minutes=int(match[3] or 0)))


def read_clock(server_date: str, zone: tzinfo, now: float) -> float:
    """The moment that a server's ``serverDate`` means, in seconds since the epoch.

    In the hour that comes twice it is the one that is nearer to ``now``, our own clock.
    ContractError for what is no date.
    """
    try:
        local = datetime.fromisoformat(server_date)
    except ValueError:
        raise ContractError(
            f"The source gives its time as {server_date!r}, which is no date.",
            remedy="Check that the instance's URL is that of a DHIS2 server.",
        ) from None
    if local.tzinfo:
        return local.timestamp()
    moments = (local.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    return min(moments, key=lambda moment: abs(moment - now))


def to_local(moment: float, zone: tzinfo) -> int:
    """A moment (seconds since the epoch) on the server's clock, in milliseconds."""
    return shift_to_local(round(moment * 1000), zone)


def shift_to_local(stamp: int, zone: tzinfo) -> int:
    """Milliseconds of UTC on the server's clock."""
    moment = (EPOCH + stamp * MILLISECOND).replace(tzinfo=UTC)
    return (moment.astimezone(zone).replace(tzinfo=None) - EPOCH) // MILLISECOND


def find_offsets(stamp: int, zone: tzinfo) -> tuple[int, ...]:
    """How far the server's clock is ahead of UTC within a day of a stamp, in milliseconds: two
    numbers where summer time begins or ends."""
    local = (EPOCH + stamp * MILLISECOND).replace(tzinfo=zone)
    offsets = {(local + timedelta(days=days)).utcoffset() for days in (-1, 0, 1)}
    return tuple(sorted(offset // MILLISECOND for offset in offsets if offset is not None))


def find_repeated_hour(stamp: int, zone: tzinfo) -> int:
    """Where the hour that comes twice begins on the server's clock, for a stamp within it; the
    stamp itself for any other."""
    local = EPOCH + stamp * MILLISECOND
    if not _comes_twice(local, zone):
        return stamp
    start = local.replace(second=0, microsecond=0)
    while _comes_twice(start - _STEP, zone):
        start -= _STEP
    return (start - EPOCH) // MILLISECOND


def _comes_twice(local: datetime, zone: tzinfo) -> bool:
    first, second = (local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second
