"""Answers to ``POST /api/tracker``: at once with the report, or as a job that is asked for."""

import threading
from random import SystemRandom
from typing import Any

from d2_assets.identifiers import generate_uid
from d2_assets.sandbox.accounts import Account
from d2_assets.sandbox.answers import Answer, answer_json, answer_message
from d2_assets.sandbox.instance import Instance, Job
from d2_assets.sandbox.jobs import add_note
from d2_assets.sandbox.tracker_import import import_tracker
from d2_assets.sandbox.tracker_reports import TrackerReport
from d2_assets.sandbox.tracker_requests import (
    Bundle,
    RefusedRequestError,
    TrackerOptions,
    read_bundle,
)
from d2_assets.sandbox.tracker_versions import find_tracker_facts

_CATEGORY = "TRACKER_IMPORT_JOB"
_GZIP = b"\x1f\x8b"
_SCHEMES = (
    "idScheme", "dataElementIdScheme", "orgUnitIdScheme", "programIdScheme",
    "programStageIdScheme", "categoryOptionComboIdScheme", "categoryOptionIdScheme",
)  # fmt: skip


def answer_tracker_import(
    instance: Instance, account: Account, body: bytes, options: TrackerOptions
) -> Answer:
    """Import, or start to."""
    if body.startswith(_GZIP):
        return _answer_gzip(instance)
    try:
        bundle = read_bundle(body, find_tracker_facts(instance.facts.line))
    except RefusedRequestError as refusal:
        return answer_message(instance.facts, refusal.status, message=str(refusal))
    if options.run_async:
        return _start(instance, account, bundle, options)
    report = import_tracker(instance, account, bundle, options)
    is_full = options.report_mode == "FULL"
    is_bad = report.is_refused or bool(report.message)
    rows = sum(map(len, bundle.objects.values()))
    body_sent = report.render(is_full=is_full)
    return answer_json(instance.facts, body_sent, 409 if is_bad else 200, rows)


def _start(instance: Instance, account: Account, bundle: Bundle, options: TrackerOptions) -> Answer:
    facts = find_tracker_facts(instance.facts.line)
    uid = generate_uid(SystemRandom())
    job = instance.jobs[uid] = Job()

    def work() -> None:
        report = import_tracker(instance, account, bundle, options)
        job.summary = {
            "ERRORS": report.render(),
            "FULL": report.render(is_full=True),
        }
        _tell_steps(instance, job, account, uid, report, _describe(options))

    delay = instance.facts.job_delay if instance.job_delay is None else instance.job_delay
    timer = threading.Timer(delay, work)
    timer.daemon = True
    timer.start()
    location = f"{instance.url}{facts.job_path}{uid}"
    response = {"responseType": facts.job_response_type, "id": uid, "location": location}
    answer = answer_message(instance.facts, 200, message="Tracker job added", response=response)
    if facts.job_location_header:
        answer.headers["location"] = location
    answer.rows = sum(map(len, bundle.objects.values()))
    return answer


def _tell_steps(
    instance: Instance,
    job: Job,
    account: Account,
    uid: str,
    report: TrackerReport,
    parameters: dict[str, Any],
) -> None:
    facts = find_tracker_facts(instance.facts.line)
    counts = report.sum_up()
    status = "ERROR" if report.is_refused or report.message else "OK"
    words = (
        f"{status}, {counts.created} created, {counts.updated} updated, "
        f"{counts.deleted} deleted, {counts.ignored} ignored"
    )
    who = f"{account.username} ( {account.id} )"
    for place, step in enumerate(facts.job_steps):
        is_last = place == len(facts.job_steps) - 1
        tells = place == 0 and not facts.speaks_old
        more = {"dataType": "PARAMETERS", "data": parameters} if tells else {}
        is_loud = is_last or place == 0 or not facts.speaks_old
        add_note(
            instance, job, step.format(uid, who, words), category=_CATEGORY,
            level="INFO" if is_loud else "DEBUG", completed=is_last, **more,
        )  # fmt: skip


def _describe(options: TrackerOptions) -> dict[str, Any]:
    """The parameters that the first line of a job repeats from 2.42 on [seen]."""
    return {
        "importMode": "VALIDATE" if options.validates_only else "COMMIT",
        "idSchemes": {name: {"idScheme": "UID", "attributeUid": None} for name in _SCHEMES},
        "importStrategy": options.strategy,
        "atomicMode": "ALL" if options.is_atomic else "OBJECT",
        "flushMode": "AUTO",
        "validationMode": "FULL",
        "skipPatternValidation": False,
        "skipSideEffects": False,
        "skipRuleEngine": options.skips_rules,
        "filename": None,
        "reportMode": options.report_mode,
    }


def answer_tracker_job(instance: Instance, uid: str) -> Answer:
    """``GET /api/tracker/jobs/{id}``: what a job told, newest first."""
    job = instance.jobs.get(uid, Job())
    return answer_json(instance.facts, list(reversed(job.notifications)))


def answer_tracker_job_report(instance: Instance, uid: str, mode: str) -> Answer:
    """``GET /api/tracker/jobs/{id}/report``; 404 until there is one [read]."""
    job = instance.jobs.get(uid)
    if job is None or not job.summary:
        words = f"Summary for job {uid} does not exist"
        return answer_message(instance.facts, 404, message=words)
    reports: dict[str, Any] = job.summary
    return answer_json(instance.facts, reports.get(mode, reports["ERRORS"]))


def _answer_gzip(instance: Instance) -> Answer:
    """What is said to a packed body: it is taken for JSON as it is [seen 2.42]."""
    facts = find_tracker_facts(instance.facts.line)
    words = (
        "JSON parse error: Illegal character ((CTRL-CHAR, code 31)): only regular white space "
        "(\\r, \\n, \\t) is allowed between tokens"
    )
    return answer_message(instance.facts, facts.malformed_status, message=words)
