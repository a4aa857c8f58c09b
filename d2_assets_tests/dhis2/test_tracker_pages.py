"""Lists in pages: whole and once each, or told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.dhis2.tracker_pages import iterate_pages, parse_page
from d2_assets.errors import ContractError, TransientError
from d2_assets_tests.dhis2.fakes import FakeSession, Params
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchange

PATH = "api/tracker/events"


class ChangingList:
    """A list of events that may change between two requests; ``is_new`` is its shape."""

    def __init__(self, ids: list[str], *, is_new: bool = True) -> None:
        self.ids = ids
        self.is_new = is_new
        self.requests = 0
        self.changes: dict[int, Any] = {}

    def answer(self, path: str, params: Params) -> Any:
        self.requests += 1
        if change := self.changes.get(self.requests):
            change(self.ids)
        number, size = params["page"], params["pageSize"]
        bodies = [{"event": uid} for uid in self.ids[(number - 1) * size : number * size]]
        pages = -(-len(self.ids) // size)
        pager = {"page": number, "pageSize": size, "total": len(self.ids), "pageCount": pages}
        if self.is_new:
            return {"pager": pager, "events": bodies}
        return pager | {"instances": bodies}


def _read(of: ChangingList, page_size: int = 2) -> list[list[str]]:
    session: Any = FakeSession(of.answer)
    pages = iterate_pages(session, PATH, "events", "event", {"program": "p"}, page_size)
    return [[body["event"] for body in bodies] for bodies in pages]


@given(st.integers(0, 30), st.integers(1, 7), st.booleans())
def test_a_quiet_list_is_read_whole_in_order_with_one_request_a_page(length, page_size, is_new):
    ids = [str(number) for number in range(length)]
    of = ChangingList(ids, is_new=is_new)
    pages = _read(of, page_size)
    assert [uid for page in pages for uid in page] == ids
    assert of.requests == max(1, -(-length // page_size))
    assert all(len(page) <= page_size for page in pages)


def test_an_object_that_moves_to_the_end_makes_the_list_be_read_again():
    of = ChangingList(["a", "b", "c", "d", "e"])
    of.changes[2] = lambda ids: ids.append(ids.pop(0))
    pages = _read(of)
    came = [uid for page in pages for uid in page]
    assert sorted(came) == ["a", "b", "c", "d", "e"]
    assert of.requests == 6


def test_an_object_that_is_added_while_we_read_comes_too():
    of = ChangingList(["a", "b", "c"])
    of.changes[2] = lambda ids: ids.append("d")
    assert _read(of) == [["a", "b"], ["c", "d"]]


def test_ties_that_change_places_are_made_whole_by_a_second_reading():
    readings = [["a", "b"], ["b"], ["a", "c"], ["a"]]

    def answer(path: str, params: Params) -> Any:
        bodies = [{"event": uid} for uid in readings.pop(0)]
        return {"pager": {"total": 3, "pageCount": 2}, "events": bodies}

    session: Any = FakeSession(answer)
    pages = list(iterate_pages(session, PATH, "events", "event", {}, 2))
    assert [body["event"] for bodies in pages for body in bodies] == ["a", "b", "c"]


def test_a_list_that_stays_short_is_told_after_three_readings():
    session: Any = FakeSession(
        lambda path, params: {
            "pager": {"total": 3, "pageCount": 1},
            "events": [{"event": "a"}],
        }
    )
    with pytest.raises(TransientError, match="counts 3 objects and gave 1, three times") as caught:
        list(iterate_pages(session, PATH, "events", "event", {}, 2))
    assert len(session.asked) == 3
    assert "sharing" in caught.value.remedy


@pytest.mark.parametrize("body", [None, [], {}, {"pager": {}}, {"events": {}}, {"message": "no"}])
def test_an_answer_without_its_list_is_never_an_empty_list(body):
    with pytest.raises(ContractError, match="without a list of events"):
        parse_page(body, PATH, "events")


def test_a_list_without_its_total_is_not_believed():
    session: Any = FakeSession(lambda path, params: {"events": [{"event": "a"}]})
    with pytest.raises(ContractError, match="without the total"):
        list(iterate_pages(session, PATH, "events", "event", {}, 2))


def test_an_object_without_a_uid_is_told():
    session: Any = FakeSession(
        lambda path, params: {"pager": {"total": 1, "pageCount": 1}, "events": [{"orgUnit": "a"}]}
    )
    with pytest.raises(ContractError, match="without its event"):
        list(iterate_pages(session, PATH, "events", "event", {}, 2))


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "plural"),
    [("tr-events-page", "events"), ("tr-te-full", "trackedEntities")],
)
def test_recorded_pages_of_both_shapes_tell_their_totals(version, name, plural):
    body = read_exchange(version, name).body
    pager = body.get("pager", body)
    page = parse_page(body, PATH, plural)
    assert (page.total, page.pages) == (pager["total"], pager["pageCount"])
    assert page.bodies
