"""Attributes, constants, legend sets, and option sets with their options, groups and group sets."""

from typing import Any

from d2_assets.sandbox.content_bodies import Bodies, Body, translate
from d2_assets.sandbox.content_versions import list_value_types

_ATTRIBUTE_KINDS = (
    "category", "categoryOption", "categoryOptionCombo", "categoryOptionGroup",
    "categoryOptionGroupSet", "constant", "dataElement", "dataElementGroup",
    "dataElementGroupSet", "dataSet", "document", "eventChart", "eventReport", "indicator",
    "indicatorGroup", "legendSet", "map", "option", "optionSet", "organisationUnit",
    "organisationUnitGroup", "organisationUnitGroupSet", "program", "programIndicator",
    "programStage", "relationshipType", "section", "sqlView", "trackedEntityAttribute",
    "trackedEntityType", "user", "userGroup", "validationRule", "validationRuleGroup",
    "visualization",
)  # fmt: skip

#: Attribute -> name, value type, the classes that carry it.
_ATTRIBUTES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "LOCAL_ID": (
        "Identifier in the national register",
        "TEXT",
        ("organisationUnit", "dataElement", "indicator", "trackedEntityAttribute"),
    ),
    "OWNER": ("Owner", "TEXT", ("organisationUnit", "organisationUnitGroup")),
    "REVIEWED": ("Last reviewed", "DATE", ("dataSet", "program", "optionSet", "legendSet")),
    "WEIGHT": ("Weight in the index", "NUMBER", ("indicator", "categoryOption", "option")),
    "TRAINED": ("Has been trained", "TRUE_ONLY", ("user", "userGroup")),
}
#: Constant -> name, value.
_CONSTANTS: dict[str, tuple[str, float]] = {
    "UNDER_FIVE_SHARE": ("Share of the population under five", 0.1725),
    "MALARIA_TARGET": ("Malaria treatment target", 95),
    "FORECAST_FACTOR": ("Forecast factor of commodities", 1.0333333333),
}
#: Legend set -> name, bounds and colours from low to high.
_LEGEND_SETS: dict[str, tuple[str, tuple[tuple[str, float, float, str], ...]]] = {
    "COVERAGE": (
        "Coverage in percent",
        (
            ("Low", 0, 49.5, "#FF2700"),
            ("Moyenne — à suivre", 49.5, 89.95, "#FFA500"),
            ("High", 89.95, 100.5, "#00FF0E"),
        ),
    ),
    "AGES": ("Age groups in years", (("0-4", 0, 5, "#DAEEFF"), ("5-14", 5, 15, "#91CCFF"))),
}
#: Option set -> name, value type, code and name of its options.
_OPTION_SETS: dict[str, tuple[str, str, tuple[tuple[str, str], ...]]] = {
    "OWNERSHIP": (
        "Ownership",
        "TEXT",
        (("PUBLIC", "Public"), ("PRIVATE", "Private"), ("FAITH", "Confessionnel")),
    ),
    "OUTCOME": (
        "Outcome",
        "TEXT",
        (("CURED", "Cured"), ("DIED", "Died"), ("LOST", "Lost to follow-up"), ("OUT", "Moved")),
    ),
    "SEX_OPTIONS": ("Sex", "TEXT", (("F", "Female"), ("M", "Male"))),
    "DOSES": ("Number of doses", "INTEGER_POSITIVE", (("1", "One"), ("2", "Two"), ("3", "Three"))),
    "SYMPTOMS": (
        "Symptoms",
        "MULTI_TEXT",
        (("FEVER", "Fever"), ("COUGH", "Toux"), ("RASH", "Éruption cutanée")),
    ),
}


def add_options(bodies: Bodies) -> None:
    """What other objects are described with."""
    for key, (name, value_type, kinds) in _ATTRIBUTES.items():
        _add_attribute(bodies, key, name, value_type, kinds)
    for key, (name, value) in _CONSTANTS.items():
        bodies.add("constants", key, name, shortName=name[:50], value=value, description=name)
    for key, (name, legends) in _LEGEND_SETS.items():
        _add_legend_set(bodies, key, name, legends)
    for key, (name, value_type, options) in _OPTION_SETS.items():
        if value_type in list_value_types(bodies.facts.line):
            _add_option_set(bodies, key, name, value_type, options)
    _add_option_groups(bodies)


def _add_attribute(
    bodies: Bodies, key: str, name: str, value_type: str, kinds: tuple[str, ...]
) -> None:
    # The option set is of a family that comes later: the reference is set in a second pass.
    chosen: dict[str, Any] = (
        {"optionSet": bodies.refer("optionSets", "OWNERSHIP")} if key == "OWNER" else {}
    )
    flags: dict[str, Any] = {f"{kind}Attribute": kind in kinds for kind in _ATTRIBUTE_KINDS}
    bodies.add(
        "attributes", key, name, shortName=name[:50], valueType=value_type, mandatory=False,
        unique=False, sortOrder=list(_ATTRIBUTES).index(key), description=f"{name}.",
        objectTypes=sorted(_constant_case(kind) for kind in kinds), **chosen, **flags,
    )  # fmt: skip


def _constant_case(kind: str) -> str:
    """ "organisationUnit" -> "ORGANISATION_UNIT"."""
    return "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in kind)


def _add_legend_set(
    bodies: Bodies, key: str, name: str, legends: tuple[tuple[str, float, float, str], ...]
) -> None:
    parts = [
        bodies.embed(
            "legends", f"{key}_{number}", name=label, startValue=low, endValue=high, color=color
        )
        for number, (label, low, high, color) in enumerate(legends)
    ]
    bodies.add(
        "legendSets", key, name, symbolizer="color", legends=parts,
        translations=translate("fr", f"{name} (français)"),
        attributeValues=bodies.attribute(REVIEWED="2025-11-03"),
    )  # fmt: skip


def _add_option_set(
    bodies: Bodies, key: str, name: str, value_type: str, options: tuple[tuple[str, str], ...]
) -> None:
    bodies.add(
        "optionSets", key, name, valueType=value_type, version=1, description=f"{name}, as coded.",
        options=bodies.refer_all("options", (f"{key}_{code}" for code, _ in options)),
        sharing=bodies.share("rw------", {"SUPERVISORS": "rw------"}),
    )  # fmt: skip
    for position, (code, label) in enumerate(options, start=1):
        bodies.add(
            "options", f"{key}_{code}", label, code=code, sortOrder=position,
            optionSet=bodies.refer("optionSets", key), description=f"{label} ({name})",
            translations=translate("ar", "شفي") if code == "CURED" else [],
            style=_style(position), attributeValues=bodies.attribute(WEIGHT=f"0.{position}50"),
        )  # fmt: skip


def _style(position: int) -> Body:
    return {"color": f"#1A5FB{position}", "icon": "outpatient_positive"}


def _add_option_groups(bodies: Bodies) -> None:
    shared: Body = {"optionSet": bodies.refer("optionSets", "OUTCOME")}
    for key, name, codes in (
        ("OUTCOME_KNOWN", "Known outcome", ("CURED", "DIED")),
        ("OUTCOME_UNKNOWN", "Issue inconnue", ("LOST", "OUT")),
    ):
        bodies.add(
            "optionGroups", key, name, shortName=name, **shared,
            options=bodies.refer_all("options", (f"OUTCOME_{code}" for code in codes)),
        )  # fmt: skip
    bodies.add(
        "optionGroupSets", "OUTCOME_GROUPS", "Groups of outcomes", dataDimension=False, **shared,
        optionGroups=bodies.refer_all("optionGroups", ("OUTCOME_KNOWN", "OUTCOME_UNKNOWN")),
    )  # fmt: skip
