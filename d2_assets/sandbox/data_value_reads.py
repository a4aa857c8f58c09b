"""``GET /api/dataValueSets``: which rows are asked for, and how they are written.

Up to 2.42 an unknown data set or unit counts as missing (409), a read of exactly one data set,
period and unit names them at the root. 2.43 asks for periods even with ``lastUpdated``, answers
an unknown key with no rows, puts what is shared at the root only, and omits null and false
members [seen].
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from d2_assets.periods import parse_period
from d2_assets.sandbox.accounts import Account
from d2_assets.sandbox.answers import Answer, answer_message
from d2_assets.sandbox.data_value_stream import ReadRequest, compress, write_values
from d2_assets.sandbox.instance import Instance
from d2_assets.sandbox.stored_values import ValueQuery
from d2_assets.sandbox.wire_values import accept_period

_NO_ELEMENTS = (
    "E2001",
    "At least one data element, data set or data element group must be specified",
)
_NO_PERIODS = (
    "E2002",
    "At least one period, start/end dates, last updated or last updated duration must be specified",
)
_NO_UNITS = (
    "E2006",
    "At least one organisation unit or organisation unit group must be specified",
)
_DURATION = re.compile(r"(\d+)([dhms])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}

Query = Mapping[str, Sequence[str]]


class RefusedReadError(Exception):
    """A read that is answered 409 with a code."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


class OutOfScopeError(Exception):
    """A unit that the account may not see, on a version that answers with an empty body."""


def answer_read(instance: Instance, account: Account, query: Query, accept_encoding: str) -> Answer:
    """The rows, streamed. ``compression=gzip`` is a gzip body without saying so [seen]."""
    try:
        request = _read_request(instance, account, query)
    except RefusedReadError as refused:
        return answer_message(instance.facts, 409, message=str(refused), error_code=refused.code)
    except OutOfScopeError:
        return Answer(200, b"", {"content-type": instance.facts.content_type})
    headers = {"content-type": instance.facts.content_type}
    chunks = write_values(instance, request)
    if _list(query, "compression") == ["gzip"]:
        chunks = compress(chunks)
    elif "gzip" in accept_encoding:
        chunks = compress(chunks)
        headers["content-encoding"] = "gzip"
    return Answer(200, chunks, headers)


def _read_request(instance: Instance, account: Account, query: Query) -> ReadRequest:
    """What is asked for; raises what the version answers instead."""
    catalogue = instance.catalogue
    strict = instance.facts.importer == "row"
    data_sets, units = _list(query, "dataSet"), _list(query, "orgUnit")
    if strict:
        data_sets = [uid for uid in data_sets if uid in catalogue.data_sets]
        units = [uid for uid in units if uid in catalogue.units]
    elements = _list_elements(instance, query, data_sets)
    if not data_sets and not elements:
        raise RefusedReadError(*_NO_ELEMENTS)
    periods = [found.id for text in _list(query, "period") if (found := accept_period(text))]
    dates = _list(query, "startDate")[-1:] + _list(query, "endDate")[-1:]
    updated_since = _read_updated_since(instance, query)
    if not periods and len(dates) < 2 and (updated_since is None or not strict):
        raise RefusedReadError(*_NO_PERIODS)
    if not units:
        raise RefusedReadError(*_NO_UNITS)
    _check_scope(instance, account, units, strict)
    children = _list(query, "children") == ["true"]
    combos = _list(query, "attributeOptionCombo")
    inside = _list_periods_inside(instance, *dates) if len(dates) == 2 else None
    limit = _list(query, "limit")
    rows = ValueQuery(
        data_elements=elements,
        periods=periods or inside,
        org_units=catalogue.list_subtree(units) if children else units,
        attribute_option_combos=combos or None,
        updated_since=updated_since,
        include_deleted=_list(query, "includeDeleted") == ["true"],
        limit=int(limit[0]) if limit else None,
    )
    return ReadRequest(data_sets, periods, units, combos, children, _read_schemes(query), rows)


def _list_elements(instance: Instance, query: Query, data_sets: Sequence[str]) -> list[str]:
    """The elements that are named, in a named group, or in a data set."""
    catalogue = instance.catalogue
    elements = _list(query, "dataElement")
    for group in _list(query, "dataElementGroup"):
        elements += catalogue.element_groups.get(group, ())
    for uid in data_sets:
        if uid in catalogue.data_sets:
            elements += catalogue.data_sets[uid].element_combos
    return elements


def _check_scope(instance: Instance, account: Account, units: Iterable[str], strict: bool) -> None:
    catalogue = instance.catalogue
    for unit in units:
        if unit in catalogue.units and not catalogue.is_under(unit, account.org_units):
            if strict:
                raise OutOfScopeError(unit)
            raise RefusedReadError("E2012", f"User is not allowed to view org unit: `{unit}`")


def _list_periods_inside(instance: Instance, start: str, end: str) -> list[str]:
    """Stored periods that lie fully between two days."""
    inside = []
    for period_id in instance.store.list_periods():
        period = parse_period(period_id)
        if start[:10] <= period.start.isoformat() and period.end.isoformat() <= end[:10]:
            inside.append(period_id)
    return inside


def _read_updated_since(instance: Instance, query: Query) -> int | None:
    """Up to 2.42 the moment is written in UTC and compared with times of the server's zone [read]:
    west of UTC rows are missed, east of it older ones come along."""
    moment = _find_updated_since(instance, query)
    if moment is None:
        return None
    if instance.facts.importer == "row":
        moment = moment.astimezone(UTC).replace(tzinfo=instance.store.zone)
    return int(moment.timestamp() * 1000)


def _find_updated_since(instance: Instance, query: Query) -> datetime | None:
    for duration in _list(query, "lastUpdatedDuration"):
        match = _DURATION.fullmatch(duration)
        if match:
            span = timedelta(**{_UNITS[match[2]]: int(match[1])})
            return instance.store.now() - span
    for text in _list(query, "lastUpdated"):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise RefusedReadError("E2004", f"Invalid date: `{text}`") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=instance.store.zone)
    return None


def _read_schemes(query: Query) -> dict[str, str]:
    """The property that names each key in the answer; only what differs from UID."""
    general = (_list(query, "idScheme") or ["UID"])[-1].upper()
    schemes = {
        member: (_list(query, f"{name}IdScheme") or [general])[-1].upper()
        for member, name in (
            ("dataSet", "dataSet"),
            ("dataElement", "dataElement"),
            ("orgUnit", "orgUnit"),
            ("categoryOptionCombo", "categoryOptionCombo"),
            ("attributeOptionCombo", "attributeOptionCombo"),
        )
    }
    return {member: scheme for member, scheme in schemes.items() if scheme == "CODE"}


def _list(query: Query, name: str) -> list[str]:
    """All values of a parameter, given often or with commas."""
    return [part for value in query.get(name, []) for part in value.split(",") if part]
