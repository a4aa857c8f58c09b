"""The organisation: units with places and addresses, levels, groups and group sets."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from d2_assets.sandbox.content_bodies import Bodies, Body, translate
from d2_assets.sandbox.content_plan import COUNTRY, DISTRICTS, REGIONS

_KINDS = ("Health Centre", "Dispensary", "Clinic", "District Hospital")
_SYLLABLES = ("ba", "chi", "do", "ka", "lu", "mé", "na", "ro", "sa", "ti", "vu", "zo")
_OWNERS = ("PUBLIC", "PRIVATE", "FAITH")
_COUNTRY_WORDS = (
    "A republic of four regions between the highlands and the sea. Its districts report monthly; "
    "«Rapport mensuel» dans les régions francophones."
)


@dataclass(frozen=True, slots=True)
class Unit:
    """An organisation unit that may report; ``opened`` is a day."""

    id: str
    level: int
    opened: str


class Organisation:
    """Adds all units: country, regions, districts and ``facilities`` facilities.

    The facility ``late`` (counted from 0) opened on the day ``opened_late``.
    """

    def __init__(self, bodies: Bodies, facilities: int, late: int, opened_late: str) -> None:
        self._bodies = bodies
        #: All units, parents first.
        self.units: list[Unit] = []
        for level, name in enumerate(("National", "Region", "District", "Facility"), start=1):
            bodies.add("organisationUnitLevels", f"LEVEL_{level}", name, level=level)
        districts = self._add_areas()
        for number in range(facilities):
            self._add_facility(number, districts, opened_late if number == late else "")
        self._add_groups()

    def _add_areas(self) -> list[str]:
        country = self._add_unit(
            "KV", COUNTRY, "", 1, "1961-06-01", description=_COUNTRY_WORDS,
            translations=translate("fr", "République de Kivara"),
        )  # fmt: skip
        districts = []
        for index, region in enumerate(REGIONS):
            path = self._add_unit(
                f"KV_R{index + 1}", region, country, 2, "1961-06-01", geometry=_draw_square(index)
            )
            for number, district in enumerate(DISTRICTS[index * 4 : index * 4 + 4]):
                code = f"KV_D{index * 4 + number + 1:02d}"
                name = f"{district} District"
                districts.append(self._add_unit(code, name, path, 3, "1975-01-01"))
        return districts

    def _add_facility(self, number: int, districts: list[str], opened: str) -> None:
        rng = Random(f"{self._bodies.seed}/facility/{number}")
        village = "".join(rng.choices(_SYLLABLES, k=3)).capitalize()
        name = f"{village} {_KINDS[number % len(_KINDS)]} {number + 1}"
        usual = f"{rng.randint(1980, 2015)}-0{rng.randint(1, 9)}-01"
        district = districts[number % len(districts)]
        more = self._describe_facility(number, village) if number % 3 == 0 else {}
        self._add_unit(f"KV_F{number + 1:05d}", name, district, 4, opened or usual, **more)

    def _describe_facility(self, number: int, village: str) -> Body:
        east, south = 290_000 + number * 37 % 9_973, 31_000 + number * 53 % 9_967
        values = {"LOCAL_ID": f"F-{number + 1:05d}", "OWNER": _OWNERS[number % 9 // 3]}
        return {
            "geometry": {"type": "Point", "coordinates": [east / 10_000, -south / 10_000]},
            "contactPerson": "Zoé Ñandú",
            "email": f"facility{number + 1}@example.org",
            "phoneNumber": f"+250 78 {number:07d}",
            "address": f"B.P. {number + 1}, {village}",
            "comment": "Ouvert 24 h/24" if number % 2 else None,
            "attributeValues": self._bodies.attribute(**values),
        }

    def _add_unit(
        self, code: str, name: str, parent: str, level: int, opened: str, **members: Any
    ) -> str:
        uid = self._bodies.uid(f"organisationUnits/{code}")
        path = f"{parent}/{uid}"
        self._bodies.add(
            "organisationUnits", code, name, uid=uid, shortName=name[:50], path=path, level=level,
            openingDate=f"{opened}T00:00:00.000",
            parent={"id": parent.rpartition("/")[2]} if parent else None, **members,
        )  # fmt: skip
        self.units.append(Unit(uid, level, opened))
        return path

    def _add_groups(self) -> None:
        facilities = [unit.id for unit in self.units if unit.level == 4]
        self._add_group("FACILITIES", "All facilities", facilities)
        for number, kind in enumerate(_KINDS):
            code = kind.upper().replace(" ", "_")
            self._add_group(code, f"Kind: {kind}", facilities[number :: len(_KINDS)], symbol="01")
        for number, owner in enumerate(_OWNERS):
            self._add_group(f"OWNED_{owner}", f"Owned: {owner.lower()}", facilities[number::3])
        kinds = [kind.upper().replace(" ", "_") for kind in _KINDS]
        self._add_group_set("FACILITY_KIND", "Kind of facility", kinds)
        self._add_group_set("OWNERSHIP", "Propriété", [f"OWNED_{owner}" for owner in _OWNERS])

    def _add_group(self, code: str, name: str, units: Iterable[str], **members: Any) -> None:
        self._bodies.add(
            "organisationUnitGroups", code, name, shortName=name, **members,
            organisationUnits=[{"id": uid} for uid in units],
        )  # fmt: skip

    def _add_group_set(self, code: str, name: str, groups: Iterable[str]) -> None:
        self._bodies.add(
            "organisationUnitGroupSets", code, name, shortName=name, description=f"{name}.",
            compulsory=False, dataDimension=True, includeSubhierarchyInAnalytics=False,
            organisationUnitGroups=self._bodies.refer_all("organisationUnitGroups", groups),
        )  # fmt: skip


def _draw_square(index: int) -> Body:
    west, south = 29 + index / 2, -3.25 + index / 4
    ring = [[west, south], [west + 0.5, south], [west + 0.5, south + 0.25], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}
