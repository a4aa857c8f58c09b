"""Why an object does not travel: the closed table of verdicts of the check, in words for people.

A server that imports with ``atomicMode=OBJECT`` answers 200 and OK whatever it refused, and then
refuses every child of what it refused (E5000). So what cannot land is found before anything is
sent. The codes in comments are those that a server would answer with: seen in the recordings,
or read in dhis2-core. Values that are compulsory and missing are left to the server (E1303).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from d2_assets.ledger.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why one object does not travel: ``code`` is in ``VERDICTS``, ``reason`` its words."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Words:
    """What a verdict does with the object, and how it reads. ``{}`` stands for the thing named."""

    outcome: Outcome
    words: str


def _filtered(words: str) -> Words:
    return Words(Outcome.FILTERED, words)


def _quarantined(words: str) -> Words:
    return Words(Outcome.QUARANTINED, words)


VERDICTS: Mapping[str, Words] = {
    "org_unit_filtered": _filtered(
        "Organisation unit {org_unit} lies outside the pair's part of the hierarchy."
    ),
    "program_filtered": _filtered("The pair leaves out program {program}."),
    "stage_filtered": _filtered("The pair leaves out program stage {stage}."),
    "type_filtered": _filtered(
        "Tracked entity type {type} belongs to none of the programs of the pair."
    ),
    "entity_filtered": _filtered("Tracked entity {id} is enrolled in none of the pair's programs."),
    "identity_unclear": _quarantined(
        "Which object of the destination is meant is not clear: {doubt}"
    ),
    # E1010
    "program_unknown": _quarantined(
        "The destination has no program {program}, or its account may not read it. "
        "Load the metadata first, or share the program with the account."
    ),
    "program_of_other_kind": _quarantined(
        "Program {program} is one {kind} registration at the destination, and not so at the "
        "source. Mend the pair's table of matches, or make both alike."
    ),
    # E1091
    "program_read_only": _quarantined(
        "The destination's account may not write data of program {program}. "
        "Give it data write access in the program's sharing."
    ),
    # E1013, E1089
    "stage_unknown": _quarantined(
        "Program {program} has no stage {stage} at the destination, or its account may not read "
        "it. Load the metadata first, or share the stage with the account."
    ),
    # E1095
    "stage_read_only": _quarantined(
        "The destination's account may not write data of program stage {stage}. "
        "Give it data write access in the stage's sharing."
    ),
    # E1005
    "type_unknown": _quarantined(
        "The destination has no tracked entity type {type}, or its account may not read it. "
        "Load the metadata first, or share the type with the account."
    ),
    # E1001
    "type_read_only": _quarantined(
        "The destination's account may not write data of tracked entity type {type}. "
        "Give it data write access in the type's sharing."
    ),
    # E1011, E1049, E1070
    "org_unit_unknown": _quarantined(
        "The destination has no organisation unit {org_unit}. Load the metadata first."
    ),
    # E1000
    "org_unit_outside_account": _quarantined(
        "The destination's account may not write to organisation unit {org_unit}. "
        "Give it that unit, or one above it, for data capture."
    ),
    # E1029, E1041
    "org_unit_outside_program": _quarantined(
        "Organisation unit {org_unit} is not assigned to program {program} at the destination. "
        "Assign it there, or move the {kind} at the source."
    ),
    # E1006
    "attribute_unknown": _quarantined(
        "The destination has no attribute {attribute}, or its account may not read it. "
        "Load the metadata first."
    ),
    "attribute_outside": _quarantined(
        "Attribute {attribute} belongs at the destination neither to tracked entity type {type} "
        "nor to a program of the pair: its value could not be read there. Add it there, or load "
        "the metadata first."
    ),
    # E1304
    "data_element_unknown": _quarantined(
        "The destination has no data element {data_element}, or its account may not read it. "
        "Load the metadata first."
    ),
    # E1305
    "data_element_outside_stage": _quarantined(
        "Data element {data_element} is not in program stage {stage} at the destination. "
        "Load the metadata first, or add it there."
    ),
    # E1125
    "option_unknown": _quarantined(
        "«{value}» of {holder} is not the code of an option of set {option_set} at the "
        "destination. Load the metadata first, or mend the value at the source."
    ),
    # E1302, E1007
    "value_misfit": _quarantined(
        "The value of {holder} does not fit: {misfit}. Mend it at the source."
    ),
    "value_org_unit_unknown": _quarantined(
        "The value of {holder} is organisation unit {org_unit}, which the destination does not "
        "have. Load the metadata first."
    ),
    "file_missing": _quarantined(
        "The file of {holder} cannot be read at the source: {cause} Mend or delete the value there."
    ),
    # E1115, E1054
    "attribute_option_combo_unknown": _quarantined(
        "Attribute option combo {combo} is unknown at the destination, or not one of program "
        "{program} there. Load the metadata first."
    ),
    # E1031, E1050, E1025
    "date_missing": _quarantined(
        "The {kind} has no {member}, which every version of DHIS2 asks for. Enter it at the source."
    ),
    "relationship_type_unknown": _quarantined(
        "The destination has no relationship type {type}, or its account may not read it. "
        "Load the metadata first, or share the type with the account."
    ),
    # E4020
    "relationship_type_read_only": _quarantined(
        "The destination's account may not write relationships of type {type}. "
        "Give it data write access in the type's sharing."
    ),
    # E4010
    "relationship_end_misfit": _quarantined(
        "Relationship type {type} takes {wanted} as its «{side}» side at the destination, and this "
        "is {found}. Mend the type there, or load the metadata first."
    ),
    # E1082
    "deleted_at_destination": _quarantined(
        "It was deleted at the destination, and a UID that was deleted cannot be created again. "
        "Delete it at the source, or enter it anew there."
    ),
    # E5000, E1068, E1081
    "parent_quarantined": _quarantined(
        "It belongs to {parent}, which is not at the destination and cannot land: {cause}. "
        "Mend that, and this follows by itself."
    ),
    "parent_filtered": _filtered(
        "It belongs to {parent}, which the pair leaves out and the destination does not have."
    ),
    "parent_missing": _quarantined(
        "It belongs to {parent}, which is neither at the destination nor among what the source "
        "gave. Look for it at the source."
    ),
    "relationship_end_missing": _quarantined(
        "Its «{side}» side, {end}, is not at the destination: {cause}."
    ),
    "relationship_elsewhere": _filtered(
        "Its «{side}» side is {end}, which is no event without registration of this pair: asset "
        "tracker carries such relationships."
    ),
    "relationship_end_filtered": _filtered(
        "Its «{side}» side, {end}, is left out by the pair and not at the destination."
    ),
}

#: The code of an object that the server took and does not hold as it was sent, and its words.
LOST_BY_SERVER = "lost_by_server"
LOST_WORDS = (
    "The server took it, and it does not stand there as it was sent: {0}. "
    "Look at the server's log; launch the partition again."
)

#: The code of an object that two pairs of opposite directions would write over each other.
CHANGED_ON_BOTH_SIDES = "changed_on_both_sides"
CHANGED_ON_BOTH_SIDES_WORDS = (
    "It differs, and both ends have changed since they were last seen to agree, or never were. "
    "Make both alike at either end, or set conflicts.rule of the pair."
)

#: The code of a child whose parent the server refused.
PARENT_REFUSED = "parent_refused"


def decide(code: str, **named: str) -> Verdict:
    """A verdict with its words; ``named`` are the things that the words name."""
    return Verdict(code, VERDICTS[code].words.format(**named))


def find_outcome(code: str) -> Outcome:
    """What becomes of an object with that verdict; of a code of another table, quarantine."""
    known = VERDICTS.get(code)
    return known.outcome if known else Outcome.QUARANTINED


def outcome_sql(verdict_column: str) -> str:
    """A DuckDB expression that gives a verdict's outcome; NULL for an object that is fit."""
    filtered = ", ".join(
        f"'{code}'" for code, known in VERDICTS.items() if known.outcome is Outcome.FILTERED
    )
    return (
        f"CASE WHEN {verdict_column} IN ({filtered}) THEN '{Outcome.FILTERED}' "
        f"WHEN {verdict_column} IS NOT NULL THEN '{Outcome.QUARANTINED}' END"
    )
