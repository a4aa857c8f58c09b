"""A server's metadata in memory: what scopes are read from, and a small country's worth of it."""

from dataclasses import dataclass, field, replace
from typing import Any

from d2_assets.dhis2.metadata import CategoryCombo, OrgUnit
from d2_assets.dhis2.metadata_objects import Identity, OptionCombo
from d2_assets.dhis2.programs import (
    Program,
    ProgramAttribute,
    RelationshipType,
    Stage,
    StageElement,
    TrackedEntityType,
    Typed,
)
from d2_assets.dhis2.system import Account, OrgUnitReference
from d2_assets.errors import ConfigurationError
from d2_assets.tracker.identities import (
    ATTRIBUTES,
    DATA_ELEMENTS,
    ORG_UNITS,
    PROGRAMS,
    RELATIONSHIP_TYPES,
    STAGES,
    TYPES,
)

COUNTRY, REGION, CLINIC, OTHER_REGION, OTHER_CLINIC = (
    "ouCountry01",
    "ouRegion001",
    "ouClinic001",
    "ouRegion002",
    "ouClinic002",
)
PERSON, MALARIA, CHILD, BIRTH, VISIT, CASE = (
    "tyPerson001",
    "prMalaria01",
    "prChild0001",
    "stBirth0001",
    "stVisit0001",
    "stCase00001",
)
NAME, VILLAGE, SEX, WEIGHT, REFERRED, TESTS, SCAN = (
    "atName00001",
    "atVillage01",
    "deSex000001",
    "deWeight001",
    "deReferred1",
    "deTests0001",
    "deScan00001",
)
SEXES, KINDS, DEFAULT, DEFAULT_OPTION, MOTHER = (
    "osSexes0001",
    "osKinds0001",
    "bjDvmb4bfuf",
    "HllvX50cXC0",
    "rtMother001",
)


def make_unit(uid: str, *above: str) -> OrgUnit:
    path = "/" + "/".join([*above, uid])
    return OrgUnit(uid, uid, path, len(above) + 1, None, None)


def make_event_program(org_units: tuple[str, ...] = (CLINIC, OTHER_CLINIC)) -> Program:
    elements = (SEX, WEIGHT, REFERRED, TESTS, SCAN)
    stage = Stage(CASE, "Case", tuple(map(StageElement, elements)))
    return Program(
        MALARIA, "Malaria", category_combo=DEFAULT, org_units=frozenset(org_units), stages=(stage,)
    )


def make_tracker_program() -> Program:
    return Program(
        CHILD,
        "Child",
        is_registration=True,
        tracked_entity_type=PERSON,
        category_combo=DEFAULT,
        org_units=frozenset({CLINIC, OTHER_CLINIC}),
        attributes=(ProgramAttribute(VILLAGE),),
        stages=(
            Stage(BIRTH, "Birth", (StageElement(WEIGHT, True),)),
            Stage(VISIT, "Visit", (StageElement(WEIGHT), StageElement(SEX))),
        ),
    )


@dataclass
class FakeServer:
    """The methods of ``DHIS2Client`` that scopes are read with. ``asked`` is how often each was."""

    name: str = "server"
    programs: list[Program] = field(
        default_factory=lambda: [make_event_program(), make_tracker_program()]
    )
    types: list[TrackedEntityType] = field(
        default_factory=lambda: [
            TrackedEntityType(PERSON, "Person", (NAME,)),
            TrackedEntityType("tyAnimal001", "Animal"),
        ]
    )
    elements: list[Typed] = field(
        default_factory=lambda: [
            Typed(SEX, "Sex", "TEXT", SEXES),
            Typed(WEIGHT, "Weight", "NUMBER"),
            Typed(REFERRED, "Referred to", "ORGANISATION_UNIT"),
            Typed(TESTS, "Tests", "MULTI_TEXT", KINDS),
            Typed(SCAN, "Scan", "IMAGE"),
        ]
    )
    attributes: list[Typed] = field(
        default_factory=lambda: [Typed(NAME, "Name", "TEXT"), Typed(VILLAGE, "Village", "TEXT")]
    )
    units: list[OrgUnit] = field(
        default_factory=lambda: [
            make_unit(COUNTRY),
            make_unit(REGION, COUNTRY),
            make_unit(CLINIC, COUNTRY, REGION),
            make_unit(OTHER_REGION, COUNTRY),
            make_unit(OTHER_CLINIC, COUNTRY, OTHER_REGION),
        ]
    )
    relationship_types: list[RelationshipType] = field(
        default_factory=lambda: [
            RelationshipType(MOTHER, "Mother", "TRACKED_ENTITY_INSTANCE", "TRACKED_ENTITY_INSTANCE")
        ]
    )
    account_units: tuple[str, ...] = (COUNTRY,)
    users: list[Identity] = field(default_factory=list)
    hides_users: bool = False
    codes: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def list_programs(self, page_size: int = 20) -> list[Program]:
        return self.programs

    def list_tracked_entity_types(self, page_size: int = 500) -> list[TrackedEntityType]:
        return self.types

    def list_typed(self, plural: str, page_size: int = 500) -> list[Typed]:
        return self.elements if plural == DATA_ELEMENTS else self.attributes

    def list_option_codes(self, page_size: int = 500) -> dict[str, frozenset[str]]:
        return {SEXES: frozenset({"F", "M"}), KINDS: frozenset({"RDT", "SLIDE"})}

    def list_relationship_types(self, page_size: int = 500) -> list[RelationshipType]:
        return self.relationship_types

    def list_org_units(self, page_size: int = 500) -> list[OrgUnit]:
        return self.units

    def list_category_combos(self, page_size: int = 500) -> list[CategoryCombo]:
        return [CategoryCombo(DEFAULT, frozenset({DEFAULT_OPTION}))]

    def list_option_combos(self, page_size: int = 500) -> list[OptionCombo]:
        return [OptionCombo(DEFAULT_OPTION, "default", "default", DEFAULT)]

    def get_me(self) -> Account:
        units = tuple(OrgUnitReference(uid, f"/{uid}") for uid in self.account_units)
        return Account("usAccount01", "sync", frozenset(), units, units)

    def list_identities(
        self, plural: str, page_size: int = 500, ids: tuple[str, ...] = ()
    ) -> list[Identity]:
        self.asked.append(plural)
        if plural == "users":
            if self.hides_users:
                raise ConfigurationError("The account may not see users.", status=403)
            return self.users
        objects: dict[str, list[Any]] = {
            PROGRAMS: self.programs,
            STAGES: [stage for program in self.programs for stage in program.stages],
            TYPES: self.types,
            ATTRIBUTES: self.attributes,
            DATA_ELEMENTS: self.elements,
            ORG_UNITS: self.units,
            RELATIONSHIP_TYPES: self.relationship_types,
        }
        listed = objects.get(plural, [])
        return [Identity(one.id, self.codes.get(one.id, ""), one.name) for one in listed]


def rename(server: FakeServer, old: str, new: str) -> None:
    """Give an object of a server another UID, wherever it is named; its name stays."""

    def swap(uid: str) -> str:
        return new if uid == old else uid

    def swap_stage(stage: Stage) -> Stage:
        elements = tuple(replace(one, id=swap(one.id)) for one in stage.elements)
        return replace(stage, id=swap(stage.id), elements=elements)

    server.programs = [
        replace(
            one,
            id=swap(one.id),
            tracked_entity_type=swap(one.tracked_entity_type),
            org_units=frozenset(map(swap, one.org_units)),
            attributes=tuple(replace(link, id=swap(link.id)) for link in one.attributes),
            stages=tuple(map(swap_stage, one.stages)),
        )
        for one in server.programs
    ]
    server.types = [
        replace(one, id=swap(one.id), attributes=tuple(map(swap, one.attributes)))
        for one in server.types
    ]
    server.elements = [replace(one, id=swap(one.id)) for one in server.elements]
    server.attributes = [replace(one, id=swap(one.id)) for one in server.attributes]
    server.relationship_types = [replace(one, id=swap(one.id)) for one in server.relationship_types]
    server.units = [
        replace(one, id=swap(one.id), path="/".join(map(swap, one.path.split("/"))))
        for one in server.units
    ]
    server.account_units = tuple(map(swap, server.account_units))
    server.codes = {swap(uid): code for uid, code in server.codes.items()}
