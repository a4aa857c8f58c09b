"""An answer that was lost is settled by reading the destination, never by sending again blindly."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import Field, replace
from typing import Any, ClassVar, Protocol, TypeVar

from d2_assets.errors import D2AssetsError, OutcomeUnknownError
from d2_assets.ledger.outcomes import Outcome

#: How often the same rows are sent again after an answer was lost and they were not there.
_LOST_ANSWERS = 3

#: Server errors and refusals without a report, in a row, after which it is the server or the
#: request that is wrong, not one of the rows. Halving a chunk down to one row takes some 15.
BROKEN = 40

#: Refusals that may be one row's doing: the group is halved. A 500 is one: 2.43 answers it to a
#: period it cannot parse.
DIVISIBLE = frozenset({400, 409, 413, 500})

_Row = TypeVar("_Row")
_RowOut = TypeVar("_RowOut", covariant=True)
_Settled = TypeVar("_Settled")


class Readable(Protocol[_Row]):
    """What is needed of a server to know what became of rows."""

    def find_missing(self, rows: Sequence[_Row]) -> Sequence[_Row]:
        """Those of the rows that the destination does not hold as they were sent."""
        ...

    def pause(self) -> None:
        """Wait: behind a proxy that gave up, the server may still be storing."""
        ...


class GroupOf(Protocol[_RowOut]):
    """Rows of one request, a dataclass. ``attempts``: times they were sent; ``lost``: how often
    the answer to them was lost."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def rows(self) -> Sequence[_RowOut]: ...
    @property
    def attempts(self) -> int: ...
    @property
    def lost(self) -> int: ...


class Unfinished(Protocol[_Settled]):
    """What is known of a chunk so far. ``failures``: answers without a report in a row."""

    settled: list[_Settled]
    failures: int
    error: D2AssetsError | None


_Group = TypeVar("_Group", bound=GroupOf)


def settle_lost(
    destination: Readable[_Row],
    group: _Group,
    error: OutcomeUnknownError,
    result: Unfinished[Any],
    divide: Callable[[_Group], list[_Group]],
) -> list[_Group]:
    """What must be sent again of a group whose answer was lost: the rows that did not land.

    Behind a 500 one row may be guilty: ``divide`` cuts the group, or gives its one row up.
    OutcomeUnknownError when it happens again and again, or the destination cannot be read.
    """
    missing = _find_lost(destination, group.rows, error)
    if not missing:
        return []
    result.failures += 1
    if error.status == 500 and result.failures < BROKEN:
        return divide(replace(group, rows=missing, lost=0))
    if error.status != 500 and group.lost + 1 < _LOST_ANSWERS:
        return [replace(group, rows=missing, lost=group.lost + 1)]
    raise OutcomeUnknownError(
        f"{error.message} It happened again and again.",
        remedy="Launch the partition again when the line or the server has recovered: "
        "what has landed is found there and not sent again.",
        status=error.status,
    ) from error


def leave_groups(
    result: Unfinished[_Settled],
    error: D2AssetsError,
    group: GroupOf[_Row],
    waiting: Iterable[GroupOf[_Row]],
    leave: Callable[[_Row, Outcome, str, int], _Settled],
) -> None:
    """An error stopped the work at ``group``: it and those behind it stay as they are, and what
    may have been sent is only queued."""
    result.error = error
    for one in (group, *waiting):
        sent = one.lost > 0 or (one is group and isinstance(error, OutcomeUnknownError))
        outcome = Outcome.QUEUED if sent else Outcome.NOT_ATTEMPTED
        result.settled.extend(leave(row, outcome, str(error), one.attempts) for row in one.rows)


def _find_lost(
    destination: Readable[_Row], rows: Sequence[_Row], error: OutcomeUnknownError
) -> Sequence[_Row]:
    """Looked for twice where the server may still be storing."""
    missing = _find_missing(destination, rows, error)
    if missing and error.status != 500:
        destination.pause()
        missing = _find_missing(destination, rows, error)
    return missing


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
