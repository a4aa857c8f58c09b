"""Lists whose pages have no unique order."""

from collections.abc import Mapping
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.errors import ContractError, TransientError
from d2_assets.openlmis.paging import list_all
from d2_assets.openlmis.signing_in import OpenLMISSession
from d2_assets.sandbox.openlmis.bodies import make_page


class Shuffled:
    """A server that gives its rows in another order for each page, now and then."""

    def __init__(self, orders: list[list[int]]) -> None:
        self.orders = orders
        self.asked = 0

    def get_json(self, path: str, params: Mapping[str, Any]) -> Any:
        order = self.orders[min(self.asked, len(self.orders) - 1)]
        self.asked += 1
        rows = [{"id": f"ID-{number}"} for number in order]
        return make_page(rows, params["page"], params["size"])


def ask(server: Shuffled, size: int) -> list[str]:
    session = cast(OpenLMISSession, server)
    return [one["id"] for one in list_all(session, "/api/facilities", page_size=size)]


@given(st.integers(0, 30), st.integers(1, 9))
def test_a_list_is_read_whole(count: int, size: int) -> None:
    assert ask(Shuffled([list(range(count))]), size) == [f"ID-{one}" for one in range(count)]


def test_a_row_that_vanished_at_a_page_border_is_found_in_another_reading() -> None:
    server = Shuffled([[0, 1, 2], [1, 0, 2], [0, 1, 2]])
    assert sorted(ask(server, 2)) == ["ID-0", "ID-1", "ID-2"]


def test_a_list_that_never_becomes_whole_is_an_error() -> None:
    with pytest.raises(TransientError, match="2 different objects and counts 3"):
        ask(Shuffled([[0, 1, 2], [1, 2, 0]] * 4), 2)


def test_what_is_no_page_is_named() -> None:
    class Odd:
        def get_json(self, path: str, params: Mapping[str, Any]) -> Any:
            return ["no page"]

    with pytest.raises(ContractError, match="/api/facilities"):
        list_all(cast(OpenLMISSession, Odd()), "/api/facilities")
