"""Completeness registrations: which data set was declared complete, when, by whom.

An endpoint of its own; on the wire the unit is ``organisationUnit`` here, ``orgUnit`` in a data
value. Import conflicts name an object and no row (seen on 2.38 to 2.43): only reading back tells
what landed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from sys import intern
from typing import Any

import orjson

from d2_assets.dhis2.reports import ImportReport, read_import_report
from d2_assets.errors import ContractError
from d2_assets.http.session import HttpSession

_PATH = "api/completeDataSetRegistrations"
_LIST = "completeDataSetRegistrations"


@dataclass(frozen=True, slots=True)
class CompletenessRegistration:
    """One registration; ``date`` is an ISO date, ``stored_by`` a username, both may be empty."""

    data_set: str
    period: str
    org_unit: str
    attribute_option_combo: str
    date: str
    completed: bool
    stored_by: str


def list_registrations(
    session: HttpSession,
    data_sets: Sequence[str],
    periods: Sequence[str],
    org_units: Sequence[str],
    children: bool = True,
) -> list[CompletenessRegistration]:
    """The registrations of these data sets and periods at the org units (and all below)."""
    params = {
        "dataSet": list(data_sets),
        "period": list(periods),
        "orgUnit": list(org_units),
        "children": "true" if children else "false",
    }
    return parse_registrations(session.get_json(_PATH, params))


def post_registrations(
    session: HttpSession, registrations: Sequence[CompletenessRegistration]
) -> ImportReport:
    """Send registrations in one request; the answer's report, whatever it says."""
    body = orjson.dumps({_LIST: [_encode(item) for item in registrations]})
    answer = session.post_json(_PATH, None, body)
    return read_import_report(answer, f"{len(registrations)} completeness registrations")


def parse_registrations(body: Any) -> list[CompletenessRegistration]:
    """The answer to a read; one without the list has none. ContractError for what is no answer."""
    if not isinstance(body, Mapping):
        raise ContractError(
            f"/{_PATH} answered with a list or a plain value.",
            remedy="Check that the instance's URL is that of a DHIS2 server.",
        )
    try:
        return [_parse(item) for item in body.get(_LIST) or ()]
    except KeyError as missing:
        raise ContractError(
            f"A completeness registration came without {missing}.",
            remedy="Look at the data set's completeness in the source.",
        ) from missing


def _parse(item: Mapping[str, Any]) -> CompletenessRegistration:
    # A country has a hundred thousand of them, and few different names: each is kept once.
    return CompletenessRegistration(
        data_set=intern(item["dataSet"]),
        period=intern(item["period"]),
        org_unit=intern(item["organisationUnit"]),
        attribute_option_combo=intern(item["attributeOptionCombo"]),
        date=intern(item.get("date") or ""),
        completed=item.get("completed", True),
        stored_by=intern(item.get("storedBy") or ""),
    )


def _encode(item: CompletenessRegistration) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "dataSet": item.data_set,
        "period": item.period,
        "organisationUnit": item.org_unit,
        "attributeOptionCombo": item.attribute_option_combo,
        "completed": item.completed,
    }
    if item.date:
        wire["date"] = item.date
    if item.stored_by:
        wire["storedBy"] = item.stored_by
    return wire
