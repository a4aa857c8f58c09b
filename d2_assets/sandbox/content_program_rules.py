"""What computes and reacts within programs: program indicators, rules, and saved filters."""

from typing import Any

from d2_assets.sandbox.content_bodies import Bodies, Body, translate
from d2_assets.sandbox.stored_values import DEFAULT_CATEGORY_COMBO

_WEIGHT = "#{<programStages/CHILD_VISIT>.<EVENT_NUMBER>}"
#: Program indicator -> program, name, kind of analytics, aggregation, expression, filter.
_INDICATORS: dict[str, tuple[str, str, str, str, str, str]] = {
    "VISITS": (
        "CHILD",
        "Visits of girls over 2.5 kg",
        "EVENT",
        "COUNT",
        "V{event_count}",
        f"{_WEIGHT} > 2.5 && A{{<trackedEntityAttributes/SEX>}} == 'F'",
    ),
    "MEAN_WEIGHT": (
        "CHILD",
        "Poids moyen",
        "ENROLLMENT",
        "AVERAGE",
        f"d2:condition('{_WEIGHT} > 0', {_WEIGHT}, C{{<constants/UNDER_FIVE_SHARE>}})",
        "d2:hasValue(PS_EVENTDATE:<programStages/CHILD_VISIT>)",
    ),
    "CASES": (
        "OUTBREAK",
        "Cases in reports",
        "EVENT",
        "SUM",
        "#{<programStages/OUTBREAK_REPORT>.<EVENT_INTEGER>}",
        "",
    ),
}
#: Rule -> program, name, condition, its actions.
_RULES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "TOO_LIGHT": (
        "CHILD",
        "Weight is too low",
        "#{weight} < 2.5 && A{sex} == 'F'",
        ("WARN", "ASSIGN", "MESSAGE"),
    ),
    "DIED": ("CHILD", "Enfant décédé", "d2:hasValue('remark')", ("HIDE_SECTION", "HIDE_OPTION")),
    "NO_CASES": ("OUTBREAK", "No cases", "#{cases} == 0", ("ERROR",)),
}


def add_program_indicators(bodies: Bodies) -> None:
    """Program indicators and their group."""
    for key, (program, name, kind, aggregation, expression, keeps) in _INDICATORS.items():
        boundaries = [
            bodies.embed(
                "analyticsPeriodBoundaries", f"{key}_{boundary}", boundaryTarget="EVENT_DATE",
                analyticsPeriodBoundaryType=boundary,
                offsetPeriods=-1 if boundary.startswith("AFTER") else None,
                offsetPeriodType="Monthly" if boundary.startswith("AFTER") else None,
            )
            for boundary in ("AFTER_START_OF_REPORTING_PERIOD", "BEFORE_END_OF_REPORTING_PERIOD")
        ]  # fmt: skip
        bodies.add(
            "programIndicators", key, name, shortName=name, analyticsType=kind, decimals=1,
            aggregationType=aggregation, expression=bodies.express(expression),
            filter=bodies.express(keeps) or None, displayInForm=True, categoryMappingIds=[],
            program=bodies.refer("programs", program), analyticsPeriodBoundaries=boundaries,
            categoryCombo={"id": DEFAULT_CATEGORY_COMBO},
            attributeCombo={"id": DEFAULT_CATEGORY_COMBO},
            legendSets=bodies.refer_all("legendSets", ["COVERAGE"] if key == "VISITS" else []),
        )  # fmt: skip
    bodies.add(
        "programIndicatorGroups", "CHILD_INDICATORS", "Children", description="Enfants.",
        programIndicators=bodies.refer_all("programIndicators", ["VISITS", "MEAN_WEIGHT"]),
    )  # fmt: skip


def add_program_rules(bodies: Bodies) -> None:
    """Rules and their actions, which name each other, and the variables of their conditions."""
    for key, (program, name, condition, actions) in _RULES.items():
        bodies.add(
            "programRules", key, name, code=None, condition=condition, priority=len(actions),
            program=bodies.refer("programs", program), description=f"{name}.",
            programRuleActions=bodies.refer_all("programRuleActions", actions),
            programStage=bodies.refer("programStages", "CHILD_VISIT") if key == "DIED" else None,
            translations=translate("fr", "Poids trop bas") if key == "TOO_LIGHT" else [],
        )  # fmt: skip
        for action in actions:
            bodies.add(
                "programRuleActions", action, code=None, evaluationTime="ALWAYS",
                programRule=bodies.refer("programRules", key), **_describe_action(bodies, action),
            )  # fmt: skip
    _add_variables(bodies)


def _describe_action(bodies: Bodies, action: str) -> Body:
    number = bodies.refer("dataElements", "EVENT_NUMBER")
    return {
        "WARN": {
            "programRuleActionType": "SHOWWARNING",
            "dataElement": number,
            "content": "Poids trop bas: ",
            "data": "#{weight}",
        },
        "ASSIGN": {
            "programRuleActionType": "ASSIGN",
            "data": "d2:round(#{weight} * 1000)",
            "dataElement": bodies.refer("dataElements", "EVENT_INTEGER_POSITIVE"),
        },
        "MESSAGE": {
            "programRuleActionType": "SENDMESSAGE",
            "templateUid": bodies.uid("programNotificationTemplates/WELCOME"),
        },
        "HIDE_SECTION": {
            "programRuleActionType": "HIDESECTION",
            "programStageSection": bodies.refer("programStageSections", "VISIT_FIRST"),
        },
        "HIDE_OPTION": {
            "programRuleActionType": "HIDEOPTION",
            "trackedEntityAttribute": bodies.refer("trackedEntityAttributes", "SEX"),
            "option": bodies.refer("options", "SEX_OPTIONS_M"),
        },
        "ERROR": {
            "programRuleActionType": "SHOWERROR",
            "dataElement": bodies.refer("dataElements", "EVENT_INTEGER"),
            "content": "Aucun cas — الحالات",
        },
    }[action]


def _add_variables(bodies: Bodies) -> None:
    for name, program, source, members in (
        (
            "weight",
            "CHILD",
            "DATAELEMENT_NEWEST_EVENT_PROGRAM_STAGE",
            {
                "dataElement": bodies.refer("dataElements", "EVENT_NUMBER"),
                "programStage": bodies.refer("programStages", "CHILD_VISIT"),
                "valueType": "NUMBER",
            },
        ),
        (
            "sex",
            "CHILD",
            "TEI_ATTRIBUTE",
            {
                "trackedEntityAttribute": bodies.refer("trackedEntityAttributes", "SEX"),
                "valueType": "TEXT",
            },
        ),
        ("remark", "CHILD", "CALCULATED_VALUE", {"valueType": "TEXT"}),
        (
            "cases",
            "OUTBREAK",
            "DATAELEMENT_CURRENT_EVENT",
            {
                "dataElement": bodies.refer("dataElements", "EVENT_INTEGER"),
                "valueType": "INTEGER",
            },
        ),
    ):
        bodies.add(
            "programRuleVariables", f"{program}_{name.upper()}", name, code=None,
            program=bodies.refer("programs", program), programRuleVariableSourceType=source,
            useCodeForOptionSet=True, **members,
        )  # fmt: skip


def add_working_lists(bodies: Bodies) -> None:
    """Saved filters of events, of tracked entities, and of a stage."""
    by_weight = {"dataItem": bodies.uid("dataElements/EVENT_NUMBER"), "lt": "2.5"}
    by_sex = {"attribute": bodies.uid("trackedEntityAttributes/SEX"), "eq": "F"}
    criteria: dict[str, Any] = {"eventStatus": "ACTIVE", "dataFilters": [by_weight]}
    bodies.add(
        "eventFilters", "OPEN_REPORTS", "Rapports ouverts", code=None,
        program=bodies.uid("programs/OUTBREAK"), eventQueryCriteria=criteria,
        programStage=bodies.uid("programStages/OUTBREAK_REPORT"), description="Still open.",
    )  # fmt: skip
    bodies.add(
        "trackedEntityInstanceFilters", "GIRLS", "Girls", code=None, sortOrder=1,
        program=bodies.refer("programs", "CHILD"), style={"color": "#AA00AA"},
        entityQueryCriteria={"attributeValueFilters": [by_sex], "followUp": True},
        eventFilters=[
            {"programStage": bodies.uid("programStages/CHILD_VISIT"), "eventStatus": "ACTIVE"}
        ],
    )  # fmt: skip
    bodies.add(
        "programStageWorkingLists", "LIGHT_CHILDREN", "Light children",
        program=bodies.refer("programs", "CHILD"),
        programStage=bodies.refer("programStages", "CHILD_VISIT"),
        programStageQueryCriteria=criteria | {"attributeValueFilters": [by_sex]},
    )  # fmt: skip
