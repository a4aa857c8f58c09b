"""Outcomes are given by what stands at the destination, read back, and not by what it answered.

An object that the server took with OK and that is not there, or has not changed at all, ends in
quarantine. One that is there and says something otherwise has its differences told: a reference
that did not land is a fault, another value may be a rule of the server's own.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from d2_assets.dhis2.schemas import Schemas
from d2_assets.ledger.outcomes import Outcome
from d2_assets.metadata.compare import Comparison, Difference
from d2_assets.metadata.objects import Body, Key
from d2_assets.metadata.plan import Action, Planned
from d2_assets.metadata.references import iterate_references
from d2_assets.metadata.settle import NEEDS_REFUSED
from d2_assets.metadata.settlement import Rejection, Settlement

LOST_BY_SERVER = "lost_by_server"
_LOST = (
    "The server answered OK, and the object is not there as it was sent: it was lost, or the "
    "account of the pair may not see it. Look at the object and the server's log, then run again."
)

NOT_GENERATED = "not_generated"
_NOT_GENERATED = (
    "The server was asked to make the option combos of this combo and did not make this one. Run "
    "the maintenance of category option combos there, then run again."
)

#: The outcome of an action that sends nothing, and of one whose object is right afterwards.
_SETTLED: Mapping[Action, Outcome] = {
    Action.UNCHANGED: Outcome.UNCHANGED,
    Action.HELD: Outcome.HELD_BY_STRATEGY,
    Action.FILTERED: Outcome.FILTERED,
    Action.QUARANTINED: Outcome.QUARANTINED,
    Action.CREATE: Outcome.CREATED,
    Action.UPDATE: Outcome.UPDATED,
    Action.DELETE: Outcome.DELETED,
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How the way of one object ended. ``is_broken``: it is not as it should be, and no reason
    that a person was told explains it."""

    planned: Planned
    outcome: Outcome
    code: str = ""
    reason: str = ""
    differences: tuple[Difference, ...] = ()
    is_broken: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The destination as it stands after a push: bodies by key, those that were asked for.

    ``before`` are the stamps of objects before the push. ``is_read``: it could be read back.
    ``generated``: UIDs of option combos that the server made, by key at the source.
    """

    bodies: Mapping[Key, Mapping[str, Any]] = field(default_factory=dict)
    before: Mapping[Key, str] = field(default_factory=dict)
    is_read: bool = True
    generated: Mapping[Key, str] = field(default_factory=dict)


def end_objects(
    planned: Sequence[Planned],
    settlement: Settlement,
    found: Found,
    comparison: Comparison,
    schemas: Schemas,
) -> list[Ended]:
    """The one outcome of each planned object."""
    names = {one.destination_key: one.name for one in planned}
    ended: list[Ended] = []
    for one in planned:
        if one.is_sent:
            ended.append(_end_one(one, settlement, found, comparison, schemas, names))
        elif one.action == Action.GENERATE:
            ended.append(_end_generated(one, settlement, found, comparison))
        else:
            outcome = _SETTLED[one.action]
            ended.append(Ended(one, outcome, one.reason_code, one.reason, one.differences))
    return ended


def _end_generated(
    one: Planned, settlement: Settlement, found: Found, comparison: Comparison
) -> Ended:
    """An option combo that the server was to make, under the UID that it has now."""
    uid = found.generated.get(one.key)
    if uid is not None:
        wanted, body = {**one.wanted, "id": uid}, found.bodies.get((one.key[0], uid))
        differences = comparison.find_differences(*one.key, wanted, body) if body else ()
        told = tuple(each.become("kept") for each in differences)
        return Ended(replace(one, destination_id=uid), Outcome.CREATED, differences=told)
    if settlement.error is not None or not found.is_read:
        words = str(settlement.error or "")
        return Ended(one, Outcome.NOT_ATTEMPTED, reason=words, is_broken=True)
    return Ended(one, Outcome.QUARANTINED, NOT_GENERATED, _NOT_GENERATED)


def _end_one(
    one: Planned,
    settlement: Settlement,
    found: Found,
    comparison: Comparison,
    schemas: Schemas,
    names: Mapping[Key, str],
) -> Ended:
    key = one.destination_key
    if rejection := settlement.refused.get(key):
        words = _say(rejection, names)
        return Ended(one, Outcome.QUARANTINED, rejection.code, words, one.differences)
    if key not in settlement.taken and key not in settlement.unconfirmed:
        return Ended(one, Outcome.NOT_ATTEMPTED, reason=str(settlement.error or ""), is_broken=True)
    if not found.is_read:
        return Ended(one, Outcome.QUEUED, reason=str(settlement.error or ""), is_broken=True)
    if one.action == Action.DELETE:
        return _lose(one) if key in found.bodies else Ended(one, Outcome.DELETED)
    body = found.bodies.get(key)
    if body is None:
        return _lose(one) if key in settlement.taken else _queue(one, settlement)
    differences = comparison.find_differences(*one.key, one.wanted, body)
    if not differences:
        return Ended(one, _SETTLED[one.action], differences=one.differences)
    if key not in settlement.taken:
        return _queue(one, settlement)
    if _is_untouched(one, differences, body, found):
        return _lose(one)
    told = tuple(
        each.become("lost" if _lacks_reference(one, each.property, body, schemas) else "kept")
        for each in differences
    )
    return Ended(
        one,
        _SETTLED[one.action],
        differences=told,
        is_broken=any(each.state == "lost" for each in told),
    )


def _lose(one: Planned) -> Ended:
    return Ended(one, Outcome.QUARANTINED, LOST_BY_SERVER, _LOST, one.differences, is_broken=True)


def _queue(one: Planned, settlement: Settlement) -> Ended:
    words = str(settlement.error or "")
    return Ended(one, Outcome.QUEUED, "", words, one.differences, is_broken=True)


def _is_untouched(
    one: Planned, differences: Sequence[Difference], body: Body, found: Found
) -> bool:
    """Whether an update left no trace: all still differs as before, and the stamp is the old one.
    A server that stored it and kept a value of its own has at least stamped it."""
    if one.action != Action.UPDATE:
        return False
    before = {(each.property, each.found) for each in one.differences}
    now = {(each.property, each.found) for each in differences}
    stamp = str(body.get("lastUpdated") or "")
    return before <= now and stamp == found.before.get(one.destination_key)


def _lacks_reference(one: Planned, name: str, body: Body, schemas: Schemas) -> bool:
    """Whether a member lacks an object that was referred to (users and groups aside)."""
    wanted, there = (_refers_to(one.key[0], name, each, schemas) for each in (one.wanted, body))
    return bool(wanted - there)


def _refers_to(plural: str, name: str, body: Body, schemas: Schemas) -> Set[Key]:
    alone = {"id": body.get("id"), name: body.get(name)}
    return {
        (reference.plural, reference.id)
        for reference in iterate_references(alone, plural, schemas)
        if reference.property == name and not reference.is_principal
    }


def _say(rejection: Rejection, names: Mapping[Key, str]) -> str:
    if rejection.code != NEEDS_REFUSED or rejection.need is None:
        return rejection.words
    plural, uid = rejection.need
    name = names.get(rejection.need, "")
    return f"It needs «{name}» ({uid} of {plural}), which the server refused: {rejection.words}"
