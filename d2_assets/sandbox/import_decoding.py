"""The keys of a payload for the importer of 2.43: resolved, or the whole request is refused.

A malformed UID, an unresolved code or a missing key stops everything: ``indexes`` is then [-1]
and the row's number stands in the text only [seen 2.43.1]. What is not a JSON string, and a period
that cannot be read, makes the real server fall over with 500 [seen].
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from d2_assets.identifiers import is_uid
from d2_assets.periods import Period
from d2_assets.sandbox.catalogue import KEY_CLASSES, Catalogue, DataSetFacts
from d2_assets.sandbox.imports import Envelope, ImportOptions, ServerFailureError
from d2_assets.sandbox.stored_values import DEFAULT_OPTION_COMBO
from d2_assets.sandbox.wire_values import accept_period

_INPUT = (
    "dataElement", "orgUnit", "categoryOptionCombo", "categoryOptions", "attributeOptionCombo",
    "attributeCombo", "attributeOptions", "period", "value", "comment", "followUp", "deleted",
)  # fmt: skip


class GroupRefusedError(Exception):
    """A conflict. ``arguments`` are what the server joins with dashes in ``objects.args``."""

    def __init__(self, code: str, words: str, *arguments: object) -> None:
        super().__init__(words)
        self.code = code
        self.arguments_text = "-".join(str(argument) for argument in arguments)

    def to_conflict(self, indexes: Sequence[int]) -> dict[str, Any]:
        return {
            "objects": {"args": self.arguments_text},
            "value": str(self),
            "errorCode": self.code,
            "indexes": list(indexes),
        }


@dataclass(frozen=True, slots=True)
class DecodedRow:
    """A row with its keys resolved; an attribute option combo of None is the default."""

    index: int
    element: str
    unit: str
    category: str
    attribute: str | None
    period: Period
    value: str | None
    comment: str | None
    followup: bool
    deleted: bool


def decode_row(
    catalogue: Catalogue,
    options: ImportOptions,
    envelope: Envelope,
    index: int,
    row: Mapping[str, Any],
) -> DecodedRow:
    for member in ("value", "comment"):
        if not isinstance(row.get(member), str | None):
            raise ServerFailureError(f"Value #{index} {member} is not a JSON string")

    def resolve(member: str, default: str | None = None) -> str | None:
        given = row.get(member) or default
        return _resolve(catalogue, options, index, member, given) if given else None

    element = resolve("dataElement")
    if element is None:
        raise _missing("E8102", index, "data element", row)
    unit = resolve("orgUnit", envelope.org_unit)
    if unit is None:
        raise _missing("E8105", index, "org unit", row)
    period = accept_period(str(row.get("period") or envelope.period))
    if period is None:
        raise ServerFailureError(f"Invalid period: {row.get('period')}")
    return DecodedRow(
        index,
        element,
        unit,
        resolve("categoryOptionCombo") or DEFAULT_OPTION_COMBO,
        resolve("attributeOptionCombo", envelope.attribute_option_combo),
        period,
        row.get("value") or None,
        row.get("comment") or None,
        row.get("followUp") is True,
        row.get("deleted") is True or options.strategy == "DELETE",
    )


def _resolve(
    catalogue: Catalogue, options: ImportOptions, index: int, member: str, given: str
) -> str:
    kind = {"orgUnit": "org unit", "dataElement": "data element", "dataSet": "data set"}.get(
        member, member.replace("OptionCombo", " option combo")
    )
    is_unit = member == "orgUnit"
    if options.schemes.get(member) == "CODE":
        uid = catalogue.ids_by_code[KEY_CLASSES[member]].get(given)
        if uid is None:
            words = f"Value #{index} {kind} not found: `{given}`"
            raise GroupRefusedError("E8107" if is_unit else "E8103", words, index, given)
        return uid
    if not is_uid(given):
        words = f"Value #{index} {kind} UID is not valid: `{given}`"
        raise GroupRefusedError("E8106" if is_unit else "E8104", words, index, given)
    return given


def _missing(code: str, index: int, kind: str, row: Mapping[str, Any]) -> GroupRefusedError:
    members = ", ".join(f"{name}={row.get(name) or 'null'}" for name in _INPUT)
    words = f"Value #{index} {kind} not defined in group or value: `Input[{members}]`"
    return GroupRefusedError(code, words, index, f"Input[{members}]")


def group_rows(
    catalogue: Catalogue, options: ImportOptions, envelope: Envelope, rows: Sequence[DecodedRow]
) -> list[tuple[DataSetFacts, list[DecodedRow]]]:
    """Rows by data set: the envelope's, or the only one that holds each element."""
    if envelope.data_set:
        uid = _resolve(catalogue, options, 0, "dataSet", envelope.data_set)
        facts = catalogue.data_sets.get(uid)
        if facts is None:
            raise GroupRefusedError("E8001", f"Data set not found: `{uid}`", uid)
        return [(facts, list(rows))]
    groups: dict[str, list[DecodedRow]] = {}
    for row in rows:
        candidates = catalogue.sets_of_element.get(row.element, ())
        if len(candidates) != 1:
            code = "E8003" if candidates else "E8002"
            words = (
                f"Data element {row.element} must belong to exactly one data set when none is "
                f"given, it belongs to: `[{', '.join(candidates)}]`"
            )
            raise GroupRefusedError(code, words, row.element, f"[{', '.join(candidates)}]")
        groups.setdefault(candidates[0], []).append(row)
    return [(catalogue.data_sets[uid], group) for uid, group in groups.items()]
