"""Programs and what events and tracked entities refer to, as far as a check needs it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from d2_assets.dhis2.metadata import PAGE_SIZE, iterate_objects
from d2_assets.errors import ContractError
from d2_assets.http.session import HttpSession

#: Programs name all their org units: tens of thousands each in a country.
PROGRAM_PAGE_SIZE = 20

_PROGRAM_FIELDS = (
    "id,name,code,programType,trackedEntityType[id],categoryCombo[id],access[data[read,write]],"
    "organisationUnits[id],programTrackedEntityAttributes[mandatory,trackedEntityAttribute[id]],"
    "programStages[id,name,access[data[read,write]],"
    "programStageDataElements[compulsory,dataElement[id]]]"
)
_TYPE_FIELDS = (
    "id,name,access[data[read,write]],"
    "trackedEntityTypeAttributes[mandatory,trackedEntityAttribute[id]]"
)
#: Each is a property of one of the two classes; of the other it is passed over in silence.
_TYPED_FIELDS = "id,name,valueType,optionSet[id],unique,generated"
_OPTION_FIELDS = "id,code,optionSet[id]"
_END_FIELDS = "relationshipEntity,trackedEntityType[id],program[id],programStage[id]"
_RELATIONSHIP_TYPE_FIELDS = (
    f"id,name,bidirectional,access[data[read,write]],"
    f"fromConstraint[{_END_FIELDS}],toConstraint[{_END_FIELDS}]"
)


@dataclass(frozen=True, slots=True)
class ProgramAttribute:
    """An attribute that a program asks for."""

    id: str
    mandatory: bool = False


@dataclass(frozen=True, slots=True)
class StageElement:
    """A data element of a stage."""

    id: str
    compulsory: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """A program stage; ``may_write`` is whether sharing lets the account write data to it."""

    id: str
    name: str
    elements: tuple[StageElement, ...] = ()
    may_write: bool = True


@dataclass(frozen=True, slots=True)
class Program:
    """A program; one without registration holds events of nobody and has no type.

    ``may_write`` is whether sharing lets the account write data to it.
    """

    id: str
    name: str
    code: str = ""
    is_registration: bool = False
    tracked_entity_type: str = ""
    category_combo: str = ""
    org_units: frozenset[str] = frozenset()
    attributes: tuple[ProgramAttribute, ...] = ()
    stages: tuple[Stage, ...] = ()
    may_write: bool = True


@dataclass(frozen=True, slots=True)
class TrackedEntityType:
    """A tracked entity type with the UIDs of its attributes; ``mandatory`` are some of them."""

    id: str
    name: str
    attributes: tuple[str, ...] = ()
    mandatory: frozenset[str] = frozenset()
    may_write: bool = True


@dataclass(frozen=True, slots=True)
class Typed:
    """A data element or tracked entity attribute: what a value of it may be."""

    id: str
    name: str
    value_type: str
    option_set: str = ""
    unique: bool = False
    generated: bool = False


@dataclass(frozen=True, slots=True)
class RelationshipType:
    """``from_entity`` and ``to_entity`` as DHIS2 calls them: TRACKED_ENTITY_INSTANCE,
    PROGRAM_INSTANCE, PROGRAM_STAGE_INSTANCE."""

    id: str
    name: str
    from_entity: str
    to_entity: str
    bidirectional: bool = False
    may_write: bool = True


def list_programs(session: HttpSession, page_size: int = PROGRAM_PAGE_SIZE) -> list[Program]:
    """Every program that the account may read, with its stages and org units."""
    size = min(page_size, PROGRAM_PAGE_SIZE)
    objects = iterate_objects(session, "programs", fields=_PROGRAM_FIELDS, page_size=size)
    return [parse_program(body) for body in objects]


def list_tracked_entity_types(
    session: HttpSession, page_size: int = PAGE_SIZE
) -> list[TrackedEntityType]:
    """Every tracked entity type."""
    return [
        TrackedEntityType(
            id=body["id"],
            name=body.get("name") or body["id"],
            attributes=tuple(_list_attributes(body, "trackedEntityTypeAttributes")),
            mandatory=frozenset(
                link["trackedEntityAttribute"]["id"]
                for link in body.get("trackedEntityTypeAttributes") or ()
                if link.get("mandatory") and link.get("trackedEntityAttribute")
            ),
            may_write=_may_write(body),
        )
        for body in iterate_objects(
            session, "trackedEntityTypes", fields=_TYPE_FIELDS, page_size=page_size
        )
    ]


def list_typed(session: HttpSession, plural: str, page_size: int = PAGE_SIZE) -> list[Typed]:
    """Every data element or tracked entity attribute with its value type."""
    return [
        Typed(
            id=body["id"],
            name=body.get("name") or body["id"],
            value_type=body.get("valueType") or "TEXT",
            option_set=(body.get("optionSet") or {}).get("id") or "",
            unique=bool(body.get("unique")),
            generated=bool(body.get("generated")),
        )
        for body in iterate_objects(session, plural, fields=_TYPED_FIELDS, page_size=page_size)
    ]


def list_option_codes(
    session: HttpSession, page_size: int = PAGE_SIZE
) -> Mapping[str, frozenset[str]]:
    """The codes of each option set: a value is the code of an option, not its UID."""
    codes: dict[str, set[str]] = {}
    for body in iterate_objects(session, "options", fields=_OPTION_FIELDS, page_size=page_size):
        option_set = (body.get("optionSet") or {}).get("id")
        if option_set and body.get("code") is not None:
            codes.setdefault(option_set, set()).add(body["code"])
    return {option_set: frozenset(found) for option_set, found in codes.items()}


def list_relationship_types(
    session: HttpSession, page_size: int = PAGE_SIZE
) -> list[RelationshipType]:
    """Every relationship type with what it joins."""
    return [
        RelationshipType(
            id=body["id"],
            name=body.get("name") or body["id"],
            from_entity=(body.get("fromConstraint") or {}).get("relationshipEntity") or "",
            to_entity=(body.get("toConstraint") or {}).get("relationshipEntity") or "",
            bidirectional=bool(body.get("bidirectional")),
            may_write=_may_write(body),
        )
        for body in iterate_objects(
            session, "relationshipTypes", fields=_RELATIONSHIP_TYPE_FIELDS, page_size=page_size
        )
    ]


def parse_program(body: Mapping[str, Any]) -> Program:
    """A program as asked for; ContractError names a member that is missing."""
    try:
        return Program(
            id=body["id"],
            name=body.get("name") or body["id"],
            code=body.get("code") or "",
            is_registration=body["programType"] == "WITH_REGISTRATION",
            tracked_entity_type=(body.get("trackedEntityType") or {}).get("id") or "",
            category_combo=(body.get("categoryCombo") or {}).get("id") or "",
            org_units=frozenset(unit["id"] for unit in body.get("organisationUnits") or ()),
            attributes=tuple(_iterate_program_attributes(body)),
            stages=tuple(_parse_stage(stage) for stage in body.get("programStages") or ()),
            may_write=_may_write(body),
        )
    except KeyError as missing:
        raise ContractError(
            f"The program {body.get('id')} came without {missing}.",
            remedy="Let the account read the whole object: sharing may hide parts of it.",
        ) from missing


def _iterate_program_attributes(body: Mapping[str, Any]) -> Iterator[ProgramAttribute]:
    for link in body.get("programTrackedEntityAttributes") or ():
        if link.get("trackedEntityAttribute"):
            uid = link["trackedEntityAttribute"]["id"]
            yield ProgramAttribute(uid, bool(link.get("mandatory")))


def _parse_stage(body: Mapping[str, Any]) -> Stage:
    links: Sequence[Mapping[str, Any]] = body.get("programStageDataElements") or ()
    return Stage(
        id=body["id"],
        name=body.get("name") or body["id"],
        elements=tuple(
            StageElement(link["dataElement"]["id"], bool(link.get("compulsory")))
            for link in links
            if link.get("dataElement")
        ),
        may_write=_may_write(body),
    )


def _list_attributes(body: Mapping[str, Any], member: str) -> Iterator[str]:
    for link in body.get(member) or ():
        if link.get("trackedEntityAttribute"):
            yield link["trackedEntityAttribute"]["id"]


def _may_write(body: Mapping[str, Any]) -> bool:
    """Servers that leave ``access.data`` out forbid nothing."""
    data = (body.get("access") or {}).get("data") or {}
    return bool(data.get("write", True))
