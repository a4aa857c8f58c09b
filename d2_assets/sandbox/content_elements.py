"""Data elements of every value type with groups and group sets, and the data sets themselves."""

from collections.abc import Callable, Iterable
from typing import Any

from d2_assets.sandbox.content_bodies import Bodies, Body, translate
from d2_assets.sandbox.content_plan import DATA_SETS, DEFAULT, DataSetPlan, ElementPlan
from d2_assets.sandbox.content_units import Unit
from d2_assets.sandbox.content_versions import list_value_types
from d2_assets.sandbox.stored_values import DEFAULT_CATEGORY_COMBO

_NOT_SUMMED = ("TEXT", "BOOLEAN")
#: What elements of a type of value are tied to.
_OPTION_SETS = {"MULTI_TEXT": "SYMPTOMS", "LETTER": "SEX_OPTIONS", "INTEGER_POSITIVE": "DOSES"}
#: Lines of registers: types of value and combos take turns.
_LINE_TYPES = ("INTEGER_ZERO_OR_POSITIVE", "NUMBER", "PERCENTAGE", "TEXT", "BOOLEAN")
_LINE_COMBOS = (DEFAULT, DEFAULT, "SEX_ONLY", "AGE_SEX")
_GROUP_SIZE = 100

Reporting = Callable[[DataSetPlan], list[Unit]]


def find_combo(bodies: Bodies, combo: str) -> str:
    """The UID of a category combo of the plan."""
    return DEFAULT_CATEGORY_COMBO if combo == DEFAULT else bodies.uid(f"categoryCombos/{combo}")


def add_elements(bodies: Bodies) -> None:
    """Elements that values need, one tracked element of each value type, groups and a group set."""
    for plan in DATA_SETS:
        for element in plan.elements:
            _add_element(bodies, element, **_describe(bodies, element.code))
    for value_type in list_value_types(bodies.facts.line):
        _add_tracked(bodies, value_type)
    _add_groups(bodies)


def add_lines(bodies: Bodies, count: int) -> None:
    """Elements that nothing needs, in groups, for the size alone."""
    for number in range(count):
        _add_line(bodies, number)
    for number, first in enumerate(range(0, count, _GROUP_SIZE), start=1):
        lines = range(first, min(first + _GROUP_SIZE, count))
        codes = [f"LINE_{line + 1:05d}" for line in lines]
        _add_group(bodies, f"REGISTER_{number}", f"Register {number}", codes)


def _add_element(bodies: Bodies, plan: ElementPlan, **members: Any) -> None:
    is_number = plan.value_type not in _NOT_SUMMED
    body: Body = {
        "shortName": plan.name[:50],
        "valueType": plan.value_type,
        "domainType": "AGGREGATE",
        "zeroIsSignificant": True,
        "aggregationType": "SUM" if is_number else "NONE",
        "aggregationLevels": [],
        "legendSets": [],
        "categoryCombo": {"id": find_combo(bodies, plan.combo)},
    }
    bodies.add("dataElements", plan.code, plan.name, **(body | members))


def _describe(bodies: Bodies, code: str) -> Body:
    """What some elements say beyond the needful."""
    if code == "OPD_MALARIA":
        return {
            "formName": "Paludisme confirmé",
            "description": "Cases confirmed by test, new and repeated.\n" * 40,
            "translations": translate("fr", "Cas de paludisme confirmés")
            + translate("pt", "Casos de malária confirmados", "FORM_NAME"),
            "attributeValues": bodies.attribute(LOCAL_ID="MAL-01"),
            "aggregationLevels": [2, 3],
            "style": {"color": "#8C1C13", "icon": "malaria_outbreak_positive"},
            "url": "https://example.org/definitions/malaria?page=1&lang=fr",
        }
    if code == "BED_OCCUPANCY":
        return {"legendSets": bodies.refer_all("legendSets", ["COVERAGE"])}
    if code == "REMARKS":
        return {"commentOptionSet": bodies.refer("optionSets", "OUTCOME")}
    return {}


def _add_tracked(bodies: Bodies, value_type: str) -> None:
    name = f"Event: {value_type.lower().replace('_', ' ')}"
    option_set = _OPTION_SETS.get(value_type)
    bodies.add(
        "dataElements", f"EVENT_{value_type}", name, shortName=name, valueType=value_type,
        domainType="TRACKER", zeroIsSignificant=False, aggregationLevels=[], legendSets=[],
        aggregationType="AVERAGE" if value_type == "NUMBER" else "NONE", formName=name[7:],
        categoryCombo={"id": DEFAULT_CATEGORY_COMBO},
        optionSet=bodies.refer("optionSets", option_set) if option_set else None,
    )  # fmt: skip


def _add_line(bodies: Bodies, number: int) -> None:
    value_type = _LINE_TYPES[number % len(_LINE_TYPES)]
    combo = _LINE_COMBOS[number % len(_LINE_COMBOS)]
    name = f"Register {number // _GROUP_SIZE + 1}, line {number % _GROUP_SIZE + 1}"
    code = f"LINE_{number + 1:05d}"
    _add_element(
        bodies, ElementPlan(code, name, value_type, combo),
        attributeValues=bodies.attribute(LOCAL_ID=f"L-{number + 1}") if number % 4 == 0 else [],
    )  # fmt: skip


def _add_groups(bodies: Bodies) -> None:
    _add_group(bodies, "MALARIA", "Malaria", ("OPD_MALARIA", "RDT_USED"))
    _add_group(bodies, "TUBERCULOSIS", "Tuberculose", ("TB_NEW", "TB_CURED"))
    _add_group(bodies, "EVENTS", "Elements of events", ("EVENT_NUMBER", "EVENT_TEXT"))
    bodies.add(
        "dataElementGroupSets", "DISEASES", "Diseases", shortName="Diseases", compulsory=False,
        dataDimension=True, description="Maladies à déclaration obligatoire.",
        dataElementGroups=bodies.refer_all("dataElementGroups", ("MALARIA", "TUBERCULOSIS")),
    )  # fmt: skip


def _add_group(bodies: Bodies, key: str, name: str, elements: Iterable[str]) -> None:
    bodies.add(
        "dataElementGroups", key, name, shortName=name,
        dataElements=bodies.refer_all("dataElements", elements),
    )  # fmt: skip
