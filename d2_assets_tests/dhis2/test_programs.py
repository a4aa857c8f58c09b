"""Programs and what they refer to, from answers of all versions."""

from typing import Any

import pytest

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.programs import (
    Program,
    ProgramAttribute,
    RelationshipType,
    Stage,
    StageElement,
    TrackedEntityType,
    Typed,
    parse_program,
)
from d2_assets.errors import ContractError
from d2_assets_tests.dhis2.fakes import FakeSession
from d2_assets_tests.recordings import VERSIONS, drop_cuts, needs_recordings, read_exchange

PROGRAM = {
    "id": "p",
    "name": "Malaria",
    "code": "MAL",
    "programType": "WITH_REGISTRATION",
    "trackedEntityType": {"id": "t"},
    "categoryCombo": {"id": "c"},
    "access": {"data": {"read": True, "write": False}},
    "organisationUnits": [{"id": "u1"}, {"id": "u2"}],
    "programTrackedEntityAttributes": [
        {"mandatory": True, "trackedEntityAttribute": {"id": "a"}},
        {"mandatory": False},
    ],
    "programStages": [
        {
            "id": "s",
            "name": "First",
            "programStageDataElements": [
                {"compulsory": True, "dataElement": {"id": "d"}},
                {"dataElement": {"id": "e"}},
            ],
        }
    ],
}


def _serve(plural: str, *bodies: dict[str, Any]) -> tuple[DHIS2Client, FakeSession]:
    answer = {"pager": {"total": len(bodies), "pageCount": 1}, plural: list(bodies)}
    session: Any = FakeSession(lambda path, params: answer)
    return DHIS2Client("national", session), session


def test_a_program_is_read_with_its_stages_units_and_rights():
    client, session = _serve("programs", PROGRAM)
    assert client.list_programs() == [
        Program(
            id="p",
            name="Malaria",
            code="MAL",
            is_registration=True,
            tracked_entity_type="t",
            category_combo="c",
            org_units=frozenset({"u1", "u2"}),
            attributes=(ProgramAttribute("a", mandatory=True),),
            stages=(Stage("s", "First", (StageElement("d", compulsory=True), StageElement("e"))),),
            may_write=False,
        )
    ]
    assert session.asked[0][1]["pageSize"] == 20


def test_programs_come_in_small_pages_whatever_is_asked():
    client, session = _serve("programs")
    client.list_programs(500)
    assert session.asked[0][1]["pageSize"] == 20


def test_a_program_whose_type_is_hidden_is_told():
    with pytest.raises(ContractError, match="program p came without 'programType'"):
        parse_program({"id": "p"})


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_programs_tell_whether_they_register(version):
    for body in drop_cuts(read_exchange(version, "list-programs").body["programs"]):
        program = parse_program(body)
        assert program.is_registration == (body["programType"] == "WITH_REGISTRATION")
        assert bool(program.tracked_entity_type) <= program.is_registration


def test_a_tracked_entity_type_tells_its_attributes():
    links = [
        {"mandatory": True, "trackedEntityAttribute": {"id": "a"}},
        {"trackedEntityAttribute": {"id": "b"}},
        {},
    ]
    client, _ = _serve(
        "trackedEntityTypes", {"id": "t", "name": "Person", "trackedEntityTypeAttributes": links}
    )
    assert client.list_tracked_entity_types() == [
        TrackedEntityType("t", "Person", ("a", "b"), frozenset({"a"}))
    ]


def test_attributes_tell_what_a_value_may_be():
    client, session = _serve(
        "trackedEntityAttributes",
        {"id": "a", "name": "Number", "valueType": "TEXT", "unique": True, "generated": True},
        {"id": "b", "name": "Sex", "valueType": "TEXT", "optionSet": {"id": "o"}},
    )
    assert client.list_typed("trackedEntityAttributes") == [
        Typed("a", "Number", "TEXT", unique=True, generated=True),
        Typed("b", "Sex", "TEXT", option_set="o"),
    ]
    assert session.asked[0][0] == "api/trackedEntityAttributes"


def test_options_are_known_by_their_codes_and_sets():
    client, _ = _serve(
        "options",
        {"id": "1", "code": "F", "optionSet": {"id": "sex"}},
        {"id": "2", "code": "M", "optionSet": {"id": "sex"}},
        {"id": "3", "code": "X"},
    )
    assert client.list_option_codes() == {"sex": frozenset({"F", "M"})}


def test_a_relationship_type_tells_what_it_joins():
    client, _ = _serve(
        "relationshipTypes",
        {
            "id": "r",
            "name": "Sibling",
            "bidirectional": True,
            "fromConstraint": {"relationshipEntity": "TRACKED_ENTITY_INSTANCE"},
            "toConstraint": {"relationshipEntity": "PROGRAM_STAGE_INSTANCE"},
        },
    )
    assert client.list_relationship_types() == [
        RelationshipType(
            "r", "Sibling", "TRACKED_ENTITY_INSTANCE", "PROGRAM_STAGE_INSTANCE", bidirectional=True
        )
    ]


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("plural", ["dataElements", "trackedEntityAttributes"])
def test_recorded_objects_tell_their_value_type(version, plural):
    bodies = drop_cuts(read_exchange(version, f"list-{plural}").body[plural])
    client, _ = _serve(plural, *bodies)
    found = client.list_typed(plural)
    assert [item.value_type for item in found] == [body["valueType"] for body in bodies]
