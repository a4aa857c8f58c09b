"""Programs of both kinds with stages, sections, notifications and working lists."""

from collections.abc import Sequence
from typing import Any

from d2_assets.sandbox.content_bodies import Bodies, Body, translate
from d2_assets.sandbox.content_units import Unit
from d2_assets.sandbox.content_versions import list_value_types
from d2_assets.sandbox.stored_values import DEFAULT_CATEGORY_COMBO

#: Types of value that some versions lack: an element of one is in no stage, since it would take
#: the whole program with it where it cannot go.
_PASSING_TYPES = frozenset({"MULTI_TEXT", "TRACKER_ASSOCIATE"})
_DEFAULT = {"id": DEFAULT_CATEGORY_COMBO}
_VISITED = ("EVENT_NUMBER", "EVENT_TEXT", "EVENT_DATE", "EVENT_BOOLEAN", "EVENT_INTEGER_POSITIVE")
_ENROLLED = ("FIRST_NAME", "FAMILY_NAME", "NATIONAL_ID", "SEX", "BIRTH_DATE", "WEIGHT")
_SUPPORTED = ("FIRST_NAME", "NATIONAL_ID", "VILLAGE", "PHONE")


def add_programs(bodies: Bodies, units: Sequence[Unit]) -> None:
    """Two programs that follow persons, one that takes single reports of outbreaks."""
    places = [{"id": unit.id} for unit in units]
    _add_child_program(bodies, places)
    _add_nutrition_program(bodies, places)
    _add_outbreak_program(bodies, places)
    _add_stages(bodies)
    _add_sections(bodies)
    _add_notifications(bodies)


def _add_child_program(bodies: Bodies, places: list[Body]) -> None:
    bodies.add(
        "programTrackedEntityAttributeGroups", "NAMES", "Noms", shortName="Noms",
        uniqunessType="NONE",
    )  # fmt: skip
    enrolled = _embed_attributes(bodies, "CHILD", _ENROLLED, groups=["NAMES"])
    _add_program(
        bodies, "CHILD", "Child follow-up", programType="WITH_REGISTRATION",
        trackedEntityType=bodies.refer("trackedEntityTypes", "PERSON"), categoryCombo=_DEFAULT,
        programTrackedEntityAttributes=enrolled, organisationUnits=places,
        programStages=bodies.refer_all("programStages", ["CHILD_BIRTH", "CHILD_VISIT"]),
        programSections=bodies.refer_all("programSections", ["CHILD_NAMES"]),
        notificationTemplates=bodies.refer_all("programNotificationTemplates", ["WELCOME"]),
        relatedProgram=bodies.refer("programs", "OUTBREAK"), onlyEnrollOnce=True,
        enrollmentDateLabel="Date d'inscription", incidentDateLabel="Date of birth",
        displayIncidentDate=True, description="Suivi des enfants de la naissance à cinq ans.",
        translations=translate("fr", "Suivi des enfants"),
        attributeValues=bodies.attribute(REVIEWED="2025-06-30"),
        sharing=bodies.share("r-r-----", {"ENTRY": "r-rw----", "SYNC": "rwrw----"}),
    )  # fmt: skip


def _add_nutrition_program(bodies: Bodies, places: list[Body]) -> None:
    """For the same type as the first, so that a person can be in both."""
    _add_program(
        bodies, "NUTRITION", "Nutrition support", programType="WITH_REGISTRATION",
        trackedEntityType=bodies.refer("trackedEntityTypes", "PERSON"), categoryCombo=_DEFAULT,
        programTrackedEntityAttributes=_embed_attributes(bodies, "NUTRITION", _SUPPORTED, []),
        programStages=bodies.refer_all("programStages", ["NUTRITION_CHECK"]), programSections=[],
        notificationTemplates=[], organisationUnits=places, onlyEnrollOnce=False,
        description="Suivi nutritionnel.", sharing=bodies.share("rwrw----"),
    )  # fmt: skip


def _embed_attributes(
    bodies: Bodies, program: str, keys: Sequence[str], groups: Sequence[str]
) -> list[Body]:
    """The attributes of a program; the first two are of the groups."""
    return [
        bodies.embed(
            "programTrackedEntityAttributes", f"{program}_{key}", sortOrder=position,
            mandatory=False, program=bodies.refer("programs", program), displayInList=position < 3,
            trackedEntityAttribute=bodies.refer("trackedEntityAttributes", key),
            allowFutureDate=False, renderOptionsAsRadio=key == "SEX",
            searchable=key == "NATIONAL_ID",
            programTrackedEntityAttributeGroups=bodies.refer_all(
                "programTrackedEntityAttributeGroups", groups if position < 2 else []
            ),
        )
        for position, key in enumerate(keys)
    ]  # fmt: skip


def _add_outbreak_program(bodies: Bodies, places: list[Body]) -> None:
    _add_program(
        bodies, "OUTBREAK", "Outbreak reports", programType="WITHOUT_REGISTRATION",
        categoryCombo=bodies.refer("categoryCombos", "PARTNERS"), organisationUnits=places[::2],
        programTrackedEntityAttributes=[], programSections=[], notificationTemplates=[],
        programStages=bodies.refer_all("programStages", ["OUTBREAK_REPORT"]),
        sharing=bodies.share("rwrw----", users={"supervisor": "rw------"}),
    )  # fmt: skip


def _add_program(bodies: Bodies, key: str, name: str, **members: Any) -> None:
    body: dict[str, Any] = {
        "shortName": name,
        "version": 1,
        "skipOffline": False,
        "accessLevel": "OPEN",
        "featureType": "NONE",
        "completeEventsExpiryDays": 0,
        "expiryDays": 0,
        "openDaysAfterCoEndDate": 0,
        "minAttributesRequiredToSearch": 1,
        "maxTeiCountToReturn": 0,
        "displayFrontPageList": True,
        "ignoreOverdueEvents": False,
        "selectEnrollmentDatesInFuture": False,
        "selectIncidentDatesInFuture": False,
        "useFirstStageDuringRegistration": False,
        "enrollmentCategoryCombo": _DEFAULT,
        "categoryMappings": [],
        "enableChangeLog": False,
        "userRoles": [],
        "style": {},
    }
    bodies.add("programs", key, name, **(body | members))


def _add_stages(bodies: Bodies) -> None:
    types = list_value_types(bodies.facts.line)
    reported = [f"EVENT_{kind}" for kind in types if kind not in _PASSING_TYPES]
    form = bodies.add(
        "dataEntryForms", "BIRTH_FORM", "Birth: form", code=None, style="COMFORTABLE", format=2,
        htmlCode=bodies.express(
            '<p>Poids: <input id="<programStages/CHILD_BIRTH>-<EVENT_NUMBER>-val" /></p>'
        ),
    )  # fmt: skip
    _add_stage(
        bodies, "CHILD", "CHILD_BIRTH", "Naissance", _VISITED[:2], sortOrder=1, repeatable=False,
        autoGenerateEvent=True, dataEntryForm={"id": form},
    )  # fmt: skip
    _add_stage(
        bodies, "CHILD", "CHILD_VISIT", "Visit", _VISITED, sortOrder=2, repeatable=True,
        standardInterval=30, nextScheduleDate=bodies.refer("dataElements", "EVENT_DATE"),
        programStageSections=bodies.refer_all("programStageSections", ["VISIT_FIRST"]),
        notificationTemplates=bodies.refer_all("programNotificationTemplates", ["DUE"]),
        executionDateLabel="Date de visite", periodType="Monthly",
    )  # fmt: skip
    _add_stage(
        bodies, "NUTRITION", "NUTRITION_CHECK", "Nutrition check", _VISITED[:4], sortOrder=1,
        repeatable=True, standardInterval=14,
    )  # fmt: skip
    _add_stage(
        bodies, "OUTBREAK", "OUTBREAK_REPORT", "Report", reported, sortOrder=1, repeatable=False,
        featureType="POINT", enableUserAssignment=True,
    )  # fmt: skip


def _add_stage(
    bodies: Bodies, program: str, key: str, name: str, elements: Sequence[str], **members: Any
) -> None:
    stage = bodies.refer("programStages", key)
    parts = [
        bodies.embed(
            "programStageDataElements", f"{key}_{element}", programStage=stage,
            dataElement=bodies.refer("dataElements", element), sortOrder=position,
            compulsory=position == 0, displayInReports=True, allowFutureDate=False,
            allowProvidedElsewhere=False, renderOptionsAsRadio=False, skipAnalytics=False,
            skipSynchronization=False,
            renderType={"MOBILE": {"type": "DEFAULT"}} if position == 1 else None,
        )
        for position, element in enumerate(elements)
    ]  # fmt: skip
    body: dict[str, Any] = {
        "program": bodies.refer("programs", program),
        "programStageDataElements": parts,
        "programStageSections": [],
        "notificationTemplates": [],
        "minDaysFromStart": 0,
        "referral": False,
        "featureType": "NONE",
        "validationStrategy": "ON_COMPLETE",
        "description": f"{name}.",
        "sharing": bodies.share("rwrw----"),
    }
    bodies.add("programStages", key, name, code=None, **(body | members))


def _add_sections(bodies: Bodies) -> None:
    bodies.add(
        "programSections", "CHILD_NAMES", "Noms", code=None, sortOrder=0,
        program=bodies.refer("programs", "CHILD"),
        trackedEntityAttributes=bodies.refer_all("trackedEntityAttributes", _ENROLLED[:3]),
    )  # fmt: skip
    bodies.add(
        "programStageSections", "VISIT_FIRST", "First", code=None, sortOrder=1,
        programStage=bodies.refer("programStages", "CHILD_VISIT"),
        dataElements=bodies.refer_all("dataElements", _VISITED[:3]),
        programIndicators=bodies.refer_all("programIndicators", ["VISITS"]),
        description="Ce qui se fait d'abord.",
        renderType={"DESKTOP": {"type": "LISTING"}, "MOBILE": {"type": "SEQUENTIAL"}},
    )  # fmt: skip


def _add_notifications(bodies: Bodies) -> None:
    common: dict[str, Any] = {
        "code": None,
        "sendRepeatable": False,
        "notifyUsersInHierarchyOnly": False,
        "notifyParentOrganisationUnitOnly": False,
    }
    bodies.add(
        "programNotificationTemplates", "WELCOME", "Welcome", notificationTrigger="ENROLLMENT",
        messageTemplate=bodies.express("Bienvenue A{<trackedEntityAttributes/FIRST_NAME>}!"),
        notificationRecipient="PROGRAM_ATTRIBUTE", deliveryChannels=["SMS"],
        recipientProgramAttribute=bodies.refer("trackedEntityAttributes", "PHONE"), **common,
    )  # fmt: skip
    bodies.add(
        "programNotificationTemplates", "DUE", "Visit is due", subjectTemplate="V{program_name}",
        messageTemplate=bodies.express("#{<EVENT_NUMBER>} kg. V{days_until_due_date} jours."),
        notificationTrigger="SCHEDULED_DAYS_DUE_DATE", relativeScheduledDays=-2,
        notificationRecipient="USER_GROUP", deliveryChannels=["EMAIL"],
        recipientUserGroup=bodies.refer("userGroups", "SUPERVISORS"), **common,
    )  # fmt: skip
