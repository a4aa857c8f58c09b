"""Indicators, validation rules and predictors: what names other objects in expressions."""

from collections.abc import Mapping
from typing import Any

from d2_assets.sandbox.content_bodies import Bodies, Body, translate

#: Indicator -> name, type, numerator, denominator. "<OPD_NEW>" stands for the UID of an element,
#: "<indicators/ANC_DROPOUT>" for that of another object.
_INDICATORS: dict[str, tuple[str, str, str, str]] = {
    "MALARIA_SHARE": (
        "Share of malaria among outpatients",
        "PERCENT",
        "#{<OPD_MALARIA>}",
        "#{<OPD_NEW>}",
    ),
    "ANC_DROPOUT": (
        "Abandon entre CPN 1 et CPN 4",
        "PERCENT",
        "#{<ANC_1>} - #{<ANC_4>}",
        "#{<ANC_1>}",
    ),
    "GIRLS_MALARIA": (
        "Malaria among girls under five",
        "PER_THOUSAND",
        "#{<OPD_MALARIA>.<categoryOptionCombos/AGE_SEX_1_1>}",
        "#{<OPD_NEW>.<categoryOptionCombos/AGE_SEX_1_1>} * C{<constants/UNDER_FIVE_SHARE>}",
    ),
    "STOCK_PER_HOSPITAL": (
        "Treatments in stock from the government, a hospital",
        "COUNT",
        "#{<ACT_IN_STOCK>.*.<categoryOptionCombos/PARTNERS_1>} * 1.5",
        "OUG{<organisationUnitGroups/DISTRICT_HOSPITAL>}",
    ),
    "REPORTED": (
        "Monthly reports received",
        "PERCENT",
        "R{<dataSets/HF_MONTHLY>.ACTUAL_REPORTS}",
        "R{<dataSets/HF_MONTHLY>.EXPECTED_REPORTS}",
    ),
    "DROPOUT_DOUBLED": (
        "Dropout, doubled where malaria is common",
        "COUNT",
        "if(#{<OPD_MALARIA>}>100, 2*N{<indicators/ANC_DROPOUT>}, N{<indicators/ANC_DROPOUT>})",
        "1",
    ),
    "CHILD_VISITS": (
        "Visits of children by weight",
        "COUNT",
        "I{<programIndicators/VISITS>} + D{<programs/CHILD>.<EVENT_NUMBER>}",
        "A{<programs/CHILD>.<trackedEntityAttributes/WEIGHT>}",
    ),
}
#: Rule -> name, importance, operator, period type, left and right side.
_RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "MALARIA_WITHIN_ALL": (
        "Malaria cases are among outpatients",
        "HIGH",
        "less_than_or_equal_to",
        "Monthly",
        "#{<OPD_MALARIA>}",
        "#{<OPD_NEW>}",
    ),
    "CPN": (
        "CPN 4 ne dépasse pas CPN 1",
        "MEDIUM",
        "less_than_or_equal_to",
        "Monthly",
        "#{<ANC_4>.<default>}",
        "#{<ANC_1>.<default>}",
    ),
    "BUDGET_PAIR": (
        "Planned and spent go together",
        "LOW",
        "compulsory_pair",
        "FinancialJuly",
        "#{<BUDGET_PLANNED>}",
        "#{<BUDGET_SPENT>} + 0 * C{<constants/MALARIA_TARGET>}",
    ),
}


def add_indicators(bodies: Bodies) -> None:
    """Indicators with types, groups and a group set."""
    for key, name, factor, is_number in (
        ("PERCENT", "Percentage", 100, False),
        ("PER_THOUSAND", "Per thousand", 1000, False),
        ("COUNT", "Nombre", 1, True),
    ):
        bodies.add("indicatorTypes", key, name, factor=factor, number=is_number)
    for key, (name, kind, numerator, denominator) in _INDICATORS.items():
        bodies.add(
            "indicators", key, name, shortName=name[:50], annualized=key == "GIRLS_MALARIA",
            indicatorType=bodies.refer("indicatorTypes", kind), decimals=1,
            numerator=bodies.express(numerator), denominator=bodies.express(denominator),
            numeratorDescription=f"{name}: numerator", denominatorDescription="Dénominateur",
            **_describe_indicator(bodies, key),
        )  # fmt: skip
    _add_groups(bodies)


def _describe_indicator(bodies: Bodies, key: str) -> Mapping[str, Any]:
    if key != "MALARIA_SHARE":
        return {"legendSets": []}
    return {
        "legendSets": bodies.refer_all("legendSets", ["COVERAGE"]),
        "attributeValues": bodies.attribute(LOCAL_ID="IND-7", WEIGHT="12.25"),
        "translations": translate("fr", "Part du paludisme"),
        "url": "https://example.org/indicators/7",
        "style": {"color": "#123456"},
        "sharing": bodies.share("r-------", {"ENTRY": "rw------"}, {"supervisor": "rw------"}),
    }


def _add_groups(bodies: Bodies) -> None:
    for key, name, members in (
        ("MALARIA_INDICATORS", "Malaria indicators", ("MALARIA_SHARE", "GIRLS_MALARIA")),
        ("CARE_INDICATORS", "Soins", ("ANC_DROPOUT", "REPORTED", "CHILD_VISITS")),
    ):
        bodies.add(
            "indicatorGroups", key, name, indicators=bodies.refer_all("indicators", members),
            indicatorGroupSet=bodies.refer("indicatorGroupSets", "THEMES"),
        )  # fmt: skip
    bodies.add(
        "indicatorGroupSets", "THEMES", "Themes", shortName="Themes", compulsory=True,
        description="Thèmes du plan national.",
        indicatorGroups=bodies.refer_all(
            "indicatorGroups", ("MALARIA_INDICATORS", "CARE_INDICATORS")
        ),
    )  # fmt: skip


def add_validation(bodies: Bodies) -> None:
    """Validation rules, their group, and whom they tell."""
    for key, (name, importance, operator, period_type, left, right) in _RULES.items():
        bodies.add(
            "validationRules", key, name, shortName=name[:50], importance=importance,
            operator=operator, periodType=period_type, skipFormValidation=key == "BUDGET_PAIR",
            instruction=f"{name}. Sinon, vérifier le registre.", description=f"{name}.",
            organisationUnitLevels=[3, 4] if key == "CPN" else [],
            leftSide=_express(bodies, left, "SKIP_IF_ALL_VALUES_MISSING"),
            rightSide=_express(bodies, right, "NEVER_SKIP"),
        )  # fmt: skip
    bodies.add(
        "validationRuleGroups", "FIRST_CHECKS", "First checks", description="Contrôles de base.",
        validationRules=bodies.refer_all("validationRules", ("MALARIA_WITHIN_ALL", "CPN")),
    )  # fmt: skip
    bodies.add(
        "validationNotificationTemplates", "RULE_BROKEN", "A rule is broken", code=None,
        messageTemplate="V{rule_name} — à vérifier à V{org_unit_name}.",
        subjectTemplate="V{rule_name}", sendStrategy="COLLECTIVE_SUMMARY",
        notifyUsersInHierarchyOnly=False,
        recipientUserGroups=bodies.refer_all("userGroups", ["SUPERVISORS"]),
        validationRules=bodies.refer_all("validationRules", ["MALARIA_WITHIN_ALL"]),
    )  # fmt: skip


def add_predictors(bodies: Bodies) -> None:
    """Predictors and their group; their output is an element that no form has."""
    levels = bodies.refer_all("organisationUnitLevels", ["LEVEL_4"])
    output = bodies.add(
        "dataElements", "FORECAST", "Treatments needed, forecast", domainType="AGGREGATE",
        shortName="Treatments needed, forecast", valueType="NUMBER", aggregationType="SUM",
        zeroIsSignificant=False, aggregationLevels=[], legendSets=[],
        categoryCombo=bodies.refer("categoryCombos", "SEX_ONLY"),
    )  # fmt: skip
    common: dict[str, Any] = {
        "output": {"id": output},
        "periodType": "Monthly",
        "organisationUnitLevels": levels,
        "organisationUnitDescendants": "SELECTED",
        "annualSampleCount": 0,
    }
    skip = _express(bodies, "#{<ACT_IN_STOCK>} > 1000", "SKIP_IF_ALL_VALUES_MISSING")
    for key, name, samples, generator, sex in (
        ("FORECAST_GIRLS", "Forecast, female", 6, "avg(#{<ACT_DISPENSED>})", 1),
        (
            "FORECAST_BOYS",
            "Prévision, garçons",
            3,
            "#{<ACT_DISPENSED>} * C{<constants/FORECAST_FACTOR>}",
            2,
        ),
    ):
        bodies.add(
            "predictors", key, name, shortName=name, sequentialSampleCount=samples,
            outputCombo=bodies.refer("categoryOptionCombos", f"SEX_ONLY_{sex}"),
            generator=_express(bodies, generator, "SKIP_IF_ANY_VALUE_MISSING"),
            sampleSkipTest=skip if sex == 1 else None, sequentialSkipCount=0, **common,
        )  # fmt: skip
    bodies.add(
        "predictorGroups", "FORECASTS", "Forecasts", description="Prévisions.",
        predictors=bodies.refer_all("predictors", ("FORECAST_GIRLS", "FORECAST_BOYS")),
    )  # fmt: skip


def _express(bodies: Bodies, text: str, strategy: str) -> Body:
    return {
        "expression": bodies.express(text),
        "description": "Calculé à partir des rapports reçus.",
        "missingValueStrategy": strategy,
        "slidingWindow": False,
        "translations": [],
    }
