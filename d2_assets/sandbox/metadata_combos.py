"""Category option combos: made by the server from a combo's categories, or checked as a whole set.

Up to 2.42 saving a combo makes those that it lacks. From 2.43 it makes none: they come as the full
exact set of their combo (E1130, E1131, E1132), or by a maintenance call [codes read in the source,
words are ours].
"""

from collections.abc import Iterator, Mapping
from itertools import product
from random import Random
from typing import Any

from d2_assets.identifiers import generate_uid
from d2_assets.sandbox.metadata_checks import WITH_DEFAULT, Known
from d2_assets.sandbox.metadata_reports import Complaint
from d2_assets.sandbox.metadata_requests import Item
from d2_assets.sandbox.store import Store

_OPTION_COMBOS = "categoryOptionCombos"

Body = dict[str, Any]


def list_products(combo: Mapping[str, Any], find: Any) -> list[frozenset[str]]:
    """Every set of options that a combo should have an option combo for.

    ``find`` gives the body of a class and a UID.
    """
    options = [
        [option["id"] for option in find("categories", category["id"]).get("categoryOptions", [])]
        for category in combo.get("categories", [])
    ]
    return [frozenset(chosen) for chosen in product(*options)] if options else []


def list_options(option_combo: Mapping[str, Any]) -> frozenset[str]:
    """The options of an option combo."""
    return frozenset(one["id"] for one in option_combo.get("categoryOptions") or ())


def check_option_combos(item: Item, known: Known) -> Iterator[Complaint]:
    """From 2.43: the option combos of a combo in one request are all of them, and no others."""
    if item.schema.plural != _OPTION_COMBOS or known.facts.makes_option_combos:
        return
    combo = (item.body.get("categoryCombo") or {}).get("id", WITH_DEFAULT["CategoryCombo"])
    if combo == WITH_DEFAULT["CategoryCombo"]:
        yield from _check_default(item)
        return
    expected = list_products(known.find("categoryCombos", combo), known.find)
    sent = known.option_combos_by_combo.get(combo, [])
    if len(sent) != len(expected):
        words = (
            f"{len(sent)} category option combos were sent for category combo `{combo}`, "
            f"expected are {len(expected)}"
        )
        yield Complaint("E1130", words, (len(sent), len(expected), combo))
        return
    yield from _check_new(item, combo, sent, known)
    options = [list_options(one.body) for one in sent]
    mine = list_options(item.body)
    if mine not in expected or options.count(mine) > 1:
        lacking = [sorted(one) for one in expected if one not in options]
        words = (
            f"The options {sorted(mine)} are not expected in category combo `{combo}`, "
            f"expected are {lacking}"
        )
        yield Complaint("E1131", words, (sorted(mine), combo, lacking))


def _check_default(item: Item) -> Iterator[Complaint]:
    if item.uid != WITH_DEFAULT["CategoryOptionCombo"]:
        words = f"Category option combo `{item.body.get('name')}` cannot be of the default combo"
        yield Complaint("E1122", words, (item.body.get("name"),))


def _check_new(item: Item, combo: str, sent: list[Item], known: Known) -> Iterator[Complaint]:
    existing = known.stored_option_combos.get(combo, [])
    if existing and any(one.is_new for one in sent):
        words = (
            f"Category option combo `{item.uid}` cannot be added to category combo `{combo}`, "
            f"which has {existing} already"
        )
        yield Complaint("E1132", words, (item.uid, existing, combo))


def make_lacking(
    combo: Mapping[str, Any], there: set[frozenset[str]], find: Any, now: str, random: Random
) -> Iterator[Body]:
    """Option combos for the sets of options that a combo has none for."""
    for options in list_products(combo, find):
        if options in there:
            continue
        names = [find("categoryOptions", uid).get("name", uid) for uid in sorted(options)]
        yield {
            "name": ", ".join(names),
            "created": now,
            "lastUpdated": now,
            "ignoreApproval": False,
            "id": generate_uid(random),
            "translations": [],
            "attributeValues": [],
            "categoryCombo": {"id": combo["id"]},
            "categoryOptions": [{"id": uid} for uid in sorted(options)],
        }


def complete_option_combos(store: Store, now: str, random: Random) -> None:
    """What the maintenance call does: every combo gets the option combos that it lacks."""
    there: dict[str, set[frozenset[str]]] = {}
    for body in store.metadata(_OPTION_COMBOS):
        combo = (body.get("categoryCombo") or {}).get("id", "")
        there.setdefault(combo, set()).add(list_options(body))

    def find(plural: str, uid: str) -> Mapping[str, Any]:
        return store.get_object(plural, uid) or {}

    made = [
        body
        for combo in store.metadata("categoryCombos")
        if combo["id"] != WITH_DEFAULT["CategoryCombo"]
        for body in make_lacking(combo, there.get(combo["id"], set()), find, now, random)
    ]
    if made:
        store.put_metadata(_OPTION_COMBOS, made)
