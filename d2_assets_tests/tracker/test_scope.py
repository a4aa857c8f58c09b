from dataclasses import replace
from typing import Any

import pytest

from d2_assets.dhis2.metadata_objects import Identity
from d2_assets.dhis2.programs import Program, Stage
from d2_assets.errors import ConfigurationError
from d2_assets.tracker.choices import TrackerChoices
from d2_assets.tracker.identities import MARK
from d2_assets.tracker.scope import Scope, read_scope
from d2_assets_tests.tracker.fake_metadata import (
    BIRTH,
    CASE,
    CHILD,
    CLINIC,
    COUNTRY,
    MALARIA,
    NAME,
    OTHER_CLINIC,
    PERSON,
    REGION,
    VILLAGE,
    VISIT,
    WEIGHT,
    FakeServer,
    make_tracker_program,
    rename,
)


def _read(
    source: FakeServer | None = None,
    destination: FakeServer | None = None,
    *,
    is_registration: bool = True,
    **choices: Any,
) -> Scope:
    theirs: Any = source or FakeServer("national")
    ours: Any = destination or FakeServer("training")
    return read_scope(theirs, ours, TrackerChoices(**choices), is_registration)


def test_without_filters_all_programs_of_the_kind_and_all_types_are_in_scope() -> None:
    scope = _read()

    assert list(scope.programs) == [CHILD]
    assert scope.types == (PERSON, "tyAnimal001")
    assert scope.org_units is None
    assert scope.source_roots == scope.destination_roots == ("",)
    assert not scope.is_narrow


def test_events_are_of_programs_without_registration() -> None:
    scope = _read(is_registration=False)

    assert list(scope.programs) == [MALARIA]
    assert scope.types == ()
    assert scope.stages_asked(MALARIA) == ("",)


def test_a_pair_that_names_programs_moves_the_types_of_these_only() -> None:
    assert _read(programs=(CHILD,)).types == (PERSON,)
    assert _read(programs=(MALARIA,)).types == ()
    assert _read(programs=(MALARIA,)).programs == {}


def test_named_stages_narrow_their_own_program_only() -> None:
    source = FakeServer()
    source.programs.append(
        Program("prOther0001", "Other", is_registration=True, stages=(Stage("stOther0001", "S"),))
    )

    scope = _read(source, stages=(VISIT,))

    assert scope.stages_asked(CHILD) == (VISIT,)
    assert scope.stages_asked("prOther0001") == ("",)
    assert scope.chosen_stages == {VISIT, "stOther0001"}


@pytest.mark.parametrize(
    ("choices", "key"),
    [
        ({"programs": ("prUnknown01",)}, "filters.programs"),
        ({"stages": ("stUnknown01",)}, "filters.program_stages"),
        ({"org_units": ("ouUnknown01",)}, "filters.org_units"),
        ({"org_units": (CLINIC,), "deepest_level": 2}, "filters.deepest_level"),
    ],
)
def test_what_the_source_lacks_is_an_error_that_names_the_key(
    choices: dict[str, Any], key: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _read(**choices)

    assert caught.value.key == key
    assert caught.value.remedy


def test_org_units_in_scope_lie_below_the_roots_and_not_too_deep() -> None:
    scope = _read(org_units=(REGION, CLINIC))

    assert scope.source_roots == scope.destination_roots == (REGION,)
    assert scope.org_units == {REGION, CLINIC}
    assert _read(deepest_level=1).org_units == {COUNTRY}
    assert _read(deepest_level=1).source_roots == ("",)


def test_the_destination_is_asked_only_where_its_account_may_write() -> None:
    destination = FakeServer(account_units=(CLINIC,))

    scope = _read(destination=destination, org_units=(COUNTRY,))

    assert scope.destination_roots == (CLINIC,)
    assert scope.facts.writable == {CLINIC}


def test_nothing_is_matched_while_the_destination_knows_every_uid() -> None:
    source, destination = FakeServer(), FakeServer()

    scope = _read(source, destination)

    assert source.asked == destination.asked == []
    assert not scope.crosswalk.rows


def test_only_classes_with_an_unknown_uid_are_matched() -> None:
    source, destination = FakeServer(), FakeServer()
    rename(destination, WEIGHT, "deGewicht01")

    scope = _read(source, destination)

    assert source.asked == ["dataElements"]
    assert [(one.source, one.destination) for one in scope.crosswalk] == [(WEIGHT, "deGewicht01")]


def test_classes_of_the_pairs_own_table_are_matched_in_any_case() -> None:
    scope = _read(explicit={"programs": {CHILD: MALARIA}})

    assert scope.chosen_programs == {MALARIA}


def test_programs_and_what_belongs_to_them_go_by_the_destinations_uids() -> None:
    destination = FakeServer(codes={CHILD: "CHILD"})
    for old, new in (
        (CHILD, "prKind00001"),
        (PERSON, "tyMensch001"),
        (VILLAGE, "atDorf00001"),
        (BIRTH, "stGeburt001"),
        (VISIT, "stBesuch001"),
    ):
        rename(destination, old, new)

    scope = _read(FakeServer(codes={CHILD: "CHILD"}), destination, programs=(CHILD,))

    assert list(scope.programs) == [CHILD]
    assert scope.destination_programs == ("prKind00001",)
    assert scope.destination_types == ("tyMensch001",)
    assert scope.chosen_stages == {"stGeburt001", "stBesuch001"}
    assert scope.list_attributes("tyMensch001") == {NAME, "atDorf00001"}
    assert scope.programs_of(PERSON) == (CHILD,)


def test_a_stage_is_never_matched_by_its_name_across_programs() -> None:
    destination = FakeServer()
    destination.programs = [
        replace(make_tracker_program(), stages=()),
        Program(
            "prOther0001", "Other", is_registration=True, stages=(Stage("stX00000001", "Visit"),)
        ),
    ]

    assert _read(destination=destination).crosswalk.get("programStages", VISIT) == VISIT


def test_a_program_is_never_matched_by_its_name() -> None:
    destination = FakeServer()
    rename(destination, CHILD, "prKind00001")

    assert _read(destination=destination).destination_programs == ()


def test_what_could_be_more_than_one_thing_stands_for_nothing() -> None:
    source, destination = FakeServer(codes={WEIGHT: "W"}), FakeServer(codes={WEIGHT: "W"})
    rename(destination, WEIGHT, "deGewicht01")
    destination.elements.append(replace(destination.elements[1], id="deGewicht02", name="Other"))
    destination.codes["deGewicht02"] = "W"

    scope = _read(source, destination)

    marked = scope.crosswalk.get("dataElements", WEIGHT)
    assert marked == f"{WEIGHT}{MARK}"
    assert "deGewicht01" in scope.doubts[marked]


def test_assigned_org_units_are_kept_of_the_pairs_programs_only() -> None:
    scope = _read(is_registration=True)

    assert scope.facts.programs[CHILD].org_units == {CLINIC, OTHER_CLINIC}
    assert scope.facts.programs[MALARIA].org_units == frozenset()
    assert scope.programs[CHILD].org_units == frozenset()


def test_users_are_asked_for_at_the_first_question_and_once() -> None:
    destination = FakeServer(users=[Identity("usAnna00001", username="anna")])
    scope = _read(destination=destination)
    assert "users" not in destination.asked

    assert scope.users.find("anna") == "usAnna00001"
    assert scope.users.find("bert") is None
    assert destination.asked.count("users") == 1


def test_a_server_that_hides_its_users_shows_none() -> None:
    assert _read(destination=FakeServer(hides_users=True)).users.find("anna") is None


def test_a_stage_of_another_program_is_known_with_its_program() -> None:
    assert _read().facts.stages[CASE][0] == MALARIA
