"""Which address is answered by what, once it is known who asks."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from d2_assets.sandbox.accounts import Account, Refusal, authenticate
from d2_assets.sandbox.answers import (
    Answer,
    answer_error_page,
    answer_front_page,
    answer_message,
)
from d2_assets.sandbox.completeness import answer_registrations, import_registrations
from d2_assets.sandbox.data_value_reads import answer_read
from d2_assets.sandbox.file_resources import (
    answer_file_facts,
    answer_upload,
    answer_value_file,
)
from d2_assets.sandbox.import_by_group import import_groups
from d2_assets.sandbox.import_by_row import import_rows
from d2_assets.sandbox.imports import (
    MalformedPayloadError,
    ServerFailureError,
    Summary,
    answer_malformed,
    answer_summary,
    read_envelope,
    read_options,
)
from d2_assets.sandbox.instance import Instance
from d2_assets.sandbox.jobs import JOB_TYPE, answer_task_summary, answer_tasks, start_import
from d2_assets.sandbox.metadata_jobs import METADATA_JOB_TYPE, answer_import
from d2_assets.sandbox.metadata_lists import answer_export, answer_list, answer_object
from d2_assets.sandbox.metadata_requests import read_metadata_options
from d2_assets.sandbox.schemas import answer_schema, answer_schemas
from d2_assets.sandbox.stored_tracker import TrackerKind
from d2_assets.sandbox.system import (
    answer_info,
    answer_me,
    answer_settings,
    answer_token,
    maintain,
    prune,
    store_settings,
)
from d2_assets.sandbox.tracker_jobs import (
    answer_tracker_import,
    answer_tracker_job,
    answer_tracker_job_report,
)
from d2_assets.sandbox.tracker_reads import (
    answer_old_list,
    answer_tracker_list,
    answer_tracker_object,
)
from d2_assets.sandbox.tracker_requests import RefusedRequestError, read_tracker_options
from d2_assets.sandbox.tracker_versions import find_tracker_facts


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. ``path`` has no version number in it, ``body`` is not compressed.

    ``lost_rows`` of its data values are reported as stored and are not: a fault.
    """

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes
    lost_rows: int = 0


Endpoint = Callable[[Instance, Account, Ask, Sequence[str]], Answer]


def answer_request(instance: Instance, ask: Ask) -> Answer:
    """The answer to any request under the server's root."""
    if not ask.path.startswith("/api"):
        return answer_front_page(instance.facts, instance.url)
    account = _log_in(instance, ask)
    if isinstance(account, Answer):
        return account
    allowed = False
    for method, pattern, endpoint in _ROUTES:
        match = re.fullmatch(pattern, ask.path.rstrip("/"))
        if match and method == ask.method:
            try:
                return endpoint(instance, account, ask, match.groups())
            except ServerFailureError as failure:
                return answer_message(instance.facts, 500, message=str(failure))
        allowed = allowed or match is not None
    words = instance.facts.method_refusal.format(ask.method)
    return answer_message(instance.facts, 405 if allowed else 404, message=words)


def _log_in(instance: Instance, ask: Ask) -> Account | Answer:
    """The account, or the way to the login page, or 401."""
    facts = instance.facts
    header = ask.headers.get("authorization", "")
    by_script = ask.headers.get("x-requested-with") == "XMLHttpRequest"
    if not header and facts.login_page and not by_script:
        return Answer(302, b"", {"location": f"{instance.url}{facts.login_page}"})
    found = authenticate(header, instance.store, facts)
    if isinstance(found, Refusal):
        return answer_message(facts, found.status, message=found.message)
    instance.logins[found.id] = instance.store.now()
    return found


def _import_data_values(instance: Instance, account: Account, ask: Ask, _: Sequence[str]) -> Answer:
    facts = instance.facts
    options = replace(read_options(ask.query), lost_rows=ask.lost_rows)
    try:
        envelope = read_envelope(ask.body)
    except MalformedPayloadError as malformed:
        return answer_malformed(facts, options, str(malformed))
    importer = import_groups if facts.importer == "group" else import_rows

    def run() -> Summary:
        return importer(instance, account, envelope, options)

    if options.run_async:
        return start_import(instance, envelope, options, run)
    answer = answer_summary(facts, options, run())
    answer.rows = len(envelope.rows)
    return answer


def _import_registrations(
    instance: Instance, account: Account, ask: Ask, _: Sequence[str]
) -> Answer:
    options = read_options(ask.query)
    try:
        return import_registrations(instance, account, orjson.loads(ask.body), options)
    except (orjson.JSONDecodeError, MalformedPayloadError):
        return answer_malformed(instance.facts, options, ask.body.decode("utf-8", "replace"))


def _import_metadata(instance: Instance, account: Account, ask: Ask, _: Sequence[str]) -> Answer:
    options = replace(read_metadata_options(ask.query, instance.facts), lost_objects=ask.lost_rows)
    return answer_import(instance, account, ask.body, options)


def _import_tracker(instance: Instance, account: Account, ask: Ask, _: Sequence[str]) -> Answer:
    try:
        options = read_tracker_options(ask.query, find_tracker_facts(instance.facts.line))
    except RefusedRequestError as refusal:
        return answer_message(instance.facts, refusal.status, message=str(refusal))
    options = replace(options, lost_objects=ask.lost_rows)
    return answer_tracker_import(instance, account, ask.body, options)


def _last(ask: Ask, name: str, default: str = "") -> str:
    return (ask.query.get(name) or [default])[-1]


def _download(instance: Instance, ask: Ask, kind: TrackerKind, found: Sequence[str]) -> Answer:
    """A value's file, by the addresses of the version."""
    is_new = ask.path.startswith("/api/tracker/")
    if is_new != find_tracker_facts(instance.facts.line).files_in_tracker:
        return answer_error_page(instance.facts, 404, ask.path)
    return answer_value_file(instance, kind, *found)


_TRACKED = "trackedEntities|enrollments|events|relationships"
_JOB_TYPES = f"{JOB_TYPE}|{METADATA_JOB_TYPE}"
_ROUTES: Sequence[tuple[str, str, Endpoint]] = (
    ("GET", "/api/system/info", lambda i, a, ask, _: answer_info(
        i, ask.query, ask.headers.get("user-agent", ""))),
    ("GET", f"/api/system/tasks/(?:{_JOB_TYPES})/(\\w+)",
     lambda i, a, ask, g: answer_tasks(i, g[0])),
    ("GET", f"/api/system/taskSummaries/(?:{_JOB_TYPES})/(\\w+)",
     lambda i, a, ask, g: answer_task_summary(i, g[0])),
    ("GET", "/api/me", lambda i, a, ask, _: answer_me(i, a, ask.query)),
    ("POST", "/api/apiToken", lambda i, a, ask, _: answer_token(i, a)),
    ("GET", "/api/systemSettings/?(\\w*)", lambda i, a, ask, g: answer_settings(i, g[0])),
    ("POST", "/api/systemSettings/?(\\w*)",
     lambda i, a, ask, g: store_settings(i, a, g[0], ask.body, ask.query)),
    ("POST", "/api/maintenance/?(\\w*)", lambda i, a, ask, g: maintain(i, a, g[0], ask.query)),
    ("POST", "/api/maintenance/dataPruning/(\\w+)/(\\w+)",
     lambda i, a, ask, g: prune(i, a, g[0], g[1])),
    ("GET", "/api/dataValueSets(?:\\.json)?", lambda i, a, ask, _: answer_read(
        i, a, ask.query, ask.headers.get("accept-encoding", ""))),
    ("POST", "/api/dataValueSets(?:\\.json)?", _import_data_values),
    ("GET", "/api/completeDataSetRegistrations",
     lambda i, a, ask, _: answer_registrations(i, a, ask.query)),
    ("POST", "/api/completeDataSetRegistrations", _import_registrations),
    ("POST", "/api/metadata", _import_metadata),
    ("POST", "/api/tracker", _import_tracker),
    ("GET", "/api/tracker/jobs/(\\w+)", lambda i, a, ask, g: answer_tracker_job(i, g[0])),
    ("GET", "/api/tracker/jobs/(\\w+)/report",
     lambda i, a, ask, g: answer_tracker_job_report(i, g[0], _last(ask, "reportMode", "ERRORS"))),
    ("POST", "/api/fileResources", lambda i, a, ask, _: answer_upload(
        i, ask.headers.get("content-type", ""), ask.body, _last(ask, "domain"))),
    ("GET", "/api/fileResources/(\\w+)", lambda i, a, ask, g: answer_file_facts(i, g[0])),
    ("GET", "/api/tracker/events/(\\w+)/dataValues/(\\w+)/file",
     lambda i, a, ask, g: _download(i, ask, "event", g)),
    ("GET", "/api/tracker/trackedEntities/(\\w+)/attributes/(\\w+)/file",
     lambda i, a, ask, g: _download(i, ask, "trackedEntity", g)),
    ("GET", "/api/events/files", lambda i, a, ask, _: _download(
        i, ask, "event", (_last(ask, "eventUid"), _last(ask, "dataElementUid")))),
    ("GET", "/api/trackedEntityInstances/(\\w+)/(\\w+)/image",
     lambda i, a, ask, g: _download(i, ask, "trackedEntity", g)),
    ("GET", f"/api/tracker/({_TRACKED})",
     lambda i, a, ask, g: answer_tracker_list(i, a, g[0], ask.path, ask.query)),
    ("GET", f"/api/tracker/({_TRACKED})/(\\w+)",
     lambda i, a, ask, g: answer_tracker_object(i, a, g[0], g[1], ask.query)),
    ("GET", "/api/(trackedEntityInstances|enrollments|events)",
     lambda i, a, ask, g: answer_old_list(i, a, g[0], ask.path, ask.query)),
    ("GET", "/api/schemas", lambda i, a, ask, _: answer_schemas(i, ask.query)),
    ("GET", "/api/schemas/(\\w+)", lambda i, a, ask, g: answer_schema(i, g[0], ask.query)),
    ("GET", "/api/metadata", lambda i, a, ask, _: answer_export(i, a, ask.query)),
    ("GET", "/api/(\\w+)", lambda i, a, ask, g: answer_list(i, a, g[0], ask.query)),
    ("GET", "/api/(\\w+)/(\\w+)", lambda i, a, ask, g: answer_object(i, a, g[0], g[1], ask.query)),
)  # fmt: skip
