"""The metadata of the sandbox's fictional country.

Every UID follows from the seed and the object's code, so that two servers of the same seed share
their metadata, and more facilities leave the UIDs of the others as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

from d2_assets.identifiers import generate_uid
from d2_assets.sandbox.content_plan import (
    CATEGORIES,
    COMBOS,
    COUNTRY,
    DATA_SETS,
    DEFAULT,
    DISTRICTS,
    REGIONS,
    DataSetPlan,
    ElementPlan,
)
from d2_assets.sandbox.stored_values import DEFAULT_CATEGORY_COMBO, DEFAULT_OPTION_COMBO
from d2_assets.sandbox.versions import VersionFacts

DEFAULT_CATEGORY = "GLevLNI9wkl"
DEFAULT_CATEGORY_OPTION = "xYerKDKCefk"
_STAMP = "2024-01-15T08:00:00.000"
_KINDS = ("Health Centre", "Dispensary", "Clinic", "District Hospital")
_SYLLABLES = ("ba", "chi", "do", "ka", "lu", "mé", "na", "ro", "sa", "ti", "vu", "zo")

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unit:
    """An organisation unit that may report; ``opened`` is a day."""

    id: str
    level: int
    opened: str


class Country:
    """All metadata of one seed, for a number of facilities and a version."""

    def __init__(self, seed: int, facilities: int, facts: VersionFacts, opened_late: str) -> None:
        self._seed = seed
        self._facts = facts
        self._opened_late = opened_late
        self.metadata: dict[str, list[Body]] = {}
        self.units: list[Unit] = []
        self._add_units(facilities)
        self._add_combos()
        self._add_data_sets()
        self._add_users()

    def uid(self, key: str) -> str:
        """The UID of the object that a key names ("dataElements/ANC_1")."""
        return generate_uid(Random(f"{self._seed}/{key}"))

    def _add(self, plural: str, code: str, name: str, *, uid: str = "", **more: Any) -> str:
        uid = uid or self.uid(f"{plural}/{code}")
        author = {"id": self.uid("users/admin"), "username": "admin", "name": "Sandbox Admin"}
        body: Body = {
            "code": code,
            "name": name,
            "created": _STAMP,
            "lastUpdated": _STAMP,
            "translations": [],
            "createdBy": author,
            "lastUpdatedBy": author,
            "id": uid,
            "attributeValues": [],
        }
        self.metadata.setdefault(plural, []).append(body | more)
        return uid

    def _sharing(self, public: str, groups: Mapping[str, str] | None = None) -> Body:
        sharing: Body = {
            "owner": self.uid("users/admin"),
            "users": {},
            "userGroups": {
                group: {"id": group, "access": access} for group, access in (groups or {}).items()
            },
            "public": public,
        }
        return sharing | ({"external": False} if self._facts.sharing_external else {})

    # Organisation units

    def _add_units(self, facilities: int) -> None:
        for level, name in enumerate(("National", "Region", "District", "Facility"), start=1):
            self._add("organisationUnitLevels", f"LEVEL_{level}", name, level=level)
        country = self._add_unit("KV", COUNTRY, "", 1, "1961-06-01")
        districts = []
        for index, region in enumerate(REGIONS):
            path = self._add_unit(f"KV_R{index + 1}", region, country, 2, "1961-06-01")
            for number, district in enumerate(DISTRICTS[index * 4 : index * 4 + 4]):
                code = f"KV_D{index * 4 + number + 1:02d}"
                name = f"{district} District"
                districts.append(self._add_unit(code, name, path, 3, "1975-01-01"))
        for number in range(facilities):
            rng = Random(f"{self._seed}/facility/{number}")
            village = "".join(rng.choices(_SYLLABLES, k=3)).capitalize()
            name = f"{village} {_KINDS[number % len(_KINDS)]} {number + 1}"
            opened = f"{rng.randint(1980, 2015)}-0{rng.randint(1, 9)}-01"
            opened = self._opened_late if number == facilities - 1 else opened
            self._add_unit(
                f"KV_F{number + 1:05d}", name, districts[number % len(districts)], 4, opened
            )
        self._add(
            "organisationUnitGroups",
            "FACILITIES",
            "All facilities",
            shortName="All facilities",
            sharing=self._sharing("r-------"),
            organisationUnits=[{"id": unit.id} for unit in self.units if unit.level == 4],
        )

    def _add_unit(self, code: str, name: str, parent: str, level: int, opened: str) -> str:
        uid = self.uid(f"organisationUnits/{code}")
        path = f"{parent}/{uid}"
        more: Body = {"parent": {"id": parent.rpartition("/")[2]}} if parent else {}
        self._add(
            "organisationUnits",
            code,
            name,
            shortName=name[:50],
            path=path,
            level=level,
            openingDate=f"{opened}T00:00:00.000",
            **more,
        )
        self.units.append(Unit(uid, level, opened))
        return path

    # Categories

    def _add_combos(self) -> None:
        self._add_default_combo()
        for code, (name, options) in CATEGORIES.items():
            for option in options:
                self._add(
                    "categoryOptions", f"{code}_{options.index(option) + 1}", option,
                    shortName=option, organisationUnits=[], sharing=self._sharing("r-rw----"),
                )  # fmt: skip
            self._add(
                "categories", code, name, shortName=name, dataDimension=True,
                dataDimensionType="ATTRIBUTE" if code == "PARTNER" else "DISAGGREGATION",
                categoryOptions=[{"id": uid} for uid in self._options(code)],
                sharing=self._sharing("r-------"),
            )  # fmt: skip
        for code, (name, categories) in COMBOS.items():
            combo = self._add(
                "categoryCombos", code, name, skipTotal=False,
                dataDimensionType="ATTRIBUTE" if code == "PARTNERS" else "DISAGGREGATION",
                categories=[{"id": self.uid(f"categories/{name}")} for name in categories],
                sharing=self._sharing("r-------"),
            )  # fmt: skip
            self._add_option_combos(code, combo, categories)

    def _options(self, category: str) -> list[str]:
        count = len(CATEGORIES[category][1])
        return [self.uid(f"categoryOptions/{category}_{n + 1}") for n in range(count)]

    def _add_option_combos(self, code: str, combo: str, categories: Sequence[str]) -> None:
        positions = product(*(range(len(CATEGORIES[name][1])) for name in categories))
        for numbers in positions:
            chosen = list(zip(categories, numbers, strict=True))
            self._add(
                "categoryOptionCombos",
                "_".join([code, *(str(number + 1) for number in numbers)]),
                ", ".join(CATEGORIES[name][1][number] for name, number in chosen),
                ignoreApproval=False,
                categoryCombo={"id": combo},
                categoryOptions=[{"id": self._options(name)[number]} for name, number in chosen],
            )

    def _add_default_combo(self) -> None:
        option, category = {"id": DEFAULT_CATEGORY_OPTION}, {"id": DEFAULT_CATEGORY}
        sharing = {"sharing": self._sharing("r-rw----")}
        for plural, uid, more in (
            ("categoryOptions", DEFAULT_CATEGORY_OPTION, {"shortName": DEFAULT, **sharing}),
            ("categories", DEFAULT_CATEGORY, {"categoryOptions": [option], **sharing}),
            ("categoryCombos", DEFAULT_CATEGORY_COMBO, {"categories": [category], **sharing}),
            (
                "categoryOptionCombos",
                DEFAULT_OPTION_COMBO,
                {"categoryCombo": {"id": DEFAULT_CATEGORY_COMBO}, "categoryOptions": [option]},
            ),
        ):
            self._add(plural, DEFAULT, DEFAULT, uid=uid, **more)

    def combo_uid(self, combo: str) -> str:
        """The UID of a category combo of the plan."""
        return DEFAULT_CATEGORY_COMBO if combo == DEFAULT else self.uid(f"categoryCombos/{combo}")

    def list_option_combos(self, combo: str) -> list[str]:
        """The UIDs of a combo's option combos."""
        uid = self.combo_uid(combo)
        bodies = self.metadata["categoryOptionCombos"]
        return [body["id"] for body in bodies if body["categoryCombo"]["id"] == uid]

    # Data sets and users

    def _add_data_sets(self) -> None:
        for plan in DATA_SETS:
            for element in plan.elements:
                self._add_element(element)
            self._add_data_set(plan)
        self._add(
            "dataElementGroups",
            "MALARIA",
            "Malaria",
            shortName="Malaria",
            sharing=self._sharing("r-------"),
            dataElements=[
                {"id": self.uid(f"dataElements/{code}")} for code in ("OPD_MALARIA", "RDT_USED")
            ],
        )

    def _add_element(self, plan: ElementPlan) -> None:
        is_number = plan.value_type not in ("TEXT", "BOOLEAN")
        self._add(
            "dataElements", plan.code, plan.name, shortName=plan.name[:50],
            valueType=plan.value_type, domainType="AGGREGATE", zeroIsSignificant=True,
            aggregationType="SUM" if is_number else "NONE", aggregationLevels=[], legendSets=[],
            categoryCombo={"id": self.combo_uid(plan.combo)}, sharing=self._sharing("r-------"),
        )  # fmt: skip

    def _add_data_set(self, plan: DataSetPlan) -> None:
        uid = self.uid(f"dataSets/{plan.code}")
        entry = {self.uid("userGroups/ENTRY"): "r-rw----"}
        self._add(
            "dataSets", plan.code, plan.name, shortName=plan.name, periodType=plan.period_type,
            categoryCombo={"id": self.combo_uid(plan.attribute_combo)}, openFuturePeriods=1,
            expiryDays=0, timelyDays=15, version=1, dataInputPeriods=[], indicators=[],
            legendSets=[], sharing=self._sharing("r-r-----", entry),
            dataSetElements=[
                {"dataSet": {"id": uid}, "dataElement": {"id": self.uid(f"dataElements/{e.code}")}}
                for e in plan.elements
            ],
            organisationUnits=[{"id": unit.id} for unit in self.list_reporting_units(plan)],
        )  # fmt: skip

    def list_reporting_units(self, plan: DataSetPlan) -> list[Unit]:
        """The units that a data set is assigned to."""
        return [unit for unit in self.units if unit.level == plan.level][:: plan.share]

    def _add_users(self) -> None:
        country, district = self.units[0].id, self.units[2].id
        group = {"id": self.uid("userGroups/ENTRY")}
        for login, role, unit, authorities in (
            ("admin", "SUPERUSER", country, ["ALL", "F_DATAVALUE_ADD", "F_METADATA_IMPORT"]),
            (
                "clerk",
                "DATA_ENTRY",
                district,
                ["F_DATAVALUE_ADD"],
            ),
            ("viewer", "VIEWER", country, ["M_dhis-web-dashboard"]),
        ):
            name = role.replace("_", " ").capitalize()
            self._add(
                "userRoles", role, name, authorities=authorities, restrictions=[],
                sharing=self._sharing("--------"),
            )  # fmt: skip
            place = [{"id": unit}]
            self._add(
                "users", login, f"Sandbox {login.capitalize()}", username=login,
                firstName="Sandbox", surname=login.capitalize(), disabled=False,
                userRoles=[{"id": self.uid(f"userRoles/{role}")}], organisationUnits=place,
                dataViewOrganisationUnits=place, teiSearchOrganisationUnits=place,
            )  # fmt: skip
        self._add(
            "userGroups", "ENTRY", "Data entry", uid=group["id"],
            users=[{"id": self.uid("users/clerk")}], managedGroups=[],
            sharing=self._sharing("r-------"),
        )  # fmt: skip
