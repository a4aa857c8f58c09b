"""Facilities, programs, orderables and reasons: what stock is kept of, where and why it moves.

Filters of facilities and orderables match parts of codes and names, so whole lists are read and
compared here. An orderable keeps its id over its versions (domain/openlmis.md, 3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from d2_assets.openlmis.orderable_cache import Kept, Orderable, OrderableCache
from d2_assets.openlmis.paging import list_all, list_content
from d2_assets.openlmis.signing_in import OpenLMISSession
from d2_assets.openlmis.stock_cards import Reason, lower_id, parse_reason

__all__ = ["Facility", "Orderable", "Program"]

_ORDERABLES = "/api/orderables"
_ALL = 100_000


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


def list_facilities(session: OpenLMISSession) -> list[Facility]:
    """Every facility with the programs it supports."""
    return [
        Facility(
            id=lower_id(body["id"]),
            code=body["code"],
            name=body["name"] or "",
            active=bool(body["active"]) and body.get("enabled") is not False,
            programs=tuple(
                lower_id(program["id"])
                for program in body.get("supportedPrograms") or ()
                if program.get("supportActive") is not False
                and program.get("programActive") is not False
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


def list_orderables(
    session: OpenLMISSession, cache: OrderableCache | None = None
) -> list[Orderable]:
    """The latest version of every orderable; with a cache, only where one was modified since.

    All in one page: ``sort`` is ignored there. TransientError when the page is not whole.
    """
    kept = cache.read() if cache else Kept()
    page, stamp = session.get_json_if_modified(_ORDERABLES, {"page": 0, "size": _ALL}, kept.stamp)
    if page is None:
        return list(kept.orderables)
    found = list(
        {one.id: one for one in map(_parse_orderable, list_content(page, _ORDERABLES))}.values()
    )
    if len(found) != page.get("totalElements"):  # it was edited while it was read
        found = [_parse_orderable(one) for one in list_all(session, _ORDERABLES, page_size=_ALL)]
        stamp = ""
    if cache and stamp:
        cache.write(Kept(stamp, tuple(found)))
    return found


def _parse_orderable(body: Mapping[str, Any]) -> Orderable:
    return Orderable(
        lower_id(body["id"]), body["productCode"], body["fullProductName"] or "",
        body["netContent"],
    )  # fmt: skip


def list_reasons(session: OpenLMISSession) -> list[Reason]:
    """Every reason with its tags; the endpoint gives a bare list."""
    return [parse_reason(body) for body in session.get_json("/api/stockCardLineItemReasons")]
