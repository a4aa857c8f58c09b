"""Data sets with what their forms need: sections, custom forms, input periods, notifications,
approval."""

from typing import Any

from d2_assets.sandbox.content_bodies import Bodies, Body, translate
from d2_assets.sandbox.content_elements import Reporting, find_combo
from d2_assets.sandbox.content_plan import DATA_SETS, DataSetPlan
from d2_assets.sandbox.stored_values import DEFAULT_CATEGORY_COMBO, DEFAULT_OPTION_COMBO

#: Section -> data set, name, elements.
_SECTIONS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "OUTPATIENTS": (
        "HF_MONTHLY",
        "Outpatients",
        ("OPD_NEW", "OPD_MALARIA", "OPD_PNEUMONIA", "BED_OCCUPANCY"),
    ),
    "MOTHERS": ("HF_MONTHLY", "Mères et nouveau-nés", ("ANC_1", "ANC_4", "DELIVERIES")),
    "STOCK": ("COMMODITIES", "Stock", ("ACT_IN_STOCK", "ACT_DISPENSED", "RDT_USED")),
}
_PROFILE_FIELDS = (
    ("BEDS", "default", "Beds"),
    ("NURSES", "categoryOptionCombos/SEX_ONLY_1", "Infirmières"),
    ("NURSES", "categoryOptionCombos/SEX_ONLY_2", "Infirmiers"),
    ("ELECTRICITY", "default", "Electricity"),
)
_FIELD = '<input id="<{0}>-<{1}>-val" name="entryfield" title="{2}" value="[ {2} ]" />'
#: A budget may be entered from July on, for each financial year in turn.
_BUDGET_YEARS = range(2015, 2036)


def add_data_sets(bodies: Bodies, reporting: Reporting) -> None:
    """The data sets of the plan. Further ones would take part in every move of data."""
    _add_approval(bodies)
    for plan in DATA_SETS:
        _add_data_set(bodies, plan, reporting)
    for position, (key, (data_set, name, elements)) in enumerate(_SECTIONS.items()):
        _add_section(bodies, key, name, position, data_set, elements)
    bodies.add(
        "dataEntryForms", "PROFILE_FORM", "Facility profile: form", code=None, style="NORMAL",
        format=2, htmlCode=_write_form(bodies),
    )  # fmt: skip
    _add_notifications(bodies)


def _add_data_set(bodies: Bodies, plan: DataSetPlan, reporting: Reporting) -> None:
    uid = bodies.uid(f"dataSets/{plan.code}")
    body: Body = {
        "shortName": plan.name,
        "periodType": plan.period_type,
        "categoryCombo": {"id": find_combo(bodies, plan.attribute_combo)},
        "openFuturePeriods": 1,
        "openPeriodsAfterCoEndDate": 0,
        "expiryDays": 0,
        "timelyDays": 15,
        "version": 1,
        "mobile": False,
        "renderAsTabs": False,
        "dataInputPeriods": [],
        "indicators": [],
        "legendSets": [],
        "compulsoryDataElementOperands": [],
        "sharing": bodies.share("r-r-----", {"ENTRY": "r-rw----", "SYNC": "rwrw----"}),
        "dataSetElements": [
            {"dataSet": {"id": uid}, "dataElement": bodies.refer("dataElements", element.code)}
            for element in plan.elements
        ],
        "organisationUnits": [{"id": unit.id} for unit in reporting(plan)],
    }
    bodies.add("dataSets", plan.code, plan.name, **(body | _describe(bodies, plan.code)))


def _describe(bodies: Bodies, code: str) -> Body:
    if code == "HF_MONTHLY":
        operand = {
            "dataElement": bodies.refer("dataElements", "ANC_1"),
            "categoryOptionCombo": {"id": DEFAULT_OPTION_COMBO},
        }
        return {
            "description": "À remettre avant le 15 du mois suivant.",
            "formName": "Monthly report",
            "translations": translate("fr", "Rapport mensuel de l'établissement"),
            "indicators": bodies.refer_all("indicators", ["MALARIA_SHARE", "ANC_DROPOUT"]),
            "workflow": bodies.refer("dataApprovalWorkflows", "MONTHLY"),
            "notificationRecipients": bodies.refer("userGroups", "SUPERVISORS"),
            "compulsoryDataElementOperands": [operand],
            "attributeValues": bodies.attribute(REVIEWED="2026-01-31"),
            "style": {"color": "#2E7D32", "icon": "clinical_fe_outline"},
        }
    if code == "PROFILE":
        return {"dataEntryForm": bodies.refer("dataEntryForms", "PROFILE_FORM")}
    if code == "COMMODITIES":
        return {"legendSets": bodies.refer_all("legendSets", ["COVERAGE"])}
    if code == "BUDGET":
        return {
            "dataInputPeriods": [
                {"period": {"id": f"{year}July"}, "openingDate": f"{year - 1}-07-01T00:00:00.000"}
                for year in _BUDGET_YEARS
            ]
        }
    return {}


def _add_section(
    bodies: Bodies, key: str, name: str, position: int, data_set: str, elements: tuple[str, ...]
) -> None:
    greyed = {
        "dataElement": bodies.refer("dataElements", "OPD_PNEUMONIA"),
        "categoryOptionCombo": bodies.refer("categoryOptionCombos", "AGE_SEX_1_2"),
    }
    bodies.add(
        "sections", key, name, code=None, sortOrder=position, showRowTotals=False,
        showColumnTotals=False, disableDataElementAutoGroup=False,
        dataSet=bodies.refer("dataSets", data_set),
        dataElements=bodies.refer_all("dataElements", elements),
        indicators=bodies.refer_all("indicators", ["ANC_DROPOUT"] if key == "MOTHERS" else []),
        greyedFields=[greyed] if key == "OUTPATIENTS" else [],
        translations=translate("fr", "Consultations externes") if key == "OUTPATIENTS" else [],
    )  # fmt: skip


def _write_form(bodies: Bodies) -> str:
    """A custom form: its input fields name a data element and an option combo each."""
    rows = "\n".join(
        f"<tr><td>{label}</td><td>{_FIELD.format(element, combo, label)}</td></tr>"
        for element, combo, label in _PROFILE_FIELDS
    )
    return bodies.express(
        f'<h3>Profil de l&rsquo;établissement</h3>\n<table class="form">\n{rows}\n</table>\n'
    )


def _add_notifications(bodies: Bodies) -> None:
    common: dict[str, Any] = {
        "notifyUsersInHierarchyOnly": False,
        "notifyParentOrganisationUnitOnly": False,
        "sendStrategy": "SINGLE_NOTIFICATION",
    }
    bodies.add(
        "dataSetNotificationTemplates", "COMPLETED", "Report completed", code=None,
        subjectTemplate="V{data_set_name}: reçu", deliveryChannels=["SMS", "EMAIL"],
        messageTemplate="V{current_date}: V{data_set_name} of V{org_unit_name} — merci.",
        dataSetNotificationTrigger="DATA_SET_COMPLETION", notificationRecipient="USER_GROUP",
        recipientUserGroup=bodies.refer("userGroups", "SUPERVISORS"),
        dataSets=bodies.refer_all("dataSets", ["HF_MONTHLY", "COMMODITIES"]), **common,
    )  # fmt: skip
    bodies.add(
        "dataSetNotificationTemplates", "LATE", "Report is late", code=None,
        messageTemplate="V{data_set_name} is due.", deliveryChannels=["EMAIL"],
        dataSetNotificationTrigger="SCHEDULED_DAYS", relativeScheduledDays=-5,
        notificationRecipient="ORGANISATION_UNIT_CONTACT",
        dataSets=bodies.refer_all("dataSets", ["TB_QUARTERLY"]), **common,
    )  # fmt: skip


def _add_approval(bodies: Bodies) -> None:
    for key, name, level, unit_level, group_set in (
        ("REGION_LEVEL", "Region", 1, 2, None),
        ("DISTRICT_LEVEL", "District, par origine", 2, 3, "ORIGIN"),
    ):
        bodies.add(
            "dataApprovalLevels", key, name, code=None, level=level, orgUnitLevel=unit_level,
            categoryOptionGroupSet=bodies.refer("categoryOptionGroupSets", group_set)
            if group_set
            else None,
        )  # fmt: skip
    bodies.add(
        "dataApprovalWorkflows", "MONTHLY", "Monthly approval", periodType="Monthly",
        categoryCombo={"id": DEFAULT_CATEGORY_COMBO},
        dataApprovalLevels=bodies.refer_all(
            "dataApprovalLevels", ["REGION_LEVEL", "DISTRICT_LEVEL"]
        ),
    )  # fmt: skip
