"""Facilities, programs, orderables and reasons: what stock is kept of, where and why it moves.

Filters of facilities and orderables match parts of codes and names, so whole lists are read and
compared here. An orderable keeps its id over its versions (domain/openlmis.md, 3).
"""

from dataclasses import dataclass

from d2_assets.openlmis.paging import list_all
from d2_assets.openlmis.signing_in import OpenLMISSession
from d2_assets.openlmis.stock_cards import Reason, lower_id, parse_reason


@dataclass(frozen=True, slots=True)
class Facility:
    """A place that keeps stock; ``programs``: the ids of those that it runs now."""

    id: str
    code: str
    name: str
    active: bool
    programs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Program:
    id: str
    code: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class Orderable:
    """A product; ``net_content``: dispensing units in a pack."""

    id: str
    code: str
    name: str
    net_content: int


def list_facilities(session: OpenLMISSession) -> list[Facility]:
    """Every facility with the programs it supports."""
    return [
        Facility(
            id=lower_id(body["id"]),
            code=body["code"],
            name=body["name"] or "",
            active=bool(body["active"] and body.get("enabled", True)),
            programs=tuple(
                lower_id(program["id"])
                for program in body.get("supportedPrograms") or ()
                if program.get("supportActive", True) and program.get("programActive", True)
            ),
        )
        for body in list_all(session, "/api/facilities/full", sort="id")
    ]


def list_programs(session: OpenLMISSession) -> list[Program]:
    """Every program; the endpoint gives a bare list."""
    return [
        Program(lower_id(body["id"]), body["code"], body["name"] or "", bool(body["active"]))
        for body in session.get_json("/api/programs")
    ]


def list_orderables(session: OpenLMISSession) -> list[Orderable]:
    """The latest version of every orderable. All in one page: ``sort`` is ignored there."""
    return [
        Orderable(
            lower_id(body["id"]), body["productCode"], body["fullProductName"] or "",
            body["netContent"],
        )
        for body in list_all(session, "/api/orderables", page_size=100_000)
    ]  # fmt: skip


def list_reasons(session: OpenLMISSession) -> list[Reason]:
    """Every reason with its tags; the endpoint gives a bare list."""
    return [parse_reason(body) for body in session.get_json("/api/stockCardLineItemReasons")]
