"""What two instances were last seen to share, so that an edit at either end can be told.

One file for each month, two instances and asset, whichever way data move between them. It holds
fingerprints, no values. A row is in the file of the month in which its period ends: the partition
that carries a running quarter changes from month to month, the file does not.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

from d2_assets.errors import ContractError
from d2_assets.ledger.outcomes import Outcome
from d2_assets.staging.database import Database

_KEY = ("data_element", "period", "org_unit", "category_option_combo", "attribute_option_combo")
_SPREAD = "org_unit"

#: Rows whose content was found alike at both ends.
_ALIKE = (
    f"SELECT {', '.join(_KEY)}, digest, unmerged FROM outcomes WHERE outcome IN "
    f"('{Outcome.CREATED}', '{Outcome.UPDATED}', '{Outcome.UNCHANGED}', '{Outcome.DELETED}')"
)
_NOTHING = (
    f"SELECT {', '.join(f'NULL::VARCHAR AS {name}' for name in _KEY)}, "
    "NULL::UBIGINT AS digest, NULL::UBIGINT AS unmerged WHERE false"
)
_MONTH_OF_PERIOD = "replace(left(period.last_day, 7), '-', '')"


def load_agreed(database: Database, path_of: Callable[[str], Path]) -> None:
    """Make the view ``agreed`` (key columns, ``digest``, ``unmerged``) for the asked periods of
    the table ``period``; ``path_of`` gives the file of a month.

    ``unmerged``: the second fingerprint of a row whose comment only one end has, by merging.
    ContractError names a damaged file and what deleting it means.
    """
    parts = [_NOTHING]
    for month in _list_months(database, "SELECT last_day FROM period WHERE asked"):
        path = path_of(month)
        if path.exists():
            with _lock(path):
                _attach(database, f"agreed_{month}", path)
            parts.append(f"SELECT * FROM agreed_{month}")
    database.execute(f"CREATE OR REPLACE VIEW agreed AS {' UNION ALL '.join(parts)}")


def record_agreed(
    database: Database,
    path_of: Callable[[str], Path],
    warn: Callable[[str], None] = lambda words: None,
) -> None:
    """Note what the reconciled rows of ``outcomes`` share now; other rows keep what was noted.

    A file in which nothing would change is not written. A damaged one is begun anew, with a
    warning: no row is written over for what it does not hold.
    """
    query = f"SELECT last_day FROM period JOIN ({_ALIKE}) USING (period)"
    for month in _list_months(database, query):
        path = path_of(month)
        with _lock(path):
            _record_month(database, month, path, warn)


def _record_month(database: Database, month: str, path: Path, warn: Callable[[str], None]) -> None:
    database.execute(
        f"CREATE OR REPLACE VIEW alike AS SELECT now.* FROM ({_ALIKE}) AS now "
        f"JOIN period USING (period) WHERE {_MONTH_OF_PERIOD} = '{month}'"
    )
    database.execute(f"CREATE OR REPLACE VIEW noted AS {_NOTHING}")
    if path.exists():
        try:
            _attach(database, "noted", path)
        except ContractError as error:
            warn(f"{error} It is begun anew.")
    if _count_changes(database):
        same_key = " AND ".join(f"now.{name} = noted.{name}" for name in _KEY)
        is_met = "now.digest IS NOT NULL"
        database.save(
            f"""
            SELECT {", ".join(f"coalesce(now.{name}, noted.{name}) AS {name}" for name in _KEY)},
                   CASE WHEN {is_met} THEN now.digest ELSE noted.digest END AS digest,
                   CASE WHEN {is_met} THEN now.unmerged ELSE noted.unmerged END AS unmerged
            FROM alike AS now FULL JOIN noted ON {same_key}
            """,
            path,
            spread=True,
        )


def _count_changes(database: Database) -> int:
    """Rows that are not noted as they are now; the key is part of a fingerprint."""
    return database.total(
        """
        SELECT count(*) FROM alike AS now LEFT JOIN noted ON noted.digest = now.digest
        WHERE noted.digest IS NULL OR noted.unmerged IS DISTINCT FROM now.unmerged
        """
    )


def _list_months(database: Database, last_days: str) -> Sequence[str]:
    """The months of the days that a query gives as text."""
    query = f"SELECT DISTINCT {_MONTH_OF_PERIOD} FROM ({last_days}) AS period ORDER BY 1"
    return [month for (month,) in database.rows(query)]


def _attach(database: Database, name: str, path: Path) -> None:
    try:
        database.attach(name, path, spread_by=_SPREAD)
    except ContractError as error:
        raise ContractError(
            f"{path} is damaged: it says what both ends of the pair were last seen to share.",
            remedy="Bring it back with the .json beside it, or delete it: rows that differ then "
            "count as changed on both sides, and conflicts.rule of the pair decides.",
        ) from error


def _lock(path: Path) -> FileLock:
    """Pairs of opposite directions have one file and different destinations to lease."""
    return FileLock(path.with_suffix(".lock"))
