"""One chunk is settled when of each object it is known that it was taken or why not.

A server with ``atomicMode=OBJECT`` takes the good objects and names the others; the children of a
refused one it refuses with an echo, which is told as what it is. Where it falls over without a
list, halves are sent until only the guilty are left: roots first, then the objects of a root with
the parents before. An answer that was lost is settled by reading the destination, never by sending
again blindly.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from d2_assets.dhis2.tracker_reports import TrackerError, TrackerReport
from d2_assets.errors import CancelledError, D2AssetsError, OutcomeUnknownError, RejectedError
from d2_assets.pushing.lost import BROKEN, DIVISIBLE, Readable, leave_groups, settle_lost
from d2_assets.tracker.chunks import DELETE, Row
from d2_assets.tracker.groups import ChunkResult, Group, leave_row
from d2_assets.tracker.refusals import name_errors, note_refused, refuse_child, settle_named


class Destination(Readable[Row], Protocol):
    """What a chunk needs of a server."""

    @property
    def strategy(self) -> str:
        """The import strategy that the chunk is sent with."""
        ...

    @property
    def most_rows(self) -> int:
        """Objects that one request may have now."""
        ...

    @property
    def is_stopped(self) -> bool:
        """Whether nothing more may be sent."""
        ...

    def post(self, rows: Sequence[Row]) -> TrackerReport: ...


def settle_chunk(
    destination: Destination, rows: Sequence[Row], result: ChunkResult | None = None
) -> ChunkResult:
    """Send the rows until each is settled. An error that stops the work is kept, not raised.

    ``result`` may hold what is refused already.
    """
    result = result or ChunkResult()
    waiting = [Group(rows)] if rows else []
    while waiting:
        group = waiting.pop()
        if len(group.rows) > destination.most_rows:
            waiting += group.cut(destination.most_rows)
            continue
        group = _leave_children(destination, group, result)
        if not group.rows:
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


def _leave_children(destination: Destination, group: Group, result: ChunkResult) -> Group:
    """The group without what belongs to an object that was refused and is not there."""
    if destination.strategy == DELETE or not result.refused:
        return group
    kept = []
    for row in group.rows:
        cause = result.refused.get(row.parent_key)
        if cause is None:
            kept.append(row)
        else:
            result.settled.append(refuse_child(result, group, row, cause))
    return group.narrow(kept)


def _send(destination: Destination, group: Group, result: ChunkResult) -> list[Group]:
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
    named = name_errors(group.rows, report.errors)
    if report.is_whole_refused:
        return _settle_refused_group(destination.strategy, group, report, named, result)
    result.failures = 0
    again = settle_named(destination.strategy, group, named, result)
    return [Group(again, group.attempts)] if again else []


def _settle_refused_group(
    strategy: str,
    group: Group,
    report: TrackerReport,
    named: dict[int, list[TrackerError]],
    result: ChunkResult,
) -> list[Group]:
    """Nothing landed. The named are out; the others are sent again, or halved where none is."""
    if not named:
        result.failures += 1
        if result.failures >= BROKEN:
            raise RejectedError(
                f"The server refuses whole requests again and again: {_say(report)}",
                remedy="Look at the server's log, then launch the partition again.",
                status=report.http_status,
            )
        code = report.errors[0].code if report.errors else ""
        return _divide(group, code, _say(report), result)
    result.failures = 0
    again = {row.row for row in settle_named(strategy, group, named, result)}
    rest = [row for row in group.rows if row.row not in named or row.row in again]
    return [Group(rest, group.attempts)] if rest else []


def _divide(group: Group, code: str, words: str, result: ChunkResult) -> list[Group]:
    if len(group.rows) > 1:
        return group.halve()
    (row,) = group.rows
    result.settled.append(group.quarantine(row, code, words))
    note_refused(result, row, f"{code} {words}".strip())
    return []


def _say(report: TrackerReport) -> str:
    if report.message:
        return report.message
    return "; ".join(error.message for error in report.errors) or "The server refused the objects."
