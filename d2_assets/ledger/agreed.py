"""What two instances were last seen to share, so that an edit at either end can be told."""

from collections.abc import Sequence
from pathlib import Path

from d2_assets.staging.database import Database


def load_agreed(database: Database, paths: Sequence[Path]) -> None:
    """Make the view ``agreed`` (key columns, ``digest``) of the files that there are."""
    database.execute(
        "CREATE OR REPLACE TABLE agreed (data_element VARCHAR, period VARCHAR, org_unit VARCHAR, "
        "category_option_combo VARCHAR, attribute_option_combo VARCHAR, digest UBIGINT)"
    )


def record_agreed(database: Database, month: str, path: Path) -> None:
    """Write what a month's reconciliation found equal on both sides, from ``outcomes``."""
