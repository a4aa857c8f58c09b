"""``GET /api/tracker/...``: lists of tracked entities, enrollments and events, and single ones.

A list is ``{page, pageSize, instances}`` up to 2.40 and ``{pager, <plural>}`` from 2.42 [seen]. The
endpoints before it take other names and give other members; 2.42 has them no more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from d2_assets.sandbox.accounts import Account
from d2_assets.sandbox.answers import Answer, answer_error_page, answer_json, answer_message
from d2_assets.sandbox.fields import Field, parse_fields
from d2_assets.sandbox.instance import Instance
from d2_assets.sandbox.old_tracker import OLD_PATHS, OldBodies, shorten, wants_inside
from d2_assets.sandbox.stored_tracker import PAYLOAD_MEMBERS, Body, StoredObject, TrackerKind
from d2_assets.sandbox.stored_tracker_reads import (
    TrackerQuery,
    count_objects,
    find_objects,
    select_objects,
)
from d2_assets.sandbox.tracker_bodies import Renderer, read_below
from d2_assets.sandbox.tracker_parameters import Query, Reader, RefusedReadError, TrackerRead
from d2_assets.sandbox.tracker_versions import find_tracker_facts

KINDS: Mapping[str, TrackerKind] = {plural: kind for kind, plural in PAYLOAD_MEMBERS.items()}
_NESTED = frozenset({"enrollments", "events", "relationships", "attributes"})
#: Parameters of the endpoints before ``/api/tracker``.
_NEW_NAMES = {
    "ou": "orgUnit",
    "trackedEntityInstance": "trackedEntity",
    "lastUpdatedStartDate": "updatedAfter",
    "lastUpdatedEndDate": "updatedBefore",
    "startDate": "occurredAfter",
    "endDate": "occurredBefore",
    "programEnrollmentStartDate": "enrollmentEnrolledAfter",
    "programEnrollmentEndDate": "enrollmentEnrolledBefore",
}
#: What is shown when no fields are asked for [read].
_DEFAULT_FIELDS: Mapping[TrackerKind, str] = {
    "trackedEntity": "*,!relationships,!enrollments,!programOwners",
    "enrollment": "*,!relationships,!events,!attributes",
    "event": "*,!relationships",
    "relationship": "*",
}
_CLASSES: Mapping[TrackerKind, tuple[str, str]] = {
    "trackedEntity": ("TrackedEntityInstance", "TrackedEntity"),
    "enrollment": ("Enrollment", "Enrollment"),
    "event": ("Event", "Event"),
    "relationship": ("Relationship", "Relationship"),
}


def answer_tracker_list(
    instance: Instance, account: Account, plural: str, path: str, query: Query
) -> Answer:
    """``GET /api/tracker/<plural>``."""
    kind = KINDS[plural]
    facts = find_tracker_facts(instance.facts.line)
    if kind == "event" and facts.asks_program and not query.get("program"):
        words = "Required parameter 'program' is not present."
        return answer_error_page(instance.facts, 400, path, words)
    if kind == "relationship":
        return _answer_relationships(instance, query)
    try:
        read = Reader(instance, account, kind, query).read()
    except (RefusedReadError, ValueError) as refused:
        return _refuse(instance, refused)
    fields = _read_fields(kind, query)
    objects, total = fetch_page(instance, read)
    is_more = bool(read.size) and len(objects) > read.size
    objects = objects[: read.size] if read.size else objects
    program = (query.get("program") or [""])[-1]
    bodies = render_objects(
        instance, objects, fields, program, read.query.include_deleted, is_list=True
    )
    shown = [project(body, fields) for body in bodies]
    if not facts.reads_new:
        page = _count_page(read, total) | {"instances": shown}
    elif not read.size:
        page = {plural: shown}
    else:
        links = _link(instance, plural, query, read.page, is_more)
        page = {"pager": _count_page(read, total) | links, plural: shown}
    return answer_json(instance.facts, page, rows=len(shown))


def _refuse(instance: Instance, refused: Exception) -> Answer:
    status = 400 if find_tracker_facts(instance.facts.line).reads_new else 409
    return answer_message(instance.facts, status, message=str(refused))


def answer_old_list(
    instance: Instance, account: Account, name: str, path: str, query: Query
) -> Answer:
    """``GET /api/trackedEntityInstances`` and the like: their own names, pager and members."""
    if find_tracker_facts(instance.facts.line).reads_new:
        return answer_error_page(instance.facts, 404, path)
    kind = OLD_PATHS[name]
    asked = {_NEW_NAMES.get(old, old): values for old, values in query.items()}
    try:
        read = Reader(instance, account, kind, asked).read()
    except (RefusedReadError, ValueError) as refused:
        return _refuse(instance, refused)
    text = (query.get("fields") or [""])[-1]
    fields = parse_fields(text)
    objects, total = fetch_page(instance, read)
    is_last = not read.size or len(objects) <= read.size
    objects = objects[: read.size] if read.size else objects
    program = (query.get("program") or [""])[-1]
    whole = parse_fields("*" if wants_inside(fields) else "*,!enrollments,!relationships")
    bodies = render_objects(instance, objects, whole, program, read.query.include_deleted)
    words = OldBodies(instance.tracker_metadata)
    renamed = [words.rename(kind, body) for body in bodies]
    shown = [project(body, fields) if text else shorten(kind, body) for body in renamed]
    page = _count_page(read, total)
    if total is None:
        page |= {} if kind == "trackedEntity" or not read.size else {"isLastPage": is_last}
    has_pager = bool(page) and (total is not None or kind != "trackedEntity")
    answer = answer_json(
        instance.facts, ({"pager": page} if has_pager else {}) | {name: shown}, rows=len(shown)
    )
    if kind == "trackedEntity":
        answer.headers["content-type"] = "application/json;charset=utf-8"
    return answer


def answer_tracker_object(
    instance: Instance, account: Account, plural: str, uid: str, query: Query
) -> Answer:
    """``GET /api/tracker/<plural>/<uid>``."""
    kind = KINDS[plural]
    with instance.store.tracker.reading() as connection:
        item = find_objects(connection, kind, [uid]).get(uid)
    units = instance.catalogue.list_subtree(account.org_units)
    is_hidden = item is not None and bool(item.org_unit) and item.org_unit not in units
    if item is None or item.deleted or is_hidden:
        is_old = not find_tracker_facts(instance.facts.line).reads_new
        klass = _CLASSES[kind][0 if is_old else 1]
        words = f"{klass} with id {uid} could not be found."
        code = "E1005" if instance.facts.codes_metadata_errors else ""
        return answer_message(instance.facts, 404, message=words, error_code=code)
    fields = _read_fields(kind, query)
    program = (query.get("program") or [""])[-1]
    body = render_objects(instance, [item], fields, program, include_deleted=False)[0]
    return answer_json(instance.facts, project(body, fields), rows=1)


def fetch_page(instance: Instance, read: TrackerRead) -> tuple[list[StoredObject], int | None]:
    """The objects of a page and one more, if there is one; the total where it is asked for."""
    limit = read.size + 1 if read.size else None
    query = replace(read.query, limit=limit, offset=(read.page - 1) * read.size)
    with instance.store.tracker.reading() as connection:
        objects = list(select_objects(connection, query))
        total = count_objects(connection, read.query) if read.has_totals else None
    return objects, total


def render_objects(
    instance: Instance,
    objects: Sequence[StoredObject],
    fields: Sequence[Field],
    program: str,
    include_deleted: bool,
    *,
    is_list: bool = False,
) -> list[Body]:
    """Objects with all that hangs on them, as far as the fields ask for it."""
    members = _list_nested(fields)
    is_old = not find_tracker_facts(instance.facts.line).reads_new
    if is_list and is_old and objects and objects[0].kind == "enrollment":
        # Up to 2.40 a list of enrollments shows neither their events nor their attributes [seen].
        members = frozenset()
    with instance.store.tracker.reading() as connection:
        below = read_below(instance, connection, objects, members, include_deleted)
    renderer = Renderer(instance, below, program)
    return [renderer.render(item) for item in objects]


def project(body: Any, fields: Sequence[Field]) -> Any:
    """A body cut to the fields asked for."""
    dropped = {field.name[1:] for field in fields if field.name.startswith("!")}
    shown: Body = {}
    for field in fields:
        if field.name in ("*", ":all"):
            shown |= body
        elif field.name in body:
            shown[field.name] = _project_value(body[field.name], field.children)
    return {name: value for name, value in shown.items() if name not in dropped}


def _project_value(value: Any, fields: Sequence[Field]) -> Any:
    if not fields:
        return value
    if isinstance(value, list):
        return [_project_value(item, fields) for item in value]
    return project(value, fields) if isinstance(value, dict) else value


def _read_fields(kind: TrackerKind, query: Query) -> tuple[Field, ...]:
    return parse_fields((query.get("fields") or [_DEFAULT_FIELDS[kind]])[-1])


def _list_nested(fields: Iterable[Field]) -> frozenset[str]:
    """The members that must be read for the fields, at any depth."""
    found: set[str] = set()
    dropped = {field.name[1:] for field in fields if field.name.startswith("!")}
    for field in fields:
        if field.name in ("*", ":all"):
            found |= _NESTED - dropped
        elif field.name in _NESTED or field.name == "programOwners":
            found |= {"enrollments" if field.name == "programOwners" else field.name}
            found |= _list_nested(field.children) if field.children else _NESTED - {"enrollments"}
    return frozenset(found)


def _count_page(read: TrackerRead, total: int | None) -> Body:
    if not read.size:
        return {}
    page: Body = {"page": read.page, "pageSize": read.size}
    if total is not None:
        page |= {"total": total, "pageCount": max(1, -(-total // read.size))}
    return page


def _link(instance: Instance, plural: str, query: Query, page: int, is_more: bool) -> Body:
    links = {"prevPage": page - 1 if page > 1 else 0, "nextPage": page + 1 if is_more else 0}
    asked = [(name, value) for name, values in query.items() if name != "page" for value in values]
    return {
        name: f"{instance.url}/api/tracker/{plural}?{urlencode([*asked, ('page', number)])}"
        for name, number in links.items()
        if number
    }


def _answer_relationships(instance: Instance, query: Query) -> Answer:
    """The relationships of one object, whichever end it is."""
    is_old = not find_tracker_facts(instance.facts.line).reads_new
    ends = [
        value
        for name in ("trackedEntity", "tei", "enrollment", "event")
        for value in query.get(name, ())
    ]
    if not ends:
        words = "Missing required parameter 'trackedEntity', 'enrollment' or 'event'."
        return answer_message(instance.facts, 409 if is_old else 400, message=words)
    include_deleted = (query.get("includeDeleted") or [""])[-1] == "true"
    asked = TrackerQuery("relationship", ends=ends, include_deleted=include_deleted)
    objects = instance.store.tracker.select(asked)
    fields = _read_fields("relationship", query)
    bodies = render_objects(instance, objects, fields, "", include_deleted)
    shown = [project(body, fields) for body in bodies]
    page: Body = {"page": 1, "pageSize": 50}
    whole = page | {"instances": shown} if is_old else {"pager": page, "relationships": shown}
    return answer_json(instance.facts, whole, rows=len(shown))
