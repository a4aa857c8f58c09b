"""The words of the tracker importer's refusals, by code: up to 2.40, and from 2.42.

Words that a recording has are the server's own; the others are read from its sources, and the
newer ones of them follow the way in which the recorded ones changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from d2_assets.sandbox.stored_tracker import TrackerKind

TYPE_NAMES: Mapping[TrackerKind, str] = {
    "trackedEntity": "TRACKED_ENTITY",
    "enrollment": "ENROLLMENT",
    "event": "EVENT",
    "relationship": "RELATIONSHIP",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an object is refused: a code and what fills the gaps of its words."""

    code: str
    args: tuple[str, ...] = ()


_OLD: Mapping[str, str] = {
    "E1000": "User: `{0}`, has no write access to OrganisationUnit: `{1}`.",
    "E1001": "User: `{0}`, has no data write access to TrackedEntityType: `{1}`.",
    "E1002": "TrackedEntityInstance: `{0}`, already exists.",
    "E1005": "Could not find TrackedEntityType: `{0}`.",
    "E1006": "Attribute: `{0}`, does not exist.",
    "E1007": "Error validating attribute value type: `{0}`; Error: `{1}`.",
    "E1009": "File resource: `{0}`, has already been assigned to a different object.",
    "E1010": "Could not find Program: `{0}`, linked to Event.",
    "E1011": "Could not find OrganisationUnit: `{0}`, linked to Event.",
    "E1013": "Could not find ProgramStage: `{0}`, linked to Event.",
    "E1014": "Provided Program: `{0}`, is a Program without registration. An Enrollment cannot be "
    "created into Program without registration.",
    "E1015": "TrackedEntityInstance: `{0}`, already has an active Enrollment in Program `{1}`.",
    "E1016": "TrackedEntityInstance: `{0}`, already has an enrollment in Program: `{1}`, and this "
    "program only allows enrolling one time.",
    "E1018": "Attribute: `{0}`, is mandatory in program `{1}` but not declared in enrollment "
    "`{2}`.",
    "E1019": "Only Program attributes is allowed for enrollment; Non valid attribute: `{0}`.",
    "E1020": "Enrollment date: `{0}`, cannot be a future date.",
    "E1022": "TrackedEntityInstance: `{0}`, must have same TrackedEntityType as Program `{1}`.",
    "E1023": "DisplayIncidentDate is true but property occurredAt is null or has an invalid "
    "format: `{0}`.",
    "E1025": "Property enrolledAt is null or has an invalid format: `{0}`.",
    "E1029": "Event OrganisationUnit: `{0}`, and Program: `{1}`, don't match.",
    "E1030": "Event: `{0}`, already exists.",
    "E1031": "Event OccurredAt date is missing.",
    "E1032": "Event: `{0}`, do not exist.",
    "E1033": "Event: `{0}`, Enrollment value is null.",
    "E1039": "ProgramStage: `{0}`, is not repeatable and an event already exists.",
    "E1041": "Enrollment OrganisationUnit: `{0}`, and Program: `{1}`, don't match.",
    "E1048": "Object: `{0}`, uid: `{1}`, has an invalid uid format.",
    "E1049": "Could not find OrganisationUnit: `{0}`, linked to Tracked Entity.",
    "E1050": "Event ScheduledAt date is missing.",
    "E1051": "Event: `{0}` completedAt must be null when status is `{1}`.",
    "E1052": "Enrollment: `{0}` completedAt must be null when status is `{1}`.",
    "E1054": "AttributeOptionCombo `{0}` is not in the event programs category combo `{1}`.",
    "E1055": "Default AttributeOptionCombo is not allowed since program has non-default "
    "CategoryCombo.",
    "E1063": "TrackedEntityInstance: `{0}`, does not exist.",
    "E1064": "Non-unique attribute value `{0}` for attribute `{1}`",
    "E1068": "Could not find TrackedEntityInstance: `{0}`, linked to Enrollment.",
    "E1069": "Could not find Program: `{0}`, linked to Enrollment.",
    "E1070": "Could not find OrganisationUnit: `{0}`, linked to Enrollment.",
    "E1075": "Attribute: `{0}`, is missing uid.",
    "E1076": "`{0}` `{1}` is mandatory and cannot be null",
    "E1079": "Event: `{0}`, program: `{1}` is different from program defined in enrollment `{2}`.",
    "E1080": "Enrollment: `{0}`, already exists.",
    "E1081": "Enrollment: `{0}`, do not exist.",
    "E1082": "Event: `{0}`, is already deleted and cannot be modified.",
    "E1084": "File resource: `{0}`, reference could not be found.",
    "E1085": "Attribute: `{0}`, value does not match value type: `{1}`.",
    "E1089": "Event: `{0}`, references a Program Stage `{1}` that does not belong to Program "
    "`{2}`.",
    "E1090": "Attribute: `{0}`, is mandatory in tracked entity type `{1}` but not declared in "
    "tracked entity `{2}`.",
    "E1091": "User: `{0}`, has no data write access to Program: `{1}`.",
    "E1095": "User: `{0}`, has no data write access to ProgramStage: `{1}`.",
    "E1113": "Enrollment: `{0}`, is already deleted and cannot be modified.",
    "E1114": "TrackedEntity: `{0}`, is already deleted and cannot be modified.",
    "E1115": "Could not find CategoryOptionCombo: `{0}`.",
    "E1118": "Assigned user `{0}` is not valid.",
    "E1121": "Missing required trackedEntity property: `{0}`.",
    "E1122": "Missing required enrollment property: `{0}`.",
    "E1123": "Missing required event property: `{0}`.",
    "E1124": "Missing required relationship property: `{0}`.",
    "E1125": "Value {0} is not a valid option for {1} {2} in option set {3}",
    "E1126": "Not allowed to update Tracked Entity property: {0}.",
    "E1127": "Not allowed to update Enrollment property: {0}.",
    "E1128": "Not allowed to update Event property: {0}.",
    "E1300": "Generated by program rule (`{0}`) - `{1}`",
    "E1302": "DataElement `{0}` is not valid: `{1}`",
    "E1303": "Mandatory DataElement `{0}` is not present",
    "E1304": "DataElement `{0}` is not a valid data element",
    "E1305": "DataElement `{0}` is not part of `{1}` program stage",
    "E1307": "Generated by program rule (`{0}`) - Unable to assign value to data element `{1}`. "
    "The provided value must be empty or match the calculated value `{2}`",
    "E1309": "Generated by program rule (`{0}`) - Unable to assign value to attribute `{1}`. "
    "The provided value must be empty or match the calculated value `{2}`",
    "E1315": "Status `{0}` does not allow creating data values, allow statuses: {1}.",
    "E1316": "Event cannot transition from status `{0}` to status `{1}`.",
    "E4000": "Relationship: `{0}` cannot link to itself",
    "E4001": "Relationship item `{0}` for relationship `{1}` is invalid: an item must link exactly "
    "one of trackedEntity, enrollment, event.",
    "E4006": "Could not find relationship type: `{0}`.",
    "E4010": "Relationship type `{0}` constraint requires a {1} but a {2} was found.",
    "E4012": "Could not find `{0}`: `{1}`, linked to relationship.",
    "E4014": "Relationship type `{0}` constraint requires a tracked entity having type `{1}` but "
    "`{2}` was found.",
    "E4015": "Relationship: `{0}`, already exists.",
    "E4016": "Relationship: `{0}`, do not exist.",
    "E4017": "Relationship: `{0}`, is already deleted and cannot be modified.",
    "E4018": "Relationship: `{0}`, linking {1}: `{2}` to {3}: `{4}` already exists.",
    "E5000": '"{0}" `{1}` cannot be persisted because "{2}" `{3}` referenced by it cannot be '
    "persisted.",
}
#: Words that changed otherwise than all do.
_NEW: Mapping[str, str] = {
    **{code: _OLD[code] for code in ("E1010", "E1011", "E1013", "E4012")},
    "E1000": "User: `{0}` has no capture scope access to OrganisationUnit: `{1}`.",
    "E1002": "TrackedEntity: `{0}`, already exists.",
    "E1009": "File resource: `{0}` has already been assigned to another object.",
    "E1016": "TrackedEntity: `{0}` already has an Enrollment in Program: `{1}`, and this Program "
    "only allows enrolling once.",
    "E1018": "Attribute: `{0}` is mandatory in Program `{1}` but not declared in Enrollment `{2}`.",
    "E1019": "Only ProgramAttributes are allowed for Enrollment, invalid Attribute: `{0}`.",
    "E1023": "DisplayIncidentDate is true but occurredAt is null.",
    "E1025": "Property enrolledAt is null.",
    "E1029": "Event OrganisationUnit: `{0}` and Program: `{1}`, do not match.",
    "E1031": "Event occurredAt date is missing.",
    "E1041": "Enrollment OrganisationUnit: `{0}` and Program: `{1}` do not match.",
    "E1049": "Could not find OrganisationUnit: `{0}` linked to TrackedEntity.",
    "E1054": "AttributeOptionCombo `{0}` is not in the Event Program CategoryCombo `{1}`.",
    "E1055": "Default AttributeOptionCombo is not allowed as Program has non-default "
    "CategoryCombo.",
    "E1063": "TrackedEntity: `{0}`, does not exist.",
    "E1064": "Non-unique attribute value `{0}` for attribute `{1}`.",
    "E1075": "Attribute: `{0}` UID is missing.",
    "E1076": "`{0}` `{1}` is mandatory and must be specified.",
    "E1079": "Event: `{0}` Program: `{1}` is different from Program defined in Enrollment `{2}`.",
    "E1089": "Event: `{0}` references ProgramStage `{1}` which do not belong to Program `{2}`.",
    "E1090": "Attribute: `{0}` is mandatory in TrackedEntityType `{1}` but not found in "
    "TrackedEntity `{2}`.",
    "E1118": "Assigned User `{0}` is not valid.",
    "E1125": "Value `{0}` is not a valid option code in OptionSet `{1}`.",
    "E1126": "Not allowed to update trackedEntity property: {0}.",
    "E1127": "Not allowed to update enrollment property: {0}.",
    "E1128": "Not allowed to update event property: {0}.",
    "E1300": "Generated by ProgramRule (`{0}`) - `{1}`.",
    "E1302": "DataElement `{0}` is not valid: `{1}`.",
    "E1303": "Mandatory DataElement `{0}` is not present.",
    "E1304": "DataElement `{0}` is not a valid DataElement.",
    "E1305": "DataElement `{0}` is not part of ProgramStage `{1}`.",
    "E1307": "Generated by ProgramRule (`{0}`) - Unable to assign value to DataElement `{1}`. "
    "The provided value must be empty or match the calculated value `{2}`",
    "E1309": "Generated by ProgramRule (`{0}`) - Unable to assign value to Attribute `{1}`. "
    "The provided value must be empty or match the calculated value `{2}`.",
    "E4001": "RelationshipItem `{0}` for Relationship `{1}` is invalid as an item must be "
    "associated with exactly one of TrackedEntity, Enrollment, Event.",
    "E4006": "Could not find RelationshipType: `{0}`.",
    "E4010": "RelationshipType `{0}` constraint requires a {1} but a {2} was found.",
    "E4014": "RelationshipType `{0}` constraint requires TrackedEntityType `{1}` but `{2}` was "
    "found.",
    "E5000": "{0} `{1}` cannot be created because {2} `{3}` referenced by it could not be created.",
}
#: Arguments that are metadata, told in another way from 2.42 on: code -> their places.
_IDENTIFIERS: Mapping[str, tuple[int, ...]] = {
    "E1005": (0,), "E1006": (0,), "E1010": (0,), "E1011": (0,), "E1013": (0,), "E1049": (0,),
    "E1069": (0,), "E1070": (0,), "E1304": (0,), "E1305": (0,),
}  # fmt: skip


def word_refusal(refusal: Refusal, line: str) -> str:
    """What a version line says."""
    words = _OLD[refusal.code]
    if line not in ("2.38", "2.40"):
        words = _NEW.get(refusal.code) or _modernise(words)
        if refusal.code == "E1082" and line == "2.42":
            words = _OLD["E1082"]
    return words.format(*refusal.args)


def _modernise(words: str) -> str:
    """Older words as newer versions say them: no commas, other names of classes."""
    words = words.replace("`, ", "` ").replace("TrackedEntityInstance", "TrackedEntity")
    return words if words.endswith(".") else f"{words}."


def render_args(refusal: Refusal) -> list[str]:
    """Arguments of a refusal as versions from 2.42 on repeat them."""
    places = _IDENTIFIERS.get(refusal.code, ())
    form = "MetadataIdentifier(idScheme=UID, identifier={}, attributeValue=null)"
    return [form.format(arg) if place in places else arg for place, arg in enumerate(refusal.args)]
