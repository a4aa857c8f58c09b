"""Whole lists from pages whose order is not unique: rows may repeat or vanish at a page border.

Pages are Spring's: ``content``, ``last``, ``totalElements``. A list is whole when it holds as many
different ids as the server counts (domain/openlmis.md, 2).
"""

from collections.abc import Mapping
from typing import Any

from d2_assets.errors import ContractError, TransientError
from d2_assets.openlmis.signing_in import OpenLMISSession
from d2_assets.openlmis.stock_cards import lower_id

PAGE_SIZE = 1000
_READINGS = 3


def list_all(
    session: OpenLMISSession,
    path: str,
    params: Mapping[str, Any] | None = None,
    page_size: int = PAGE_SIZE,
    sort: str = "",
) -> list[dict[str, Any]]:
    """Every object of a paged list, each once, in the order in which it was met.

    TransientError when three readings each lacked or doubled some.
    """
    asked = {**(params or {}), "size": page_size, **({"sort": sort} if sort else {})}
    found, total = {}, 0
    for _ in range(_READINGS):
        found, total = _read_pages(session, path, asked)
        if len(found) == total:
            return list(found.values())
    raise TransientError(
        f"{path} gave {len(found)} different objects and counts {total}: it changes while it is "
        "read.",
        remedy="Run again when nobody edits these.",
    )


def _read_pages(
    session: OpenLMISSession, path: str, params: Mapping[str, Any]
) -> tuple[dict[str, dict[str, Any]], int]:
    found: dict[str, dict[str, Any]] = {}
    number = 0
    while True:
        page = session.get_json(path, {**params, "page": number})
        content = list_content(page, path)
        found |= {lower_id(one["id"]): one for one in content}
        if page.get("last") or not content:
            return found, _read_total(page, path)
        number += 1


def _read_total(page: Mapping[str, Any], path: str) -> int:
    total = page.get("totalElements")
    if not isinstance(total, int):
        raise ContractError(f"{path} does not say how many there are.")
    return total


def list_content(page: Any, path: str) -> list[dict[str, Any]]:
    """The objects of a page; ContractError for an answer that is none."""
    if not isinstance(page, dict) or not isinstance(page.get("content"), list):
        raise ContractError(
            f"{path} did not answer with a page.",
            remedy="Check that the instance's URL is that of an OpenLMIS server.",
        )
    return page["content"]
