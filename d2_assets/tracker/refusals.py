"""What a server's errors say of the objects of one request, each in its own words.

The children of a refused object are refused with an echo of it: that is told as what it is.
"""

from collections.abc import Iterable, Sequence

from d2_assets.dhis2.tracker_reports import TrackerError
from d2_assets.ledger.outcomes import Outcome
from d2_assets.tracker.chunks import DELETE, Row
from d2_assets.tracker.following import describe
from d2_assets.tracker.groups import ChunkResult, Group, Settled
from d2_assets.tracker.objects import Kind
from d2_assets.tracker.verdicts import PARENT_REFUSED

#: Codes of echoes: a parent, or the end of a relationship, was refused in the same request.
_ECHOES = frozenset({"E5000", "E4011"})
#: "already exists", which a server says to the strategy CREATE only [E1030 seen, others read].
_EXISTS = frozenset({"E1002", "E1030", "E1080", "E4015"})
#: "does not exist": of the strategy UPDATE, and of a delete whose goal is reached [read].
_MISSING = frozenset({"E1032", "E1063", "E1081", "E4005", "E4016"})
#: "is already deleted" [E1082 seen, others read].
_DELETED = frozenset({"E1082", "E1113", "E1114", "E4017"})

_HELD = {"CREATE": _EXISTS, "UPDATE": _MISSING}


def settle_named(
    strategy: str, group: Group, named: dict[int, list[TrackerError]], result: ChunkResult
) -> list[Row]:
    """Give each named row its end, parents before their children; gives those to be sent again:
    echoes of the refusal of an object that stands there all the same."""
    again: list[Row] = []
    named_keys: set[tuple[Kind, str]] = set()
    for row in group.rows:
        if row.row not in named:
            continue
        named_keys.add(row.key)
        is_echo = _pick_cause(named[row.row]).code in _ECHOES
        if is_echo and row.parent_key in named_keys - result.refused.keys():
            again.append(row)
            continue
        if (settled := _settle_row(strategy, group, row, named[row.row], result)) is not None:
            result.settled.append(settled)
    return again


def _settle_row(
    strategy: str, group: Group, row: Row, errors: Sequence[TrackerError], result: ChunkResult
) -> Settled | None:
    """The end of one named row; None where the server says that what was wanted is so."""
    first = _pick_cause(errors)
    if strategy == DELETE and first.code in _DELETED | _MISSING:
        return None
    if first.code in _HELD.get(strategy, ()):
        words = f"Since the plan was made it changed there: {first.message}"
        return Settled(row.row, Outcome.HELD_BY_STRATEGY, first.code, words, group.attempts)
    cause = result.refused.get(row.parent_key)
    if first.code in _ECHOES and cause is not None:
        return refuse_child(result, group, row, cause)
    note_refused(result, row, f"{first.code} {first.message}".strip())
    words = " ".join(dict.fromkeys(error.message for error in errors))
    return group.quarantine(row, PARENT_REFUSED if first.code in _ECHOES else first.code, words)


def refuse_child(result: ChunkResult, group: Group, row: Row, cause: str) -> Settled:
    """The end of a row whose parent was refused and is not there."""
    note_refused(result, row, cause)
    words = f"It belongs to {describe(*row.parent_key)}, which the server refused: {cause}"
    return group.quarantine(row, PARENT_REFUSED, words)


def note_refused(result: ChunkResult, row: Row, cause: str) -> None:
    """An object that stands there already holds its children back no more than before."""
    if row.action == "create":
        result.refused[row.key] = cause


def name_errors(
    rows: Iterable[Row], errors: Iterable[TrackerError]
) -> dict[int, list[TrackerError]]:
    """The errors of each row (by its number) that the report names, in the order of the report.

    A type that a server leaves out is that of the only row with the UID.
    """
    by_key = {(row.kind.tracker_type, row.id): row for row in rows}
    by_id = {row.id: row for row in by_key.values()}
    named: dict[int, list[TrackerError]] = {}
    for error in errors:
        row = by_key.get((error.tracker_type, error.uid)) or (
            None if error.tracker_type else by_id.get(error.uid)
        )
        if row is not None:
            named.setdefault(row.row, []).append(error)
    return named


def _pick_cause(errors: Sequence[TrackerError]) -> TrackerError:
    """The first error that is no echo of another object's, if there is one."""
    return next((error for error in errors if error.code not in _ECHOES), errors[0])
