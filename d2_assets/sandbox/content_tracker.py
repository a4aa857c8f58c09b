"""Tracked entity types and attributes, and how tracked entities are related."""

from typing import Any

from d2_assets.sandbox.content_bodies import Bodies, Body, translate

#: Attribute -> name, value type.
_ATTRIBUTES: dict[str, tuple[str, str]] = {
    "FIRST_NAME": ("First name", "TEXT"),
    "FAMILY_NAME": ("Nom de famille", "TEXT"),
    "NATIONAL_ID": ("National identifier", "TEXT"),
    "SEX": ("Sex of the person", "TEXT"),
    "BIRTH_DATE": ("Date of birth", "DATE"),
    "WEIGHT": ("Weight at birth, kg", "NUMBER"),
    "VILLAGE": ("Home village", "ORGANISATION_UNIT"),
    "PHONE": ("Téléphone", "PHONE_NUMBER"),
}


def add_tracker(bodies: Bodies) -> None:
    """What is followed over time."""
    for key, (name, value_type) in _ATTRIBUTES.items():
        _add_attribute(bodies, key, name, value_type)
    _add_type(bodies, "PERSON", "Person", ("FIRST_NAME", "FAMILY_NAME", "NATIONAL_ID", "SEX"))
    _add_type(bodies, "NET", "Moustiquaire imprégnée", ("NATIONAL_ID",))
    person = {
        "relationshipEntity": "TRACKED_ENTITY_INSTANCE",
        "trackedEntityType": bodies.refer("trackedEntityTypes", "PERSON"),
    }
    # Programs are of a later family than the types that they constrain.
    followed = person | {"program": bodies.refer("programs", "CHILD")}
    event: Body = {
        "relationshipEntity": "PROGRAM_STAGE_INSTANCE",
        "programStage": bodies.refer("programStages", "OUTBREAK_REPORT"),
    }
    for key, name, forth, back, left, right in (
        ("MOTHER", "Mother of a child", "is mother of", "a pour mère", person, followed),
        ("CONTACT", "Contact of a case", "was seen in", "", followed, event),
        ("CHAIN", "Chain of reports", "led to", "comes from", event, event),
    ):
        bodies.add(
            "relationshipTypes", key, name, bidirectional=bool(back), fromToName=forth,
            toFromName=back or None, referral=False, fromConstraint=left, toConstraint=right,
            description=f"{name}.", sharing=bodies.share("rwrw----"),
        )  # fmt: skip


def _add_attribute(bodies: Bodies, key: str, name: str, value_type: str) -> None:
    is_number = value_type == "NUMBER"
    bodies.add(
        "trackedEntityAttributes", key, name, shortName=name, valueType=value_type, formName=name,
        aggregationType="AVERAGE" if is_number else "NONE", unique=key == "NATIONAL_ID",
        generated=False, pattern="", orgunitScope=False, confidential=key == "PHONE",
        inherit=key == "FAMILY_NAME", displayInListNoProgram=True, displayOnVisitSchedule=False,
        sortOrderInListNoProgram=list(_ATTRIBUTES).index(key), skipSynchronization=False,
        legendSets=bodies.refer_all("legendSets", ["COVERAGE"] if is_number else []),
        optionSet=bodies.refer("optionSets", "SEX_OPTIONS") if key == "SEX" else None,
        attributeValues=bodies.attribute(LOCAL_ID="TEA-1") if key == "NATIONAL_ID" else [],
        translations=translate("fr", "Prénom") if key == "FIRST_NAME" else [],
        trigramIndexable=False, skipAnalytics=False, minCharactersToSearch=0,
        blockedSearchOperators=[],
    )  # fmt: skip


def _add_type(bodies: Bodies, key: str, name: str, attributes: tuple[str, ...]) -> None:
    common: dict[str, Any] = {
        "trackedEntityType": bodies.refer("trackedEntityTypes", key),
        "displayInList": True,
        "mandatory": False,
    }
    bodies.add(
        "trackedEntityTypes", key, name, shortName=name, description=f"{name}.",
        featureType="POINT", allowAuditLog=False, enableChangeLog=False, maxTeiCountToReturn=0,
        minAttributesRequiredToSearch=1, style={}, sharing=bodies.share("rwrw----"),
        trackedEntityTypeAttributes=[
            bodies.embed(
                "trackedEntityTypeAttributes", f"{key}_{attribute}",
                trackedEntityAttribute=bodies.refer("trackedEntityAttributes", attribute),
                searchable=attribute == "NATIONAL_ID", **common,
            )
            for attribute in attributes
        ],
    )  # fmt: skip
