"""Lists of events and tracked entities, read in pages that neither lose nor repeat an object.

A list is ordered by when its objects changed: one that changes while we read moves to the end, and
those behind it move up by one, over the edge of a page. So what came is counted against the
server's total, and a list that falls short is read again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from d2_assets.dhis2.tracker_parameters import Parameters, list_page_parameters
from d2_assets.errors import ContractError, TransientError
from d2_assets.http.session import HttpSession

Body = dict[str, Any]

_READINGS = 3


@dataclass(frozen=True, slots=True)
class TrackerPage:
    """``pages`` and ``total`` are None where the server does not tell them."""

    bodies: list[Body]
    pages: int | None
    total: int | None


def iterate_pages(
    session: HttpSession,
    path: str,
    plural: str,
    uid: str,
    parameters: Parameters,
    page_size: int,
) -> Iterator[list[Body]]:
    """Every object of a list, once each, in lists of at most a page.

    ``uid`` is the member with an object's UID. TransientError if objects were missing in each of
    three readings.
    """
    seen: set[str] = set()
    came = total = 0
    for _ in range(_READINGS):
        of_reading: set[str] = set()
        for page in _iterate_reading(session, path, plural, parameters, page_size):
            total = _read_total(page, path)
            by_uid = {_read_uid(body, uid, path): body for body in page.bodies}
            of_reading.update(by_uid)
            fresh = [body for name, body in by_uid.items() if name not in seen]
            seen.update(by_uid)
            if fresh:
                yield fresh
        came = len(of_reading)
        if came == total or came < total <= len(seen):
            return
    raise TransientError(
        f"{session.server}: /{path} counts {total} objects and gave {came}, three times over: "
        "the list changed while it was read, or holds objects that the account may not see.",
        remedy="Run again when it is quiet there; check the account's org units and sharing.",
    )


def read_page(session: HttpSession, path: str, plural: str, parameters: Parameters) -> TrackerPage:
    """One page, as asked for."""
    return parse_page(session.get_json(path, parameters), path, plural)


def count_objects(session: HttpSession, path: str, plural: str, parameters: Parameters) -> int:
    """How many objects a list has; the parameters ask for the total."""
    return _read_total(read_page(session, path, plural, parameters), path)


def parse_page(body: Any, path: str, plural: str) -> TrackerPage:
    """A page of either shape: ``{page, instances}`` up to 2.40, ``{pager, <plural>}`` after it.

    ContractError for anything else: an answer without its list is never an empty one.
    """
    content = body if isinstance(body, Mapping) else {}
    bodies = content.get("instances", content.get(plural))
    if not isinstance(bodies, list):
        raise ContractError(
            f"/{path} answered without a list of {plural}.",
            remedy="Check that the instance's URL is that of a DHIS2 server.",
        )
    pager = content.get("pager", content)
    return TrackerPage(bodies, _read_number(pager, "pageCount"), _read_number(pager, "total"))


def _iterate_reading(
    session: HttpSession, path: str, plural: str, parameters: Parameters, page_size: int
) -> Iterator[TrackerPage]:
    number, is_more = 0, True
    while is_more:
        number += 1
        asked = parameters | list_page_parameters(number, page_size)
        page = read_page(session, path, plural, asked)
        yield page
        is_more = number < page.pages if page.pages else len(page.bodies) >= page_size


def _read_uid(body: Body, uid: str, path: str) -> str:
    if not isinstance(body, dict) or not isinstance(body.get(uid), str):
        raise ContractError(f"/{path} lists an object without its {uid}.")
    return body[uid]


def _read_total(page: TrackerPage, path: str) -> int:
    if page.total is None:
        raise ContractError(
            f"/{path} answered without the total that was asked for: whether its list is whole "
            "cannot be known.",
            remedy="Check that the server's version is one of the supported ones.",
        )
    return page.total


def _read_number(pager: Any, member: str) -> int | None:
    value = pager.get(member) if isinstance(pager, Mapping) else None
    return None if value is None else int(value)
