"""A combo has one option combo for each way to choose from its categories, and no others."""

from typing import Any

from d2_assets.dhis2.metadata_objects import OptionCombo
from d2_assets.metadata.objects import MetadataObject
from d2_assets.metadata.option_combos import apply_sets, find_sets, find_unfinished
from d2_assets.metadata.plan import Action, Planned, make_planned

OPTIONS = {"sex": ["female", "male"], "age": ["young", "old"]}


def thing(plural: str, uid: str, **members: Any) -> MetadataObject:
    return MetadataObject(plural, uid, {"id": uid, "name": uid, **members})


def refer(*uids: str) -> list[dict[str, str]]:
    return [{"id": uid} for uid in uids]


def option_combo(uid: str, *options: str) -> MetadataObject:
    return thing(
        "categoryOptionCombos", uid, categoryCombo={"id": "both"}, categoryOptions=refer(*options)
    )


BASE = [
    *(thing("categories", uid, categoryOptions=refer(*uids)) for uid, uids in OPTIONS.items()),
    thing("categoryCombos", "both", categories=refer("sex", "age")),
]
WHOLE = [
    option_combo("fy", "female", "young"),
    option_combo("fo", "old", "female"),
    option_combo("my", "male", "young"),
    option_combo("mo", "male", "old"),
]


def plan(
    objects: list[MetadataObject], existing: frozenset[str] = frozenset(), **actions: Action
) -> dict[str, Planned]:
    planned = [
        make_planned(item, actions.get(item.id, Action.UNCHANGED), body=item.body, wanted=item.body)
        for item in objects
    ]
    return {one.key[1]: one for one in apply_sets(planned, find_sets(objects), existing)}


def test_a_set_is_whole_when_it_holds_every_choice_once() -> None:
    assert not find_sets(BASE + WHOLE).incomplete
    assert find_sets(BASE + WHOLE[:3]).incomplete == {"both"}
    assert find_sets([*BASE, *WHOLE, option_combo("x", "female")]).strays == {"x"}
    assert find_sets([*BASE, *WHOLE[:3], option_combo("twin", "male", "young")]).incomplete


def test_where_a_set_is_taken_as_a_whole_one_change_takes_all_of_it_along() -> None:
    planned = plan(BASE + WHOLE, fy=Action.UPDATE)
    assert planned["fy"].action == Action.UPDATE
    assert {uid for uid, one in planned.items() if one.is_companion} == {"both", "fo", "my", "mo"}
    assert ("categoryCombos", "both") in planned["mo"].needs
    assert planned["mo"].body == WHOLE[3].body


def test_nothing_goes_along_when_nothing_changes() -> None:
    assert not any(one.is_companion for one in plan(BASE + WHOLE).values())


def test_what_a_set_lacks_is_left_to_the_server_and_strays_wait() -> None:
    objects = [*BASE, *WHOLE[:2], option_combo("stray", "female")]
    planned = plan(objects, fy=Action.CREATE, fo=Action.UPDATE, stray=Action.CREATE)
    assert planned["fy"].action == Action.GENERATE
    assert planned["fo"].is_late
    assert planned["stray"].reason_code == "not_in_combo"


def test_into_a_set_that_exists_no_new_ones_are_sent() -> None:
    planned = plan(BASE + WHOLE, frozenset({"both"}), fy=Action.CREATE, fo=Action.UPDATE)
    assert planned["fy"].action == Action.GENERATE
    assert planned["fo"].is_late
    assert not any(one.is_companion for one in planned.values())


def test_combos_that_lack_option_combos_are_found_with_their_number() -> None:
    there = [OptionCombo("fy", "", "", "both", frozenset({"female", "young"}))]
    categories = [item.body for item in BASE[:2]]
    assert find_unfinished([BASE[2].body], categories, there) == {"both": 3}
