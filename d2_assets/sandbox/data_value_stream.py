"""How data values are written by a read: the root, the rows, the stream.

Up to 2.42 every row names its whole key and its null and false members, times in whole seconds.
2.43 puts what is shared at the root only, omits null and false, and keeps milliseconds [seen].
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import sleep
from typing import Any

import orjson

from d2_assets.sandbox.catalogue import KEY_CLASSES
from d2_assets.sandbox.instance import Instance
from d2_assets.sandbox.stored_values import Row, ValueQuery

_SCHEMED_ROOT = (
    "dataSetIdScheme", "dataElementIdScheme", "orgUnitIdScheme", "categoryOptionComboIdScheme",
    "attributeOptionComboIdScheme", "categoryIdScheme", "categoryOptionIdScheme",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A read that may be answered; ``schemes`` are the keys that are named by code."""

    data_sets: list[str]
    periods: list[str]
    units: list[str]
    combos: list[str]
    children: bool
    schemes: Mapping[str, str]
    query: ValueQuery


def write_values(instance: Instance, request: ReadRequest) -> Iterator[bytes]:
    """The body in pieces: the root's members, then the rows batch by batch."""
    root = orjson.dumps(_write_root(instance, request))
    yield root[:-1] + (b"," if len(root) > 2 else b"") + b'"dataValues":['
    shape = _shape_of_group if instance.facts.importer == "group" else _shape_of_row
    to_member = shape(instance, request)
    separator = b""
    for rows in instance.store.iterate_rows(request.query):
        yield separator + b",".join(orjson.dumps(to_member(row)) for row in rows)
        separator = b","
        if instance.row_cost:
            sleep(instance.row_cost * len(rows))
    yield b"]}"


def _write_root(instance: Instance, request: ReadRequest) -> dict[str, Any]:
    def rename(member: str, uid: str) -> str:
        return _rename(instance, request.schemes, member, uid)

    sets, periods, units = request.data_sets, request.periods, request.units
    if instance.facts.importer == "row":
        if not (len(sets) == len(periods) == len(units) == 1):
            return {}
        return {
            "dataSet": rename("dataSet", sets[0]),
            "completeDate": _find_complete_date(instance, sets[0], periods[0], units[0]),
            "period": periods[0],
            "orgUnit": rename("orgUnit", units[0]),
        }
    root: dict[str, Any] = {}
    if len(sets) == 1:
        root["dataSet"] = rename("dataSet", sets[0])
    if len(periods) == 1:
        root["period"] = periods[0]
    if len(units) == 1 and not request.children:
        root["orgUnit"] = rename("orgUnit", units[0])
    if len(request.combos) == 1:
        root["attributeOptionCombo"] = rename("attributeOptionCombo", request.combos[0])
    if request.schemes:
        root |= dict.fromkeys(_SCHEMED_ROOT, "CODE")
    return root


def _find_complete_date(instance: Instance, data_set: str, period: str, unit: str) -> str | None:
    for registration in instance.store.registrations([data_set]):
        key = (registration.data_set, registration.period, registration.org_unit)
        if key == (data_set, period, unit) and registration.completed:
            return registration.date
    return None


def _rename(instance: Instance, schemes: Mapping[str, str], member: str, uid: str) -> str:
    if member not in schemes:
        return uid
    return instance.catalogue.codes_by_id[KEY_CLASSES[member]].get(uid, uid)


def _renamers(instance: Instance, request: ReadRequest) -> list[Mapping[str, str]]:
    """Code by UID for element, unit and the two combos; empty maps leave a UID as it is."""
    codes = instance.catalogue.codes_by_id
    return [
        codes[KEY_CLASSES[member]] if member in request.schemes else {}
        for member in ("dataElement", "orgUnit", "categoryOptionCombo", "attributeOptionCombo")
    ]


def _shape_of_row(instance: Instance, request: ReadRequest) -> Callable[[Row], dict[str, Any]]:
    elements, units, categories, attributes = _renamers(instance, request)

    def to_member(row: Row) -> dict[str, Any]:
        element, period, unit, category, attribute, value, comment = row[:7]
        member = {
            "dataElement": elements.get(element, element),
            "period": period,
            "orgUnit": units.get(unit, unit),
            "categoryOptionCombo": categories.get(category, category),
            "attributeOptionCombo": attributes.get(attribute, attribute),
            "value": value,
            "storedBy": row[9],
            "created": _format_stamp(row[10] // 1000 * 1000),
            "lastUpdated": _format_stamp(row[11] // 1000 * 1000),
            "comment": comment,
            "followup": bool(row[7]),
        }
        return {**member, "deleted": True} if row[8] else member

    return to_member


def _shape_of_group(instance: Instance, request: ReadRequest) -> Callable[[Row], dict[str, Any]]:
    elements, units, categories, attributes = _renamers(instance, request)
    shared = _write_root(instance, request)

    def to_member(row: Row) -> dict[str, Any]:
        element, period, unit, category, attribute, value, comment = row[:7]
        member = {
            "dataElement": elements.get(element, element),
            "period": None if "period" in shared else period,
            "orgUnit": None if "orgUnit" in shared else units.get(unit, unit),
            "categoryOptionCombo": categories.get(category, category),
            "attributeOptionCombo": None
            if "attributeOptionCombo" in shared
            else attributes.get(attribute, attribute),
            "value": value,
            "storedBy": row[9],
            "created": _format_stamp(row[10]),
            "lastUpdated": _format_stamp(row[11]),
            "comment": comment,
            "followup": bool(row[7]) or None,
            "deleted": bool(row[8]) or None,
        }
        return {name: given for name, given in member.items() if given is not None}

    return to_member


def _format_stamp(milliseconds: int) -> str:
    """ "2026-11-22T20:45:32.000+0000"."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}+0000"


def compress(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same body as gzip, still in pieces."""
    compressor = zlib.compressobj(level=1, wbits=31)
    for chunk in chunks:
        if packed := compressor.compress(chunk):
            yield packed
    yield compressor.flush()
