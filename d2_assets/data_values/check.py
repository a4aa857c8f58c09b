"""What is unfit is found before anything is sent, against the destination's own metadata.

Every row of the source, in the destination's words, gets a verdict (NULL when it is fit): rows are
never dropped here, they are told apart. Rows that the source marks as deleted are judged only by
whether the destination could be looked at where they would be: what it cannot hold is not there to
be deleted.
"""

from pathlib import Path

import pyarrow as pa

from d2_assets.data_values.content import CLASSES, KEY
from d2_assets.data_values.extract import Window
from d2_assets.data_values.scope import Scope
from d2_assets.data_values.verdicts import word_sql
from d2_assets.dhis2.metadata import DataSet
from d2_assets.periods import find_period
from d2_assets.staging.database import Database
from d2_assets.value_types import misfit_sql

#: The column of the key by which large joins are spread.
SPREAD = "org_unit"

_KEY_HASH = f"hash({', '.join(f'source.{name}' for name in KEY)})"


def find_unfit(database: Database, scope: Scope, window: Window, path: Path) -> None:
    """Stage ``checked``: the rows of the view ``source`` with verdict, words and value type."""
    _load_reference(database, scope, window)
    _judge(database, scope, path.with_name("judged.parquet"))
    _find_repeated(database)
    database.save(
        f"""
        SELECT judged.* EXCLUDE (verdict, key_hash, misfit, doubt, belongs),
               coalesce(repeated.verdict, judged.verdict) AS verdict,
               {word_sql("coalesce(repeated.verdict, judged.verdict)")} AS reason
        FROM judged LEFT JOIN repeated USING (row)
        """,
        path,
        spread=True,
    )
    database.attach("checked", path, spread_by=SPREAD)


def belongs_elsewhere(row: str) -> str:
    """SQL: whether a data set that the pair leaves out has the row's element, period type and
    org unit. The query must join ``period``."""
    return f"""EXISTS (
        SELECT 1 FROM other_element AS e JOIN other_assigned AS a ON a.data_set = e.data_set
        WHERE e.data_element = {row}.data_element AND e.period_type = period.period_type
            AND a.org_unit = {row}.org_unit)"""


def _judge(database: Database, scope: Scope, path: Path) -> None:
    strict = scope.strict_keys
    # Values of combos that an element has left behind are real data; servers up to 2.42 take them.
    of_combo = "{0}.category_combo = {1}.category_combo AND" if strict else ""
    combos = "option_combo" if strict else "(SELECT DISTINCT option_combo FROM option_combo)"
    doubt = _doubt_sql(scope)
    misfit = misfit_sql("source.value", "element.value_type")
    database.save(
        f"""
        SELECT source.*, element.value_type, {_KEY_HASH} AS key_hash,
               CASE WHEN NOT source.deleted THEN {misfit} END AS misfit,
               {doubt} AS doubt,
               element.data_element IS NOT NULL AND assigned.org_unit IS NOT NULL
                   AND coalesce(period.period_type = data_set.period_type, false) AS belongs,
               CASE
                   WHEN unit_here.org_unit IS NULL THEN 'org_unit_too_deep'
                   WHEN period.asked AND (
                       period.period_type <> data_set.period_type AND other.data_element IS NOT NULL
                       OR assigned.org_unit IS NULL AND {belongs_elsewhere("source")}
                   ) THEN 'other_data_set'
                   WHEN {doubt} IS NOT NULL THEN 'identity_unclear'
                   WHEN source.deleted THEN CASE
                       WHEN data_set.data_set IS NULL THEN 'data_set_unknown'
                       WHEN element.data_element IS NULL THEN 'data_element_outside_data_set'
                       WHEN NOT unit.may_write THEN 'org_unit_outside_account'
                   END
                   WHEN period.period_type IS NULL THEN 'period_malformed'
                   WHEN NOT period.asked THEN 'period_not_asked'
                   WHEN data_set.data_set IS NULL THEN 'data_set_unknown'
                   WHEN period.period_type <> data_set.period_type THEN 'period_wrong_type'
                   WHEN NOT data_set.may_write THEN 'data_set_read_only'
                   WHEN element.data_element IS NULL THEN 'data_element_outside_data_set'
                   WHEN unit.org_unit IS NULL THEN 'org_unit_unknown'
                   WHEN assigned.org_unit IS NULL THEN 'org_unit_outside_data_set'
                   WHEN NOT unit.may_write THEN 'org_unit_outside_account'
                   WHEN unit.opening_date > period.last_day THEN 'org_unit_not_open'
                   WHEN combo.option_combo IS NULL THEN 'category_option_combo_outside'
                   WHEN attribute.option_combo IS NULL THEN 'attribute_option_combo_outside'
                   WHEN trim(coalesce(source.value, '')) = '' AND coalesce(source.comment, '') = ''
                       THEN 'empty_value'
                   WHEN {scope.requires_value} AND coalesce(source.value, '') = ''
                       THEN 'comment_without_value'
                   WHEN misfit IS NOT NULL THEN 'value_misfit'
               END AS verdict
        FROM source
        LEFT JOIN unit_here ON unit_here.org_unit = source.org_unit
        LEFT JOIN period ON period.period = source.period
        LEFT JOIN data_set ON data_set.data_set = source.data_set
        LEFT JOIN element ON element.data_set = source.data_set
            AND element.data_element = source.data_element
        LEFT JOIN other ON other.data_element = source.data_element
            AND other.period_type = period.period_type
        LEFT JOIN unit ON unit.org_unit = source.org_unit
        LEFT JOIN assigned ON assigned.data_set = source.data_set
            AND assigned.org_unit = source.org_unit
        LEFT JOIN {combos} AS combo ON {of_combo.format("combo", "element")}
            combo.option_combo = source.category_option_combo
        LEFT JOIN {combos} AS attribute ON {of_combo.format("attribute", "data_set")}
            attribute.option_combo = source.attribute_option_combo
        """,
        path,
        spread=True,
    )
    database.attach("judged", path, spread_by=SPREAD)


def _doubt_sql(scope: Scope) -> str:
    """Words, where one of the row's UIDs stands for what could be more than one thing."""
    if not scope.doubts:
        return "NULL::VARCHAR"
    words = (f"(SELECT words FROM doubt WHERE uid = source.{name})" for name in CLASSES)
    return f"coalesce({', '.join(words)})"


def _find_repeated(database: Database) -> None:
    """Rows whose key came more than once: of one data set (unfit), or through several data sets.

    One of the latter carries the value, a fit one before an unfit one; the others are filtered.
    A deleted row is carried by a data set that it belongs to: 2.43 refuses it in another.
    """
    key = ", ".join(KEY)
    database.execute("CREATE OR REPLACE TABLE repeated (row BIGINT, verdict VARCHAR)")
    database.execute(
        f"""
        INSERT INTO repeated
        WITH suspects AS (
            SELECT * FROM judged WHERE key_hash IN (
                SELECT key_hash FROM judged GROUP BY key_hash HAVING count(*) > 1)
        ), twice AS (
            SELECT *, count(*) OVER (PARTITION BY data_set, {key}) > 1 AS is_twice,
                   row_number() OVER (
                       PARTITION BY data_set, {key}, value, comment, followup, deleted
                       ORDER BY row) AS copy,
                   count(*) OVER (PARTITION BY data_set, {key}, value, comment, followup, deleted)
                       = count(*) OVER (PARTITION BY data_set, {key}) AS all_alike
            FROM suspects
        ), told AS (
            SELECT * REPLACE (
                CASE WHEN verdict IS NULL AND is_twice AND NOT (all_alike AND copy = 1)
                     THEN 'duplicate_key' ELSE verdict END AS verdict)
            FROM twice
        ), ranked AS (
            SELECT *, first_value(data_set) OVER (
                PARTITION BY {key}
                ORDER BY (verdict IS NOT NULL), (verdict = 'period_wrong_type'), NOT belongs,
                         data_set
            ) AS carrier
            FROM told
        )
        SELECT row, CASE WHEN data_set = carrier THEN verdict ELSE 'same_value_elsewhere' END
                    AS verdict
        FROM ranked
        WHERE data_set <> carrier OR verdict = 'duplicate_key'
        """,
        spread=True,
    )


def _load_reference(database: Database, scope: Scope, window: Window) -> None:
    """The destination's metadata, and the periods that really came, as small tables."""
    data_sets = [scope.destination_data_sets[uid] for uid in scope.shared_data_sets]
    _load(
        database,
        "data_set",
        {
            "data_set": [item.id for item in data_sets],
            "period_type": [item.period_type for item in data_sets],
            "category_combo": [item.category_combo for item in data_sets],
            "may_write": [item.may_write for item in data_sets],
        },
    )
    _load_elements(database, data_sets)
    _load_left_out(database, list(scope.left_out.values()))
    own = {element.data_element for item in scope.data_sets.values() for element in item.elements}
    _load(database, "own", {"data_element": sorted(own)})
    _load_units(database, scope, data_sets)
    combos = [
        (combo, option) for combo, options in scope.option_combos.items() for option in options
    ]
    _load(
        database,
        "option_combo",
        {
            "category_combo": [combo for combo, _ in combos],
            "option_combo": [option for _, option in combos],
        },
    )
    doubts = {"uid": list(scope.doubts), "words": list(scope.doubts.values())}
    _load(database, "doubt", doubts)
    _load_periods(database, window)


def _load_elements(database: Database, data_sets: list[DataSet]) -> None:
    elements = [(item.id, element) for item in data_sets for element in item.elements]
    _load(
        database,
        "element",
        {
            "data_set": [data_set for data_set, _ in elements],
            "data_element": [element.data_element for _, element in elements],
            "value_type": [element.value_type for _, element in elements],
            "category_combo": [element.category_combo for _, element in elements],
        },
    )


def _load_left_out(database: Database, data_sets: list[DataSet]) -> None:
    """What tells a value of a data set that the pair leaves out."""
    elements = [(item, element.data_element) for item in data_sets for element in item.elements]
    _load(
        database,
        "other_element",
        {
            "data_set": [item.id for item, _ in elements],
            "data_element": [data_element for _, data_element in elements],
            "period_type": [item.period_type for item, _ in elements],
        },
    )
    _load_assigned(database, "other_assigned", data_sets)
    database.execute(
        "CREATE OR REPLACE TABLE other AS SELECT DISTINCT data_element, period_type "
        "FROM other_element"
    )


def _load_assigned(database: Database, name: str, data_sets: list[DataSet]) -> None:
    assigned = [(item.id, uid) for item in data_sets for uid in item.org_units]
    columns = {"data_set": [uid for uid, _ in assigned], "org_unit": [uid for _, uid in assigned]}
    _load(database, name, columns)


def _load_units(database: Database, scope: Scope, data_sets: list[DataSet]) -> None:
    units = [unit for uid, unit in scope.destination_units.items() if uid in scope.source_units]
    binding = scope.strict_keys
    _load(database, "unit_here", {"org_unit": list(scope.source_units)})
    _load(
        database,
        "unit",
        {
            "org_unit": [unit.id for unit in units],
            "may_write": [unit.id in scope.writable for unit in units],
            "opening_date": [unit.opening_date if binding else None for unit in units],
        },
    )
    _load_assigned(database, "assigned", data_sets)


def _load_periods(database: Database, window: Window) -> None:
    """Every period that was asked for or came, its last day as text (ISO dates sort as text)."""
    came = [find_period(uid) for (uid,) in database.rows("SELECT DISTINCT period FROM source")]
    both = {period.id: period for period in (*window.periods.values(), *came) if period}
    known = list(both.values())
    _load(
        database,
        "period",
        {
            "period": [period.id for period in known],
            "period_type": [period.period_type for period in known],
            "last_day": [period.end.isoformat() for period in known],
            "asked": [period.id in window.periods for period in known],
        },
    )


def _load(database: Database, name: str, columns: dict[str, list]) -> None:
    types = {"may_write": pa.bool_(), "asked": pa.bool_()}
    arrays = {key: pa.array(values, types.get(key, pa.string())) for key, values in columns.items()}
    database.load(name, pa.table(arrays))
