"""What the stored metadata say, brought into the shape that imports and reads ask for.

Built once for a state of the metadata: an import of 5,000 rows asks thousands of times whether an
element is in a data set or a unit under another.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from d2_assets.sandbox.store import Store
from d2_assets.sandbox.stored_values import DEFAULT_CATEGORY_COMBO

#: The class behind each member of a data value.
KEY_CLASSES = {
    "dataSet": "dataSets",
    "dataElement": "dataElements",
    "orgUnit": "organisationUnits",
    "categoryOptionCombo": "categoryOptionCombos",
    "attributeOptionCombo": "categoryOptionCombos",
}


@dataclass(frozen=True, slots=True)
class ElementFacts:
    """A data element: its value type and its own category combo."""

    value_type: str
    category_combo: str


@dataclass(frozen=True, slots=True)
class DataSetFacts:
    """A data set; ``element_combos`` are category combos by data element, overrides applied."""

    id: str
    period_type: str
    open_future_periods: int
    category_combo: str
    element_combos: Mapping[str, str]
    org_units: frozenset[str]
    sharing: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """An organisation unit; ``opening_date`` is a day, "2010-01-01"."""

    path: str
    opening_date: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of it, by UID."""

    elements: Mapping[str, ElementFacts]
    data_sets: Mapping[str, DataSetFacts]
    sets_of_element: Mapping[str, tuple[str, ...]]
    units: Mapping[str, UnitFacts]
    #: Option combos by category combo, and all of them.
    combo_options: Mapping[str, frozenset[str]]
    option_combos: frozenset[str]
    #: Class -> code -> UID, and the way back.
    ids_by_code: Mapping[str, Mapping[str, str]]
    codes_by_id: Mapping[str, Mapping[str, str]]
    element_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def list_subtree(self, roots: Iterable[str]) -> list[str]:
        """The units at and below the roots."""
        parts = frozenset(roots)
        return [uid for uid, unit in self.units.items() if parts.intersection(unit.path.split("/"))]

    def is_under(self, unit: str, roots: frozenset[str]) -> bool:
        """Whether a known unit is one of the roots or below one."""
        return not roots.isdisjoint(self.units[unit].path.split("/"))


def derive_catalogue(store: Store) -> Catalogue:
    """The catalogue of what the store holds now."""
    elements = {
        body["id"]: ElementFacts(body.get("valueType", "NUMBER"), _combo(body))
        for body in store.metadata("dataElements")
    }
    data_sets = {body["id"]: _data_set(body, elements) for body in store.metadata("dataSets")}
    sets_of_element: dict[str, tuple[str, ...]] = {}
    for uid, facts in data_sets.items():
        for element in facts.element_combos:
            sets_of_element[element] = (*sets_of_element.get(element, ()), uid)
    combos: dict[str, set[str]] = {}
    for body in store.metadata("categoryOptionCombos"):
        combos.setdefault(body["categoryCombo"]["id"], set()).add(body["id"])
    codes = {
        plural: {body["code"]: body["id"] for body in store.metadata(plural) if body.get("code")}
        for plural in KEY_CLASSES.values()
    }
    return Catalogue(
        elements=elements,
        data_sets=data_sets,
        sets_of_element=sets_of_element,
        units={body["id"]: _unit(body) for body in store.metadata("organisationUnits")},
        combo_options={combo: frozenset(options) for combo, options in combos.items()},
        option_combos=frozenset().union(*combos.values()),
        ids_by_code=codes,
        codes_by_id={
            plural: {uid: code for code, uid in known.items()} for plural, known in codes.items()
        },
        element_groups={
            body["id"]: tuple(_ids(body.get("dataElements")))
            for body in store.metadata("dataElementGroups")
        },
    )


def _data_set(body: Mapping[str, Any], elements: Mapping[str, ElementFacts]) -> DataSetFacts:
    combos = {}
    for member in body.get("dataSetElements", []):
        element = member["dataElement"]["id"]
        own = elements[element].category_combo if element in elements else DEFAULT_CATEGORY_COMBO
        combos[element] = member.get("categoryCombo", {}).get("id", own)
    return DataSetFacts(
        id=body["id"],
        period_type=body.get("periodType", "Monthly"),
        open_future_periods=int(body.get("openFuturePeriods", 0)),
        category_combo=_combo(body),
        element_combos=combos,
        org_units=frozenset(_ids(body.get("organisationUnits"))),
        sharing=body.get("sharing", {}),
    )


def _unit(body: Mapping[str, Any]) -> UnitFacts:
    return UnitFacts(body.get("path", f"/{body['id']}"), body.get("openingDate", "1900-01-01")[:10])


def _combo(body: Mapping[str, Any]) -> str:
    return body.get("categoryCombo", {}).get("id", DEFAULT_CATEGORY_COMBO)


def _ids(references: Iterable[Mapping[str, Any]] | None) -> list[str]:
    return [reference["id"] for reference in references or ()]
