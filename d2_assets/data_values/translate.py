"""Source identifiers become destination identifiers: the identity until a pair has a crosswalk.

The step stands in the line so that a crosswalk has one place to act; its refusals ("unmapped")
would join the quarantine like every other.
"""

from d2_assets.staging.database import Database


def translate_values(database: Database) -> None:
    """Make the view ``mapped`` from ``source``: the same rows, the same identifiers."""
    database.execute("CREATE OR REPLACE VIEW mapped AS SELECT * FROM source")
