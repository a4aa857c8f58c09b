"""What the stored metadata say about programs, brought into the shape that the importer asks for.

Built once for a state of the metadata, as ``catalogue`` is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from d2_assets.sandbox.store import Store
from d2_assets.sandbox.stored_values import DEFAULT_CATEGORY_COMBO

_END_KINDS = {
    "TRACKED_ENTITY_INSTANCE": "trackedEntity",
    "PROGRAM_INSTANCE": "enrollment",
    "PROGRAM_STAGE_INSTANCE": "event",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """A data element or an attribute."""

    value_type: str
    option_set: str = ""
    is_unique: bool = False


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """A program. ``attributes`` are its tracked entity attributes, and whether mandatory."""

    is_registration: bool
    type: str
    stages: tuple[str, ...]
    attributes: Mapping[str, bool]
    org_units: frozenset[str]
    category_combo: str
    enrolls_once: bool
    needs_incident_date: bool
    sharing: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StageFacts:
    """A stage. ``elements`` are its data elements, and whether compulsory."""

    program: str
    elements: Mapping[str, bool]
    is_repeatable: bool
    #: Compulsory values are asked of events that are not complete, too.
    checks_always: bool
    sharing: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EndFacts:
    """What one end of a relationship must be; "" is not asked."""

    kind: str
    type: str


@dataclass(frozen=True, slots=True)
class RelationshipFacts:
    """A relationship type."""

    ends: tuple[EndFacts, EndFacts]
    is_bidirectional: bool


@dataclass(frozen=True, slots=True)
class TrackerMetadata:
    """All of it, by UID. ``types`` are the attributes of a type, and whether mandatory."""

    programs: Mapping[str, ProgramFacts]
    stages: Mapping[str, StageFacts]
    elements: Mapping[str, Typed]
    attributes: Mapping[str, Typed]
    types: Mapping[str, Mapping[str, bool]]
    type_sharing: Mapping[str, Mapping[str, Any]]
    option_codes: Mapping[str, tuple[str, ...]]
    relationship_types: Mapping[str, RelationshipFacts]
    #: Option combos: their category combo, and their options joined by commas.
    combos: Mapping[str, tuple[str, str]]
    usernames: frozenset[str]
    users: frozenset[str]
    default_combos: Mapping[str, str] = field(default_factory=dict)


def derive_tracker_metadata(store: Store) -> TrackerMetadata:
    """What the store holds now."""
    programs = {body["id"]: _program(body) for body in store.metadata("programs")}
    combos = {body["id"]: _combo(body) for body in store.metadata("categoryOptionCombos")}
    types = store.metadata("trackedEntityTypes")
    users = store.metadata("users")
    codes: dict[str, list[str]] = {}
    for option in store.metadata("options"):
        codes.setdefault(_id(option.get("optionSet")), []).append(str(option.get("code")))
    return TrackerMetadata(
        programs=programs,
        stages=_stages(store, programs),
        elements={body["id"]: _typed(body) for body in store.metadata("dataElements")},
        attributes={body["id"]: _typed(body) for body in store.metadata("trackedEntityAttributes")},
        types={
            body["id"]: _flags(
                body.get("trackedEntityTypeAttributes"), "trackedEntityAttribute", "mandatory"
            )
            for body in types
        },
        type_sharing={body["id"]: body.get("sharing") or {} for body in types},
        option_codes={uid: tuple(sorted(listed)) for uid, listed in codes.items()},
        relationship_types={
            body["id"]: _relationship_type(body) for body in store.metadata("relationshipTypes")
        },
        combos=combos,
        usernames=frozenset(str(user.get("username")) for user in users),
        users=frozenset(user["id"] for user in users),
        default_combos={combo: uid for uid, (combo, _) in reversed(combos.items())},
    )


def _program(body: Mapping[str, Any]) -> ProgramFacts:
    attributes = body.get("programTrackedEntityAttributes")
    return ProgramFacts(
        is_registration=body.get("programType") != "WITHOUT_REGISTRATION",
        type=_id(body.get("trackedEntityType")),
        stages=tuple(stage["id"] for stage in body.get("programStages") or ()),
        attributes=_flags(attributes, "trackedEntityAttribute", "mandatory"),
        org_units=frozenset(unit["id"] for unit in body.get("organisationUnits") or ()),
        category_combo=_id(body.get("categoryCombo")) or DEFAULT_CATEGORY_COMBO,
        enrolls_once=bool(body.get("onlyEnrollOnce")),
        needs_incident_date=bool(body.get("displayIncidentDate")),
        sharing=body.get("sharing") or {},
    )


def _stages(store: Store, programs: Mapping[str, ProgramFacts]) -> dict[str, StageFacts]:
    owners = {stage: uid for uid, program in programs.items() for stage in program.stages}
    found = {}
    for body in store.metadata("programStages"):
        program = owners.get(body["id"]) or _id(body.get("program"))
        # Stages of programs without registration have no rights of their own.
        registers = program in programs and programs[program].is_registration
        found[body["id"]] = StageFacts(
            program=program,
            elements=_flags(body.get("programStageDataElements"), "dataElement", "compulsory"),
            is_repeatable=bool(body.get("repeatable")),
            checks_always=body.get("validationStrategy") == "ON_UPDATE_AND_INSERT",
            sharing=(body.get("sharing") or {}) if registers else {},
        )
    return found


def _typed(body: Mapping[str, Any]) -> Typed:
    option_set = _id(body.get("optionSet"))
    return Typed(str(body.get("valueType") or "TEXT"), option_set, bool(body.get("unique")))


def _flags(members: Iterable[Mapping[str, Any]] | None, name: str, flag: str) -> dict[str, bool]:
    return {_id(member.get(name)): bool(member.get(flag)) for member in members or ()}


def _combo(body: Mapping[str, Any]) -> tuple[str, str]:
    options = sorted(option["id"] for option in body.get("categoryOptions") or ())
    return _id(body.get("categoryCombo")), ",".join(options)


def _relationship_type(body: Mapping[str, Any]) -> RelationshipFacts:
    left, right = (_end(body.get(f"{side}Constraint") or {}) for side in ("from", "to"))
    return RelationshipFacts((left, right), bool(body.get("bidirectional")))


def _end(constraint: Mapping[str, Any]) -> EndFacts:
    kind = _END_KINDS.get(str(constraint.get("relationshipEntity")), "")
    return EndFacts(kind, _id(constraint.get("trackedEntityType")))


def _id(reference: Any) -> str:
    return str(reference["id"]) if isinstance(reference, Mapping) and "id" in reference else ""
