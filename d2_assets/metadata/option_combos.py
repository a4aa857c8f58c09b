"""Category option combos: a combo has one for each way to choose from its categories, no others.

Saving a combo makes those that are missing up to 2.42 and no longer from 2.43, which takes them
only as the full exact set of their combo, and no new ones into a set that exists (E1130-E1132)
[read]. So there a set that is new and whole is sent as a whole; what else is lacking the server
makes by a maintenance call, and what differs in it then is sent afterwards.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from typing import Any

from d2_assets.dhis2.metadata_objects import OptionCombo
from d2_assets.metadata.chunks import Sending
from d2_assets.metadata.compare import Comparison
from d2_assets.metadata.members import managed_members
from d2_assets.metadata.objects import Body, Key, MetadataObject
from d2_assets.metadata.plan import Action, Planned

COMBOS = "categoryCombos"
OPTION_COMBOS = "categoryOptionCombos"
CATEGORIES = "categories"

NOT_IN_COMBO = "not_in_combo"
_STRAY = (
    "Its options are not (any more) those of its combo's categories, and this version takes option "
    "combos only as the exact set of their combo. Run the maintenance of category option combos at "
    "the source, or move its data."
)
#: Sets beyond this size are not multiplied out: no server could hold them.
_LARGEST = 200_000


@dataclass(frozen=True, slots=True)
class ComboSets:
    """The option combos of the source by their combo, and the combos whose set is not whole.

    ``strays``: option combos whose options are not (any more) those of their combo's categories.
    """

    by_combo: Mapping[str, Sequence[MetadataObject]] = field(default_factory=dict)
    combos: Mapping[str, Body] = field(default_factory=dict)
    incomplete: frozenset[str] = frozenset()
    strays: frozenset[str] = frozenset()


def find_sets(objects: Iterable[MetadataObject]) -> ComboSets:
    """Look at the combos among the objects, with the UIDs in their bodies."""
    categories: dict[str, list[str]] = {}
    combos: dict[str, Body] = {}
    by_combo: dict[str, list[MetadataObject]] = {}
    for item in objects:
        if item.plural == CATEGORIES:
            categories[item.body["id"]] = _uids(item.body.get("categoryOptions"))
        elif item.plural == COMBOS:
            combos[item.body["id"]] = item.body
        elif item.plural == OPTION_COMBOS:
            by_combo.setdefault(combo_of(item.body), []).append(item)
    incomplete: set[str] = set()
    strays: set[str] = set()
    for uid, body in combos.items():
        wanted = list_sets(_uids(body.get("categories")), categories)
        if wanted is None:
            continue
        there = by_combo.get(uid, [])
        strays |= {one.id for one in there if _options(one) not in wanted}
        if len(there) != len(wanted) or {_options(one) for one in there} != wanted:
            incomplete.add(uid)
    return ComboSets(by_combo, combos, frozenset(incomplete), frozenset(strays))


def list_sets(
    categories: Sequence[str], options: Mapping[str, Sequence[str]]
) -> set[frozenset[str]] | None:
    """Every way to choose one option of each category; None when a category is not known, or
    there are too many."""
    if not categories or any(uid not in options for uid in categories):
        return None
    if prod(len(options[uid]) for uid in categories) > _LARGEST:
        return None
    return {frozenset(chosen) for chosen in product(*(options[uid] for uid in categories))}


def apply_sets(planned: Sequence[Planned], sets: ComboSets, existing: Set[str]) -> list[Planned]:
    """The plan for a server that takes option combos as the whole set of their combo only.

    ``existing``: combos that have option combos at the destination. A set that is whole goes as a
    whole as soon as one of it changes, with its combo. What else a set lacks the server makes, and
    changes of others in it follow then; strays wait for a person.
    """
    owners = {
        (OPTION_COMBOS, item.id): (combo, item)
        for combo, items in sets.by_combo.items()
        for item in items
    }
    actions: dict[str, set[Action]] = {}
    for one in planned:
        if one.key in owners:
            actions.setdefault(owners[one.key][0], set()).add(one.action)
    changed = {uid for uid, found in actions.items() if found & {Action.CREATE, Action.UPDATE}}
    grown = {uid for uid in changed & existing if Action.CREATE in actions[uid]}
    unfit = sets.incomplete | grown
    return [_apply(one, owners, changed - unfit, unfit, sets) for one in planned]


def _apply(
    one: Planned,
    owners: Mapping[Key, tuple[str, MetadataObject]],
    whole: Set[str],
    unfit: Set[str],
    sets: ComboSets,
) -> Planned:
    if one.key[0] == COMBOS and one.destination_id in whole and not one.is_sent:
        return replace(one, body=sets.combos[one.destination_id], is_companion=True)
    if one.key not in owners:
        return one
    combo, item = owners[one.key]
    if combo in whole:
        return replace(
            one,
            body=one.body or item.body,
            needs=one.needs | {(COMBOS, combo)},
            is_companion=not one.is_sent,
        )
    if combo not in unfit or not one.is_sent:
        return one
    if one.key[1] in sets.strays:
        return replace(
            one, action=Action.QUARANTINED, reason_code=NOT_IN_COMBO, reason=_STRAY, body={}
        )
    if one.action == Action.CREATE:
        return replace(one, action=Action.GENERATE, body={})
    return replace(one, is_late=True)


def list_late(
    planned: Iterable[Planned],
    generated: Mapping[Key, str],
    there: Mapping[str, Body],
    combos: Mapping[str, Body],
    comparison: Comparison,
) -> list[Sending]:
    """What is sent once the server has made what sets lacked: option combos that differ from what
    is wanted, each with all others of its combo. ``there`` and ``combos`` are the destination's,
    by UID."""
    changed: dict[str, Body] = {one.destination_id: one.body for one in planned if one.is_late}
    for one in planned:
        uid = generated.get(one.key)
        if uid is None or uid not in there:
            continue
        wanted = {**one.wanted, "id": uid}
        if not comparison.is_equal(OPTION_COMBOS, wanted, there[uid]):
            changed[uid] = comparison.keep_unknown(OPTION_COMBOS, wanted, there[uid])
    touched = {combo_of(there[uid]) for uid in changed if uid in there}
    sendings = [
        Sending((COMBOS, uid), _sendable(COMBOS, combos[uid])) for uid in touched if uid in combos
    ]
    for uid, body in there.items():
        combo = combo_of(body)
        if combo in touched:
            sent = changed.get(uid) or _sendable(OPTION_COMBOS, body)
            sendings.append(Sending((OPTION_COMBOS, uid), sent, frozenset({(COMBOS, combo)})))
    return sendings


def _sendable(plural: str, found: Body) -> Body:
    """What stands at the destination, as it may be sent back."""
    kept = managed_members(plural) - {"name"}
    return {name: value for name, value in found.items() if name not in kept}


def combo_of(body: Body) -> str:
    """The combo of an option combo."""
    return (body.get("categoryCombo") or {}).get("id", "")


def find_unfinished(
    combos: Iterable[Mapping[str, Any]],
    categories: Iterable[Mapping[str, Any]],
    option_combos: Iterable[OptionCombo],
) -> dict[str, int]:
    """Combos of a server that lack option combos, and how many."""
    options = {item["id"]: _uids(item.get("categoryOptions")) for item in categories}
    there: dict[str, set[frozenset[str]]] = {}
    for one in option_combos:
        there.setdefault(one.category_combo, set()).add(one.category_options)
    missing: dict[str, int] = {}
    for item in combos:
        wanted = list_sets(_uids(item.get("categories")), options)
        lacking = len((wanted or set()) - there.get(item["id"], set()))
        if lacking:
            missing[item["id"]] = lacking
    return missing


def settle_generated(
    planned: Sequence[Planned], option_combos: Iterable[OptionCombo]
) -> dict[Key, str]:
    """The UIDs that the server gave to option combos that it was to make, by key at the source."""
    there = {(one.category_combo, one.category_options): one.id for one in option_combos}
    found: dict[Key, str] = {}
    for one in planned:
        if one.action == Action.GENERATE:
            uid = there.get(
                (combo_of(one.wanted), frozenset(_uids(one.wanted.get("categoryOptions"))))
            )
            if uid:
                found[one.key] = uid
    return found


def _options(item: MetadataObject) -> frozenset[str]:
    return frozenset(_uids(item.body.get("categoryOptions")))


def _uids(references: Any) -> list[str]:
    return [one["id"] for one in references or () if one]
