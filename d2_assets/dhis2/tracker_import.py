"""Imports of events and tracked entities, answered while we wait or by a job.

Bodies go plain: ``/api/tracker`` reads no gzip [seen 2.42]. A job is asked for by its id: the
address that the answer gives lacks ``/api`` from 2.42 on, where its list may also be empty for the
first seconds [seen].
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from d2_assets.dhis2.metadata_objects import encode_objects
from d2_assets.dhis2.tracker_reports import (
    TrackerReport,
    parse_tracker_report,
    read_tracker_report,
)
from d2_assets.errors import (
    ContractError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)
from d2_assets.http.answers import READ_BACK, Answer
from d2_assets.http.session import HttpSession

#: Objects by the plural of their kind ("trackedEntities").
Payload = Mapping[str, Sequence[Mapping[str, Any]]]

_PATH = "api/tracker"
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
_PAUSE_GROWTH = 1.5
#: A job that has said nothing for so long is given up, and a report that does not come so long
#: after its job is done.
_PATIENCE_SECONDS = 900.0
_REPORT_SECONDS = 60.0


def post_tracker(
    session: HttpSession,
    payload: Payload,
    *,
    strategy: str = "CREATE_AND_UPDATE",
    skip_rule_engine: bool,
    skip_side_effects: bool,
    run_async: bool,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> TrackerReport:
    """Send objects in one request, each accepted or refused by itself (``atomicMode=OBJECT``).

    A refusal by DHIS2 is a report. RejectedError: not even read; ConfigurationError: the account
    has no right to; OutcomeUnknownError: the answer, or the job's report, was lost. ``sleep`` may
    raise, when the run is cancelled: a job then goes on without us.
    """
    params = {
        "async": _wire_bool(run_async),
        "atomicMode": "OBJECT",
        "importStrategy": strategy,
        "reportMode": "ERRORS",
        "skipRuleEngine": _wire_bool(skip_rule_engine),
        "skipSideEffects": _wire_bool(skip_side_effects),
    }
    answer = session.post_json(_PATH, params, encode_objects(payload))
    name = ", ".join(f"{len(items)} {plural}" for plural, items in payload.items() if items)
    job = _find_job(answer) if run_async else ""
    if not job:
        return read_tracker_report(answer, name)
    return _await_report(session, job, name, sleep, clock)


def _find_job(answer: Answer) -> str:
    """The id of the job that an answer tells of; empty where it is none, but a report itself."""
    if answer.status >= 300:
        return ""
    try:
        body = answer.parse_json()
    except ContractError:
        return ""
    response = body.get("response") if isinstance(body, Mapping) else None
    return str(response.get("id") or "") if isinstance(response, Mapping) else ""


def _await_report(
    session: HttpSession,
    job: str,
    name: str,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> TrackerReport:
    """Ask for a job's messages with growing pauses until it is done, then for its report."""
    pause, heard, deadline = _FIRST_PAUSE, 0, clock() + _PATIENCE_SECONDS
    is_done = False
    while clock() < deadline:
        sleep(pause)
        pause = min(pause * _PAUSE_GROWTH, _LONGEST_PAUSE)
        messages = [] if is_done else _ask(session, f"{_PATH}/jobs/{job}")
        if isinstance(messages, list) and len(messages) > heard:
            is_done = any(item.get("completed") for item in messages)
            patience = _REPORT_SECONDS if is_done else _PATIENCE_SECONDS
            heard, deadline = len(messages), clock() + patience
        if is_done:
            body = _ask(session, f"{_PATH}/jobs/{job}/report", {"reportMode": "ERRORS"})
            if report := parse_tracker_report(200, body):
                return report
    raise OutcomeUnknownError(
        f"{session.server}: the job {job} for {name} gave no report. "
        f"It was{'' if is_done else ' not'} done when it was last heard of.",
        remedy=READ_BACK,
    )


def _ask(session: HttpSession, path: str, params: Mapping[str, Any] | None = None) -> Any:
    """An answer, or None while the server has none: it is away, or has not begun the job."""
    try:
        return session.get_json(path, params)
    except TransientError:
        return None
    except RejectedError as error:
        if error.status != 404:
            raise
        return None


def _wire_bool(value: bool) -> str:
    return "true" if value else "false"
