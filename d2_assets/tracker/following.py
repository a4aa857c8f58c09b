"""Children follow their parents, and a relationship needs both of its ends.

The server would refuse them with an echo of the parent's error (E5000) or as an object that it
cannot find (E1068, E1081, E4012). Only ids are looked at, never bodies.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from d2_assets.ledger.outcomes import Outcome
from d2_assets.tracker.objects import Body, Kind
from d2_assets.tracker.verdicts import Verdict, decide, find_outcome

Key = tuple[Kind, str]

_WORDS: Mapping[Kind, str] = {
    Kind.TRACKED_ENTITY: "tracked entity",
    Kind.ENROLLMENT: "enrollment",
    Kind.EVENT: "event",
    Kind.RELATIONSHIP: "relationship",
}
_SIDES = ("from", "to")
_NOT_READ = (
    "this run has not met it: it lies outside the pair's filters, or belongs to a month that has "
    "not been loaded. Load that month first, or widen the filters"
)


@dataclass(frozen=True, slots=True)
class Row:
    """The ids of one object. ``verdict``: its code of the check; empty where it is fit.

    ``parents``: what must be at the destination for it to land: an enrollment's tracked entity, an
    event's enrollment; of a relationship its two ends, ``from`` first.
    """

    kind: Kind
    id: str
    parents: tuple[Key, ...] = ()
    verdict: str = ""
    deleted: bool = False


def describe(kind: Kind, uid: str) -> str:
    """An object in words: "tracked entity dNpxRu1mObG"."""
    return f"{_WORDS[kind]} {uid}"


def list_ends(body: Body) -> tuple[Key, ...]:
    """The two ends of a canonical relationship, ``from`` first; those that are not named are not
    there."""
    found = []
    for side in _SIDES:
        for kind, named in (body.get(side) or {}).items():
            uid = named.get(kind) if isinstance(named, Mapping) else named
            if uid:
                found.append((Kind(kind), uid))
    return tuple(found)


def list_parents(kind: Kind, parent: str, body: Body) -> tuple[Key, ...]:
    """What an object needs at the destination; ``body`` is looked at for relationships only."""
    if kind is Kind.RELATIONSHIP:
        return list_ends(body)
    above = {Kind.ENROLLMENT: Kind.TRACKED_ENTITY, Kind.EVENT: Kind.ENROLLMENT}.get(kind)
    return ((above, parent),) if above and parent else ()


def find_following(rows: Iterable[Row], present: Container[Key]) -> dict[Key, Verdict]:
    """Verdicts of the fit rows whose parents cannot be at the destination, by kind and id.

    ``rows`` are all objects of the run, in any order; ``present``: what the destination has and
    will keep. A parent that is refused and present holds nobody back.
    """
    by_kind: dict[Kind, list[Row]] = {kind: [] for kind in Kind}
    for row in rows:
        by_kind[row.kind].append(row)
    fates: dict[Key, Row | Verdict] = {}
    following: dict[Key, Verdict] = {}
    for kind in Kind:  # parents before children, relationships last
        for row in by_kind[kind]:
            key = (kind, row.id)
            verdict = None if row.verdict or row.deleted else _judge(row, fates, present)
            if verdict is not None:
                following[key] = verdict
            fates[key] = verdict or row
    return following


def _judge(row: Row, fates: Mapping[Key, Row | Verdict], present: Container[Key]) -> Verdict | None:
    for place, key in enumerate(row.parents):
        fate = fates.get(key)
        if _will_be_there(fate, key, present):
            continue
        if row.kind is Kind.RELATIONSHIP:
            return _judge_end(_SIDES[place], key, fate)
        return _judge_child(key, fate)
    return None


def _will_be_there(fate: Row | Verdict | None, key: Key, present: Container[Key]) -> bool:
    if isinstance(fate, Row) and fate.deleted:
        return False
    return key in present or (isinstance(fate, Row) and not fate.verdict)


def _judge_child(parent: Key, fate: Row | Verdict | None) -> Verdict:
    named = describe(*parent)
    if fate is None:
        return decide("parent_missing", parent=named)
    if _is_filtered(fate):
        return decide("parent_filtered", parent=named)
    return decide("parent_quarantined", parent=named, cause=_say_cause(fate))


def _judge_end(side: str, end: Key, fate: Row | Verdict | None) -> Verdict:
    named = describe(*end)
    if fate is None:
        return decide("relationship_end_missing", side=side, end=named, cause=_NOT_READ)
    if _is_filtered(fate):
        return decide("relationship_end_filtered", side=side, end=named)
    cause = f"it cannot land: {_say_cause(fate)}"
    return decide("relationship_end_missing", side=side, end=named, cause=cause)


def _is_filtered(fate: Row | Verdict) -> bool:
    code = fate.verdict if isinstance(fate, Row) else fate.code
    return bool(code) and find_outcome(code) is Outcome.FILTERED


def _say_cause(fate: Row | Verdict) -> str:
    if isinstance(fate, Verdict):
        return fate.code
    return "it is deleted at the source" if fate.deleted else fate.verdict
