"""Members of earlier families' objects that only now can be set: what they refer to is here.

An attribute names an option set, and option sets have attribute values: so the family of the
attributes leaves that member out, and the family of the option sets sets it. The object is sent as
it stands at the destination, with just that member changed.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace

from d2_assets.metadata.check import Known, refuse_missing
from d2_assets.metadata.given import Given
from d2_assets.metadata.members import unsent_members
from d2_assets.metadata.objects import Body, Key, MetadataObject
from d2_assets.metadata.plan import Action, Planned, make_planned, settle_echo
from d2_assets.metadata.references import Reference, iterate_references


def plan_second_pass(
    objects: Iterable[MetadataObject], given: Given, known: Known, coming: Set[Key]
) -> list[Planned]:
    """Updates of just those members; an object that is not there yet is the earlier family's.

    ``coming`` are the objects that this family creates. A member that refers to what is still
    missing is refused, and the object stays as it is.
    """
    planned = (_plan_one(item, given, known, coming) for item in objects)
    return [one for one in planned if one is not None]


def _plan_one(item: MetadataObject, given: Given, known: Known, coming: Set[Key]) -> Planned | None:
    names = tuple(
        sorted(name for name in given.earlier[item.plural] if item.body.get(name) not in (None, []))
    )
    found = given.destination.find(*item.destination_key)
    if not names or (found is None and item.destination_key not in given.promised):
        return None
    references = _list_references(item, names, given)
    missing = [
        one
        for one in references
        if not known.has((one.plural, one.id)) and (one.plural, one.id) not in coming
    ]
    if missing:
        refusal = refuse_missing(item, missing, known)
        return replace(
            make_planned(item, Action.QUARANTINED, reason_code=refusal.code, reason=refusal.reason),
            second_pass=names,
        )
    needs = frozenset((one.plural, one.id) for one in references) & coming
    if found is None:
        return replace(make_planned(item, Action.UPDATE, needs=needs), second_pass=names)
    return _compare(item, found, names, needs, given)


def _compare(
    item: MetadataObject,
    found: Body,
    names: Sequence[str],
    needs: frozenset[Key],
    given: Given,
) -> Planned | None:
    unsent = unsent_members(item.plural)
    wanted = {name: value for name, value in found.items() if name not in unsent}
    wanted |= {name: item.body[name] for name in names if _may_set(name, found, given)}
    differences = given.comparison.find_differences(item.plural, item.id, wanted, found)
    told = tuple(settle_echo(one, item.body["id"], given.echoes) for one in differences)
    if all(one.state == "kept" for one in told):
        return None
    if not (given.choices.updates or given.choices.creates):
        return None
    planned = make_planned(
        MetadataObject(item.plural, item.id, wanted),
        Action.UPDATE,
        body=wanted,
        wanted=wanted,
        needs=needs,
        differences=told,
    )
    return replace(planned, second_pass=tuple(sorted({one.property for one in told})))


def _may_set(name: str, found: Body, given: Given) -> bool:
    """A pair that only creates still sets what its own first pass had to leave out."""
    return given.choices.updates or not found.get(name)


def _list_references(item: MetadataObject, names: Sequence[str], given: Given) -> list[Reference]:
    alone = {"id": item.body["id"], **{name: item.body[name] for name in names}}
    return [
        one for one in iterate_references(alone, item.plural, given.schemas) if not one.is_principal
    ]
