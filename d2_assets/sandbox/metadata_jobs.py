"""Answers to ``POST /api/metadata``: at once with the report, or as a job that reports later.

A job's task list tells steps of the importer; its summary is the report with the parameters.
"""

import threading
from random import SystemRandom
from typing import Any

from d2_assets.identifiers import generate_uid
from d2_assets.sandbox.accounts import Account
from d2_assets.sandbox.answers import Answer, answer_message
from d2_assets.sandbox.instance import Instance, Job, format_instant
from d2_assets.sandbox.jobs import add_note
from d2_assets.sandbox.metadata_import import Classes, import_metadata
from d2_assets.sandbox.metadata_reports import ImportReport, answer_report, render_parts
from d2_assets.sandbox.metadata_requests import BareFailureError, MetadataOptions, read_classes
from d2_assets.sandbox.metadata_rights import may_import
from d2_assets.sandbox.system import refuse_access

METADATA_JOB_TYPE = "METADATA_IMPORT"


def answer_import(
    instance: Instance, account: Account, body: bytes, options: MetadataOptions
) -> Answer:
    """Import, or start to."""
    facts = instance.facts
    if not may_import(account):
        return refuse_access(facts, "F_METADATA_IMPORT")
    try:
        classes = read_classes(body, facts)
        if options.run_async:
            return _start(instance, account, classes, options)
        answer = answer_report(facts, import_metadata(instance, account, classes, options))
    except BareFailureError as failure:
        return answer_message(facts, failure.status, message=str(failure), error_code=failure.code)
    answer.rows = sum(len(bodies) for _, bodies in classes)
    return answer


def _start(
    instance: Instance, account: Account, classes: Classes, options: MetadataOptions
) -> Answer:
    facts = instance.facts
    uid = generate_uid(SystemRandom())
    job = instance.jobs[uid] = Job()

    def work() -> None:
        _note(instance, job, account, "(admin) Import:Start")
        try:
            report = import_metadata(instance, account, classes, options)
        except BareFailureError as failure:
            add_note(
                instance, job, str(failure), category=METADATA_JOB_TYPE, level="ERROR",
                completed=True,
            )  # fmt: skip
            return
        job.summary = {
            "importParams": _list_parameters(instance, account, options),
            **render_parts(facts, report),
        }
        if facts.summarises_objects:
            _list_objects(job.summary, classes)
        _tell_steps(instance, job, account, report)

    delay = facts.job_delay if instance.job_delay is None else instance.job_delay
    timer = threading.Timer(delay, work)
    timer.daemon = True
    timer.start()
    answer = answer_message(facts, 200, **_describe(instance, account, options, uid))
    answer.headers["location"] = f"{instance.url}/api/system/tasks/{METADATA_JOB_TYPE}"
    return answer


def _describe(
    instance: Instance, account: Account, options: MetadataOptions, uid: str
) -> dict[str, Any]:
    facts = instance.facts
    scheduled = facts.job_response_type is not None
    name = f"{METADATA_JOB_TYPE} ({instance.store.now_ms()})" if scheduled else "metadataImport"
    response: dict[str, Any] = {
        "name": name,
        "id": uid,
        "created": format_instant(instance.store.now()),
        "jobType": METADATA_JOB_TYPE,
        "jobStatus": facts.job_status,
        "relativeNotifierEndpoint": f"/api/system/tasks/{METADATA_JOB_TYPE}/{uid}",
    }
    if scheduled:
        response["jobParameters"] = _list_parameters(instance, account, options)
        response["responseType"] = facts.job_response_type
    return {"message": f"Initiated {name}", "response": response}


def _list_parameters(
    instance: Instance, account: Account, options: MetadataOptions
) -> dict[str, Any]:
    known = dict(instance.facts.metadata_parameters)
    asked: dict[str, Any] = {
        "importMode": "VALIDATE" if options.validates_only else "COMMIT",
        "importStrategy": options.strategy,
        "atomicMode": "ALL" if options.is_atomic else "NONE",
        "skipSharing": options.skips_sharing,
    }
    if "username" in known:
        return known | asked | {"username": account.username}
    return known | asked | {"async": True}


def _list_objects(summary: dict[str, Any], classes: Classes) -> None:
    """2.40 also lists the objects without errors."""
    for of_class, (schema, bodies) in zip(summary["typeReports"], classes, strict=True):
        blamed = {report["uid"] for report in of_class["objectReports"]}
        of_class["objectReports"] += [
            {
                "klass": schema.klass,
                "index": index,
                "uid": body.get("id"),
                "displayName": body.get("name"),
                "errorReports": [],
            }
            for index, body in enumerate(bodies)
            if body.get("id") not in blamed
        ]


def _note(
    instance: Instance, job: Job, account: Account, message: str, *, completed: bool = False
) -> None:
    if instance.facts.job_response_type is None:
        message = message.replace("(admin)", f"({account.username})")
        add_note(instance, job, message, category=METADATA_JOB_TYPE, completed=completed)


def _tell_steps(instance: Instance, job: Job, account: Account, report: ImportReport) -> None:
    """The lines of either importer: terse up to 2.40, by stages from 2.42."""
    counts = report.count()
    if instance.facts.job_response_type is None:
        for one in report.types:
            verb = "Updating" if one.counts.updated else "Creating"
            words = f"(admin) {verb} {one.counts.total} object(s) of type {one.schema.short_klass}"
            _note(instance, job, account, words)
        _note(instance, job, account, "(admin) Import:Done took 0.010000 sec.", completed=True)
        return
    steps = ["Metadata import", "Loading file resource", "Loading file content"]
    steps += ["Running preCreateBundle", "Creating bundle", "Running postCreateBundle"]
    steps += ["Validating bundle"]
    for one in report.types:
        name, done = one.schema.short_klass, f"{one.counts.total} successful and 0 failed items"
        steps += [f"Running preUpdate {name} bundle hooks", done]
        steps += [f"Updating {one.counts.total} {name} object(s) as {account.username}", done]
        steps += [f"Running postUpdate {name} bundle hooks", done]
    for step in steps:
        add_note(instance, job, step, category=METADATA_JOB_TYPE)
    last = (
        f"Import complete with status {report.status}, {counts.created} created, "
        f"{counts.updated} updated, {counts.deleted} deleted, {counts.ignored} ignored"
    )
    add_note(instance, job, last, category=METADATA_JOB_TYPE, completed=True)
