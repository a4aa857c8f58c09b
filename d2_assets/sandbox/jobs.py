"""Asynchronous imports: the job's answer, its task list (newest first) and its summary.

From 2.42 a job waits to be picked up: until then its task list is empty and its summary is an
empty body with status 200 [seen].
"""

import threading
from collections.abc import Callable
from random import SystemRandom
from typing import Any

from d2_assets.identifiers import generate_uid
from d2_assets.sandbox.answers import Answer, answer_json, answer_message
from d2_assets.sandbox.imports import (
    Envelope,
    ImportOptions,
    ServerFailureError,
    Summary,
    render_options,
    render_summary,
)
from d2_assets.sandbox.instance import Instance, Job, format_instant

JOB_TYPE = "DATAVALUE_IMPORT"
_PARAMETERS_UNSET = ("preheatCache", "filename", "notificationLevel", "dataSet")


def start_import(
    instance: Instance,
    envelope: Envelope,
    options: ImportOptions,
    run: Callable[[], Summary],
) -> Answer:
    """Answer at once and run the import in a thread of its own."""
    facts = instance.facts
    uid = generate_uid(SystemRandom())
    job = instance.jobs[uid] = Job()

    def work() -> None:
        _notify(instance, job, envelope, options)
        try:
            summary = run()
        except ServerFailureError as failure:
            add_note(instance, job, str(failure), level="ERROR", completed=True)
            return
        job.summary = render_summary(facts, options, summary)
        add_note(instance, job, _last_words(instance, summary), completed=True)

    delay = facts.job_delay if instance.job_delay is None else instance.job_delay
    timer = threading.Timer(delay, work)
    timer.daemon = True
    timer.start()
    answer = answer_message(facts, 200, **_describe(instance, options, uid))
    answer.headers["location"] = f"{instance.url}/api/system/tasks/{JOB_TYPE}"
    return answer


def answer_tasks(instance: Instance, uid: str) -> Answer:
    """``GET /api/system/tasks/<type>/<id>``."""
    job = instance.jobs.get(uid, Job())
    return answer_json(instance.facts, list(reversed(job.notifications)))


def answer_task_summary(instance: Instance, uid: str) -> Answer:
    """``GET /api/system/taskSummaries/<type>/<id>``; empty while there is none."""
    summary = instance.jobs.get(uid, Job()).summary
    return answer_json(instance.facts, summary) if summary else Answer(200)


def _describe(instance: Instance, options: ImportOptions, uid: str) -> dict[str, Any]:
    facts = instance.facts
    scheduled = facts.job_response_type is not None
    name = f"{JOB_TYPE} ({instance.store.now_ms()})" if scheduled else "dataValueImport"
    response: dict[str, Any] = {
        "name": name,
        "id": uid,
        "created": format_instant(instance.store.now()),
        "jobType": JOB_TYPE,
        "jobStatus": facts.job_status,
        "relativeNotifierEndpoint": f"/api/system/tasks/{JOB_TYPE}/{uid}",
    }
    if scheduled:
        response["jobParameters"] = render_options(facts, options)
        response["responseType"] = facts.job_response_type
    return {"message": f"Initiated {name}", "response": response}


def _notify(instance: Instance, job: Job, envelope: Envelope, options: ImportOptions) -> None:
    if instance.facts.importer == "row":
        add_note(instance, job, "Process started")
        add_note(instance, job, "Importing data values")
        return
    parameters = render_options(instance.facts, options) | dict.fromkeys(_PARAMETERS_UNSET)
    add_note(instance, job, "Data value set import", dataType="PARAMETERS", data=parameters)
    group = f"ds={envelope.data_set}"
    count = f"({len(envelope.rows)} values)"
    for message in (
        "Loading file resource",
        "Loading file content",
        "Deserializing JSON data",
        f"Decoding group {group} [de= ou= pe= aoc=]{count}",
        f"Validating group {group} {count}",
        f"Upserting group {group} {count}",
    ):
        add_note(instance, job, message)


def _last_words(instance: Instance, summary: Summary) -> str:
    if instance.facts.importer == "row":
        return "Import done"
    return (
        f"Import complete with status {summary.status}, {summary.imported} created, "
        f"{summary.updated} updated, {summary.deleted} deleted, {summary.ignored} ignored"
    )


def add_note(
    instance: Instance,
    job: Job,
    message: str,
    *,
    category: str = JOB_TYPE,
    level: str = "INFO",
    completed: bool = False,
    **more: Any,
) -> None:
    """Put a line on top of a job's task list."""
    uid = generate_uid(SystemRandom())
    job.notifications.append(
        {
            "level": level,
            "category": category,
            "message": message,
            "completed": completed,
            "id": uid,
            "time": format_instant(instance.store.now()),
            "uid": uid,
        }
        | more
    )
