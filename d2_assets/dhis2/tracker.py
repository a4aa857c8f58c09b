"""Events and tracked entities as a server gives them, complete and once each.

All bodies have the members of ``/api/tracker``, also those from the endpoints before it. Whoever
asks says what, in a query; what the parameters are called is the version's (``tracker_names``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from d2_assets.dhis2.dialects import Dialect
from d2_assets.dhis2.tracker_names import TrackerNames
from d2_assets.dhis2.tracker_old import rename_entity, rename_event
from d2_assets.dhis2.tracker_pages import Body, count_objects, iterate_pages, read_page
from d2_assets.dhis2.tracker_parameters import (
    EntityQuery,
    EventQuery,
    Parameters,
    count_event_parameters,
    find_entity_parameters,
    list_entity_parameters,
    list_entity_program_parameters,
    list_entity_type_parameters,
    list_event_id_parameters,
    list_event_parameters,
)
from d2_assets.errors import ConfigurationError, ContractError
from d2_assets.http.session import HttpSession

__all__ = [
    "LONE_ATTRIBUTES",
    "EntityQuery",
    "EntityStamp",
    "EventQuery",
    "count_events",
    "find_entities_by_value",
    "iterate_entity_stamps",
    "iterate_events",
    "list_events",
    "pick_names",
    "read_entities",
]


#: The member of a tree that holds attributes of programs in which nothing but a deleted enrollment
#: is left.
LONE_ATTRIBUTES = "attributesOfDeletedEnrollments"


@dataclass(frozen=True, slots=True)
class EntityStamp:
    """That a tracked entity is there: ``updated_at`` as the server writes it."""

    id: str
    updated_at: str
    deleted: bool
    org_unit: str


def pick_names(dialect: Dialect, use_old_tracker: bool) -> TrackerNames:
    """The names to ask with; ConfigurationError where the old endpoints are gone."""
    if not use_old_tracker:
        return dialect.tracker
    if dialect.old_tracker is None:
        raise ConfigurationError(
            f"DHIS2 {dialect.version} has no tracker endpoints but /api/tracker: the older ones "
            "end with 2.40.",
            remedy="Leave tracker.old_endpoints out of this pair's settings, or set it to false.",
            key="tracker.old_endpoints",
        )
    return dialect.old_tracker


def iterate_events(
    session: HttpSession, names: TrackerNames, query: EventQuery, page_size: int
) -> Iterator[list[Body]]:
    """The events of a query, page by page, whole and once each; else TransientError."""
    pages = iterate_pages(
        session,
        names.events_path,
        names.events,
        names.event_uid,
        list_event_parameters(names, query),
        page_size,
    )
    return (_rename_events(names, bodies) for bodies in pages)


def count_events(session: HttpSession, names: TrackerNames, query: EventQuery) -> int:
    """How many events a query has."""
    parameters = count_event_parameters(names, query)
    return count_objects(session, names.events_path, names.events, parameters)


def list_events(
    session: HttpSession, names: TrackerNames, program: str, ids: Sequence[str]
) -> list[Body]:
    """Those of the events that the server has in a program, deleted ones too."""
    found: dict[str, Body] = {}
    for parameters in list_event_id_parameters(names, program, ids):
        page = read_page(session, names.events_path, names.events, parameters)
        found |= {body["event"]: body for body in _rename_events(names, page.bodies)}
    return [found[uid] for uid in dict.fromkeys(ids) if uid in found]


def iterate_entity_stamps(
    session: HttpSession, names: TrackerNames, query: EntityQuery, page_size: int
) -> Iterator[list[EntityStamp]]:
    """The stamps of a query's tracked entities, page by page, whole and once each."""
    pages = iterate_pages(
        session,
        names.entities_path,
        names.entities,
        names.entity_uid,
        list_entity_parameters(names, query),
        page_size,
    )
    return ([_parse_stamp(names, body) for body in bodies] for bodies in pages)


def read_entities(
    session: HttpSession,
    names: TrackerNames,
    type: str,
    ids: Sequence[str],
    programs: Sequence[str],
) -> list[Body]:
    """Those of the tracked entities that the server has, deleted ones too, as whole trees.

    ``attributes`` are those of the type and of all the programs, ``enrollments`` those in the
    programs. A server tells the attributes of a program only to who asks for that program [read],
    and of entities that are enrolled in it: those of deleted enrollments alone stand apart, as
    ``LONE_ATTRIBUTES``, since another server without the enrollment could never show them.
    """
    trees: dict[str, Body] = {}
    for parameters in list_entity_type_parameters(names, type, ids):
        for body in _read_trees(session, names, parameters):
            trees[body["trackedEntity"]] = body | {"enrollments": []}
    for program in programs:
        for parameters in list_entity_program_parameters(names, program, list(trees)):
            for body in _read_trees(session, names, parameters):
                if tree := trees.get(body["trackedEntity"]):
                    _unite(tree, body, program)
    for tree in trees.values():
        _part_lone_attributes(tree)
    return [trees[uid] for uid in dict.fromkeys(ids) if uid in trees]


def find_entities_by_value(
    session: HttpSession, names: TrackerNames, type: str, attribute: str, value: str
) -> list[str]:
    """The UIDs of entities of a type with this value of an attribute, 20 at most.

    None where the server could not be asked: up to 2.40 a value with a colon or a comma.
    """
    parameters = find_entity_parameters(names, type, attribute, value)
    if parameters is None:
        return []
    page = read_page(session, names.entities_path, names.entities, parameters)
    return [body[names.entity_uid] for body in page.bodies]


def _read_trees(session: HttpSession, names: TrackerNames, parameters: Parameters) -> list[Body]:
    page = read_page(session, names.entities_path, names.entities, parameters)
    return [rename_entity(body) for body in page.bodies] if names.is_old else page.bodies


def _unite(tree: Body, of_program: Body, program: str) -> None:
    """Add to a tree what its entity has in one program."""
    enrollments = [
        item for item in of_program.get("enrollments") or () if item.get("program") == program
    ]
    is_enrolled = any(not item.get("deleted") for item in enrollments)
    name = "attributes" if is_enrolled else LONE_ATTRIBUTES
    attributes = {item["attribute"]: item for item in tree.get(name) or ()}
    for item in of_program.get("attributes") or ():
        attributes.setdefault(item["attribute"], item)
    known = {item["enrollment"] for item in tree["enrollments"]}
    tree[name] = list(attributes.values())
    tree["enrollments"] += [item for item in enrollments if item["enrollment"] not in known]


def _part_lone_attributes(tree: Body) -> None:
    """Leave apart only what neither the type nor a program with a live enrollment shows."""
    known = {item["attribute"] for item in tree.get("attributes") or ()}
    lone = [item for item in tree.pop(LONE_ATTRIBUTES, ()) if item["attribute"] not in known]
    if lone:
        tree[LONE_ATTRIBUTES] = lone


def _rename_events(names: TrackerNames, bodies: list[Body]) -> list[Body]:
    return [rename_event(body) for body in bodies] if names.is_old else bodies


def _parse_stamp(names: TrackerNames, body: dict[str, Any]) -> EntityStamp:
    """ContractError without a time of change: the entity would belong to no month, and be lost."""
    uid, updated_at = body[names.entity_uid], body.get(names.updated_at)
    if not updated_at:
        raise ContractError(
            f"/{names.entities_path} gives no {names.updated_at} of the tracked entity {uid}: "
            "which month it belongs to cannot be known.",
            remedy="Check that the server's version is one of the supported ones.",
        )
    return EntityStamp(
        id=uid,
        updated_at=str(updated_at),
        deleted=bool(body.get("deleted")),
        org_unit=str(body.get("orgUnit") or ""),
    )
