"""The metadata families: which class belongs to which, and which family comes after which.

One asset moves one family. A family that failed stops just the families that refer to it, and the
data assets whose rows name its objects; the others go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from d2_assets.dhis2.schemas import Schemas
from d2_assets.metadata.family_table import FAMILY_TABLE, NEVER_TRAVELS, Family

__all__ = [
    "DATA_VALUES_NEED",
    "EVENTS_NEED",
    "FAMILIES",
    "NEVER_TRAVELS",
    "TRACKER_NEED",
    "Family",
    "Unowned",
    "comes_later",
    "family_of",
    "find_not_carried",
]

#: Every family by its name, what is referred to before what refers to it.
FAMILIES: Mapping[str, Family] = MappingProxyType({family.name: family for family in FAMILY_TABLE})

#: Families whose objects the rows of a data asset name.
DATA_VALUES_NEED = ("organisation", "categories", "data_elements", "data_sets")
EVENTS_NEED = ("options", "organisation", "users", "categories", "data_elements", "programs")
TRACKER_NEED = (*EVENTS_NEED, "tracker")

_UNKNOWN = "this version of the product does not know the class"

_FAMILY_OF = {plural: family for family in FAMILY_TABLE for plural in family.classes}
_PLACES = {family.name: place for place, family in enumerate(FAMILY_TABLE)}


def family_of(plural: str) -> Family | None:
    """The family that moves the class; None for a class that never travels, or is a part of
    others, or is unknown."""
    return _FAMILY_OF.get(plural)


def comes_later(plural: str, family: str) -> bool:
    """Whether the class belongs to a family after the given one: its objects may still come."""
    owner = family_of(plural)
    return owner is not None and _PLACES[owner.name] > _PLACES[family]


@dataclass(frozen=True, slots=True)
class Unowned:
    """A class that no family moves, and why."""

    plural: str
    reason: str


def find_not_carried(schemas: Schemas) -> tuple[Unowned, ...]:
    """The classes of a server with objects of their own that no family moves, by name."""
    found = sorted(
        schema.plural
        for schema in schemas
        if schema.has_endpoint and not schema.is_embedded and family_of(schema.plural) is None
    )
    return tuple(Unowned(plural, NEVER_TRAVELS.get(plural, _UNKNOWN)) for plural in found)
