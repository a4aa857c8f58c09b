"""In which order the assets of a run are done where none needs the other.

All metadata come first, then tracked entities, events and aggregate data values. It is a priority,
not a dependency: each of the three goes on when another fails. The in-process executor keeps to it
[run: Dagster 1.13]; one that gives steps processes of their own may do several at once.
"""

from collections.abc import Mapping

from d2_assets.settings import Moved

_PRIORITIES: Mapping[Moved, int] = {
    "metadata": 40,
    "tracker": 30,
    "events": 20,
    "data_values": 10,
    "stock": 0,
}


def order_tags(moved: Moved) -> dict[str, str]:
    """The tags of an asset's step, by what it moves."""
    return {"dagster/priority": str(_PRIORITIES[moved])}
