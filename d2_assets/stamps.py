"""Times of change as whole milliseconds, so that stamps of all forms compare and can be kept.

Data values carry an offset and whole seconds (up to 2.42) or milliseconds (2.43); metadata and
tracker objects carry neither offset nor zone [seen 2.38-2.43].
"""

from datetime import UTC, datetime, timedelta

from d2_assets.errors import ContractError

EPOCH = datetime(1970, 1, 1)
MILLISECOND = timedelta(milliseconds=1)
SECOND = 1000
DAY = 86_400 * SECOND


def read_stamp(text: str) -> int:
    """Milliseconds since 1970 of a stamp as a server writes it: of UTC where it has an offset, of
    the server's own clock where it has none. ContractError for what is no stamp."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ContractError(
            f"The server gives {text!r} as the time of a change, which is no time."
        ) from None
    if moment.tzinfo:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return (moment - EPOCH) // MILLISECOND


def write_stamp(stamp: int) -> str:
    """Such milliseconds as text: "2026-11-22T20:44:05.119"."""
    return (EPOCH + stamp * MILLISECOND).isoformat(timespec="milliseconds")
