"""The importer up to 2.42: each row is judged alone, the good ones land.

It asks little: a period of the wrong type, a unit outside the data set and the same key twice are
taken in silence [seen 2.38, 2.40, 2.42]. A soft-deleted row that comes again counts as imported.
"""

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from d2_assets.periods import iterate_periods
from d2_assets.sandbox.accounts import Account
from d2_assets.sandbox.catalogue import KEY_CLASSES, Catalogue
from d2_assets.sandbox.imports import Envelope, ImportOptions, Summary, group_conflicts
from d2_assets.sandbox.instance import Instance
from d2_assets.sandbox.stored_values import DEFAULT_OPTION_COMBO, Row, find_row, upsert_rows
from d2_assets.sandbox.wire_values import accept_period, find_misfit, normalise_value

_VALUE, _COMMENT, _FOLLOWUP, _DELETED, _CREATED = 5, 6, 7, 8, 10


class _RefusedError(Exception):
    """A conflict of one row."""

    def __init__(self, code: str, words: str, member: str, objects: Mapping[str, str | None]):
        super().__init__(words)
        known = {name: value for name, value in objects.items() if value is not None}
        first = next(iter(objects.values()))
        self.conflict: dict[str, Any] = {"object": first} if first is not None else {}
        self.conflict |= {
            "objects": known,
            "value": words,
            "errorCode": code,
            "property": member,
        }


def import_rows(
    instance: Instance, account: Account, envelope: Envelope, options: ImportOptions
) -> Summary:
    """Take the rows of a payload one by one."""
    importer = _Importer(instance, account, envelope, options)
    try:
        importer.check_data_set()
    except _RefusedError as refused:
        return Summary(
            conflicts=[refused.conflict], status="ERROR", description="Import process was aborted"
        )
    with instance.store.writing() as connection:
        return importer.run(connection)


class _Importer:
    def __init__(
        self, instance: Instance, account: Account, envelope: Envelope, options: ImportOptions
    ) -> None:
        self.facts = instance.facts
        self.catalogue: Catalogue = instance.catalogue
        self.account = account
        self.envelope = envelope
        self.options = options
        self.now = instance.store.now()
        self.now_ms = instance.store.now_ms()
        self.find_latest_open = cache(self._find_latest_open)
        self.is_in_hierarchy = cache(self._is_in_hierarchy)
        self.pending: dict[tuple, Row] = {}
        self.summary = Summary()

    def check_data_set(self) -> None:
        """The envelope's data set exists and may be written."""
        given = self.envelope.data_set
        if given is None:
            return
        uid = self._find_id("dataSet", given)
        facts = self.catalogue.data_sets.get(uid or "")
        if facts is None:
            words = f"Data set not found or not accessible: `{given}`"
            raise _RefusedError("E7600", words, "dataSet", {"dataSet": given})
        if not self.account.may("data_write", facts.sharing):
            words = f"User does not have write access for DataSet: `{given}`"
            raise _RefusedError("E7601", words, "dataSet", {"dataSet": given})

    def run(self, connection: sqlite3.Connection) -> Summary:
        """Judge every row and store the good ones."""
        conflicts = []
        for index, row in enumerate(self.envelope.rows):
            try:
                self._take(connection, index, self._judge(row))
            except _RefusedError as refused:
                conflicts.append((index, refused.conflict))
                self.summary.rejected.add(index)
        upsert_rows(connection, self.options.select_stored(list(self.pending.values())))
        summary = self.summary
        summary.ignored = len(self.envelope.rows) - summary.landed
        summary.conflicts = group_conflicts(conflicts)
        summary.status = "WARNING" if conflicts else "SUCCESS"
        return summary

    def _find_id(self, member: str, given: str | None) -> str | None:
        if given is not None and self.options.schemes.get(member, "UID") == "CODE":
            return self.catalogue.ids_by_code[KEY_CLASSES[member]].get(given)
        return given

    def _judge(self, row: Mapping[str, Any]) -> Row:
        """The row as it would be stored; raises ``_RefusedError``."""
        envelope = self.envelope
        given_element = _text(row.get("dataElement"))
        element = self._find_id("dataElement", given_element)
        facts = self.catalogue.elements.get(element or "")
        if element is None or facts is None:
            words = f"Data element not found or not accessible: `{given_element or 'null'}`"
            raise _RefusedError("E7610", words, "dataElement", {"dataElement": given_element})
        given_period = _text(row.get("period")) or envelope.period or ""
        period = accept_period(given_period)
        if period is None:
            words = f"Period not valid: `{given_period}`"
            raise _RefusedError("E7611", words, "period", {"period": given_period})
        given_unit = _text(row.get("orgUnit")) or envelope.org_unit
        unit = self._find_id("orgUnit", given_unit)
        if unit is None or unit not in self.catalogue.units:
            words = f"Organisation unit not found or not accessible: `{given_unit or 'null'}`"
            raise _RefusedError("E7612", words, "orgUnit", {"organisationUnit": given_unit})
        category = self._find_combo(row, "categoryOptionCombo", "E7613", "Category")
        attribute = self._find_combo(row, "attributeOptionCombo", "E7615", "Attribute")
        if not self.is_in_hierarchy(unit):
            name = self.account.username
            words = f"Organisation unit: `{unit}` not in hierarchy of current user: `{name}`"
            raise _RefusedError("E7617", words, "orgUnit", {"organisationUnit": unit, "user": name})
        value, comment = self._judge_value(row, element, facts.value_type)
        self._judge_future(element, period.id, period.start.isoformat())
        return (
            element, period.id, unit, category, attribute, value, comment,
            row.get("followup") is True, self._is_deletion(row), *self._stamps(row),
        )  # fmt: skip

    def _find_combo(self, row: Mapping[str, Any], member: str, code: str, kind: str) -> str:
        given = _text(row.get(member))
        if given is None and member == "attributeOptionCombo":
            given = self.envelope.attribute_option_combo
        if given is None:
            return DEFAULT_OPTION_COMBO
        uid = self._find_id(member, given)
        if uid is None or uid not in self.catalogue.option_combos:
            words = f"{kind} option combo not found or not accessible for writing data: `{given}`"
            raise _RefusedError(code, words, member, {member: given})
        return uid

    def _judge_value(
        self, row: Mapping[str, Any], element: str, value_type: str
    ) -> tuple[str | None, str | None]:
        value = _text(row.get("value"))
        comment = _text(row.get("comment"))
        if value is None and comment is None and not self._is_deletion(row):
            words = f"Data value or comment not specified for data element: `{element}`"
            raise _RefusedError("E7618", words, "value", {"dataElement": element})
        if value is None:
            return None, comment
        value = normalise_value(value, value_type)
        misfit = find_misfit(value, value_type)
        if misfit:
            words = self.facts.misfit_words.format(element, misfit)
            raise _RefusedError("E7619", words, "value", {"dataElement": element, "value": misfit})
        return value, comment

    def _judge_future(self, element: str, period: str, start: str) -> None:
        data_set = self.envelope.data_set
        latest = self.find_latest_open(data_set, element)
        if latest is None or start <= latest[1]:
            return
        words = (
            f"Period: `{period}` is after latest open future period: `{latest[0]}` "
            f"for data element: `{element}`"
        )
        objects: dict[str, str | None] = {"period": period, "dataElement": element}
        if data_set and self.facts.names_data_set_of_future_period:
            words += f" and data set: `{data_set}`"
            objects["dataSet"] = data_set
        raise _RefusedError("E7641", words, "period", objects)

    def _find_latest_open(self, data_set: str | None, element: str) -> tuple[str, str] | None:
        """Id and last day of the latest period that may be entered; None without a data set."""
        names = [data_set] if data_set else self.catalogue.sets_of_element.get(element, ())
        found = []
        for name in names:
            facts = self.catalogue.data_sets.get(self._find_id("dataSet", name) or "")
            if facts:
                found.append(_shift(facts.period_type, self.now, facts.open_future_periods - 1))
        return max(found, key=lambda latest: latest[1], default=None)

    def _is_in_hierarchy(self, unit: str) -> bool:
        return self.catalogue.is_under(unit, self.account.org_units)

    def _is_deletion(self, row: Mapping[str, Any]) -> bool:
        return row.get("deleted") is True

    def _stamps(self, row: Mapping[str, Any]) -> tuple[str, int, int]:
        second = self.now_ms // 1000 * 1000
        if not self.facts.keeps_payload_stamps:
            return self.account.username, second, second
        return (
            _text(row.get("storedBy")) or self.account.username,
            _milliseconds(row.get("created")) or second,
            _milliseconds(row.get("lastUpdated")) or second,
        )

    def _take(self, connection: sqlite3.Connection, index: int, row: Row) -> None:
        """Count a good row and keep it for storing, as the strategy says."""
        key = (row[1], row[2], row[0], row[3], row[4])
        existing = self.pending.get(key) or find_row(connection, key)
        strategy = self.options.strategy
        summary = self.summary
        if existing is None or existing[_DELETED]:
            if strategy not in ("CREATE", "CREATE_AND_UPDATE"):
                summary.rejected.add(index)
                return
            summary.imported += 1
        elif strategy == "CREATE":
            summary.rejected.add(index)
            return
        elif strategy == "DELETE" or row[_DELETED]:
            row = (*existing[:_DELETED], True, *existing[_DELETED + 1 : -1], row[-1])
            summary.deleted += 1
        elif row[_VALUE : _FOLLOWUP + 1] == existing[_VALUE : _FOLLOWUP + 1]:
            return
        else:
            summary.updated += 1
        self.pending[key] = row


def _text(value: Any) -> str | None:
    """A member as text, the way Jackson coerces it; empty text is none."""
    if value is None or isinstance(value, str):
        return value or None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _milliseconds(text: Any) -> int | None:
    if not isinstance(text, str):
        return None
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        return None


@cache
def _list_periods(period_type: str, year: int) -> list[tuple[str, str, str]]:
    """Id, first and last day of the periods around a year."""
    start, end = datetime(year - 2, 1, 1).date(), datetime(year + 12, 12, 31).date()
    return [
        (period.id, period.start.isoformat(), period.end.isoformat())
        for period in iterate_periods(period_type, start, end)
    ]


def _shift(period_type: str, now: datetime, steps: int) -> tuple[str, str]:
    """Id and last day of the period that is so many steps from the current one."""
    periods = _list_periods(period_type, now.year)
    today = now.date().isoformat()
    current = next(i for i, (_, start, end) in enumerate(periods) if start <= today <= end)
    period_id, _, end = periods[current + steps]
    return period_id, end
