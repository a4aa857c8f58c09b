"""Who took quarantined rows off the work list, when and why: an append-only log."""

from pathlib import Path

from d2_assets.staging.database import Database


def load_discards(database: Database, path: Path) -> None:
    """Make the table ``discarded`` (``digest``): rows as they were when a person discarded them."""
    database.execute("CREATE OR REPLACE TABLE discarded (digest UBIGINT)")
