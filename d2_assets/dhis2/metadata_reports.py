"""Answers of ``POST /api/metadata`` as one type, and which objects they speak of.

Any error makes the answer HTTP 409 with a report in it, also where the objects landed (an unknown
user in the sharing); a reference that must be there and is not, an enum that is unknown, and JSON
that is none are refused with a bare message, without any report. Seen on 2.38 to 2.43, in
``meta-*``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from d2_assets.errors import ContractError, OutcomeUnknownError
from d2_assets.http.answers import READ_BACK, Answer

#: Refusals of the request that one of its objects may have caused: told as a bare report.
_BARE = frozenset({400, 409, 500})
#: Where an error names no property (2.38; sharing), its words do.
_ASSOCIATION = re.compile(r"for association `(\w+)`")


@dataclass(frozen=True, slots=True)
class ObjectError:
    """One complaint about one object. ``klass`` is a simple Java name ("DataElement").

    ``index`` counts within the class of the request, and is off by one in some answers [seen: 1
    for the only object], so the object is known by its ``uid``.
    """

    klass: str
    uid: str
    index: int | None
    code: str
    message: str
    property: str = ""


@dataclass(frozen=True, slots=True)
class MetadataReport:
    """What a server says of one import. The counters are its own words: after a bad reference it
    counted three objects of two as ignored [seen]. ``is_bare``: refused without a report."""

    http_status: int
    status: str
    created: int = 0
    updated: int = 0
    deleted: int = 0
    ignored: int = 0
    total: int = 0
    errors: tuple[ObjectError, ...] = ()
    message: str = ""
    is_bare: bool = False


def read_metadata_report(answer: Answer, name: str) -> MetadataReport:
    """The report in an answer to the import ``name`` ("50 objects of dataElements").

    OutcomeUnknownError for a server error without DHIS2's words, or a success without a report.
    """
    try:
        body = answer.parse_json()
    except ContractError:
        body = None
    report = parse_metadata_report(answer.status, body)
    if report is not None:
        return report
    raise OutcomeUnknownError(
        f"The import of {name} was answered without a report ({answer.said}).",
        remedy=READ_BACK,
        status=answer.status,
    )


def parse_metadata_report(http_status: int, body: Any) -> MetadataReport | None:
    """An import report, bare or inside a web message; None if the body says nothing of an import.

    Up to 2.37 the report stood at the top of the answer [read]; both places are read.
    """
    if not isinstance(body, Mapping):
        return None
    report = body.get("response", body)
    stats = report.get("stats") if isinstance(report, Mapping) else None
    message = str(body.get("message") or "")
    if not isinstance(report, Mapping) or not isinstance(stats, Mapping):
        is_refusal = http_status in _BARE and bool(message or body.get("status") == "ERROR")
        return (
            MetadataReport(http_status, "ERROR", message=message, is_bare=True)
            if (is_refusal)
            else None
        )
    return MetadataReport(
        http_status=http_status,
        status=str(report.get("status") or body.get("status") or ""),
        created=int(stats.get("created") or 0),
        updated=int(stats.get("updated") or 0),
        deleted=int(stats.get("deleted") or 0),
        ignored=int(stats.get("ignored") or 0),
        total=int(stats.get("total") or 0),
        errors=tuple(_iterate_errors(report)),
        message=message,
    )


def _iterate_errors(report: Mapping[str, Any]) -> Iterator[ObjectError]:
    for of_class in report.get("typeReports") or ():
        for of_object in of_class.get("objectReports") or ():
            for error in of_object.get("errorReports") or ():
                yield _parse_error(of_object, of_class, error)


def _parse_error(
    of_object: Mapping[str, Any], of_class: Mapping[str, Any], error: Mapping[str, Any]
) -> ObjectError:
    index = of_object.get("index")
    klass = str(of_object.get("klass") or error.get("mainKlass") or of_class.get("klass") or "")
    message = str(error.get("message") or "")
    named = _ASSOCIATION.search(message)
    return ObjectError(
        klass=klass.rpartition(".")[2],
        uid=str(of_object.get("uid") or ""),
        index=None if index is None else int(index),
        code=str(error.get("errorCode") or ""),
        message=message,
        property=str(error.get("errorProperty") or (named[1] if named else "")),
    )
