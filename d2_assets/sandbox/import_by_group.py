"""The importer of 2.43: rows are judged in groups of one data set.

A key that cannot be decoded refuses the whole request, a key that does not fit its data set
refuses the whole group with all counters 0, only a bad or empty value refuses its row alone. Every
success counts as updated; CREATE and UPDATE are ignored [seen 2.43.1]. The words of E8002, E8003,
E8010, E8011, E8023 and E8031 are not recorded: codes are the server's, words are ours.
"""

from collections.abc import Iterable, Sequence

from d2_assets.sandbox.accounts import Account
from d2_assets.sandbox.catalogue import Catalogue, DataSetFacts
from d2_assets.sandbox.import_decoding import (
    DecodedRow,
    GroupRefusedError,
    decode_row,
    group_rows,
)
from d2_assets.sandbox.imports import Envelope, ImportOptions, Summary
from d2_assets.sandbox.instance import Instance
from d2_assets.sandbox.stored_values import DEFAULT_OPTION_COMBO, Row, upsert_rows
from d2_assets.sandbox.wire_values import find_misfit, normalise_value


def import_groups(
    instance: Instance, account: Account, envelope: Envelope, options: ImportOptions
) -> Summary:
    """Take a payload group by group; ``ServerFailureError`` where the real one answers 500."""
    catalogue = instance.catalogue
    summary = Summary()
    try:
        rows = [
            decode_row(catalogue, options, envelope, index, row)
            for index, row in enumerate(envelope.rows)
        ]
        groups = group_rows(catalogue, options, envelope, rows)
    except GroupRefusedError as refused:
        return Summary(
            conflicts=[refused.to_conflict([-1])], status="ERROR", says_data_set_complete=False
        )
    writer = _GroupWriter(instance, account, options, summary)
    accepted = [row for data_set, group in groups for row in writer.take(data_set, group)]
    if options.atomic and summary.conflicts:
        accepted = []
    writer.store(accepted)
    if summary.conflicts:
        summary.status = "WARNING" if summary.landed else "ERROR"
    return summary


class _GroupWriter:
    def __init__(
        self, instance: Instance, account: Account, options: ImportOptions, summary: Summary
    ) -> None:
        self.instance = instance
        self.catalogue: Catalogue = instance.catalogue
        self.account = account
        self.options = options
        self.summary = summary

    def take(self, data_set: DataSetFacts, group: list[DecodedRow]) -> list[DecodedRow]:
        """The rows of a group that land; refusals go into the summary."""
        try:
            self._check_keys(data_set, group)
        except GroupRefusedError as refused:
            indexes = [row.index for row in group]
            self.summary.conflicts.append(refused.to_conflict(indexes))
            self.summary.rejected.update(indexes)
            return []
        return [row for row in group if self._has_good_value(row)]

    def _check_keys(self, data_set: DataSetFacts, group: Sequence[DecodedRow]) -> None:
        uid = data_set.id
        if not group:
            return
        if not self.account.may("data_write", data_set.sharing):
            raise GroupRefusedError("E8010", f"No data write access to data set: `{uid}`", uid)
        units = dict.fromkeys(row.unit for row in group)
        known = [unit for unit in units if unit in self.catalogue.units]
        outside = [u for u in known if not self.catalogue.is_under(u, self.account.org_units)]
        if outside:
            words = f"Org unit(s) not in the hierarchy of the current user: `{_list(outside)}`"
            raise GroupRefusedError("E8011", words, _list(outside))
        self._check_members(data_set, group, units)
        self._check_combos(data_set, group)
        self._check_openings(uid, group)
        self._check_duplicates(group)

    def _check_members(
        self, data_set: DataSetFacts, group: Sequence[DecodedRow], units: Iterable[str]
    ) -> None:
        uid = data_set.id
        wrong_type = [
            row.period.id for row in group if row.period.period_type != data_set.period_type
        ]
        elements = [row.element for row in group if row.element not in data_set.element_combos]
        for code, kind, strangers in (
            ("E8020", "data element", elements),
            ("E8021", "period", wrong_type),
            ("E8022", "org unit", [unit for unit in units if unit not in data_set.org_units]),
        ):
            if strangers:
                listed = _list(strangers)
                words = f"Data set {uid} not usable with {kind}(s): `{listed}`"
                raise GroupRefusedError(code, words, uid, listed)

    def _check_combos(self, data_set: DataSetFacts, group: Sequence[DecodedRow]) -> None:
        uid = data_set.id
        options = self.catalogue.combo_options
        allowed = options.get(data_set.category_combo, frozenset())
        attributes = (row.attribute or DEFAULT_OPTION_COMBO for row in group)
        strangers = [combo for combo in attributes if combo not in allowed]
        if strangers:
            listed = _list(strangers)
            words = f"Data set {uid} not usable with attribute option combo(s): `{listed}`"
            raise GroupRefusedError("E8023", words, uid, listed)
        wrong: dict[str, list[str]] = {}
        for row in group:
            combo = data_set.element_combos[row.element]
            if row.category not in options.get(combo, ()):
                wrong.setdefault(row.element, []).append(row.category)
        for element, combos in wrong.items():
            listed = _list(combos)
            words = (
                f"Data set {uid} + data element {element} not usable with "
                f"category option combo(s): `{listed}`"
            )
            raise GroupRefusedError("E8024", words, uid, element, listed)

    def _check_openings(self, uid: str, group: Sequence[DecodedRow]) -> None:
        early: dict[str, list[str]] = {}
        for row in group:
            if row.period.end.isoformat() < self.catalogue.units[row.unit].opening_date:
                early.setdefault(row.unit, []).append(row.period.id)
        for unit, periods in early.items():
            listed = _list(periods)
            words = (
                f"Data set {uid} + org unit {unit} not usable with period(s) "
                f"before the org unit opened: `{listed}`"
            )
            raise GroupRefusedError("E8031", words, uid, unit, listed)

    def _check_duplicates(self, group: Sequence[DecodedRow]) -> None:
        seen: dict[tuple, list[DecodedRow]] = {}
        for row in group:
            key = (row.element, row.unit, row.category, row.attribute, row.period.id)
            seen.setdefault(key, []).append(row)
        if len(seen) == len(group):
            return
        same = next(rows for rows in seen.values() if len(rows) > 1)
        row, indexes = same[0], [other.index for other in same]
        key_text = (
            f"DataValueKey[dataElement={row.element}, orgUnit={row.unit}, "
            f"categoryOptionCombo={row.category}, "
            f"attributeOptionCombo={row.attribute or 'null'}, period={row.period.id}]"
        )
        words = f"Value #{indexes} all affect the same data value: `{key_text}`"
        raise GroupRefusedError("E8128", words, indexes, key_text)

    def _has_good_value(self, row: DecodedRow) -> bool:
        refused = self._judge_value(row)
        if refused is None:
            return True
        self.summary.conflicts.append(refused.to_conflict([row.index]))
        self.summary.rejected.add(row.index)
        self.summary.ignored += 1
        return False

    def _judge_value(self, row: DecodedRow) -> GroupRefusedError | None:
        index = row.index
        if row.value is None:
            words = f"Value #{index} value is required"
            return None if row.deleted else GroupRefusedError("E8120", words, index)
        value_type = self.catalogue.elements[row.element].value_type
        misfit = find_misfit(normalise_value(row.value, value_type), value_type)
        if misfit is None:
            return None
        words = f"Value #{index} value `{row.value}` is no valid {value_type}: {misfit}"
        return GroupRefusedError("E8122", words, index, row.value, value_type, misfit)

    def store(self, rows: Sequence[DecodedRow]) -> None:
        """Write what landed and count it."""
        if self.options.strategy == "DELETE":
            self.summary.deleted = len(rows)
        else:
            self.summary.updated = len(rows)
        stored = self.options.select_stored(rows)
        if stored:
            now = self.instance.store.now_ms()
            with self.instance.store.writing() as connection:
                upsert_rows(connection, (self._to_row(row, now) for row in stored))

    def _to_row(self, row: DecodedRow, now: int) -> Row:
        value = row.value
        if value is not None:
            value = normalise_value(value, self.catalogue.elements[row.element].value_type)
        return (
            row.element, row.period.id, row.unit, row.category,
            row.attribute or DEFAULT_OPTION_COMBO, value, row.comment, row.followup, row.deleted,
            self.account.username, now, now,
        )  # fmt: skip


def _list(items: Iterable[str]) -> str:
    return f"[{', '.join(dict.fromkeys(items))}]"
