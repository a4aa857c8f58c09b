"""Instances, pairs and reports as tables for a terminal."""

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from d2_assets.settings import Instance, Pair


def instances_table(instances: Iterable[Instance]) -> Table:
    """One row an instance; no secret is in it."""
    return build_table(
        ("Instance", "Kind", "URL", "Role", "Active"),
        [(one.name, one.kind, one.url, one.role, one.active) for one in instances],
    )


def pairs_table(pairs: Iterable[Pair]) -> Table:
    """One row a pair."""
    return build_table(
        ("Pair", "From", "To", "Moves", "Runs", "Active", "Description"),
        [
            (
                one.name,
                one.source,
                one.destination,
                one.sync_type,
                one.execution_mode,
                one.active,
                one.description,
            )
            for one in pairs
        ],
    )


def build_table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
    """A table of texts; names stand whole, other long cells are folded, never cut."""
    table = Table()
    for number, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*map(_cell, row))
    return table


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return escape(str(value))


def show(*tables: Table) -> None:
    """Print to the terminal, as wide as it is."""
    console = Console()
    for table in tables:
        console.print(table)
