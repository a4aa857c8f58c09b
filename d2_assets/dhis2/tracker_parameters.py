"""What is asked of the tracker reads, as typed queries; their parameters are written here only.

One function for each read takes all names from the table. The rules of the servers are kept in the
shapes: events always name a program (without: 400 from 2.43 on [seen]); entities are asked for by
a type or by a program, never by both (refused [read]).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from d2_assets.dhis2.tracker_names import TrackerNames
from d2_assets.stamps import DAY, write_stamp

Parameters = dict[str, str | int]

#: Paging, order and totals of a list come from ``tracker_pages``.
_ALL_MEMBERS = "*"
_NO_ENROLLMENTS = "*,!enrollments"
#: UIDs of one request: each takes 14 characters of a URL, which stays below 4,000.
EVENTS_A_REQUEST = 200
#: Entities come as whole trees: fewer, so that an answer stays small.
ENTITIES_A_REQUEST = 100
_MOST_FOUND = 20


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Events of one program (and one stage of it) at one org unit and everything below.

    Without ``org_unit`` all that the account may see. ``occurred_after`` and ``occurred_before``
    are days ("2026-03-01"), both included; empty ones are open.
    """

    program: str
    stage: str = ""
    org_unit: str = ""
    occurred_after: str = ""
    occurred_before: str = ""
    include_deleted: bool = True


@dataclass(frozen=True, slots=True)
class EntityQuery:
    """Tracked entities of one type at one org unit and everything below.

    Without ``org_unit`` all that the account may see. ``updated_after`` and ``updated_before`` are
    days in the server's time zone; versions differ in whether the last one is included, so ask for
    a day more. Empty ones are open.
    """

    type: str
    org_unit: str = ""
    updated_after: str = ""
    updated_before: str = ""
    include_deleted: bool = True


@dataclass(frozen=True, slots=True)
class ChangeQuery:
    """What changed since a time, in milliseconds of the server's own clock: events of a program, or
    tracked entities of a type or of a program. Without ``org_unit`` all that the account may see.
    """

    since: int
    program: str = ""
    type: str = ""
    org_unit: str = ""


def list_changed_event_parameters(names: TrackerNames, query: ChangeQuery) -> Parameters:
    """The parameters that ask for the stamps of changed events, the newest first."""
    return {
        "program": query.program,
        **_place(names, names.event_org_unit, query.org_unit),
        names.updated_after: _day_before(query.since),
        "includeDeleted": "true",
        "fields": f"{names.event_uid},{names.updated_at},occurredAt,eventDate,programStage",
        "order": names.event_order.replace(":asc", ":desc"),
    }


def list_changed_entity_parameters(names: TrackerNames, query: ChangeQuery) -> Parameters:
    """The parameters that ask for the stamps of changed entities; the newest first, where the
    version can order by them."""
    by_stamp = names.entity_order.startswith(names.updated_at)
    return {
        **_drop_empty("program", query.program),
        **_drop_empty("trackedEntityType", query.type),
        **_place(names, names.entity_org_unit, query.org_unit),
        names.updated_after: _day_before(query.since),
        "includeDeleted": "true",
        "fields": f"{names.entity_uid},{names.updated_at}",
        "order": names.entity_order.replace(":asc", ":desc") if by_stamp else names.entity_order,
    }


def list_event_parameters(names: TrackerNames, query: EventQuery) -> Parameters:
    """The parameters that ask for the events of a query, with all their members."""
    return {
        "program": query.program,
        **_drop_empty("programStage", query.stage),
        **_place(names, names.event_org_unit, query.org_unit),
        **_drop_empty(names.occurred_after, query.occurred_after),
        **_drop_empty(names.occurred_before, query.occurred_before),
        "includeDeleted": _wire_bool(query.include_deleted),
        "fields": _ALL_MEMBERS,
        "order": names.event_order,
    }


def count_event_parameters(names: TrackerNames, query: EventQuery) -> Parameters:
    """The parameters that ask how many events a query has."""
    return list_event_parameters(names, query) | {
        "fields": names.event_uid,
        "page": 1,
        "pageSize": 1,
        "totalPages": "true",
    }


def list_event_id_parameters(
    names: TrackerNames, program: str, ids: Sequence[str]
) -> Iterator[Parameters]:
    """The parameters of each request for the events of the ids, deleted ones too."""
    for some in _split(ids, EVENTS_A_REQUEST):
        yield {
            "program": program,
            **_place(names, names.event_org_unit, ""),
            names.event_ids: names.ids_separator.join(some),
            "includeDeleted": "true",
            "fields": _ALL_MEMBERS,
            **_one_page(some),
        }


def list_entity_parameters(names: TrackerNames, query: EntityQuery) -> Parameters:
    """The parameters that ask for the stamps of a query's tracked entities."""
    return {
        "trackedEntityType": query.type,
        **_place(names, names.entity_org_unit, query.org_unit),
        **_drop_empty(names.updated_after, query.updated_after),
        **_drop_empty(names.updated_before, query.updated_before),
        "includeDeleted": _wire_bool(query.include_deleted),
        "fields": f"{names.entity_uid},{names.updated_at},deleted,orgUnit",
        "order": names.entity_order,
    }


def list_entity_type_parameters(
    names: TrackerNames, type: str, ids: Sequence[str]
) -> Iterator[Parameters]:
    """The parameters of each request for what entities of the ids are without any program."""
    for some in _split(ids, ENTITIES_A_REQUEST):
        yield {"trackedEntityType": type, **_trees(names, some, _NO_ENROLLMENTS)}


def list_entity_program_parameters(
    names: TrackerNames, program: str, ids: Sequence[str]
) -> Iterator[Parameters]:
    """The parameters of each request for what entities of the ids are in a program."""
    for some in _split(ids, ENTITIES_A_REQUEST):
        yield {"program": program, **_trees(names, some, _ALL_MEMBERS)}


def find_entity_parameters(
    names: TrackerNames, type: str, attribute: str, value: str
) -> Parameters | None:
    """The parameters that ask who has a value; None where a server could not be asked for it.

    Up to 2.40 nothing can hide a ``:``, which parts a filter, or a comma, which parts filters.
    """
    if names.escapes_filters:
        value = value.replace("/", "//").replace(":", "/:").replace(",", "/,")
    elif ":" in value or "," in value:
        return None
    return {
        "trackedEntityType": type,
        **_place(names, names.entity_org_unit, ""),
        names.attribute_filter: f"{attribute}:eq:{value}",
        "includeDeleted": "true",
        "fields": names.entity_uid,
        "page": 1,
        "pageSize": _MOST_FOUND,
    }


def list_page_parameters(page: int, page_size: int) -> Parameters:
    """The parameters of one page of a list, with its totals."""
    return {"page": page, "pageSize": page_size, "totalPages": "true"}


def _day_before(since: int) -> str:
    """A whole day, since some versions take days, and one more, since their zones differ."""
    return write_stamp(since - DAY)[:10]


def _trees(names: TrackerNames, ids: Sequence[str], fields: str) -> Parameters:
    return {
        **_place(names, names.entity_org_unit, ""),
        names.entity_ids: names.ids_separator.join(ids),
        "includeDeleted": "true",
        "fields": fields,
        **_one_page(ids),
    }


def _place(names: TrackerNames, parameter: str, org_unit: str) -> Parameters:
    """One unit with everything below, or all that the account may see."""
    if org_unit:
        return {parameter: org_unit, names.org_unit_mode: "DESCENDANTS"}
    return {names.org_unit_mode: "ACCESSIBLE"}


def _one_page(ids: Sequence[str]) -> Parameters:
    """A page that surely holds all of them: an answer never has more than was asked for."""
    return {"page": 1, "pageSize": len(ids)}


def _split(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The ids in pieces, each id once."""
    unique = list(dict.fromkeys(ids))
    for start in range(0, len(unique), size):
        yield unique[start : start + size]


def _drop_empty(name: str, value: str) -> Parameters:
    return {name: value} if value else {}


def _wire_bool(value: bool) -> str:
    return "true" if value else "false"
