"""Members that a later family sets, option combos as a set, system settings: what a family does
beyond sending its own objects."""

from pathlib import Path
from typing import Any

import pytest

from d2_assets.metadata.choices import MetadataChoices
from d2_assets_tests.metadata.fake_server import FakeServer
from d2_assets_tests.sync.families import move, outcomes, preview


def refer(*uids: str) -> list[dict[str, str]]:
    return [{"id": uid} for uid in uids]


ATTRIBUTE = {"id": "colour", "name": "Colour", "valueType": "TEXT", "optionSet": {"id": "colours"}}


def make_ends() -> tuple[FakeServer, FakeServer]:
    """A source with an attribute whose values are those of an option set."""
    source = FakeServer("national").add("attributes", ATTRIBUTE)
    source.add("optionSets", {"id": "colours", "name": "Colours", "options": refer("red")})
    source.add("options", {"id": "red", "name": "Red", "optionSet": {"id": "colours"}})
    return source, FakeServer("training")


def test_a_member_that_refers_to_a_later_family_is_set_by_that_family(tmp_path: Path) -> None:
    source, destination = make_ends()
    system = move(tmp_path, "system", source, destination)
    assert outcomes(system) == {"created": 1}
    assert system.deferred == 1
    assert "optionSet" not in destination.objects["attributes"]["colour"]
    options = move(tmp_path, "options", source, destination)
    assert outcomes(options) == {"created": 2}
    assert options.second_pass == 1
    assert destination.objects["attributes"]["colour"]["optionSet"] == {"id": "colours"}
    assert destination.objects["attributes"]["colour"]["valueType"] == "TEXT"


def test_a_second_run_of_both_families_writes_nothing(tmp_path: Path) -> None:
    source, destination = make_ends()
    for family in ("system", "options"):
        move(tmp_path, family, source, destination)
    destination.imports.clear()
    for family in ("system", "options"):
        result = move(tmp_path, family, source, destination)
        assert outcomes(result).keys() == {"unchanged"}
        assert (result.deferred, result.second_pass) == (0, 0)
    assert not destination.imports


def test_an_update_in_the_first_pass_does_not_erase_what_the_second_one_set(
    tmp_path: Path,
) -> None:
    source, destination = make_ends()
    for family in ("system", "options"):
        move(tmp_path, family, source, destination)
    source.add("attributes", {**ATTRIBUTE, "name": "Hue", "optionSet": {"id": "hues"}})
    source.add("optionSets", {"id": "hues", "name": "Hues"})
    result = move(tmp_path, "system", source, destination)
    assert outcomes(result) == {"updated": 1}
    landed = destination.objects["attributes"]["colour"]
    assert (landed["name"], landed["optionSet"]) == ("Hue", {"id": "colours"})
    move(tmp_path, "options", source, destination)
    assert destination.objects["attributes"]["colour"]["optionSet"] == {"id": "hues"}


def test_a_pair_that_only_creates_completes_what_it_created(tmp_path: Path) -> None:
    source, destination = make_ends()
    choices = MetadataChoices(import_strategy="CREATE")
    move(tmp_path, "system", source, destination, choices=choices)
    result = move(tmp_path, "options", source, destination, choices=choices)
    assert result.second_pass == 1


def test_a_preview_counts_members_of_objects_that_it_has_promised(tmp_path: Path) -> None:
    source, destination = make_ends()
    system = preview(tmp_path, "system", source, destination)
    options = preview(tmp_path, "options", source, destination, system.promise())
    assert [one.second_pass for one in options.plan.second_pass] == [("optionSet",)]


def test_a_member_whose_object_was_refused_is_told_and_the_object_stays_as_it_is(
    tmp_path: Path,
) -> None:
    source, destination = make_ends()
    move(tmp_path, "system", source, destination)
    destination.unreadable = frozenset({"colours"})
    result = move(tmp_path, "options", source, destination)
    assert {one.id for one in result.refusals} == {"colours", "red", "colour"}
    assert outcomes(result) == {"quarantined": 2}
    assert "optionSet" not in destination.objects["attributes"]["colour"]


CATEGORIES: dict[str, list[dict[str, Any]]] = {
    "categoryOptions": [{"id": uid, "name": uid} for uid in ("female", "male")],
    "categories": [{"id": "sex", "name": "Sex", "categoryOptions": refer("female", "male")}],
    "categoryCombos": [{"id": "bySex", "name": "By sex", "categories": refer("sex")}],
}


def option_combo(uid: str, option: str, **members: Any) -> dict[str, Any]:
    return {
        "id": uid,
        "name": option,
        "categoryCombo": {"id": "bySex"},
        "categoryOptions": refer(option),
        **members,
    }


def make_combos(*option_combos: dict[str, Any]) -> FakeServer:
    server = FakeServer("national").add("categoryOptionCombos", *option_combos)
    for plural, bodies in CATEGORIES.items():
        server.add(plural, *bodies)
    return server


@pytest.mark.parametrize("version", ["2.38", "2.40", "2.42", "2.43"])
def test_a_whole_set_of_option_combos_goes_with_its_combo(version: str, tmp_path: Path) -> None:
    source = make_combos(option_combo("f", "female"), option_combo("m", "male"))
    destination = FakeServer("training", version=version)
    result = move(tmp_path, "categories", source, destination)
    assert outcomes(result) == {"created": 6}
    assert len(destination.imports) == 1
    assert not destination.maintained


def test_from_2_43_what_a_set_lacks_is_made_by_the_server_and_matched(tmp_path: Path) -> None:
    source = make_combos(option_combo("f", "female"))
    destination = FakeServer("training", version="2.43")
    result = move(tmp_path, "categories", source, destination)
    assert outcomes(result) == {"created": 5}
    assert destination.maintained == ["option combos"]
    assert len(destination.objects["categoryOptionCombos"]) == 2
    assert [(one.source, one.destination) for one in result.crosswalk] == [
        ("f", "made-bySex-female")
    ]
    destination.imports.clear()
    again = move(tmp_path, "categories", source, destination)
    assert outcomes(again) == {"unchanged": 5}
    assert not destination.imports


def test_what_the_server_made_gets_the_rest_of_what_the_source_says(tmp_path: Path) -> None:
    source = make_combos(option_combo("f", "female", code="F"))
    destination = FakeServer("training", version="2.43")
    result = move(tmp_path, "categories", source, destination)
    assert outcomes(result) == {"created": 5}
    made = destination.objects["categoryOptionCombos"]["made-bySex-female"]
    assert (made["code"], made["name"]) == ("F", "female")
    destination.imports.clear()
    assert outcomes(move(tmp_path, "categories", source, destination)) == {"unchanged": 5}
    assert not destination.imports


def test_from_2_43_an_option_that_was_added_has_its_option_combos_made(tmp_path: Path) -> None:
    source = make_combos(option_combo("f", "female"), option_combo("m", "male"))
    destination = FakeServer("training", version="2.43")
    move(tmp_path, "categories", source, destination)
    source.add("categoryOptions", {"id": "other", "name": "other"})
    options = refer("female", "male", "other")
    source.add("categories", {"id": "sex", "name": "Sex", "categoryOptions": options})
    source.add("categoryOptionCombos", option_combo("o", "other", code="O"))
    source.add("categoryOptionCombos", option_combo("f", "female", code="F"))
    result = move(tmp_path, "categories", source, destination)
    assert outcomes(result) == {"created": 2, "updated": 2, "unchanged": 4}
    landed = destination.objects["categoryOptionCombos"]
    assert {one.get("code") for one in landed.values()} == {"F", "O", None}
    destination.imports.clear()
    assert outcomes(move(tmp_path, "categories", source, destination)) == {"unchanged": 8}
    assert not destination.imports


def test_from_2_43_one_changed_option_combo_takes_its_set_along(tmp_path: Path) -> None:
    source = make_combos(option_combo("f", "female"), option_combo("m", "male"))
    destination = FakeServer("training", version="2.43")
    move(tmp_path, "categories", source, destination)
    destination.imports.clear()
    source.add("categoryOptionCombos", option_combo("f", "female", code="F"))
    result = move(tmp_path, "categories", source, destination)
    assert outcomes(result) == {"updated": 1, "unchanged": 5}
    assert sorted(destination.written) == ["bySex", "f", "m"]


def test_option_combos_are_completed_where_saving_a_combo_did_not_make_them(
    tmp_path: Path,
) -> None:
    source, destination = make_combos(), FakeServer("training", version="2.40")
    result = move(tmp_path, "categories", source, destination)
    assert destination.maintained == ["option combos"]
    assert len(destination.objects["categoryOptionCombos"]) == 2
    assert not result.adaptations


def test_option_combos_that_stay_missing_are_told(tmp_path: Path) -> None:
    source, destination = make_combos(), FakeServer("training")
    destination.update_option_combos = lambda: None  # pyright: ignore[reportAttributeAccessIssue]
    result = move(tmp_path, "categories", source, destination)
    assert [(one.id, one.what) for one in result.adaptations] == [
        ("bySex", "2 option combos are missing at the destination")
    ]


def test_option_combos_match_by_their_options_whatever_their_uids(tmp_path: Path) -> None:
    source = make_combos(option_combo("f", "female"), option_combo("m", "male"))
    destination = make_combos(option_combo("other", "female"), option_combo("m", "male"))
    destination.name = "training"
    result = move(tmp_path, "categories", source, destination)
    assert outcomes(result) == {"unchanged": 6}
    assert [(one.source, one.destination) for one in result.crosswalk] == [("f", "other")]


def test_settings_travel_with_the_system_family_and_are_read_back(tmp_path: Path) -> None:
    source, destination = FakeServer("national"), FakeServer("training")
    source.settings = {"keyUiLocale": "fr", "keyFlag": "mozambique", "keyEmailHostName": "mail"}
    destination.settings = {"keyUiLocale": "en"}
    result = move(tmp_path, "system", source, destination)
    assert outcomes(result) == {"updated": 1, "created": 1, "filtered": 1}
    assert destination.settings == {"keyUiLocale": "fr", "keyFlag": "mozambique"}
    destination.imports.clear()
    assert outcomes(move(tmp_path, "system", source, destination)) == {
        "unchanged": 2,
        "filtered": 1,
    }
    assert not destination.imports


def test_a_setting_that_was_not_kept_is_found_lost(tmp_path: Path) -> None:
    source, destination = FakeServer("national"), FakeServer("training")
    source.settings = {"keyUiLocale": "fr"}
    destination.settings = {"keyUiLocale": "en"}
    destination.lost = frozenset({"keyUiLocale"})
    result = move(tmp_path, "system", source, destination)
    assert outcomes(result) == {"quarantined": 1}
    assert result.refusals[0].code == "lost_by_server"


def test_what_no_family_carries_is_named_with_its_number_and_the_reason(tmp_path: Path) -> None:
    source, destination = FakeServer("national"), FakeServer("training")
    source.add("jobConfigurations", {"id": "job", "name": "Analytics"})
    source.add("newThings", {"id": "a", "name": "A"}, {"id": "b", "name": "B"})
    result = move(tmp_path, "system", source, destination)
    told = {one.plural: (one.objects, one.reason) for one in result.not_carried}
    assert told.keys() == {"jobConfigurations", "newThings"}
    assert told["jobConfigurations"][0] == 1
    assert "jobs" in told["jobConfigurations"][1]
    assert told["newThings"][0] == 2
    assert not move(tmp_path, "options", source, destination).not_carried
