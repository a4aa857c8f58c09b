"""The line of one family as far as the plan: match, rewrite, check, compare.

Both sides were read and the source's objects cleaned and translated when this begins; nothing is
sent. Every object that comes in goes out planned: to be created or updated, unchanged, held,
filtered, or quarantined with its reason.
"""

from collections.abc import Iterable, Iterator, Sequence, Set

from d2_assets.mapping.crosswalk import Match
from d2_assets.metadata.check import Checked, Known, check_references
from d2_assets.metadata.event_visualizations import CHARTS, REPORTS
from d2_assets.metadata.given import Given
from d2_assets.metadata.objects import Adaptation, Key, MetadataObject, Refusal
from d2_assets.metadata.option_combos import OPTION_COMBOS, apply_sets, combo_of, find_sets
from d2_assets.metadata.own_account import protect_account
from d2_assets.metadata.plan import (
    Action,
    Plan,
    is_default,
    make_planned,
    plan_objects,
    plan_refusals,
)
from d2_assets.metadata.rewrite import find_gaps, rewrite_objects
from d2_assets.metadata.second_pass import plan_second_pass
from d2_assets.metadata.unique import check_unique

_DEFAULT_WORDS = "Each server keeps its own default category objects: they are matched, not sent."


def plan_line(given: Given) -> Plan:
    """The plan for every object of the family, and for members of earlier families' objects."""
    refusals = list(filter(given.owns, (*given.refusals, *given.matching.ambiguous)))
    ambiguous = {one.key for one in given.matching.ambiguous}
    certain = [item for item in given.objects if item.key not in ambiguous]
    rewritten = rewrite_objects(certain, given.schemas, given.matching.crosswalk)
    own, own_roles = protect_account(filter(given.owns, rewritten), given.account)
    defaults = [item for item in own if is_default(item)]
    free, taken = check_unique(
        (item for item in own if not is_default(item)), given.destination, given.schemas
    )
    known = know(given)
    checked = _check(free, given, known, [*refusals, *taken])
    kept = _keep_left_out(checked, given)
    planned = plan_objects(
        kept, checked.needs, given.destination, given.comparison, given.choices, given.echoes
    )
    if given.takes_option_combos_as_sets:
        there = given.destination.of_class(OPTION_COMBOS).values()
        planned = apply_sets(planned, find_sets(kept), frozenset(map(combo_of, there)))
    coming = {one.destination_key for one in planned if one.action == Action.CREATE}
    second = plan_second_pass(
        [item for item in rewritten if not given.owns(item)], given, known, coming
    )
    ids = {(one.plural, one.source): one.destination for one in given.matching.crosswalk}
    left_out = [*filter(given.owns, given.left_out), *own_roles]
    return Plan(
        planned=(
            *planned,
            *(make_planned(item, Action.FILTERED, reason=_DEFAULT_WORDS) for item in defaults),
            *plan_refusals([*refusals, *taken, *checked.refusals], Action.QUARANTINED, ids),
            *plan_refusals(left_out, Action.FILTERED, ids),
            *second,
        ),
        adaptations=(
            *_list_adaptations(given, defaults),
            *find_gaps(kept, known, coming, given.family.name),
        ),
        crosswalk=tuple(_list_matches(given)),
        deferred=len(checked.deferred),
        totals={plural: len(bodies) for plural, bodies in given.destination.objects.items()},
    )


def _list_adaptations(given: Given, defaults: Iterable[MetadataObject]) -> Iterator[Adaptation]:
    """What was changed in objects that may be sent."""
    stays = {item.key for item in defaults}
    for one in given.adaptations:
        if given.owns(one) and (one.plural, one.id) not in stays:
            yield one


def _list_matches(given: Given) -> Iterator[Match]:
    """The family's objects that have another UID at the destination, each under one class."""
    for one in given.matching.crosswalk.rows:
        if one.plural in given.family.classes and one.plural not in (REPORTS, CHARTS):
            yield one


def know(given: Given) -> Known:
    """All that an object may refer to."""
    present: dict[str, Set[str]] = dict(given.around.present)
    for plural, bodies in given.destination.objects.items():
        present[plural] = present.get(plural, frozenset()) | bodies.keys()
    for plural, uid in given.promised:
        present[plural] = present.get(plural, frozenset()) | {uid}
    return Known(present, given.matching.names)


def _check(
    objects: Sequence[MetadataObject], given: Given, known: Known, refused: Iterable[Refusal]
) -> Checked:
    crosswalk, choices = given.matching.crosswalk, given.choices
    held = (
        ()
        if choices.creates
        else {item.destination_key for item in objects if not known.has(item.destination_key)}
    )
    return check_references(
        objects,
        known,
        given.schemas,
        later=given.later,
        set_aside={
            (one.plural, crosswalk.get(one.plural, one.id)): one.reason
            for one in (*refused, *given.matching.ambiguous, *given.left_out)
        },
        held=held,
    )


def _keep_left_out(checked: Checked, given: Given) -> list[MetadataObject]:
    """What was left out on purpose stays at the destination as it is: members that a later family
    sets, members that do not travel, and those that only a new object gets."""
    members: dict[Key, set[str]] = {}
    for key, name in checked.deferred:
        members.setdefault(key, set()).add(name)
    for one in given.adaptations:
        members.setdefault((one.plural, one.id), set()).add(one.property)
    kept: list[MetadataObject] = []
    for item in checked.objects:
        found = given.destination.find(*item.destination_key)
        body = dict(item.body)
        if found is not None:
            for name in given.yielding.get(item.key, ()):
                if found.get(name) not in (None, ""):
                    body.pop(name, None)
            left_out = {*given.yielding.get(item.key, ()), *members.get(item.key, ())}
            left_out |= members.get(item.destination_key, set())
            body |= {name: found[name] for name in left_out - body.keys() if name in found}
        kept.append(MetadataObject(item.plural, item.id, body))
    return kept
