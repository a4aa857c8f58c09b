"""One chunk is settled when of each row it is known that it was taken or why not.

A 2.43 server refuses a whole request for one row's key and names all rows; its words tell which
are guilty, and where they do not, halves are sent until only the guilty are left. An answer that
was lost is settled by reading the destination, never by sending again blindly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Protocol

from d2_assets.dhis2.reports import Conflict, ImportReport
from d2_assets.errors import (
    CancelledError,
    D2AssetsError,
    OutcomeUnknownError,
    RejectedError,
)
from d2_assets.ledger.outcomes import Outcome
from d2_assets.pushing.lost import BROKEN, DIVISIBLE, Readable, leave_groups, settle_lost

Row = Mapping[str, Any]

_PLACE_AND_TIME = ("period", "org_unit", "attribute_option_combo")


class Destination(Readable[Row], Protocol):
    """What a chunk needs of a server."""

    @property
    def most_rows(self) -> int:
        """Rows that one request may have now."""
        ...

    @property
    def is_stopped(self) -> bool:
        """Whether nothing more may be sent."""
        ...

    def post(self, rows: Sequence[Row]) -> ImportReport: ...


@dataclass(frozen=True, slots=True)
class Settled:
    """Why one row was not taken: its outcome, the server's code and words, times it was sent."""

    row: int
    org_unit: str
    outcome: Outcome
    code: str
    words: str
    attempts: int


@dataclass(slots=True)
class ChunkResult:
    """Rows that were not taken (all others were), requests sent, and what stopped the chunk.

    ``failures`` counts answers without a report since the last one with.
    """

    settled: list[Settled] = field(default_factory=list)
    requests: int = 0
    failures: int = 0
    error: D2AssetsError | None = None


@dataclass(frozen=True, slots=True)
class _Group:
    rows: Sequence[Row]
    attempts: int = 0
    lost: int = 0

    def cut(self, parts: int) -> list["_Group"]:
        """So many groups of nearly the same size, the first rows last: they are sent from there."""
        bounds = [len(self.rows) * part // parts for part in range(parts + 1)]
        cut = [
            _Group(self.rows[start:end], self.attempts, self.lost)
            for start, end in pairwise(bounds)
            if end > start
        ]
        return cut[::-1]

    def refuse(self, row: Row, code: str, words: str) -> Settled:
        return Settled(row["row"], row["org_unit"], Outcome.QUARANTINED, code, words, self.attempts)


def settle_chunk(destination: Destination, rows: Sequence[Row]) -> ChunkResult:
    """Send the rows until each is settled. An error that stops the work is kept, not raised."""
    result = ChunkResult()
    waiting = [_Group(rows)]
    while waiting:
        group = waiting.pop()
        if len(group.rows) > destination.most_rows:
            waiting += group.cut(-(-len(group.rows) // destination.most_rows))
            continue
        try:
            if destination.is_stopped:
                raise CancelledError
            group = replace(group, attempts=group.attempts + 1)
            result.requests += 1
            waiting += _send(destination, group, result)
        except D2AssetsError as error:
            leave_groups(result, error, group, waiting, leave_row)
            break
    return result


def _send(destination: Destination, group: _Group, result: ChunkResult) -> list[_Group]:
    """Post one group; what is refused for good goes to ``result``, what must be sent comes back."""
    try:
        report = destination.post(group.rows)
    except OutcomeUnknownError as error:
        words = error.message
        return settle_lost(
            destination, group, error, result, lambda lost: _divide(lost, "", words, result)
        )
    except RejectedError as error:
        result.failures += 1
        if error.status not in DIVISIBLE or result.failures >= BROKEN:
            raise
        return _divide(group, error.code, error.message, result)
    result.failures = 0
    if report.is_whole_refused:
        return _settle_refused_group(group, report, result)
    for index, conflict in report.refused_rows(len(group.rows)).items():
        result.settled.append(_refuse(group, index, conflict))
    return []


def _settle_refused_group(group: _Group, report: ImportReport, result: ChunkResult) -> list[_Group]:
    guilty = report.find_guilty(group.rows)
    if not guilty:
        first = report.conflicts[0] if report.conflicts else None
        words = first.message if first else report.description or "The server refused the rows."
        if first and report.is_by_place_and_time:
            return _divide_places(group, first, result)
        return _divide(group, (first.error_code if first else "") or "", words, result)
    for index, conflict in guilty.items():
        result.settled.append(_refuse(group, index, conflict))
    rest = [row for index, row in enumerate(group.rows) if index not in guilty]
    return [_Group(rest, group.attempts)] if rest else []


def _divide(group: _Group, code: str, words: str, result: ChunkResult) -> list[_Group]:
    if len(group.rows) > 1:
        return group.cut(2)
    result.settled.append(group.refuse(group.rows[0], code, words))
    return []


def _divide_places(group: _Group, conflict: Conflict, result: ChunkResult) -> list[_Group]:
    """Halves that keep together what is refused or taken together; a closed month of a facility
    is one thing to find, not one for each of its data elements."""
    places: dict[tuple[str, ...], list[Row]] = {}
    for row in group.rows:
        places.setdefault(tuple(row[name] for name in _PLACE_AND_TIME), []).append(row)
    if len(places) == 1:
        result.settled.extend(
            group.refuse(row, conflict.error_code, conflict.message) for row in group.rows
        )
        return []
    parts = list(places.values())
    middle = len(parts) // 2
    return [
        _Group([row for part in half for row in part], group.attempts)
        for half in (parts[middle:], parts[:middle])
    ]


def _refuse(group: _Group, index: int, conflict: Conflict) -> Settled:
    return group.refuse(group.rows[index], conflict.error_code or "", conflict.message)


def leave_row(row: Row, outcome: Outcome, words: str = "", attempts: int = 0) -> Settled:
    """A row that the push could not settle: not sent, or sent and not confirmed."""
    return Settled(row["row"], row["org_unit"], outcome, "", words, attempts)
