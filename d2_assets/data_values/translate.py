"""The source's rows in the destination's words: every UID that differs there is exchanged.

From here on a row is known by the destination's UIDs: it is compared, sent and read back under
them. Two things go by the source's: the work list, in which people look for what they know from
there (and whose rows must be found again when a match changes); and, of a two-way pair, what both
ends share, which must read the same whichever way data move.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from d2_assets.data_values.chosen import Chosen
from d2_assets.data_values.completeness import Registrations, key_of
from d2_assets.data_values.content import CLASSES, KEY, OPTION_COMBOS
from d2_assets.data_values.identities import MARK, Identities
from d2_assets.data_values.scope import Scope
from d2_assets.dhis2.completeness import CompletenessRegistration
from d2_assets.mapping.crosswalk import Crosswalk
from d2_assets.staging.database import Database

_PLURALS = frozenset(CLASSES.values())


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


def translate_values(database: Database, rows: str, crosswalk: Crosswalk, to: Path) -> bool:
    """Stage the rows of a view with the destination's UIDs; False, and nothing, if none differs."""
    return _exchange(database, rows, {uid: crosswalk.of_class(uid) for uid in _PLURALS}, to)


def restore_values(database: Database, rows: str, crosswalk: Crosswalk, to: Path) -> bool:
    """Stage the rows of a view with the source's UIDs again; what differs is told in the column
    ``at_destination``. False, and nothing, if none differs."""
    return _exchange(
        database,
        rows,
        {uid: {here: there for there, here in crosswalk.of_class(uid).items()} for uid in _PLURALS},
        to,
        tell=True,
    )


def _exchange(
    database: Database,
    rows: str,
    exchanged: Mapping[str, Mapping[str, str]],
    to: Path,
    *,
    tell: bool = False,
) -> bool:
    has = [name for name, *_ in database.rows(f"DESCRIBE {rows}")]
    columns = [name for name in has if name in CLASSES and exchanged[CLASSES[name]]]
    if not columns:
        return False
    for name in columns:
        walk = exchanged[CLASSES[name]]
        arrays = {
            "old": pa.array(walk.keys(), pa.string()),
            "new": pa.array(walk.values(), pa.string()),
        }
        database.load(f"exchanged_{name}", pa.table(arrays))
    replaced = ", ".join(f"coalesce(e_{name}.new, r.{name}) AS {name}" for name in columns)
    told = ", ".join(
        f"CASE WHEN e_{name}.new IS NOT NULL AND NOT ends_with(r.{name}, '{MARK}') "
        f"THEN '{name} ' || r.{name} END"
        for name in columns
    )
    told = f", nullif(concat_ws(', ', {told}), '') AS at_destination" if tell else ""
    joins = " ".join(
        f"LEFT JOIN exchanged_{name} AS e_{name} ON e_{name}.old = r.{name}" for name in columns
    )
    database.save(f"SELECT r.* REPLACE ({replaced}){told} FROM {rows} AS r {joins}", to)
    return True


def translate_registrations(found: Registrations, crosswalk: Crosswalk) -> Registrations:
    """Registrations with the destination's UIDs."""
    translated = (_translate_registration(item, crosswalk) for item in found.values())
    return {key_of(item): item for item in translated}


def identify(scope: Scope, identities: Identities) -> Scope:
    """The scope with all that is known by now of which object is which."""
    return replace(scope, crosswalk=identities.crosswalk, doubts=dict(identities.doubts))


def translate_chosen(chosen: Chosen, crosswalk: Crosswalk) -> Chosen:
    """Rows of the work list, which go by the source's UIDs, as the destination knows them."""

    def get(column: str, uid: str) -> str:
        return crosswalk.get(CLASSES[column], uid) if column in CLASSES else uid

    return replace(
        chosen,
        values=frozenset(tuple(map(get, KEY, key)) for key in chosen.values),
        registrations=frozenset(
            (
                get("data_set", data_set),
                period,
                get("org_unit", unit),
                get("attribute_option_combo", combo),
            )
            for data_set, period, unit, combo in chosen.registrations
        ),
        data_sets=frozenset(get("data_set", uid) for uid in chosen.data_sets),
    )


def _translate_registration(
    item: CompletenessRegistration, crosswalk: Crosswalk
) -> CompletenessRegistration:
    return replace(
        item,
        data_set=crosswalk.get(CLASSES["data_set"], item.data_set),
        org_unit=crosswalk.get(CLASSES["org_unit"], item.org_unit),
        attribute_option_combo=crosswalk.get(OPTION_COMBOS, item.attribute_option_combo),
    )


def _list_option_combos(scope: Scope) -> frozenset[str]:
    return frozenset().union(*scope.option_combos.values())
