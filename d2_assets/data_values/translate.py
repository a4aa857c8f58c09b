"""The source's rows in the destination's words: every UID that differs there is exchanged.

From here on a row is known by the destination's UIDs, in the plan, the ledger and the quarantine;
its number leads back to the staged row, which keeps the source's.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from d2_assets.data_values.completeness import Registrations, key_of
from d2_assets.data_values.identities import DATA_ELEMENTS, DATA_SETS, OPTION_COMBOS, ORG_UNITS
from d2_assets.data_values.scope import Scope
from d2_assets.mapping.crosswalk import Crosswalk
from d2_assets.staging.database import Database

#: The class behind each column that holds a UID.
CLASSES: Mapping[str, str] = {
    "data_set": DATA_SETS,
    "data_element": DATA_ELEMENTS,
    "org_unit": ORG_UNITS,
    "category_option_combo": OPTION_COMBOS,
    "attribute_option_combo": OPTION_COMBOS,
}


def find_strange_option_combos(database: Database, rows: str, scope: Scope) -> frozenset[str]:
    """Option combos of a view's rows that the destination does not know."""
    came = database.rows(
        f"SELECT DISTINCT category_option_combo FROM {rows} UNION "
        f"SELECT DISTINCT attribute_option_combo FROM {rows}"
    )
    return frozenset(uid for (uid,) in came if uid) - _list_option_combos(scope)


def find_strange_attributes(found: Registrations, scope: Scope) -> frozenset[str]:
    """Attribute option combos of registrations that the destination does not know."""
    return frozenset(item.attribute_option_combo for item in found.values()) - _list_option_combos(
        scope
    )


def translate_values(
    database: Database, staged: str, crosswalk: Crosswalk, translated: Path
) -> Path | None:
    """Stage the rows of the view ``staged`` with the destination's UIDs; None when none differs."""
    different = {
        column: crosswalk.of_class(plural)
        for column, plural in CLASSES.items()
        if crosswalk.of_class(plural)
    }
    if not different:
        return None
    for column, walk in different.items():
        arrays = {
            "there": pa.array(walk.keys(), pa.string()),
            "here": pa.array(walk.values(), pa.string()),
        }
        database.load(f"walk_{column}", pa.table(arrays))
    columns = ", ".join(
        f"coalesce(w_{column}.here, s.{column}) AS {column}" for column in different
    )
    joins = " ".join(
        f"LEFT JOIN walk_{column} AS w_{column} ON w_{column}.there = s.{column}"
        for column in different
    )
    database.save(f"SELECT s.* REPLACE ({columns}) FROM {staged} AS s {joins}", translated)
    return translated


def translate_registrations(found: Registrations, crosswalk: Crosswalk) -> Registrations:
    """Registrations with the destination's UIDs."""
    translated = (
        replace(
            item,
            data_set=crosswalk.get(DATA_SETS, item.data_set),
            org_unit=crosswalk.get(ORG_UNITS, item.org_unit),
            attribute_option_combo=crosswalk.get(OPTION_COMBOS, item.attribute_option_combo),
        )
        for item in found.values()
    )
    return {key_of(item): item for item in translated}


def _list_option_combos(scope: Scope) -> frozenset[str]:
    return frozenset().union(*scope.option_combos.values())
