"""Aggregate data values: how they are asked for and how they are sent.

An unknown data set or org unit is answered as if it were missing from the request: 409 E2001 or
E2006 up to 2.42 [seen]; 2.43 gives no rows, or 409 E2012 outside the account's units. The import
of 2.43 takes values as JSON strings only and reads ``followUp``, the others ``followup``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from d2_assets.dhis2.data_value_rows import DATA_VALUE_SCHEMA, read_data_value_batches
from d2_assets.dhis2.reports import ImportReport, read_import_report
from d2_assets.errors import RejectedError
from d2_assets.http.session import HttpSession

__all__ = [
    "DATA_VALUE_SCHEMA",
    "DataValueQuery",
    "download_data_values",
    "encode_data_values",
    "post_data_values",
    "read_data_value_batches",
]

_PATH = "api/dataValueSets"


@dataclass(frozen=True, slots=True)
class DataValueQuery:
    """One data set at some org units (``children``: and all below), for periods or dates.

    ``start_date`` and ``end_date`` take only periods that lie fully inside: prefer ``periods``.
    ``updated_since``: rows that were changed at or after it, as the server reads it (``changes``).
    ``limit`` is the most rows that are wanted [read].
    """

    data_set: str
    periods: tuple[str, ...] = ()
    org_units: tuple[str, ...] = ()
    children: bool = True
    include_deleted: bool = True
    start_date: date | None = None
    end_date: date | None = None
    updated_since: str = ""
    limit: int | None = None

    @property
    def params(self) -> dict[str, Any]:
        """The query in DHIS2's parameters."""
        params: dict[str, Any] = {
            "dataSet": self.data_set,
            "period": list(self.periods),
            "orgUnit": list(self.org_units),
            "children": _wire_bool(self.children),
            "includeDeleted": _wire_bool(self.include_deleted),
        }
        if self.start_date:
            params["startDate"] = self.start_date.isoformat()
        if self.end_date:
            params["endDate"] = self.end_date.isoformat()
        if self.updated_since:
            params["lastUpdated"] = self.updated_since
        if self.limit:
            params["limit"] = self.limit
        return params


def download_data_values(session: HttpSession, query: DataValueQuery, to: Path) -> int:
    """Stream the answer as JSON into the file ``to``, whole or not at all; gives its bytes.

    RejectedError names the data set or org units that the server does not show the account.
    """
    try:
        size = session.download(_PATH, query.params | {"compression": "gzip"}, to)
    except RejectedError as error:
        raise _name_the_missing(query, error) from error
    if size == 0:
        to.unlink()
        raise RejectedError(
            f"{session.server} answered nothing at all for data set {query.data_set}: the org "
            f"units {_shorten(query.org_units)} lie outside the account's hierarchy there.",
            remedy="Give the account data view org units above them, or narrow the pair's roots.",
        )
    return size


def _name_the_missing(query: DataValueQuery, error: RejectedError) -> RejectedError:
    match error.code:
        case "E2001":
            missing = f"The data set {query.data_set} is"
        case "E2006" | "E2012":
            missing = f"At least one of the org units {_shorten(query.org_units)} is"
        case _:
            return error
    return RejectedError(
        f"{missing} unknown to the server, or not open to the account. {error.message}",
        remedy="Check the pair's filters, and the account's sharing and org units there.",
        status=error.status,
        code=error.code,
    )


def post_data_values(
    session: HttpSession,
    *,
    data_set: str,
    rows: Sequence[Mapping[str, Any]],
    strategy: str = "CREATE_AND_UPDATE",
    dry_run: bool = False,
) -> ImportReport:
    """Send rows of one data set in one request; the answer's report, whatever it says.

    RejectedError: refused without a report. OutcomeUnknownError: read back before sending again.
    """
    params = {"importStrategy": strategy, "dryRun": _wire_bool(dry_run)}
    answer = session.post_json(_PATH, params, encode_data_values(data_set, rows), gzip=True)
    return read_import_report(answer, f"{len(rows)} data values of data set {data_set}")


def encode_data_values(data_set: str, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The JSON body: one ``dataSet`` in the envelope, every value a string.

    storedBy, created and lastUpdated are never sent: servers up to 2.40 would store them, and
    whoever asks there for what changed since would miss the row.
    """
    return orjson.dumps({"dataSet": data_set, "dataValues": [_encode_row(row) for row in rows]})


def _encode_row(row: Mapping[str, Any]) -> dict[str, Any]:
    followup = bool(row.get("followup"))
    wire: dict[str, Any] = {
        "dataElement": row["data_element"],
        "period": row["period"],
        "orgUnit": row["org_unit"],
        "categoryOptionCombo": row["category_option_combo"],
        "attributeOptionCombo": row["attribute_option_combo"],
        "followup": followup,
        "followUp": followup,
    }
    if (value := row.get("value")) is not None:
        wire["value"] = str(value)
    if comment := row.get("comment"):
        wire["comment"] = comment
    if row.get("deleted"):
        wire["deleted"] = True
    return wire


def _wire_bool(value: bool) -> str:
    return "true" if value else "false"


def _shorten(ids: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(ids[:most])
    return f"{shown} and {len(ids) - most} more" if len(ids) > most else shown
