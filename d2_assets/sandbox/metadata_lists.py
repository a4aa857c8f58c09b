"""Lists of metadata: ``/api/<plural>`` with filters, order and pages, one object, the export.

A page past the end is 200 with an empty list and the last page's number in the pager; an unknown
path in a filter is an error, an unknown field is not [seen]. Links repeat the parameters in the
order page, pageSize (when not 50), filter, fields, order.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from d2_assets.sandbox.accounts import Account
from d2_assets.sandbox.answers import Answer, answer_error_page, answer_json, answer_message
from d2_assets.sandbox.fields import Projection, find_class, parse_fields
from d2_assets.sandbox.instance import Instance, format_instant
from d2_assets.sandbox.metadata_references import STORED_AS
from d2_assets.sandbox.schema_classes import Schema
from d2_assets.sandbox.schema_table import read_schemas
from d2_assets.sandbox.store import Store
from d2_assets.sandbox.versions import VersionFacts

_PAGE_SIZE = 50
#: Listed though the description of the class names no address [read].
_UNTOLD = frozenset({"expressionDimensionItems"})
_REPORT_TYPES = frozenset({"PIVOT_TABLE", "LINE_LIST"})
_DEFAULTS = frozenset({"GLevLNI9wkl", "xYerKDKCefk", "bjDvmb4bfuf", "HllvX50cXC0"})

Query = Mapping[str, Sequence[str]]


class UnknownPathError(Exception):
    """A filter names a member that the class does not have."""


def answer_list(instance: Instance, account: Account, plural: str, query: Query) -> Answer:
    """``GET /api/<plural>``."""
    facts = instance.facts
    if find_listed(plural, facts) is None:
        return answer_error_page(facts, 404, f"/api/{plural}")
    if plural == "programDataElements" and facts.asks_for_program:
        return answer_error_page(
            facts, 400, f"/api/{plural}", "Required parameter 'program' is not present."
        )
    projection = Projection(instance.store, account, instance.facts.line)
    try:
        bodies = find_objects(instance, projection, account, plural, query)
    except UnknownPathError as unknown:
        return answer_message(
            facts,
            facts.bad_filter_status,
            message=f"Unknown path property: {unknown}",
            error_code="E1003" if facts.codes_metadata_errors else "",
        )
    fields = parse_fields(_last(query, "fields", "id,displayName"))
    answer: dict[str, Any] = {}
    if _last(query, "paging", "true") != "false":
        page = _cut_page(instance, plural, query, len(bodies))
        answer["pager"] = page.pager
        bodies = bodies[page.start : page.stop]
    answer[plural] = [projection.project(plural, body, fields) for body in bodies]
    return answer_json(facts, answer)


def answer_object(
    instance: Instance, account: Account, plural: str, uid: str, query: Query
) -> Answer:
    """``GET /api/<plural>/<uid>``."""
    schema = find_listed(plural, instance.facts)
    if schema is None:
        return answer_error_page(instance.facts, 404, f"/api/{plural}/{uid}")
    shown = (one for one in list_bodies(instance.store, plural) if one["id"] == uid)
    body = next(shown, None) if plural in STORED_AS else instance.store.get_object(plural, uid)
    if body is None:
        return answer_message(
            instance.facts,
            404,
            message=f"{schema.short_klass} with id {uid} could not be found.",
            error_code="E1005" if instance.facts.codes_metadata_errors else "",
        )
    fields = parse_fields(_last(query, "fields", ":all,displayName,access"))
    projection = Projection(instance.store, account, instance.facts.line)
    return answer_json(instance.facts, projection.project(plural, body, fields))


def answer_export(instance: Instance, account: Account, query: Query) -> Answer:
    """``GET /api/metadata``: the classes named ``true``, or all of them; empty ones left out."""
    facts = instance.facts
    wanted = [
        name for name in query if find_listed(name, facts) and _last(query, name, "") == "true"
    ]
    projection = Projection(instance.store, account, instance.facts.line)
    fields = parse_fields(_last(query, "fields", ":owner"))
    date = format_instant(instance.store.now()) + facts.export_date_offset
    answer: dict[str, Any] = {
        "system": {
            "id": instance.system_id,
            "rev": facts.revision,
            "version": facts.version,
            "date": date,
        }
    }
    for plural in wanted or [name for name in instance.store.plurals if find_listed(name, facts)]:
        bodies = find_objects(instance, projection, account, plural, query)
        if _last(query, "defaults", "") == "EXCLUDE":
            bodies = [body for body in bodies if body["id"] not in _DEFAULTS]
        if bodies:
            answer[plural] = [projection.project(plural, body, fields) for body in bodies]
    return answer_json(facts, answer)


def find_listed(plural: str, facts: VersionFacts) -> Schema | None:
    """The class, if a version lists its objects under ``/api``; what is only a part is not."""
    schema = read_schemas(facts.line).get(plural)
    is_listed = schema is not None and (schema.endpoint or plural in _UNTOLD)
    return schema if is_listed else None


def list_bodies(store: Store, plural: str) -> list[dict[str, Any]]:
    """The objects of a class. Event reports and charts are event visualizations of old, by type.

    Event visualizations themselves list them all [seen 2.38-2.43].
    """
    if plural not in STORED_AS:
        return store.metadata(plural)
    return [
        body
        for body in store.metadata(STORED_AS[plural])
        if body.get("legacy") and (body.get("type") in _REPORT_TYPES) == (plural == "eventReports")
    ]


def find_objects(
    instance: Instance, projection: Projection, account: Account, plural: str, query: Query
) -> list[dict[str, Any]]:
    """The objects that an account may see and the filters keep, in order."""
    bodies = [
        body
        for body in list_bodies(instance.store, plural)
        if "sharing" not in body or account.may("read", body["sharing"])
    ]
    if plural == "users":
        bodies = [_show_login(instance, body) for body in bodies]
    for text in query.get("filter", []):
        path, operator, value = (*text.split(":", 2), "", "")[:3]
        if not projection.knows_property(plural, path.split(".")[0]):
            raise UnknownPathError(path)
        keeps = _FILTERS.get(operator, _FILTERS["eq"])
        bodies = [
            body
            for body in bodies
            if keeps(list(_walk(projection, plural, body, path.split("."))), value)
        ]
    fold = str.casefold if instance.facts.ignores_case_in_order else str
    bodies.sort(key=lambda body: (fold(str(body.get("name", ""))), body["id"]))
    for order in reversed([part for text in query.get("order", []) for part in text.split(",")]):
        name, _, direction = order.partition(":")
        bodies.sort(
            key=lambda body, name=name: _sortable(projection.find_property(plural, body, name)),
            reverse=direction in ("desc", "idesc"),
        )
    return bodies


def _show_login(instance: Instance, body: dict[str, Any]) -> dict[str, Any]:
    """A login changes a user, as far as its stamp tells [seen 2.38-2.43]."""
    at = instance.logins.get(body["id"])
    if at is None:
        return body
    login = format_instant(at)
    return body | {"lastLogin": login, "lastUpdated": max(login, body.get("lastUpdated", ""))}


@dataclass(frozen=True, slots=True)
class _Page:
    pager: dict[str, Any]
    start: int
    stop: int


def _cut_page(instance: Instance, plural: str, query: Query, total: int) -> _Page:
    size = max(1, int(_last(query, "pageSize", str(_PAGE_SIZE))))
    asked = max(1, int(_last(query, "page", "1")))
    count = -(-total // size) or instance.facts.empty_page_count
    page = min(asked, max(1, count))
    pager: dict[str, Any] = {"page": page, "total": total, "pageSize": size}
    if page < count:
        pager["nextPage"] = _link(instance, plural, query, size, page + 1)
    if page > 1:
        pager["prevPage"] = _link(instance, plural, query, size, page - 1)
    pager["pageCount"] = count
    start = (asked - 1) * size
    return _Page(pager, start, start + size)


def _link(instance: Instance, plural: str, query: Query, size: int, page: int) -> str:
    parameters: list[tuple[str, str]] = []
    if page > 1:
        parameters.append(("page", str(page)))
    if size != _PAGE_SIZE:
        parameters.append(("pageSize", str(size)))
    for name in ("filter", "fields", "order"):
        parameters += [(name, value) for value in query.get(name, [])]
    return f"{instance.url}/api/{plural}?{urlencode(parameters)}"


def _last(query: Query, name: str, default: str) -> str:
    values = query.get(name)
    return values[-1] if values else default


def _walk(
    projection: Projection, plural: str, body: Mapping[str, Any], path: Sequence[str]
) -> Iterable[Any]:
    """The values at the end of a path, through lists and references."""
    value = projection.find_property(plural, body, path[0])
    for item in value if isinstance(value, list) else [value]:
        if len(path) == 1 or not isinstance(item, Mapping):
            yield item if len(path) == 1 else None
        else:
            inner = find_class(path[0])
            yield from _walk(projection, inner or "", projection.follow(inner, item), path[1:])


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is None, value if isinstance(value, int | float) else str(value or ""))


def _compare(value: Any, text: str) -> int:
    """-1, 0 or 1; numbers as numbers, everything else as text."""
    if isinstance(value, int | float):
        return (value > float(text)) - (value < float(text))
    return (value > text) - (value < text)


def _any(test: Callable[[Any, str], bool]) -> Callable[[list[Any], str], bool]:
    return lambda values, text: any(test(value, text) for value in values if value is not None)


def _options(text: str) -> set[str]:
    return set(text.strip("[]").split(","))


_FILTERS: Mapping[str, Callable[[list[Any], str], bool]] = {
    "eq": _any(lambda value, text: _text(value) == text),
    "ieq": _any(lambda value, text: _text(value).casefold() == text.casefold()),
    "in": _any(lambda value, text: _text(value) in _options(text)),
    "!in": lambda values, text: not any(_text(value) in _options(text) for value in values),
    "!eq": lambda values, text: all(_text(value) != text for value in values),
    "ne": lambda values, text: all(_text(value) != text for value in values),
    "gt": _any(lambda value, text: _compare(value, text) > 0),
    "ge": _any(lambda value, text: _compare(value, text) >= 0),
    "lt": _any(lambda value, text: _compare(value, text) < 0),
    "le": _any(lambda value, text: _compare(value, text) <= 0),
    "like": _any(lambda value, text: text in _text(value)),
    "ilike": _any(lambda value, text: text.casefold() in _text(value).casefold()),
    "$ilike": _any(lambda value, text: _text(value).casefold().startswith(text.casefold())),
    "null": lambda values, _: all(value is None for value in values),
    "!null": lambda values, _: any(value is not None for value in values),
}
