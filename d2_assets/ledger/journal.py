"""Every chunk is noted before it is sent and again when it is settled."""

from collections.abc import Sequence
from pathlib import Path

from d2_assets.staging.database import Database


def load_journals(database: Database, paths: Sequence[Path], destination: str) -> None:
    """Make the table ``journalled``: how rows ended that a run settled before it was cut short."""
    database.execute(
        "CREATE OR REPLACE TABLE journalled "
        "(digest UBIGINT, outcome VARCHAR, code VARCHAR, words VARCHAR, attempts INTEGER)"
    )
