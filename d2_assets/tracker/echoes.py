"""Objects that a server keeps otherwise than they were sent, in members that it may keep so.

As long as what is wanted and what stands there both stay the same, such an object is not sent
again; the differences are told each time. One file a pair, of fingerprints, read by the database:
where a server stamps each completed event anew it has a row for each of them.
"""

from pathlib import Path

import pyarrow as pa

from d2_assets.errors import ContractError
from d2_assets.staging.database import Database

#: As in ``ledger.echoes``; the one property is the whole body.
_COLUMNS = ("class", "id", "property", "wanted", "found")
_NOTHING = pa.schema([(name, pa.string()) for name in _COLUMNS]).empty_table()

_NOW = """
    SELECT kind AS class, id, 'body' AS property, digest::VARCHAR AS wanted,
           found_digest::VARCHAR AS found FROM outcomes WHERE is_kept
"""
#: What is noted of objects that were not met stays; of those that were met it is told anew.
_BEFORE = """
    SELECT class, id, property, wanted, found FROM echoes AS e
    WHERE NOT EXISTS (SELECT 1 FROM outcomes AS o WHERE o.kind = e.class AND o.id = e.id)
"""


def attach_echoes(database: Database, path: Path) -> None:
    """Make the view ``echoes``. A file that is missing or damaged says nothing: objects are sent
    once more, and what the server keeps is noted anew."""
    try:
        database.attach("echoes", path, spread_by="id")
    except ContractError:
        database.load("no_echoes", _NOTHING)
        database.execute("CREATE OR REPLACE VIEW echoes AS SELECT * FROM no_echoes")


def record_echoes(database: Database, path: Path) -> None:
    """Note what holds after a month was reconciled; a file in which nothing would change is not
    written."""
    changes = database.value(
        f"SELECT count(*) FROM (({_NOW}) EXCEPT ALL SELECT {', '.join(_COLUMNS)} FROM echoes)"
    ) + database.value(
        f"SELECT count(*) FROM ((SELECT {', '.join(_COLUMNS)} FROM echoes) EXCEPT ALL "
        f"({_NOW} UNION ALL {_BEFORE}))"
    )
    if changes:
        database.save(f"{_NOW} UNION ALL {_BEFORE}", path)
        attach_echoes(database, path)
