"""A family from one server to the other, in memory: every object ends in one outcome."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from d2_assets.errors import (
    ContractError,
)
from d2_assets.ledger.outcomes import Outcome
from d2_assets.metadata.choices import MetadataChoices
from d2_assets.metadata.plan import Action
from d2_assets.metadata.policy import MetadataPolicy
from d2_assets.staging.tables import verify_table
from d2_assets_tests.metadata.classes import klass, make_schemas
from d2_assets_tests.metadata.fake_server import FakeServer
from d2_assets_tests.sync.families import COMBO, element, make_ends, move, outcomes, preview


def test_everything_lands_and_a_second_run_writes_nothing(tmp_path: Path) -> None:
    source, destination = make_ends(*(element(f"element{n}") for n in range(50)))
    first = move(tmp_path, "data_elements", source, destination)
    assert outcomes(first) == {"created": 50}
    assert first.error is None
    assert first.broken == 0
    assert len(destination.imports) == 1
    destination.imports.clear()
    second = move(tmp_path, "data_elements", source, destination)
    assert outcomes(second) == {"unchanged": 50}
    assert not destination.imports


def test_what_changed_is_sent_alone_and_told_member_by_member(tmp_path: Path) -> None:
    source, destination = make_ends(element("anc"), element("opd"))
    move(tmp_path, "data_elements", source, destination)
    destination.imports.clear()
    source.add("dataElements", element("anc", name="ANC first visit"))
    result = move(tmp_path, "data_elements", source, destination)
    assert outcomes(result) == {"updated": 1, "unchanged": 1}
    assert destination.written == ["anc"]
    assert [(one.property, one.source, one.destination) for one in result.differences] == [
        ("name", "ANC first visit", "Anc")
    ]


def test_an_edit_by_hand_at_the_destination_is_shown_and_mended(tmp_path: Path) -> None:
    source, destination = make_ends(element("anc", description="Visits"))
    move(tmp_path, "data_elements", source, destination)
    destination.add("dataElements", element("anc", description="By hand"))
    planned = preview(tmp_path, "data_elements", source, destination)
    assert [one.destination for one in planned.plan.differences] == ["By hand"]
    move(tmp_path, "data_elements", source, destination)
    assert destination.objects["dataElements"]["anc"]["description"] == "Visits"


def test_an_object_of_the_same_code_is_the_same_and_becomes_a_crosswalk_row(
    tmp_path: Path,
) -> None:
    source, destination = make_ends(element("anc"))
    destination.add("dataElements", element("other", code="ANC", name="Older name"))
    result = move(tmp_path, "data_elements", source, destination)
    assert outcomes(result) == {"updated": 1}
    assert destination.objects["dataElements"].keys() == {"other"}
    assert [(one.source, one.destination, one.how) for one in result.crosswalk] == [
        ("anc", "other", "code")
    ]


def test_an_option_keeps_the_number_that_the_destination_gave_it(tmp_path: Path) -> None:
    option = {"id": "yes", "code": "YES", "name": "Yes", "optionSet": {"id": "set"}}
    options = {"id": "set", "code": "SET", "name": "Set", "options": [{"id": "yes"}]}
    source = FakeServer("national").add("options", option | {"sortOrder": 1})
    destination = FakeServer("training").add("options", option | {"sortOrder": 0})
    source.add("optionSets", options)
    destination.add("optionSets", options)
    assert outcomes(move(tmp_path, "options", source, destination)) == {"unchanged": 2}
    source.add("options", option | {"sortOrder": 1, "name": "Yes!"})
    result = move(tmp_path, "options", source, destination)
    assert outcomes(result) == {"updated": 1, "unchanged": 1}
    assert [one.property for one in result.differences] == ["name"]
    assert destination.objects["options"]["yes"]["sortOrder"] == 0


def test_references_are_rewritten_to_the_objects_of_the_destination(tmp_path: Path) -> None:
    source, destination = make_ends(element("anc"))
    destination.add("dataElements", element("other", code="ANC"))
    part = {"dataSet": {"id": "set"}, "dataElement": {"id": "anc"}}
    source.add("dataSets", {"id": "set", "name": "Set", "dataSetElements": [part]})
    result = move(tmp_path, "data_sets", source, destination)
    assert outcomes(result) == {"created": 1}
    landed = destination.objects["dataSets"]["set"]["dataSetElements"]
    assert landed == [{"dataSet": {"id": "set"}, "dataElement": {"id": "other"}}]
    assert outcomes(move(tmp_path, "data_sets", source, destination)) == {"unchanged": 1}


def test_what_refers_to_something_missing_waits_and_names_it(tmp_path: Path) -> None:
    source, destination = make_ends(element("anc", optionSet={"id": "sexes"}), element("opd"))
    source.add("optionSets", {"id": "sexes", "name": "Sexes"})
    result = move(tmp_path, "data_elements", source, destination)
    assert outcomes(result) == {"created": 1, "quarantined": 1}
    assert result.refusals[0].code == "missing_reference"
    assert "«Sexes»" in result.refusals[0].reason
    assert result.broken == 0


def test_an_object_that_the_server_loses_with_ok_is_found_lost(tmp_path: Path) -> None:
    source, destination = make_ends(element("anc"), element("opd"))
    destination.lost = frozenset({"anc"})
    result = move(tmp_path, "data_elements", source, destination)
    assert outcomes(result) == {"created": 1, "quarantined": 1}
    assert result.refusals[0].code == "lost_by_server"
    assert result.broken == 1


@pytest.mark.parametrize("drops_for_good", [False, True])
def test_what_lost_a_reference_is_sent_once_more(drops_for_good: bool, tmp_path: Path) -> None:
    source, destination = make_ends(element("anc", optionSet={"id": "set"}), element("malaria"))
    for server in (source, destination):
        server.add("optionSets", {"id": "set", "code": "SET", "name": "Set", "options": []})

    def drop(plural: str, body: dict[str, Any]) -> dict[str, Any]:
        drops = drops_for_good or len(destination.imports) == 1
        return {name: value for name, value in body.items() if name != "optionSet" or not drops}

    destination.keeps = drop
    result = move(tmp_path, "data_elements", source, destination)
    assert outcomes(result) == {"created": 2}
    assert destination.imports[1:] == [{"dataElements": ["anc"]}]
    assert result.requests == 2
    assert result.broken == int(drops_for_good)
    assert [one.state for one in result.differences] == ["lost"] * drops_for_good


def test_a_value_that_the_server_insists_on_is_told_and_not_sent_again(tmp_path: Path) -> None:
    source, destination = make_ends(element("anc", description=" Visits "))
    destination.keeps = lambda plural, body: {**body, "description": "Visits"}
    first = move(tmp_path, "data_elements", source, destination)
    assert outcomes(first) == {"created": 1}
    assert [one.state for one in first.differences] == ["kept"]
    destination.imports.clear()
    second = move(tmp_path, "data_elements", source, destination)
    assert outcomes(second) == {"unchanged": 1}
    assert not destination.imports
    assert [one.state for one in second.differences] == ["kept"]
    source.add("dataElements", element("anc", description=" All visits "))
    third = move(tmp_path, "data_elements", source, destination)
    assert outcomes(third) == {"updated": 1}


def test_an_unreadable_object_is_alone_in_quarantine(tmp_path: Path) -> None:
    source, destination = make_ends(*(element(f"element{n}") for n in range(64)))
    destination.unreadable = frozenset({"element7"})
    result = move(tmp_path, "data_elements", source, destination)
    assert outcomes(result) == {"created": 63, "quarantined": 1}
    assert result.refusals[0].id == "element7"
    assert result.requests < 20


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("CREATE", {"created": 1, "held_by_strategy": 1}),
        ("UPDATE", {"updated": 1, "held_by_strategy": 1}),
        ("CREATE_AND_UPDATE", {"created": 1, "updated": 1}),
        ("DELETE", {"held_by_strategy": 2}),
    ],
)
def test_the_four_strategies_hold(strategy: str, expected: dict[str, int], tmp_path: Path) -> None:
    source, destination = make_ends(element("new"), element("old", description="Changed"))
    destination.add("dataElements", element("old"))
    choices = MetadataChoices(import_strategy=strategy)
    result = move(tmp_path, "data_elements", source, destination, choices=choices)
    assert outcomes(result) == expected


def test_merging_keeps_what_only_the_destination_says(tmp_path: Path) -> None:
    source, destination = make_ends(element("anc", description="Visits"))
    destination.add("dataElements", element("anc", factor=2))
    result = move(
        tmp_path, "data_elements", source, destination, choices=MetadataChoices(merge=True)
    )
    assert outcomes(result) == {"updated": 1}
    landed = destination.objects["dataElements"]["anc"]
    assert (landed["factor"], landed["description"]) == (2, "Visits")


def test_what_only_the_destination_has_is_counted_and_stays(tmp_path: Path) -> None:
    source, destination = make_ends(element("anc"))
    destination.add("dataElements", element("local"))
    result = move(tmp_path, "data_elements", source, destination)
    assert result.destination_only == 1
    assert "local" in destination.objects["dataElements"]


def test_mirroring_deletes_it_within_the_brake(tmp_path: Path) -> None:
    source, destination = make_ends(element("anc"))
    destination.add("dataElements", element("anc"), element("local"))
    choices = MetadataChoices(mirror=True, brake_percent=50)
    result = move(tmp_path, "data_elements", source, destination, choices=choices)
    assert outcomes(result) == {"unchanged": 1, "deleted": 1}
    assert destination.objects["dataElements"].keys() == {"anc"}


def test_mirroring_spares_an_option_group_that_would_take_its_options_along(tmp_path: Path) -> None:
    schemas = make_schemas(klass("option", "options"), klass("optionGroup", "optionGroups"))
    source, destination = FakeServer("a", schemas=schemas), FakeServer("b", schemas=schemas)
    option = {"id": "yes", "code": "YES", "name": "Yes"}
    source.add("options", option)
    destination.add("options", option)
    destination.add("optionGroups", {"id": "full", "name": "Full", "options": [{"id": "yes"}]})
    destination.add("optionGroups", {"id": "empty", "name": "Empty", "options": []})
    choices = MetadataChoices(mirror=True, brake_percent=100)
    result = move(tmp_path, "options", source, destination, choices=choices)
    assert outcomes(result) == {"unchanged": 1, "deleted": 1}
    assert list(destination.objects["optionGroups"]) == ["full"]
    assert [(one.id, one.what) for one in result.adaptations] == [("full", "not deleted")]
    assert result.destination_only == 1


def test_the_brake_stops_before_anything_is_sent(tmp_path: Path) -> None:
    source, destination = make_ends(element("anc"), element("new"))
    destination.add("dataElements", element("anc"), element("local"))
    choices = MetadataChoices(mirror=True, brake_percent=49)
    with pytest.raises(ContractError, match="1 of 2"):
        move(tmp_path, "data_elements", source, destination, choices=choices)
    assert not destination.imports
    planned = preview(tmp_path, "data_elements", source, destination, choices=choices)
    assert planned.plan.actions["dataElements"][Action.DELETE] == 1


def test_default_category_objects_are_matched_and_never_sent(tmp_path: Path) -> None:
    source, destination = make_ends()
    source.add("categoryCombos", {**COMBO, "name": "default", "categories": []})
    destination.objects["categoryCombos"] = {}
    destination.add("categoryCombos", {"id": "another", "name": "default", "code": "default"})
    result = move(
        tmp_path,
        "categories",
        source,
        destination,
        choices=MetadataChoices(mirror=True, brake_percent=100),
    )
    assert outcomes(result) == {"filtered": 1}
    assert not destination.imports
    assert [(one.source, one.destination) for one in result.crosswalk] == [(COMBO["id"], "another")]


def test_assignments_are_restricted_to_the_org_units_of_the_pair(tmp_path: Path) -> None:
    source, destination = make_ends()
    for uid, path in (("country", "/country"), ("north", "/country/north"), ("south", "/south")):
        unit = {"id": uid, "name": uid, "path": path}
        source.add("organisationUnits", unit)
        destination.add("organisationUnits", unit)
    units = [{"id": uid} for uid in ("country", "north", "south")]
    source.add("dataSets", {"id": "set", "name": "Set", "organisationUnits": units})
    choices = MetadataChoices(policy=MetadataPolicy(assignments="restrict"), org_units=("country",))
    result = move(tmp_path, "data_sets", source, destination, choices=choices)
    assert destination.objects["dataSets"]["set"]["organisationUnits"] == units[:2]
    assert [one.property for one in result.adaptations] == ["organisationUnits"]
    assert outcomes(move(tmp_path, "data_sets", source, destination, choices=choices)) == {
        "unchanged": 1
    }


def test_a_preview_sends_nothing_and_counts_what_it_planned_further_up(tmp_path: Path) -> None:
    source, destination = make_ends(element("anc"))
    part = {"dataSet": {"id": "set"}, "dataElement": {"id": "anc"}}
    source.add("dataSets", {"id": "set", "name": "Set", "dataSetElements": [part]})
    alone = preview(tmp_path, "data_sets", source, destination)
    assert alone.plan.actions["dataSets"] == {"quarantined": 1}
    elements = preview(tmp_path, "data_elements", source, destination)
    after = preview(tmp_path, "data_sets", source, destination, elements.promise())
    assert after.plan.actions["dataSets"] == {"create": 1}
    assert not destination.imports


def test_caches_are_cleared_before_data_sets_where_the_version_needs_it(tmp_path: Path) -> None:
    for version, expected in (("2.38", []), ("2.40", ["caches"]), ("2.43", [])):
        source, destination = make_ends()
        source.add("dataSets", {"id": "set", "name": "Set"})
        destination.version = version
        move(tmp_path / version, "data_sets", source, destination)
        assert destination.maintained == expected
        move(tmp_path / version, "data_sets", source, destination)
        assert destination.maintained == expected


def test_caches_are_cleared_before_validation_rules_too(tmp_path: Path) -> None:
    schemas = make_schemas(klass("validationRule", "validationRules"))
    source, destination = FakeServer("a", schemas=schemas), FakeServer("b", schemas=schemas)
    source.add("validationRules", {"id": "rule", "name": "Rule"})
    move(tmp_path, "validation", source, destination)
    assert destination.maintained == ["caches"]


def test_each_month_of_the_run_has_the_same_tables(tmp_path: Path) -> None:
    source, destination = make_ends(element("anc", optionSet={"id": "gone"}), element("opd"))
    months = ("202501", "202502")
    result = move(tmp_path, "data_elements", source, destination, months=months)
    for name, path in result.files.items():
        other = path.with_name(path.name.replace("202501", "202502"))
        assert verify_table(other).sha256 == verify_table(path).sha256, name
    frame = pd.read_parquet(result.files["quarantine"])
    assert list(frame["id"]) == ["anc"]
    assert result.files["quarantine"].with_suffix(".csv").exists()
    ledger = pd.read_parquet(result.files["ledger"]).set_index("id")
    assert ledger.loc["opd", "outcome"] == Outcome.CREATED


def test_what_is_referred_to_is_looked_up_by_uid_where_that_is_enough(tmp_path: Path) -> None:
    source, destination = make_ends(element("anc"))
    move(tmp_path, "data_elements", source, destination)
    assert destination.listed == [("categoryCombos", 1)]


def test_both_lists_are_read_whole_when_the_uid_is_another_one_there(tmp_path: Path) -> None:
    source, destination = make_ends(element("anc", categoryCombo={"id": "bySex"}))
    source.add("categoryCombos", {"id": "bySex", "name": "By sex", "code": "SEX"})
    destination.add("categoryCombos", {"id": "sexes", "name": "Sexes", "code": "SEX"})
    result = move(tmp_path, "data_elements", source, destination)
    assert outcomes(result) == {"created": 1}
    assert destination.listed == [("categoryCombos", 1), ("categoryCombos", 0)]
    assert destination.objects["dataElements"]["anc"]["categoryCombo"] == {"id": "sexes"}
