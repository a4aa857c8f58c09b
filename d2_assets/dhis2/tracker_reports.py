"""Answers of ``POST /api/tracker`` and of its jobs as one type.

With ``atomicMode=OBJECT`` a server answers 200 and status OK whatever it refused [seen]: only the
errors and the counters tell. 2.38 may fall over in the middle and answer 409 with a report that
has a ``message`` in place of its counters, with or without errors [seen]. All in ``tr-*``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from d2_assets.errors import ContractError, OutcomeUnknownError, RejectedError
from d2_assets.http.answers import READ_BACK, Answer


@dataclass(frozen=True, slots=True)
class TrackerError:
    """One complaint about one object. ``tracker_type`` is TRACKED_ENTITY, ENROLLMENT, EVENT or
    RELATIONSHIP, as ``Kind.tracker_type``."""

    code: str
    message: str
    tracker_type: str
    uid: str


@dataclass(frozen=True, slots=True)
class TrackerReport:
    """What a server says of one import, in its own words.

    ``is_bare``: refused without a list of errors, so any of its objects may be the cause.
    """

    http_status: int
    status: str
    created: int = 0
    updated: int = 0
    deleted: int = 0
    ignored: int = 0
    total: int = 0
    errors: tuple[TrackerError, ...] = ()
    message: str = ""
    is_bare: bool = False

    @property
    def is_whole_refused(self) -> bool:
        """Nothing is said to have landed: also objects without an error of their own did not."""
        return self.http_status >= 400 or self.status == "ERROR"


def read_tracker_report(answer: Answer, name: str) -> TrackerReport:
    """The report in an answer to the import ``name`` ("3 events").

    RejectedError: the request was not even read (413). OutcomeUnknownError: an answer that says
    nothing of the import.
    """
    if 400 < answer.status < 500 and answer.status != 409:
        raise RejectedError(
            f"The import of {name} was refused ({answer.said}).",
            remedy="If the request was too large for a proxy, send smaller chunks.",
            status=answer.status,
            code=answer.code,
        )
    try:
        body = answer.parse_json()
    except ContractError:
        body = None
    report = parse_tracker_report(answer.status, body)
    if report is None:
        raise OutcomeUnknownError(
            f"The import of {name} was answered without a report ({answer.said}).",
            remedy=READ_BACK,
            status=answer.status,
        )
    return report


def parse_tracker_report(http_status: int, body: Any) -> TrackerReport | None:
    """A report, bare or inside a web message; None if the body says nothing of an import."""
    if not isinstance(body, Mapping):
        return None
    inside = body.get("response")
    report = inside if isinstance(inside, Mapping) and "stats" in inside else body
    stats = report.get("stats")
    validation = report.get("validationReport")
    message = str(body.get("message") or report.get("message") or "")
    status = str(report.get("status") or body.get("status") or "")
    is_refusal = status == "ERROR" or (http_status >= 400 and bool(message))
    if not isinstance(stats, Mapping) and not is_refusal:
        return None
    errors = _parse_errors(validation)
    return TrackerReport(
        http_status=http_status,
        status=status,
        **_parse_stats(stats),
        errors=errors,
        message=message,
        is_bare=is_refusal and not errors,
    )


def _parse_stats(stats: Any) -> dict[str, int]:
    counted = stats if isinstance(stats, Mapping) else {}
    members = ("created", "updated", "deleted", "ignored", "total")
    return {member: int(counted.get(member) or 0) for member in members}


def _parse_errors(validation: Any) -> tuple[TrackerError, ...]:
    listed = validation.get("errorReports") if isinstance(validation, Mapping) else None
    return tuple(
        TrackerError(
            code=str(error.get("errorCode") or ""),
            message=str(error.get("message") or ""),
            tracker_type=str(error.get("trackerType") or ""),
            uid=str(error.get("uid") or ""),
        )
        for error in listed or ()
    )
