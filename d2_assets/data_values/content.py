"""What two rows must share to count as the same, and its fingerprint.

A fingerprint (``digest``) stands for a key and its content as a server stores it. It does not
depend on stamps, users, row numbers or the version of a library, so that it can be kept: in the
journal of what was sent, and in what both sides were last seen to agree on.
"""

from collections.abc import Mapping

import pyarrow as pa

from d2_assets.mapping.crosswalk import NO_CROSSWALK, Crosswalk
from d2_assets.staging.database import Database

#: What makes a data value that one and no other (domain/dhis2.md, "Aggregate data values").
KEY = ("data_element", "period", "org_unit", "category_option_combo", "attribute_option_combo")

DATA_SETS = "dataSets"
DATA_ELEMENTS = "dataElements"
ORG_UNITS = "organisationUnits"
OPTION_COMBOS = "categoryOptionCombos"
#: The class behind each column that holds a UID.
CLASSES: Mapping[str, str] = {
    "data_set": DATA_SETS,
    "data_element": DATA_ELEMENTS,
    "org_unit": ORG_UNITS,
    "category_option_combo": OPTION_COMBOS,
    "attribute_option_combo": OPTION_COMBOS,
}

_BETWEEN = "chr(31)"
_DELETED = "chr(30)"


def same_key(left: str, right: str) -> str:
    """SQL: the join of two views on the data value's key."""
    return " AND ".join(f"{left}.{name} = {right}.{name}" for name in KEY)


def same_content(left: str, right: str, *, merge: bool = False) -> str:
    """SQL: whether two rows hold the same content. Booleans are compared as servers store them."""
    comment = f"coalesce({left}.comment, '') = coalesce({right}.comment, '')"
    if merge:
        comment = f"({left}.comment IS NULL OR {comment})"
    return (
        f"({stored_value(left, left)} IS NOT DISTINCT FROM {stored_value(right, left)} "
        f"AND {comment} AND {left}.followup = {right}.followup)"
    )


def stored_value(row: str, typed: str) -> str:
    """SQL: a value as DHIS2 stores it: the variants of true and false become those words."""
    text = f"coalesce({row}.value, '')"
    return (
        f"CASE WHEN {typed}.value_type IN ('BOOLEAN', 'TRUE_ONLY') THEN CASE "
        f"WHEN lower({text}) IN ('true', 't', '1') THEN 'true' "
        f"WHEN lower({text}) IN ('false', 'f', '0') THEN 'false' ELSE {text} END ELSE {text} END"
    )


def define_names(database: Database, crosswalk: Crosswalk = NO_CROSSWALK) -> None:
    """By which UIDs fingerprints are made: without a crosswalk the rows' own, with one those of
    its source."""
    for column in KEY:
        walk = crosswalk.of_class(CLASSES.get(column, ""))
        name = "uid"
        if walk:
            arrays = {"there": list(walk), "here": list(walk.values())}
            database.load(f"names_{column}", pa.table(arrays))
            name = f"coalesce((SELECT there FROM names_{column} WHERE here = uid), uid)"
        database.execute(f"CREATE OR REPLACE MACRO named_{column}(uid) AS {name}")


def digest(row: str, typed: str = "") -> str:
    """SQL: the fingerprint of a row (UBIGINT); ``typed`` names the row with its ``value_type``.

    A deleted row has the fingerprint of its deletion, whatever its value was. ``define_names`` was
    called before.
    """
    key = ", ".join(
        f"named_{name}({row}.{name})" if name in CLASSES else f"{row}.{name}" for name in KEY
    )
    content = (
        f"concat_ws({_BETWEEN}, {stored_value(row, typed or row)}, "
        f"coalesce({row}.comment, ''), {row}.followup)"
    )
    return (
        f"md5_number_lower(concat_ws({_BETWEEN}, {key}, "
        f"CASE WHEN {row}.deleted THEN {_DELETED} ELSE {content} END))"
    )
