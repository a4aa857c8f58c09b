"""The metadata of the sandbox's fictional country, whole: objects of every class that it can hold.

Every UID follows from the seed and the object's code, so that two servers of the same seed share
their metadata, and more facilities leave the UIDs of the others as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from d2_assets.sandbox.content_analytics import add_analytics
from d2_assets.sandbox.content_bodies import Bodies, Body
from d2_assets.sandbox.content_categories import add_categories
from d2_assets.sandbox.content_elements import add_elements, add_lines, find_combo
from d2_assets.sandbox.content_forms import add_data_sets
from d2_assets.sandbox.content_indicators import add_indicators, add_predictors, add_validation
from d2_assets.sandbox.content_options import add_options
from d2_assets.sandbox.content_plan import DISTRICTS, REGIONS, DataSetPlan
from d2_assets.sandbox.content_program_rules import (
    add_program_indicators,
    add_program_rules,
    add_working_lists,
)
from d2_assets.sandbox.content_programs import add_programs
from d2_assets.sandbox.content_stock import add_stock
from d2_assets.sandbox.content_system import add_system
from d2_assets.sandbox.content_tracker import add_tracker
from d2_assets.sandbox.content_units import Organisation, Unit
from d2_assets.sandbox.content_users import add_users
from d2_assets.sandbox.versions import VersionFacts

#: How many facilities run a program.
_PROGRAM_UNITS = 12
#: The country, its regions and its districts.
_UNITS_ABOVE = 1 + len(REGIONS) + len(DISTRICTS)


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a country is. Values are of the first ``reporting`` facilities alone.

    The last of them opened on the day ``opened_late``. ``org_units`` and ``data_elements`` are how
    many there are at least. ``stock``: how many facilities have a place for stock of OpenLMIS.
    """

    reporting: int
    opened_late: str
    org_units: int = 0
    data_elements: int = 0
    stock: int = 0


class Country:
    """All metadata of one seed, for an extent and a version."""

    def __init__(self, seed: int, facts: VersionFacts, extent: Extent) -> None:
        self._extent = extent
        self._bodies = Bodies(seed, facts)
        add_options(self._bodies)
        facilities = max(extent.org_units - _UNITS_ABOVE, extent.reporting)
        organisation = Organisation(
            self._bodies, facilities, extent.reporting - 1, extent.opened_late
        )
        self._units = organisation.units
        add_users(self._bodies)
        add_categories(self._bodies)
        add_elements(self._bodies)
        add_indicators(self._bodies)
        add_data_sets(self._bodies, self._list_assigned)
        if extent.stock:
            add_stock(self._bodies, self._list_facilities()[: extent.stock])
        add_tracker(self._bodies)
        add_programs(self._bodies, self._list_facilities()[:_PROGRAM_UNITS])
        add_program_indicators(self._bodies)
        add_program_rules(self._bodies)
        add_working_lists(self._bodies)
        add_validation(self._bodies)
        add_predictors(self._bodies)
        add_lines(self._bodies, extent.data_elements - len(self.metadata["dataElements"]))
        add_system(self._bodies)
        add_analytics(self._bodies)

    @property
    def metadata(self) -> Mapping[str, list[Body]]:
        """Plural -> bodies."""
        return self._bodies.metadata

    def uid(self, key: str) -> str:
        """The UID of the object that a key names ("dataElements/ANC_1")."""
        return self._bodies.uid(key)

    def list_option_combos(self, combo: str) -> list[str]:
        """The UIDs of the option combos of a category combo of the plan."""
        uid = find_combo(self._bodies, combo)
        bodies = self.metadata["categoryOptionCombos"]
        return [body["id"] for body in bodies if body["categoryCombo"]["id"] == uid]

    def list_reporting_units(self, plan: DataSetPlan) -> list[Unit]:
        """The units that values of a data set are generated for."""
        beyond = {unit.id for unit in self._list_facilities()[self._extent.reporting :]}
        return [unit for unit in self._list_assigned(plan) if unit.id not in beyond]

    def _list_facilities(self) -> list[Unit]:
        return [unit for unit in self._units if unit.level == 4]

    def _list_assigned(self, plan: DataSetPlan) -> list[Unit]:
        """The units that a data set is assigned to."""
        return [unit for unit in self._units if unit.level == plan.level][:: plan.share]
