"""The rows that a replay moves, and how to read no more than them.

Both sides are asked for the data sets, periods and org units of the chosen rows alone; what comes
along with them (another element of the same form) is left aside before anything is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from d2_assets.data_values.choices import Choices
from d2_assets.data_values.completeness import Key, Registrations
from d2_assets.data_values.content import KEY, same_key
from d2_assets.data_values.extract import Window
from d2_assets.data_values.scope import Cut, Scope
from d2_assets.periods import Period, find_period
from d2_assets.staging.database import Database

#: Org units named in one request: keeps the URL well below 8 kB.
_UNITS_A_REQUEST = 100


@dataclass(frozen=True, slots=True)
class Chosen:
    """Rows of a work list: their ids there, the keys of values (in the order of ``content.KEY``)
    and of registrations, and the data sets that they were reached through."""

    ids: frozenset[str]
    values: frozenset[tuple[str, ...]] = frozenset()
    registrations: frozenset[Key] = frozenset()
    data_sets: frozenset[str] = frozenset()

    @property
    def periods(self) -> frozenset[str]:
        values = {key[KEY.index("period")] for key in self.values}
        return frozenset(values | {period for _, period, _, _ in self.registrations})

    @property
    def org_units(self) -> frozenset[str]:
        values = {key[KEY.index("org_unit")] for key in self.values}
        return frozenset(values | {unit for _, _, unit, _ in self.registrations})


def narrow_scope(scope: Scope, chosen: Chosen) -> Scope:
    """The scope as far as it must be read: for the check the whole one stays in force. ``chosen``
    goes by the scope's UIDs.

    A value may have moved to another data set of the pair since: all that hold its element are
    read.
    """
    elements = {key[KEY.index("data_element")] for key in chosen.values}
    data_sets = {
        uid: item
        for uid, item in scope.data_sets.items()
        if uid in chosen.data_sets
        or any(element.data_element in elements for element in item.elements)
    }
    inside = sorted(chosen.org_units & scope.source_units.keys())
    return replace(
        scope,
        data_sets=data_sets,
        source_cuts=_cut([scope.crosswalk.back("organisationUnits", uid) for uid in inside]),
        destination_cuts=_cut([uid for uid in inside if uid in scope.writable]),
    )


def narrow_window(chosen: Chosen, month: str, choices: Choices) -> Window:
    """The periods of the chosen rows, all of the month in whose work list they wait: a period that
    ran when it was listed may belong to a later month by now."""
    found = (find_period(uid) for uid in sorted(chosen.periods))
    periods = {item.id: item for item in found if item and _is_within(item, choices)}
    return Window((month,), periods, dict.fromkeys(periods, month))


def keep_chosen_values(database: Database, chosen: Chosen, *, read: str, kept: str) -> None:
    """Make the view ``kept`` of the view ``read``: the chosen keys only."""
    keys = sorted(chosen.values)
    columns = {name: [key[place] for key in keys] for place, name in enumerate(KEY)}
    arrays = {name: pa.array(cells, pa.string()) for name, cells in columns.items()}
    database.load(f"chosen_{kept}", pa.table(arrays))
    database.execute(
        f"CREATE OR REPLACE VIEW {kept} AS "
        f"SELECT r.* FROM {read} AS r SEMI JOIN chosen_{kept} AS c ON {same_key('r', 'c')}"
    )


def keep_chosen_registrations(found: Registrations, chosen: Chosen) -> Registrations:
    """The chosen registrations."""
    return {key: item for key, item in found.items() if key in chosen.registrations}


def _is_within(period: Period, choices: Choices) -> bool:
    return (choices.start_date is None or period.end >= choices.start_date) and (
        choices.end_date is None or period.start <= choices.end_date
    )


def _cut(org_units: Sequence[str]) -> tuple[Cut, ...]:
    return tuple(
        Cut(tuple(org_units[start : start + _UNITS_A_REQUEST]), children=False)
        for start in range(0, len(org_units), _UNITS_A_REQUEST)
    )
