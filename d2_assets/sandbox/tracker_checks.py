"""Whether tracked entities, enrollments and events may be stored, or deleted.

Checks run in steps, and a step that refuses ends them: what names unknown metadata is not looked at
any closer. Codes and their occasions are dhis2-core's [read], held to the recordings.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from d2_assets.sandbox.stored_tracker import TrackerKind, pad_date
from d2_assets.sandbox.stored_values import DEFAULT_CATEGORY_COMBO, DEFAULT_OPTION_COMBO
from d2_assets.sandbox.tracker_known import Known
from d2_assets.sandbox.tracker_relationship_checks import RELATIONSHIP_STEPS
from d2_assets.sandbox.tracker_requests import Sent
from d2_assets.sandbox.tracker_status_checks import check_status
from d2_assets.sandbox.tracker_value_checks import (
    UNHELD,
    check_attributes,
    check_data_values,
)
from d2_assets.sandbox.tracker_words import TYPE_NAMES, Refusal

Step = Callable[[Sent, Known], Iterator[Refusal]]
_UID = re.compile(r"[A-Za-z][A-Za-z0-9]{10}")
#: Kind -> codes of what exists, does not exist, and was deleted.
_EXISTENCE: Mapping[TrackerKind, tuple[str, str, str]] = {
    "trackedEntity": ("E1002", "E1063", "E1114"),
    "enrollment": ("E1080", "E1081", "E1113"),
    "event": ("E1030", "E1032", "E1082"),
    "relationship": ("E4015", "E4016", "E4017"),
}
#: Kind -> code of a member that is missing, and the members.
_REQUIRED: Mapping[TrackerKind, tuple[str, tuple[str, ...]]] = {
    "trackedEntity": ("E1121", ("trackedEntityType", "orgUnit")),
    "enrollment": ("E1122", ("orgUnit", "program", "trackedEntity")),
    "event": ("E1123", ("orgUnit", "program", "programStage")),
    "relationship": ("E1124", ("relationshipType",)),
}


def find_refusals(sent: Sent, known: Known) -> list[Refusal]:
    """Why an object may not be stored or deleted; nothing when it may."""
    deletes = known.options.strategy == "DELETE"
    steps = (_check_existence, _check_right_to_delete) if deletes else _STEPS[sent.kind]
    for step in steps:
        refusals = list(step(sent, known))
        if refusals:
            return refusals
    return []


def complete_event(sent: Sent, known: Known) -> None:
    """Fill in what an event need not say: its program by its stage, and the other way round."""
    program, stage = sent.tell("program"), sent.tell("programStage")
    if stage and not program and stage in known.metadata.stages:
        sent.body["program"] = known.metadata.stages[stage].program
    if program and not stage and program in known.metadata.programs:
        facts = known.metadata.programs[program]
        if not facts.is_registration and facts.stages:
            sent.body["programStage"] = facts.stages[0]


def _check_existence(sent: Sent, known: Known) -> Iterator[Refusal]:
    if _UID.fullmatch(sent.uid) is None:
        yield Refusal("E1048", (TYPE_NAMES[sent.kind], sent.uid))
        return
    exists, missing, deleted = _EXISTENCE[sent.kind]
    strategy = known.options.strategy
    if known.is_deleted(sent.kind, sent.uid):
        yield Refusal(deleted, (sent.uid,))
    elif known.is_new(sent) and strategy in ("UPDATE", "DELETE"):
        yield Refusal(missing, (sent.uid,))
    elif not known.is_new(sent) and strategy == "CREATE":
        yield Refusal(exists, (sent.uid,))


def _check_right_to_delete(sent: Sent, known: Known) -> Iterator[Refusal]:
    stored = known.find_stored(sent.kind, sent.uid)
    if stored is None or not stored.org_unit or stored.org_unit not in known.catalogue.units:
        return
    if not known.may_write_unit(stored.org_unit):
        yield Refusal("E1000", (known.account.username, stored.org_unit))


def _check_required(sent: Sent, known: Known) -> Iterator[Refusal]:
    code, members = _REQUIRED[sent.kind]
    for name in members:
        if not sent.tell(name):
            yield Refusal(code, (name,))
    if sent.kind == "relationship":
        for side in ("from", "to"):
            if not sent.body.get(side):
                yield Refusal(code, (side,))


# Tracked entities


def _check_entity_metadata(sent: Sent, known: Known) -> Iterator[Refusal]:
    if sent.tell("trackedEntityType") not in known.metadata.types:
        yield Refusal("E1005", (sent.tell("trackedEntityType"),))
    if sent.tell("orgUnit") not in known.catalogue.units:
        yield Refusal("E1049", (sent.tell("orgUnit"),))


def _check_entity(sent: Sent, known: Known) -> Iterator[Refusal]:
    unit, kind = sent.tell("orgUnit"), sent.tell("trackedEntityType")
    stored = known.find_stored("trackedEntity", sent.uid)
    if stored and stored.type != kind:
        yield Refusal("E1126", ("trackedEntityType",))
    if not known.may_write_unit(unit):
        yield Refusal("E1000", (known.account.username, unit))
    if not known.account.may("data_write", known.metadata.type_sharing[kind]):
        yield Refusal("E1001", (known.account.username, kind))
    yield from check_attributes(sent, known, sent.uid, sent.body.get("attributes") or ())
    if stored is None:
        given = {row.get("attribute") for row in sent.body.get("attributes") or ()}
        for attribute, is_mandatory in known.metadata.types[kind].items():
            if is_mandatory and attribute not in given:
                yield Refusal("E1090", (attribute, kind, sent.uid))


# Enrollments


def _check_enrollment_metadata(sent: Sent, known: Known) -> Iterator[Refusal]:
    if sent.tell("program") not in known.metadata.programs:
        yield Refusal("E1069", (sent.tell("program"),))
    if sent.tell("orgUnit") not in known.catalogue.units:
        yield Refusal("E1070", (sent.tell("orgUnit"),))
    if not known.has("trackedEntity", sent.tell("trackedEntity")):
        yield Refusal("E1068", (sent.tell("trackedEntity"),))


def _check_enrollment_place(sent: Sent, known: Known) -> Iterator[Refusal]:
    program_uid, unit, entity = (
        sent.tell(name) for name in ("program", "orgUnit", "trackedEntity")
    )
    program = known.metadata.programs[program_uid]
    stored = known.find_stored("enrollment", sent.uid)
    if stored:
        for name, old in (("program", stored.program), ("trackedEntity", stored.tracked_entity)):
            if sent.tell(name) != old:
                yield Refusal("E1127", (name,))
    if not program.is_registration:
        yield Refusal("E1014", (program_uid,))
    elif known.tell("trackedEntity", entity, "trackedEntityType") != program.type:
        yield Refusal("E1022", (entity, program_uid))
    if unit not in program.org_units:
        yield Refusal("E1041", (unit, program_uid))
    yield from _check_rights(known, unit, program_uid)


def _check_enrollment(sent: Sent, known: Known) -> Iterator[Refusal]:
    program_uid, entity = sent.tell("program"), sent.tell("trackedEntity")
    program = known.metadata.programs[program_uid]
    if not sent.tell("enrolledAt"):
        yield Refusal("E1025", ("null",))
    if program.needs_incident_date and not sent.tell("occurredAt"):
        yield Refusal("E1023", ("null",))
    if pad_date(sent.tell("enrolledAt"))[:10] > known.instance.store.now().date().isoformat():
        yield Refusal("E1020", (sent.tell("enrolledAt"),))
    others = known.list_enrollments(entity, program_uid)
    others.pop(sent.uid, None)
    if "ACTIVE" in others.values() and (sent.tell("status") or "ACTIVE") == "ACTIVE":
        yield Refusal("E1015", (entity, program_uid))
    if others and program.enrolls_once:
        yield Refusal("E1016", (entity, program_uid))
    given = sent.body.get("attributes") or ()
    yield from check_attributes(sent, known, entity, given)
    for row in given:
        if row.get("attribute") not in program.attributes:
            yield Refusal("E1019", (str(row.get("attribute")),))
    yield from _check_mandatory_attributes(sent, known)


def _check_mandatory_attributes(sent: Sent, known: Known) -> Iterator[Refusal]:
    entity = sent.tell("trackedEntity")
    stored = known.find_stored("trackedEntity", entity)
    holder = known.bundle.objects["trackedEntity"].get(entity)
    bodies = [sent.body, holder.body if holder else {}, stored.body if stored else {}]
    there = {row.get("attribute") for body in bodies for row in body.get("attributes") or ()}
    program = sent.tell("program")
    for attribute, is_mandatory in known.metadata.programs[program].attributes.items():
        if is_mandatory and attribute not in there:
            yield Refusal("E1018", (attribute, program, sent.uid))


def _check_rights(known: Known, unit: str, program: str) -> Iterator[Refusal]:
    user = known.account.username
    if not known.may_write_unit(unit):
        yield Refusal("E1000", (user, unit))
    if not known.account.may("data_write", known.metadata.programs[program].sharing):
        yield Refusal("E1091", (user, program))


# Events


def _check_event_metadata(sent: Sent, known: Known) -> Iterator[Refusal]:
    if sent.tell("program") not in known.metadata.programs:
        yield Refusal("E1010", (sent.tell("program"),))
    if sent.tell("programStage") not in known.metadata.stages:
        yield Refusal("E1013", (sent.tell("programStage"),))
    if sent.tell("orgUnit") not in known.catalogue.units:
        yield Refusal("E1011", (sent.tell("orgUnit"),))


def _check_event_place(sent: Sent, known: Known) -> Iterator[Refusal]:
    program_uid, stage, unit = (sent.tell(name) for name in ("program", "programStage", "orgUnit"))
    program = known.metadata.programs[program_uid]
    stored = known.find_stored("event", sent.uid)
    if known.metadata.stages[stage].program != program_uid:
        yield Refusal("E1089", (sent.uid, stage, program_uid))
    if stored and stored.stage != stage:
        yield Refusal("E1128", ("programStage",))
    if program.is_registration:
        yield from _check_enrollment_of(sent, known)
    if unit not in program.org_units:
        yield Refusal("E1029", (unit, program_uid))
    yield from _check_combo(sent, known)
    yield from _check_rights(known, unit, program_uid)
    sharing = known.metadata.stages[stage].sharing
    if sharing and not known.account.may("data_write", sharing):
        yield Refusal("E1095", (known.account.username, stage))


def _check_enrollment_of(sent: Sent, known: Known) -> Iterator[Refusal]:
    enrollment, program = sent.tell("enrollment"), sent.tell("program")
    if not enrollment:
        yield Refusal("E1033", (sent.uid,))
    elif not known.has("enrollment", enrollment):
        yield Refusal("E1081", (enrollment,))
    elif known.tell("enrollment", enrollment, "program") != program:
        yield Refusal("E1079", (sent.uid, program, enrollment))


def _check_combo(sent: Sent, known: Known) -> Iterator[Refusal]:
    combo = sent.tell("attributeOptionCombo")
    wanted = known.metadata.programs[sent.tell("program")].category_combo
    if combo and combo not in known.metadata.combos and combo != DEFAULT_OPTION_COMBO:
        yield Refusal("E1115", (combo,))
    elif combo and combo in known.metadata.combos and known.metadata.combos[combo][0] != wanted:
        yield Refusal("E1054", (combo, wanted))
    is_said = combo or sent.body.get("attributeCategoryOptions")
    if not is_said and wanted != DEFAULT_CATEGORY_COMBO:
        yield Refusal("E1055")


def _check_event(sent: Sent, known: Known) -> Iterator[Refusal]:
    if sent.tell("status") in UNHELD:
        if not sent.tell("scheduledAt"):
            yield Refusal("E1050")
    elif not sent.tell("occurredAt"):
        yield Refusal("E1031")
    yield from check_data_values(sent, known)
    yield from _check_repeated(sent, known)
    assigned = sent.body.get("assignedUser") or {}
    named = assigned.get("uid") or assigned.get("username")
    if named and named not in known.metadata.users | known.metadata.usernames:
        yield Refusal("E1118", (str(named),))


def _check_repeated(sent: Sent, known: Known) -> Iterator[Refusal]:
    enrollment, stage = sent.tell("enrollment"), sent.tell("programStage")
    if not enrollment or known.metadata.stages[stage].is_repeatable or not known.is_new(sent):
        return
    if known.list_events(enrollment, stage) or any(
        other.tell("enrollment") == enrollment and other.tell("programStage") == stage
        for other in known.bundle.objects["event"].values()
        if other.index < sent.index
    ):
        yield Refusal("E1039", (stage,))


_STEPS: Mapping[TrackerKind, Sequence[Step]] = {
    "trackedEntity": (_check_existence, _check_required, _check_entity_metadata, _check_entity),
    "enrollment": (
        _check_existence,
        _check_required,
        _check_enrollment_metadata,
        _check_enrollment_place,
        check_status,
        _check_enrollment,
    ),
    "event": (
        _check_existence,
        _check_required,
        _check_event_metadata,
        _check_event_place,
        check_status,
        _check_event,
    ),
    "relationship": (_check_existence, _check_required, *RELATIONSHIP_STEPS),
}
