"""What the sandbox's country reports: data sets, their elements, and how they are broken down.

Several period types, value types and combos, because each of them has lost data somewhere: a
quarterly value that a date range misses, a comment that is not ASCII, an attribute option combo
that a reader forgot.
"""

from dataclasses import dataclass
from math import prod

FACILITY_LEVEL = 4
DISTRICT_LEVEL = 3

#: Category -> its options.
CATEGORIES = {
    "AGE": ("Age", ("Under 5 years", "5-14 years", "15 years and over")),
    "SEX": ("Sex", ("Female", "Male")),
    "PARTNER": ("Funding partner", ("Government", "Global partner", "Faith-based partner")),
}
#: Category combo -> its categories.
COMBOS = {
    "AGE_SEX": ("Age and sex", ("AGE", "SEX")),
    "SEX_ONLY": ("Sex only", ("SEX",)),
    "PARTNERS": ("Funding partners", ("PARTNER",)),
}
DEFAULT = "default"

COUNTRY = "Republic of Kivara"
REGIONS = ("Northern Highlands", "Lake Region", "Coastal Plains", "Southern Valley")
DISTRICTS = (
    "Amberi", "Boruna", "Cheluma", "Dokara", "Esuvi", "Fanomé", "Gatundo", "Hirande",
    "Ikolo", "Jumbari", "Katessa", "Lomé-Nord", "Maravi", "Nzere", "Olembe", "Pirunga",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ElementPlan:
    """A data element to be made."""

    code: str
    name: str
    value_type: str
    combo: str = DEFAULT


@dataclass(frozen=True, slots=True)
class DataSetPlan:
    """A data set to be made. Every ``share``-th unit of its level reports it."""

    code: str
    name: str
    period_type: str
    elements: tuple[ElementPlan, ...]
    attribute_combo: str = DEFAULT
    level: int = FACILITY_LEVEL
    share: int = 1


def count_option_combos(combo: str) -> int:
    """How many option combos a category combo has."""
    categories = () if combo == DEFAULT else COMBOS[combo][1]
    return prod(len(CATEGORIES[name][1]) for name in categories)


def _count(code: str, name: str, combo: str = DEFAULT) -> ElementPlan:
    return ElementPlan(code, name, "INTEGER_ZERO_OR_POSITIVE", combo)


DATA_SETS = (
    DataSetPlan(
        "HF_MONTHLY",
        "Health facility monthly report",
        "Monthly",
        (
            _count("OPD_NEW", "Outpatients, new cases", "AGE_SEX"),
            _count("OPD_MALARIA", "Malaria cases confirmed", "AGE_SEX"),
            _count("OPD_PNEUMONIA", "Pneumonia cases", "AGE_SEX"),
            _count("ANC_1", "First antenatal visit"),
            _count("ANC_4", "Fourth antenatal visit"),
            _count("DELIVERIES", "Deliveries in the facility"),
            ElementPlan("BED_OCCUPANCY", "Bed occupancy", "PERCENTAGE"),
            ElementPlan("WATER", "Water available all month", "BOOLEAN"),
            ElementPlan("REMARKS", "Remarks", "TEXT"),
        ),
    ),
    DataSetPlan(
        "COMMODITIES",
        "Essential commodities",
        "Monthly",
        (
            ElementPlan("ACT_DISPENSED", "Malaria treatments dispensed", "NUMBER"),
            ElementPlan("ACT_IN_STOCK", "Malaria treatments in stock", "NUMBER"),
            _count("RDT_USED", "Malaria rapid tests used"),
        ),
        attribute_combo="PARTNERS",
    ),
    DataSetPlan(
        "SURVEILLANCE",
        "Weekly surveillance",
        "Weekly",
        (
            _count("CHOLERA", "Cholera, suspected cases"),
            _count("MEASLES", "Measles, suspected cases", "SEX_ONLY"),
            _count("AFP", "Acute flaccid paralysis"),
        ),
    ),
    DataSetPlan(
        "TB_QUARTERLY",
        "Tuberculosis quarterly report",
        "Quarterly",
        (
            _count("TB_NEW", "Tuberculosis, new cases", "AGE_SEX"),
            _count("TB_CURED", "Tuberculosis, cured", "SEX_ONLY"),
        ),
    ),
    DataSetPlan(
        "PROFILE",
        "Facility profile",
        "Yearly",
        (
            _count("BEDS", "Beds"),
            _count("NURSES", "Nurses", "SEX_ONLY"),
            ElementPlan("ELECTRICITY", "Mains electricity", "BOOLEAN"),
            ElementPlan("CATCHMENT", "Catchment described", "TEXT"),
        ),
    ),
    DataSetPlan(
        "COLD_CHAIN",
        "Cold chain, daily",
        "Daily",
        (ElementPlan("FRIDGE_TEMPERATURE", "Vaccine refrigerator temperature", "NUMBER"),),
        share=16,
    ),
    DataSetPlan(
        "BUDGET",
        "District budget",
        "FinancialJuly",
        (
            ElementPlan("BUDGET_PLANNED", "Budget planned", "NUMBER"),
            ElementPlan("BUDGET_SPENT", "Budget spent", "NUMBER"),
        ),
        level=DISTRICT_LEVEL,
    ),
)
