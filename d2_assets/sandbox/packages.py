"""Published metadata packages in a stand-in server, as if it had been their home.

A package holds what a real server exported, placeholders such as ``<OU_ROOT_UID>`` included. It is
stored as it is: no server would take all of it, which is what a transfer has to cope with.
"""

from collections.abc import Mapping
from typing import Any

from d2_assets.sandbox.store import Store

#: Event reports and charts are event visualizations under their old names.
_STORED_AS = {"eventReports": "eventVisualizations", "eventCharts": "eventVisualizations"}
#: A server has one object of that name in each of these classes.
_DEFAULTS = ("categories", "categoryCombos", "categoryOptionCombos", "categoryOptions")


def load_package(store: Store, body: Mapping[str, Any]) -> int:
    """Store every class of a package over what is there, and count the objects.

    ``body`` is the content of a package: plural -> objects. What is no list of objects, such as
    the package's own description, is passed over. A default category object of the package takes
    the place of the server's.
    """
    count = 0
    for plural, objects in body.items():
        if not isinstance(objects, list):
            continue
        if plural in _DEFAULTS:
            _make_room(store, plural, objects)
        kept = [dict(item) | _mark_legacy(plural) for item in objects]
        store.put_metadata(_STORED_AS.get(plural, plural), kept)
        count += len(kept)
    return count


def _mark_legacy(plural: str) -> dict[str, Any]:
    return {"legacy": True} if plural in _STORED_AS else {}


def _make_room(store: Store, plural: str, objects: list[dict[str, Any]]) -> None:
    if any(item.get("name") == "default" for item in objects):
        own = [body["id"] for body in store.metadata(plural) if body.get("name") == "default"]
        store.delete_metadata(plural, own)
