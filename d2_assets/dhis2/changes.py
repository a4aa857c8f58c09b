"""What changed at a server since a time: one request where little did.

Lists are asked for newest first, from a day before, and cut by the stamps of their objects:
versions differ in whether a time is a day or a moment and in whose time zone it is read [read].
Only where more than a page changed is a list read whole, in the ways that lose nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from d2_assets.dhis2.metadata import PAGE_SIZE, iterate_objects, parse_page
from d2_assets.dhis2.schemas import UNTOLD_ENDPOINTS, list_bodies, name_class
from d2_assets.dhis2.tracker_names import TrackerNames
from d2_assets.dhis2.tracker_old import rename_entity, rename_event
from d2_assets.dhis2.tracker_pages import Body, iterate_pages, read_page
from d2_assets.dhis2.tracker_parameters import (
    ChangeQuery,
    Parameters,
    list_changed_entity_parameters,
    list_changed_event_parameters,
)
from d2_assets.errors import ContractError
from d2_assets.http.session import HttpSession
from d2_assets.stamps import DAY, SECOND, read_stamp, write_stamp

_FIELDS = "id,lastUpdated"
#: A user's stamp is written with every login, a few milliseconds after it [seen 2.38-2.43]: our own
#: questions are such logins. An edit that a login follows before the next look is not told apart.
_USERS = "users"
_AFTER_LOGIN = 1 * SECOND
#: How a list is ordered whose first page says that the others hold nothing newer.
_NEWEST_FIRST = ("updatedAt:desc", "lastUpdated:desc")


@dataclass(frozen=True, slots=True)
class Change:
    """An object and when it was last changed: ``updated_at`` as the server writes it.
    ``occurred_at`` and ``stage`` are those of an event."""

    id: str
    updated_at: str
    occurred_at: str = ""
    stage: str = ""


def list_classes(session: HttpSession) -> tuple[str, ...]:
    """The plurals of the classes that have an endpoint, by ``GET /api/schemas``."""
    body = session.get_json("api/schemas", {"fields": "plural,collectionName,relativeApiEndpoint"})
    plurals = {
        name_class(item): bool(item.get("relativeApiEndpoint")) for item in list_bodies(body)
    }
    return tuple(name for name, told in plurals.items() if told or name in UNTOLD_ENDPOINTS)


def list_ids(session: HttpSession, plural: str) -> tuple[str, ...]:
    """The UIDs of all objects of a class that the account may see."""
    return tuple(item["id"] for item in iterate_objects(session, plural, fields="id"))


def list_program_types(session: HttpSession) -> dict[str, str]:
    """The tracked entity type of each program; empty for those without registration."""
    fields = "id,programType,trackedEntityType[id]"
    return {
        item["id"]: (item.get("trackedEntityType") or {}).get("id") or ""
        if item.get("programType") == "WITH_REGISTRATION"
        else ""
        for item in iterate_objects(session, "programs", fields=fields)
    }


def iterate_changed_objects(
    session: HttpSession, plural: str, since: int, page_size: int = PAGE_SIZE
) -> Iterator[list[Change]]:
    """The objects of a class that changed at or after ``since`` (milliseconds of the server's own
    clock), page by page, each once."""
    filters = [f"lastUpdated:ge:{write_stamp(since - DAY)}"]
    fields = f"{_FIELDS},lastLogin" if plural == _USERS else _FIELDS
    first = session.get_json(
        f"api/{plural}",
        {
            "fields": fields,
            "filter": filters,
            "order": "lastUpdated:desc",
            "page": 1,
            "pageSize": page_size,
        },
    )
    bodies, _, total = parse_page(first, plural)
    stamps = [read_stamp(_parse_object(body, plural).updated_at) for body in bodies]
    if total <= len(bodies) < page_size or _falls_below(stamps, since):
        yield _cut(_read_objects(bodies, plural), since)
        return
    objects = iterate_objects(session, plural, fields=fields, filters=filters, page_size=page_size)
    yield from _batch(_read_objects(objects, plural), since, page_size)


def iterate_changed_events(
    session: HttpSession, names: TrackerNames, query: ChangeQuery, page_size: int = PAGE_SIZE
) -> Iterator[list[Change]]:
    """The events of a program, deleted ones too, that changed at or after the query's ``since``."""
    parameters = list_changed_event_parameters(names, query)
    pages = _iterate_tracker(
        session, names.events_path, names.events, names.event_uid, parameters, page_size, query
    )
    for bodies in pages:
        renamed = (rename_event(body) if names.is_old else body for body in bodies)
        yield _cut((_parse_event(body) for body in renamed), query.since)


def iterate_changed_entities(
    session: HttpSession, names: TrackerNames, query: ChangeQuery, page_size: int = PAGE_SIZE
) -> Iterator[list[Change]]:
    """The tracked entities of a type or program, deleted ones too, that changed at or after the
    query's ``since``. What changes under an entity changes the entity [seen]."""
    parameters = list_changed_entity_parameters(names, query)
    pages = _iterate_tracker(
        session,
        names.entities_path,
        names.entities,
        names.entity_uid,
        parameters,
        page_size,
        query,
    )
    for bodies in pages:
        renamed = (rename_entity(body) if names.is_old else body for body in bodies)
        yield _cut((_parse_change(body, "trackedEntity") for body in renamed), query.since)


def _iterate_tracker(
    session: HttpSession,
    path: str,
    plural: str,
    uid: str,
    parameters: Parameters,
    page_size: int,
    query: ChangeQuery,
) -> Iterator[list[Body]]:
    """The first page, newest first, where it holds all that is wanted; else the whole list."""
    page = read_page(session, path, plural, parameters | {"page": 1, "pageSize": page_size})
    stamps = [_read_stamp(body) for body in page.bodies]
    order = str(parameters["order"])
    is_newest_first = order.startswith(_NEWEST_FIRST)
    if len(page.bodies) < page_size or (is_newest_first and _falls_below(stamps, query.since)):
        yield page.bodies
        return
    whole = parameters | {"order": order.replace(":desc", ":asc")}
    yield from iterate_pages(session, path, plural, uid, whole, page_size)


def _read_stamp(body: Body) -> int:
    text = body.get("updatedAt") or body.get("lastUpdated")
    return read_stamp(str(text)) if text else 0


def _read_objects(bodies: Iterable[Body], plural: str) -> Iterator[Change]:
    """The objects, without users who only logged in."""
    for body in bodies:
        change = _parse_object(body, plural)
        login = body.get("lastLogin") if plural == _USERS else None
        if not login or not 0 <= _since_login(change, str(login)) <= _AFTER_LOGIN:
            yield change


def _since_login(change: Change, login: str) -> int:
    return read_stamp(change.updated_at) - read_stamp(login)


def _falls_below(stamps: list[int], since: int) -> bool:
    """Whether a page that is newest first ends with what is too old."""
    is_ordered = all(one >= other for one, other in pairwise(stamps))
    return bool(stamps) and is_ordered and stamps[-1] < since


def _cut(changes: Iterable[Change], since: int) -> list[Change]:
    return [one for one in changes if read_stamp(one.updated_at) >= since]


def _batch(changes: Iterable[Change], since: int, size: int) -> Iterator[list[Change]]:
    batch: list[Change] = []
    for one in changes:
        if read_stamp(one.updated_at) >= since:
            batch.append(one)
        if len(batch) == size:
            yield batch
            batch = []
    yield batch


def _parse_object(body: Mapping[str, Any], plural: str) -> Change:
    stamp = body.get("lastUpdated")
    if not stamp:
        raise ContractError(
            f"/api/{plural} gives no lastUpdated of {body['id']}: whether it changed cannot be "
            "known.",
            remedy=f"Exclude {plural} from what the pair watches (changes.exclude).",
        )
    return Change(body["id"], str(stamp))


def _parse_event(body: Mapping[str, Any]) -> Change:
    change = _parse_change(body, "event")
    return Change(
        change.id,
        change.updated_at,
        str(body.get("occurredAt") or ""),
        str(body.get("programStage") or ""),
    )


def _parse_change(body: Mapping[str, Any], uid: str) -> Change:
    if not body.get(uid) or not body.get("updatedAt"):
        raise ContractError(
            f"A {uid} came without its UID or its updatedAt: whether it changed cannot be known.",
            remedy="Check that the server's version is one of the supported ones.",
        )
    return Change(str(body[uid]), str(body["updatedAt"]))
