"""Two tracked entities want one value that must be unique: both are named.

The server names the value and the attribute only (E1064). Who holds the value at the destination
is looked up there, so that a person can tell whether the two are one.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from d2_assets.errors import D2AssetsError
from d2_assets.staging.database import Database
from d2_assets.staging.tables import write_table
from d2_assets.tracker.objects import Kind

#: Values that are looked up for one month; a file with thousands of them has one cause.
MOST_LOOKUPS = 50

#: The words of E1064 [seen on 2.38 to 2.43].
_TAKEN = "Non-unique attribute value"
_WORDS = re.compile(r"Non-unique attribute value `(.*?)` for attribute `(\w{11})`", re.DOTALL)

_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("entity", pa.string()),
        ("attribute", pa.string()),
        ("name", pa.string()),
        ("value", pa.string()),
        ("holder", pa.string()),
        ("words", pa.string()),
    ]
)

_NOT_LOOKED_UP = "an entity that was not looked up: there are too many such values"
_NOT_FOUND = (
    "none that the account can see: look among deleted entities, other org units, and the "
    "entities of this run"
)
_NOT_ASKED = "an entity that could not be looked up"


class Finder(Protocol):
    """What is asked of the destination."""

    def find_entities_by_value(self, type: str, attribute: str, value: str) -> list[str]: ...


def name_collisions(
    database: Database,
    finder: Finder,
    path: Path,
    names: Mapping[str, str] | None = None,
    most: int = MOST_LOOKUPS,
) -> int:
    """Make the view ``collisions`` from ``settled`` and ``plan``: a line for each taken value;
    gives its lines. ``names`` are of attributes, by UID."""
    found = list(_iterate_taken(database))
    holders: dict[tuple[str, str, str], str] = {}
    lines: list[dict[str, Any]] = []
    for row, entity, type_, attribute, value in found:
        wanted = (type_, attribute, value)
        if wanted not in holders:
            holders[wanted] = (
                _find_holder(finder, wanted, entity) if len(holders) < most else _NOT_LOOKED_UP
            )
        name = (names or {}).get(attribute, "")
        lines.append(
            {
                "row": row,
                "entity": entity,
                "attribute": attribute,
                "name": name,
                "value": value,
                "holder": holders[wanted],
                "words": _say(entity, f"{name} ({attribute})".strip(), value, holders[wanted]),
            }
        )
    write_table(path, _SCHEMA, [pa.RecordBatch.from_pylist(lines, _SCHEMA)])
    database.attach("collisions", path)
    return len(lines)


def list_collisions(database: Database, most: int | None = MOST_LOOKUPS) -> list[dict[str, str]]:
    """The first lines for the screen, or all of them, column by name."""
    names = ("entity", "attribute", "name", "value", "holder")
    limit = "" if most is None else f"LIMIT {most}"
    rows = database.rows(f"SELECT {', '.join(names)} FROM collisions ORDER BY row {limit}")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _iterate_taken(database: Database) -> Iterator[tuple[int, str, str, str, str]]:
    """Row, entity, its type, attribute and value of each value that was refused as taken."""
    for row, entity, type_, words in database.rows(
        "SELECT p.row, p.id, coalesce(p.type, ''), s.words FROM settled AS s "
        f"JOIN plan AS p ON p.row = s.row WHERE p.kind = '{Kind.TRACKED_ENTITY}' "
        f"AND contains(s.words, '{_TAKEN}') ORDER BY p.row"
    ):
        for value, attribute in dict.fromkeys(_WORDS.findall(words)):
            yield row, entity, type_, attribute, value


def _find_holder(finder: Finder, wanted: tuple[str, str, str], entity: str) -> str:
    """UIDs of who holds a value, or words where nobody can be named."""
    try:
        found = [uid for uid in finder.find_entities_by_value(*wanted) if uid != entity]
    except D2AssetsError:  # the month's own error, if the server is away, is told elsewhere
        return _NOT_ASKED
    return ", ".join(found) or _NOT_FOUND


def _say(entity: str, attribute: str, value: str, holder: str) -> str:
    return (
        f"Attribute {attribute} must be unique. Its value \u00ab{value}\u00bb of tracked entity "
        f"{entity} is taken at the destination by {holder}. If both are one person or thing, "
        "merge them at one end; else mend the value."
    )
