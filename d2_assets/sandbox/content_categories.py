"""Categories with their options, combos and option combos; groups of options and their sets."""

from collections.abc import Sequence
from itertools import product

from d2_assets.sandbox.content_bodies import Bodies, Body, translate
from d2_assets.sandbox.content_plan import CATEGORIES, COMBOS, DEFAULT
from d2_assets.sandbox.stored_values import DEFAULT_CATEGORY_COMBO, DEFAULT_OPTION_COMBO

DEFAULT_CATEGORY = "GLevLNI9wkl"
DEFAULT_CATEGORY_OPTION = "xYerKDKCefk"

#: Option -> what it says in French.
_FRENCH = {"Female": "Féminin", "Male": "Masculin", "Under 5 years": "Moins de 5 ans"}


def add_default_combo(bodies: Bodies) -> None:
    """The four default objects that every DHIS2 has, under the UIDs that they have everywhere."""
    option, category = {"id": DEFAULT_CATEGORY_OPTION}, {"id": DEFAULT_CATEGORY}
    sharing, kind = bodies.share("r-rw----"), {"dataDimensionType": "DISAGGREGATION"}
    for plural, uid, members in (
        ("categoryOptions", DEFAULT_CATEGORY_OPTION, {"shortName": DEFAULT}),
        (
            "categories",
            DEFAULT_CATEGORY,
            {"shortName": DEFAULT, "categoryOptions": [option], "dataDimension": False, **kind},
        ),
        (
            "categoryCombos",
            DEFAULT_CATEGORY_COMBO,
            {"categories": [category], "skipTotal": False, **kind},
        ),
        (
            "categoryOptionCombos",
            DEFAULT_OPTION_COMBO,
            {
                "categoryCombo": {"id": DEFAULT_CATEGORY_COMBO},
                "categoryOptions": [option],
                "ignoreApproval": False,
            },
        ),
    ):
        bodies.add(plural, DEFAULT, DEFAULT, uid=uid, **({"sharing": sharing} | members))


def add_categories(bodies: Bodies) -> None:
    """What values are broken down by."""
    add_default_combo(bodies)
    for code, (name, options) in CATEGORIES.items():
        for number, option in enumerate(options, start=1):
            _add_option(bodies, f"{code}_{number}", option)
        bodies.add(
            "categories", code, name, shortName=name, dataDimension=True,
            dataDimensionType="ATTRIBUTE" if code == "PARTNER" else "DISAGGREGATION",
            categoryOptions=[{"id": uid} for uid in _list_options(bodies, code)],
        )  # fmt: skip
    for code, (name, categories) in COMBOS.items():
        combo = bodies.add(
            "categoryCombos", code, name, skipTotal=False,
            dataDimensionType="ATTRIBUTE" if code == "PARTNERS" else "DISAGGREGATION",
            categories=bodies.refer_all("categories", categories),
        )  # fmt: skip
        _add_option_combos(bodies, code, combo, categories)
    _add_groups(bodies)


def _add_option(bodies: Bodies, code: str, name: str) -> None:
    french = _FRENCH.get(name)
    bodies.add(
        "categoryOptions", code, name, shortName=name, organisationUnits=[],
        sharing=bodies.share("r-rw----"), description=f"{name}." if french else None,
        translations=translate("fr", french) if french else [],
        style={"color": "#B5651D"} if french else {},
        attributeValues=bodies.attribute(WEIGHT="0.5") if code == "SEX_1" else [],
    )  # fmt: skip


def _list_options(bodies: Bodies, category: str) -> list[str]:
    count = len(CATEGORIES[category][1])
    return [bodies.uid(f"categoryOptions/{category}_{n + 1}") for n in range(count)]


def _add_option_combos(bodies: Bodies, code: str, combo: str, categories: Sequence[str]) -> None:
    for numbers in product(*(range(len(CATEGORIES[name][1])) for name in categories)):
        chosen = list(zip(categories, numbers, strict=True))
        bodies.add(
            "categoryOptionCombos",
            "_".join([code, *(str(number + 1) for number in numbers)]),
            ", ".join(CATEGORIES[name][1][number] for name, number in chosen),
            ignoreApproval=False,
            categoryCombo={"id": combo},
            categoryOptions=[{"id": _list_options(bodies, name)[n]} for name, n in chosen],
        )


def _add_groups(bodies: Bodies) -> None:
    kind: Body = {"dataDimensionType": "ATTRIBUTE"}
    for code, name, options in (
        ("DOMESTIC", "Domestic partners", ("PARTNER_1", "PARTNER_3")),
        ("INTERNATIONAL", "Partenaires internationaux", ("PARTNER_2",)),
    ):
        bodies.add(
            "categoryOptionGroups", code, name, shortName=name, description=f"{name}.", **kind,
            categoryOptions=bodies.refer_all("categoryOptions", options),
        )  # fmt: skip
    bodies.add(
        "categoryOptionGroupSets", "ORIGIN", "Origin of funds", shortName="Origin of funds",
        dataDimension=True, description="Where the money comes from.", **kind,
        categoryOptionGroups=bodies.refer_all(
            "categoryOptionGroups", ("DOMESTIC", "INTERNATIONAL")
        ),
    )  # fmt: skip
