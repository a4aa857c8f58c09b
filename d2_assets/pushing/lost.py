"""An answer that was lost is settled by reading the destination, never by sending again blindly."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from d2_assets.errors import D2AssetsError, OutcomeUnknownError

#: How often the same rows are sent again after an answer was lost and they were not there.
LOST_ANSWERS = 3

#: Server errors and refusals without a report, in a row, after which it is the server or the
#: request that is wrong, not one of the rows. Halving a chunk down to one row takes some 15.
BROKEN = 40

#: Refusals that may be one row's doing: the group is halved. A 500 is one: 2.43 answers it to a
#: period it cannot parse.
DIVISIBLE = frozenset({400, 409, 413, 500})

_Row = TypeVar("_Row")


class Readable(Protocol[_Row]):
    """What is needed of a server to know what became of rows."""

    def find_missing(self, rows: Sequence[_Row]) -> Sequence[_Row]:
        """Those of the rows that the destination does not hold as they were sent."""
        ...

    def pause(self) -> None:
        """Wait: behind a proxy that gave up, the server may still be storing."""
        ...


def find_lost(
    destination: Readable[_Row], rows: Sequence[_Row], error: OutcomeUnknownError
) -> Sequence[_Row]:
    """The rows that did not land, looked for twice where the server may still be storing.

    OutcomeUnknownError when the destination cannot be read.
    """
    missing = _find_missing(destination, rows, error)
    if missing and error.status != 500:
        destination.pause()
        missing = _find_missing(destination, rows, error)
    return missing


def tell_repeated(error: OutcomeUnknownError) -> OutcomeUnknownError:
    """What to raise when answers of the same rows are lost again and again."""
    return OutcomeUnknownError(
        f"{error.message} It happened again and again.",
        remedy="Launch the partition again when the line or the server has recovered: "
        "what has landed is found there and not sent again.",
        status=error.status,
    )


def _find_missing(
    destination: Readable[_Row], rows: Sequence[_Row], error: OutcomeUnknownError
) -> Sequence[_Row]:
    try:
        return destination.find_missing(rows)
    except D2AssetsError as unread:
        raise OutcomeUnknownError(
            f"{error.message} The destination could not be read back: {unread.message}",
            remedy=unread.remedy or error.remedy,
            status=error.status,
        ) from unread
