"""Objects that were sent, as they stand at the destination now."""

from collections.abc import Iterable, Mapping
from typing import Any

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.metadata.objects import Key

#: Ids named in one request: keeps the URL well below 8 kB.
IDS_A_REQUEST = 200


def read_back(
    client: DHIS2Client,
    keys: Iterable[Key],
    page_size: int,
    totals: Mapping[str, int] | None = None,
) -> dict[Key, Mapping[str, Any]]:
    """Those of the objects that are there, by class and UID.

    ``totals`` are the objects that each class has about now: where reading all of a class takes
    fewer requests than naming ids, all are read.
    """
    by_class: dict[str, list[str]] = {}
    for plural, uid in keys:
        by_class.setdefault(plural, []).append(uid)
    found: dict[Key, Mapping[str, Any]] = {}
    for plural, uids in by_class.items():
        total = (totals or {}).get(plural)
        if total is not None and _pages(total, page_size) <= _pages(len(uids), IDS_A_REQUEST):
            wanted = set(uids)
            objects = (
                item for item in client.iterate_owned(plural, page_size) if item["id"] in wanted
            )
            found.update(((plural, item["id"]), item) for item in objects)
            continue
        for start in range(0, len(uids), IDS_A_REQUEST):
            part = uids[start : start + IDS_A_REQUEST]
            for item in client.iterate_owned(plural, page_size, ids=part):
                found[plural, item["id"]] = item
    return found


def _pages(objects: int, size: int) -> int:
    return -(-objects // size)
