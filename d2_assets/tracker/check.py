"""What is unfit is found before anything is sent, against the destination's own metadata.

Each object of the source, in the destination's words, gets a verdict or none: it is never dropped
here. What the source marks as deleted is judged by the pair's filters only: where the destination
lacks its metadata it lacks the object too, and there is nothing to delete.

Whether its parent can land is another question: see ``following``.
"""

from collections.abc import Iterator

from d2_assets.dhis2.programs import Typed
from d2_assets.tracker.following import list_ends
from d2_assets.tracker.identities import is_marked
from d2_assets.tracker.objects import Body, Kind, TrackerObject
from d2_assets.tracker.scope import Scope
from d2_assets.tracker.verdicts import Verdict, decide
from d2_assets.value_types import find_misfit

#: Their values are judged with their contents: see ``files``.
_FILES = frozenset({"FILE_RESOURCE", "IMAGE"})
_ORG_UNIT = "ORGANISATION_UNIT"
_SEVERAL = "MULTI_TEXT"
#: Events that took place need the day of it, those that are to come the day they are due.
_TO_COME = frozenset({"SCHEDULE", "OVERDUE", "SKIPPED"})
_END_NAMES = {
    "TRACKED_ENTITY_INSTANCE": Kind.TRACKED_ENTITY,
    "PROGRAM_INSTANCE": Kind.ENROLLMENT,
    "PROGRAM_STAGE_INSTANCE": Kind.EVENT,
}


def judge(item: TrackerObject, scope: Scope) -> Verdict | None:
    """Why an object, in the destination's words, does not travel; None when it is fit."""
    if (verdict := find_filter(item, scope)) or item.deleted:
        return verdict
    if verdict := _find_doubt(item, scope):
        return verdict
    match item.kind:
        case Kind.TRACKED_ENTITY:
            return _judge_entity(item, scope)
        case Kind.ENROLLMENT:
            return _judge_enrollment(item, scope)
        case Kind.EVENT:
            return _judge_event(item, scope)
        case Kind.RELATIONSHIP:
            return _judge_relationship(item, scope)


def find_filter(item: TrackerObject, scope: Scope) -> Verdict | None:
    """The filter of the pair that leaves the object out."""
    if item.org_unit and scope.org_units is not None and item.org_unit not in scope.org_units:
        return decide("org_unit_filtered", org_unit=item.org_unit)
    if item.program and item.program not in scope.chosen_programs:
        return decide("program_filtered", program=item.program)
    if item.stage and scope.stages and item.stage not in scope.chosen_stages:
        return decide("stage_filtered", stage=item.stage)
    if item.kind is Kind.TRACKED_ENTITY and item.type and item.type not in scope.chosen_types:
        return decide("type_filtered", type=item.type)
    return None


def _judge_entity(item: TrackerObject, scope: Scope) -> Verdict | None:
    known = scope.facts.types.get(item.type)
    if known is None:
        return decide("type_unknown", type=item.type)
    if not known.may_write:
        return decide("type_read_only", type=item.type)
    return _judge_org_unit(item, scope) or _judge_attributes(item, scope)


def _judge_enrollment(item: TrackerObject, scope: Scope) -> Verdict | None:
    verdict = _judge_program(item, scope)
    if verdict is None and not scope.facts.programs[item.program].may_write:
        verdict = decide("program_read_only", program=item.program)
    combo = item.body.get("attributeOptionCombo")
    if verdict is None and combo and combo not in scope.facts.all_option_combos:
        verdict = decide("attribute_option_combo_unknown", combo=combo, program=item.program)
    return verdict or _judge_place(item, scope) or _judge_date(item, "enrolledAt")


def _judge_event(item: TrackerObject, scope: Scope) -> Verdict | None:
    is_to_come = item.body.get("status") in _TO_COME
    return (
        _judge_program(item, scope)
        or _judge_stage(item, scope)
        or _judge_place(item, scope)
        or _judge_date(item, "scheduledAt" if is_to_come else "occurredAt")
        or _judge_option_combo(item, scope)
        or _judge_data_values(item, scope)
    )


def _judge_program(item: TrackerObject, scope: Scope) -> Verdict | None:
    known = scope.facts.programs.get(item.program)
    if known is None:
        return decide("program_unknown", program=item.program)
    if known.is_registration is not scope.is_registration:
        kind = "with" if known.is_registration else "without"
        return decide("program_of_other_kind", program=item.program, kind=kind)
    return None


def _judge_stage(item: TrackerObject, scope: Scope) -> Verdict | None:
    """Sharing of the stage tells who may write events of entities, of the program all others."""
    program, stage = scope.facts.stages.get(item.stage, ("", None))
    if stage is None or program != item.program:
        return decide("stage_unknown", stage=item.stage, program=item.program)
    if scope.is_registration and not stage.may_write:
        return decide("stage_read_only", stage=item.stage)
    if not scope.is_registration and not scope.facts.programs[item.program].may_write:
        return decide("program_read_only", program=item.program)
    return None


def _judge_org_unit(item: TrackerObject, scope: Scope) -> Verdict | None:
    if item.org_unit not in scope.facts.org_units:
        return decide("org_unit_unknown", org_unit=item.org_unit)
    if item.org_unit not in scope.facts.writable:
        return decide("org_unit_outside_account", org_unit=item.org_unit)
    return None


def _judge_place(item: TrackerObject, scope: Scope) -> Verdict | None:
    """The org unit of an enrollment or event, which must be one of its program's."""
    if verdict := _judge_org_unit(item, scope):
        return verdict
    if item.org_unit in scope.facts.programs[item.program].org_units:
        return None
    return decide(
        "org_unit_outside_program",
        org_unit=item.org_unit,
        program=item.program,
        kind=item.kind.value,
    )


def _judge_date(item: TrackerObject, member: str) -> Verdict | None:
    if item.body.get(member):
        return None
    return decide("date_missing", kind=item.kind.value, member=member)


def _judge_option_combo(item: TrackerObject, scope: Scope) -> Verdict | None:
    combo = item.body.get("attributeOptionCombo")
    program = scope.facts.programs[item.program]
    if not combo or scope.facts.takes_option_combo(combo, program):
        return None
    return decide("attribute_option_combo_unknown", combo=combo, program=program.id)


def _judge_attributes(item: TrackerObject, scope: Scope) -> Verdict | None:
    listed = scope.list_attributes(item.type)
    for value in item.body.get("attributes") or ():
        uid = value["attribute"]
        known = scope.facts.attributes.get(uid)
        if known is None:
            return decide("attribute_unknown", attribute=uid)
        if uid not in listed:
            return decide("attribute_outside", attribute=f"{uid} «{known.name}»", type=item.type)
        if verdict := _judge_value(value.get("value"), known, "attribute", scope):
            return verdict
    return None


def _judge_data_values(item: TrackerObject, scope: Scope) -> Verdict | None:
    of_stage = scope.facts.stage_elements[item.stage]
    for value in item.body.get("dataValues") or ():
        uid = value["dataElement"]
        known = scope.facts.elements.get(uid)
        if known is None:
            return decide("data_element_unknown", data_element=uid)
        if uid not in of_stage:
            named = f"{uid} «{known.name}»"
            return decide("data_element_outside_stage", data_element=named, stage=item.stage)
        if verdict := _judge_value(value.get("value"), known, "data element", scope):
            return verdict
    return None


def _judge_value(value: str | None, of: Typed, what: str, scope: Scope) -> Verdict | None:
    if not value or of.value_type in _FILES:
        return None
    holder = f"{what} {of.id} «{of.name}»"
    if misfit := find_misfit(value, of.value_type):
        return decide("value_misfit", holder=holder, misfit=misfit)
    if of.value_type == _ORG_UNIT and value not in scope.facts.org_units:
        return decide("value_org_unit_unknown", holder=holder, org_unit=value)
    if not of.option_set:
        return None
    codes = scope.facts.option_codes.get(of.option_set, frozenset())
    for code in value.split(",") if of.value_type == _SEVERAL else (value,):
        if code not in codes:
            return decide("option_unknown", value=code, holder=holder, option_set=of.option_set)
    return None


def _judge_relationship(item: TrackerObject, scope: Scope) -> Verdict | None:
    known = scope.facts.relationship_types.get(item.type)
    if known is None:
        return decide("relationship_type_unknown", type=item.type)
    if not known.may_write:
        return decide("relationship_type_read_only", type=item.type)
    wanted = (known.from_entity, known.to_entity)
    for side, entity, (kind, _) in zip(("from", "to"), wanted, list_ends(item.body), strict=False):
        if _END_NAMES.get(entity, kind) is not kind:
            return decide(
                "relationship_end_misfit",
                type=item.type,
                wanted=_END_NAMES[entity].value,
                side=side,
                found=kind.value,
            )
    return None


def _find_doubt(item: TrackerObject, scope: Scope) -> Verdict | None:
    """Words, where one of the object's UIDs stands for what could be more than one thing."""
    if not scope.doubts:
        return None
    for uid in _list_references(item):
        if is_marked(uid) and uid in scope.doubts:
            return decide("identity_unclear", doubt=scope.doubts[uid])
    return None


def _list_references(item: TrackerObject) -> Iterator[str]:
    yield from (item.program, item.stage, item.org_unit, item.type)
    body: Body = item.body
    yield body.get("attributeOptionCombo") or ""
    for value in body.get("attributes") or ():
        yield from (value["attribute"], value["value"])
    for value in body.get("dataValues") or ():
        yield from (value["dataElement"], value["value"])
