"""Import answers of every version as one type, and which rows they speak of.

A 200 may hide refusals (2.43), a 409 may be an import that mostly landed (2.38 to 2.42), and
``ignored`` counts unchanged and refused rows alike: so only conflicts say refused. 2.43 answers a
wrong key by refusing the whole request and naming every row; its words name the guilty value,
and ``_NAMED_FIELDS`` says where. Seen on 2.38 to 2.43; the codes that no exchange shows (E8011,
E8023, E8025, E8031, E8033) are read in DHIS2's DefaultDataEntryService.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from d2_assets.errors import ContractError, OutcomeUnknownError, RejectedError
from d2_assets.http.answers import READ_BACK, Answer

#: The fields that a group error's arguments end with: plain values, then a list in brackets.
#: E8030 is left out on purpose: an expired period may be open again for some org units.
_NAMED_FIELDS: Mapping[str, tuple[str, ...]] = {
    "E8011": ("org_unit",),
    "E8020": ("data_element",),
    "E8021": ("period",),
    "E8022": ("org_unit",),
    "E8023": ("attribute_option_combo",),
    "E8024": ("data_element", "category_option_combo"),
    "E8025": ("attribute_option_combo", "org_unit"),
    "E8031": ("org_unit", "period"),
    "E8033": ("attribute_option_combo", "org_unit", "period"),
}
#: Refusals of every row of a request, which is for one data set: it is unknown, or read only.
_OF_EVERY_ROW = frozenset({"E7600", "E7601", "E8010"})
#: Refusals by period, org unit and attribute option combo alone (closed, not open yet, outside the
#: combo's dates): what is refused for one element is refused for all [read].
_BY_PLACE_AND_TIME = frozenset({"E8030", "E8031", "E8032", "E8033"})
_ROW_NUMBERS = re.compile(r"Value #(?:(\d+)|\[([\d, ]+)\])")
_LISTED = re.compile(r"(.*?)-?\[([^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class ImportCount:
    """The server's counters; 2.43 counts created rows as updated."""

    imported: int = 0
    updated: int = 0
    ignored: int = 0
    deleted: int = 0

    @property
    def landed(self) -> int:
        """Rows that the server says it wrote."""
        return self.imported + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class Conflict:
    """One complaint. ``indexes`` are rows of the request (from 0) or -1 where the text names it.

    ``property`` and ``object`` are empty on 2.43, ``arguments`` (of the message) before it.
    """

    message: str
    error_code: str = ""
    property: str = ""
    object: str = ""
    indexes: tuple[int, ...] = ()
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a server says of one import. ``rejected_indexes`` is empty on 2.38, which has none."""

    http_status: int
    status: str
    count: ImportCount
    conflicts: tuple[Conflict, ...] = ()
    rejected_indexes: frozenset[int] = frozenset()
    description: str = ""

    @property
    def is_whole_refused(self) -> bool:
        """Nothing was looked at row by row: ERROR with all counters 0, whatever rows are named."""
        return self.status == "ERROR" and self.count == ImportCount()

    @property
    def is_by_place_and_time(self) -> bool:
        """A refused group whose guilty rows are guilty with all others of their period, org unit
        and attribute option combo."""
        return (
            self.is_whole_refused
            and bool(self.conflicts)
            and all(conflict.error_code in _BY_PLACE_AND_TIME for conflict in self.conflicts)
        )

    @property
    def held_rows(self) -> frozenset[int]:
        """Rows that the import strategy held back: rejected without a conflict (2.40 on)."""
        if self.is_whole_refused:
            return frozenset()
        named = {index for conflict in self.conflicts for index in conflict.indexes}
        return self.rejected_indexes - named

    def refused_rows(self, row_count: int) -> dict[int, Conflict]:
        """The rows, of ``row_count``, that were surely refused one by one, with their conflict."""
        if self.is_whole_refused:
            return {}
        refused = {
            index: conflict
            for conflict in self.conflicts
            for index in (_find_rows(conflict) if -1 in conflict.indexes else conflict.indexes)
            if 0 <= index < row_count
        }
        return refused or self._refuse_the_only_row(row_count)

    def find_guilty(self, rows: Sequence[Mapping[str, Any]]) -> dict[int, Conflict]:
        """The rows that the words of a refused group name for certain; empty if they name none.

        ``rows`` are those of the request, in its order, with our names (data_element, …).
        """
        guilty = {
            index: conflict
            for conflict in self.conflicts
            for index in (*_find_rows(conflict), *_match_rows(conflict, rows))
            if index < len(rows)
        }
        return guilty or self._refuse_the_only_row(len(rows))

    def _refuse_the_only_row(self, row_count: int) -> dict[int, Conflict]:
        """Of a request of one row that ended in an error the row needs no naming."""
        if row_count != 1 or self.status != "ERROR" or self.count.landed:
            return {}
        conflicts = self.conflicts or (Conflict(self.description or "The server gave no reason."),)
        return {0: conflicts[0]}


def read_import_report(answer: Answer, name: str) -> ImportReport:
    """The report in an answer to the import ``name`` ("data values of XvcWsuHBsGA").

    RejectedError for a plain refusal (bad JSON, a missing right); OutcomeUnknownError for a
    server error or a success without a report.
    """
    try:
        body = answer.parse_json()
    except ContractError:
        body = None
    if report := parse_import_report(answer.status, body):
        return report
    if 400 <= answer.status < 500:
        raise RejectedError(
            f"The import of {name} was refused without a report ({answer.said}).",
            remedy="Read the server's words; its log may say more.",
            status=answer.status,
            code=answer.code,
        )
    raise OutcomeUnknownError(
        f"The import of {name} was answered without a report ({answer.said}).",
        remedy=READ_BACK,
        status=answer.status,
    )


def parse_import_report(http_status: int, body: Any) -> ImportReport | None:
    """An import summary, bare or inside a web message; None if the body holds none."""
    summary = body.get("response", body) if isinstance(body, Mapping) else None
    count = summary.get("importCount") if isinstance(summary, Mapping) else None
    if not isinstance(summary, Mapping) or not isinstance(count, Mapping):
        return None
    return ImportReport(
        http_status=http_status,
        status=str(summary.get("status") or ""),
        count=ImportCount(
            imported=int(count.get("imported") or 0),
            updated=int(count.get("updated") or 0),
            ignored=int(count.get("ignored") or 0),
            deleted=int(count.get("deleted") or 0),
        ),
        conflicts=tuple(_parse_conflict(item) for item in summary.get("conflicts") or ()),
        rejected_indexes=frozenset(summary.get("rejectedIndexes") or ()),
        description=str(summary.get("description") or ""),
    )


def _parse_conflict(item: Mapping[str, Any]) -> Conflict:
    return Conflict(
        message=str(item.get("value") or ""),
        error_code=str(item.get("errorCode") or ""),
        property=str(item.get("property") or ""),
        object=str(item.get("object") or ""),
        indexes=tuple(item.get("indexes") or ()),
        arguments=str((item.get("objects") or {}).get("args") or ""),
    )


def _find_rows(conflict: Conflict) -> tuple[int, ...]:
    """The row numbers in the words themselves: "Value #3 …", "Value #[0, 1] …"."""
    match = _ROW_NUMBERS.match(conflict.message)
    return tuple(int(number) for number in re.findall(r"\d+", match[0])) if match else ()


def _match_rows(conflict: Conflict, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """The rows whose fields are those that the arguments end with ("…-element-[combo, combo]")."""
    if conflict.error_code in _OF_EVERY_ROW:
        return list(range(len(rows)))
    fields = _NAMED_FIELDS.get(conflict.error_code)
    match = _LISTED.fullmatch(conflict.arguments)
    if fields is None or match is None:
        return []
    *plain, listed = fields
    values = match[1].split("-")[-len(plain) :] if plain else []
    if len(values) != len(plain):
        return []
    wanted = set(match[2].split(", "))
    fixed = dict(zip(plain, values, strict=True))
    return [
        index
        for index, row in enumerate(rows)
        if row[listed] in wanted and all(row[key] == value for key, value in fixed.items())
    ]
