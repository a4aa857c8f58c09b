import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2_assets.dhis2.metadata import (
    DataSetElement,
    find_default_option_combo,
    iterate_objects,
    list_assigned_data_sets,
    list_category_combos,
    list_data_sets,
    list_elements_without_zeros,
    parse_category_combo,
    parse_data_set,
    parse_org_unit,
    parse_page,
)
from d2_assets.errors import ContractError, TransientError
from d2_assets_tests.dhis2.fakes import FakeSession
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchange, read_exchanges

#: Operands are pairs of an element and a combo, and an unknown field gives empty objects.
WITHOUT_IDS = {"list-dataElementOperands", "list-bad-field"}

DATA_SET = {
    "id": "XvcWsuHBsGA",
    "name": "Monthly",
    "periodType": "Monthly",
    "openFuturePeriods": 1,
    "categoryCombo": {"id": "bjDvmb4bfuf"},
    "access": {"data": {"read": True, "write": False}},
    "dataSetElements": [
        {
            "dataElement": {
                "id": "mqIVTKwfWl7",
                "valueType": "INTEGER",
                "categoryCombo": {"id": "own"},
            }
        },
        {
            "dataElement": {
                "id": "tFXkSj2fRcF",
                "valueType": "TEXT",
                "categoryCombo": {"id": "own"},
            },
            "categoryCombo": {"id": "override"},
        },
    ],
    "organisationUnits": [{"id": "hFn8wjpXJUH"}],
}


def _serve(objects: list[dict[str, Any]]) -> FakeSession:
    def answer(path: str, params: dict[str, Any]) -> Any:
        size, page = params["pageSize"], params["page"]
        pages = max(1, -(-len(objects) // size))
        return {
            "pager": {"page": page, "pageCount": pages, "total": len(objects)},
            path.removeprefix("api/"): objects[(page - 1) * size : page * size],
        }

    return FakeSession(answer)


@given(st.integers(0, 25), st.integers(1, 10))
def test_pages_of_any_size_give_every_object_once(count, page_size):
    objects = [{"id": f"id{n}"} for n in range(count)]
    session: Any = _serve(objects)
    found = list(iterate_objects(session, "dataElements", fields="id", page_size=page_size))
    assert found == objects
    assert all(params["order"] == "id:asc" for _, params in session.asked)


def test_a_full_page_is_not_the_last_one_whatever_an_old_count_says():
    there = [{"id": uid} for uid in "abcde"]
    session: Any = FakeSession(
        lambda path, params: {
            "pager": {"pageCount": 1, "total": 2},
            "dataSets": there[(params["page"] - 1) * 2 : params["page"] * 2],
        }
    )
    found = iterate_objects(session, "dataSets", fields="id", page_size=2)
    assert [item["id"] for item in found] == list("abcde")


def test_a_list_that_comes_whole_whatever_page_is_asked_for_ends():
    there = [{"id": "a"}, {"id": "b"}]
    session: Any = FakeSession(lambda path, params: {"dataSets": there})
    assert list(iterate_objects(session, "dataSets", fields="id", page_size=2)) == there


def test_an_object_that_slid_to_the_next_page_is_given_once():
    pages = [[{"id": "a"}, {"id": "b"}], [{"id": "b"}, {"id": "c"}], []]
    session: Any = FakeSession(
        lambda path, params: {
            "pager": {"pageCount": 2, "total": 3},
            "dataSets": pages[params["page"] - 1],
        }
    )
    found = iterate_objects(session, "dataSets", fields="id", page_size=2)
    assert [item["id"] for item in found] == ["a", "b", "c"]


def test_a_list_that_shrank_while_it_was_read_is_not_taken_for_whole():
    session: Any = FakeSession(
        lambda path, params: {
            "pager": {"pageCount": 2, "total": 4},
            "dataSets": [{"id": f"a{params['page']}"}],
        }
    )
    with pytest.raises(TransientError, match="counts 4 objects and gave 2"):
        list(iterate_objects(session, "dataSets", fields="id"))


@pytest.mark.parametrize("body", [{}, [], None, {"dataSets": [{}]}, {"dataSets": "x"}])
def test_what_is_no_list_is_refused(body):
    with pytest.raises(ContractError, match="dataSets"):
        parse_page(body, "dataSets")


def test_an_elements_combo_is_its_own_unless_the_data_set_overrides_it():
    data_set = parse_data_set(DATA_SET)
    assert data_set.elements == (
        DataSetElement("mqIVTKwfWl7", "INTEGER", "own"),
        DataSetElement("tFXkSj2fRcF", "TEXT", "override"),
    )
    assert data_set.org_units == frozenset(["hFn8wjpXJUH"])
    assert not data_set.may_write


def test_without_access_nothing_forbids_writing():
    item = {key: value for key, value in DATA_SET.items() if key != "access"}
    assert parse_data_set(item).may_write


def test_a_member_that_is_missing_is_named():
    item = copy.deepcopy(DATA_SET)
    del item["dataSetElements"][0]["dataElement"]["valueType"]
    with pytest.raises(ContractError, match="XvcWsuHBsGA came without 'valueType'"):
        parse_data_set(item)


def test_the_org_units_of_data_sets_are_asked_for_in_small_pages():
    session: Any = _serve([DATA_SET])
    found = list_assigned_data_sets(session, ["XvcWsuHBsGA", "absent"])
    assert [item.id for item in found] == ["XvcWsuHBsGA"]
    assert session.asked[0][1]["filter"] == ["id:in:[XvcWsuHBsGA,absent]"]
    assert session.asked[0][1]["fields"].endswith("organisationUnits[id]")
    assert session.asked[0][1]["pageSize"] == 10


def test_typed_lists_ask_for_what_they_need():
    session: Any = _serve([DATA_SET])
    assert [item.id for item in list_data_sets(session, 50)] == ["XvcWsuHBsGA"]
    assert "dataElement[id,valueType,categoryCombo[id]]" in session.asked[0][1]["fields"]
    assert "organisationUnits" not in session.asked[0][1]["fields"]
    session = _serve([{"id": "combo", "categoryOptionCombos": [{"id": "a"}, {"id": "b"}]}])
    assert list_category_combos(session)[0].option_combos == {"a", "b"}


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_every_recorded_list_is_a_page(version):
    read = 0
    for exchange in read_exchanges(version):
        if not exchange.name.startswith("list-") or exchange.status != 200:
            continue
        if exchange.name in WITHOUT_IDS:
            continue
        plural = exchange.request["path"].removeprefix("/api/")
        objects, pages, total = parse_page(exchange.response["json"], plural)
        assert total >= len(objects)
        assert pages >= 1
        read += 1
    assert read > 40


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_org_units_are_read(version):
    body = read_exchange(version, "list-organisationUnits").response["json"]
    for item in body["organisationUnits"]:
        unit = parse_org_unit(item)
        assert unit.level == unit.path.count("/")
        assert unit.opening_date == "2010-01-01"
        assert unit.closed_date is None


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_data_sets_are_read(version):
    """The recordings ask for ``:owner``, so an element's own members are added here."""
    body = read_exchange(version, "list-dataSets").response["json"]
    for recorded in body["dataSets"]:
        item = _without_cut_marks(recorded)
        for link in item["dataSetElements"]:
            link["dataElement"] |= {"valueType": "TEXT", "categoryCombo": {"id": "bjDvmb4bfuf"}}
        data_set = parse_data_set(item)
        assert data_set.id == recorded["id"]
        assert data_set.period_type in {"Monthly", "Quarterly", "Yearly", "Weekly"}
        assert data_set.elements
        assert data_set.may_write


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_category_combos_are_read(version):
    body = read_exchange(version, "list-categoryCombos").response["json"]
    assert all(parse_category_combo(item).id for item in body["categoryCombos"])


def _without_cut_marks(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_cut_marks(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_cut_marks(item) for item in value if not isinstance(item, str)]
    return value


def test_elements_whose_zeros_are_dropped_say_so_themselves() -> None:
    """What says nothing keeps its zeros: they are sent, and read back."""
    elements = [
        {"id": "drops", "zeroIsSignificant": False},
        {"id": "keeps", "zeroIsSignificant": True},
        {"id": "silent"},
    ]
    session: Any = _serve(elements)
    ids = [element["id"] for element in elements]
    assert list_elements_without_zeros(session, ids) == {"drops"}
    assert list_elements_without_zeros(session, []) == frozenset()


def test_the_default_option_combo_is_found_by_its_name() -> None:
    named: Any = _serve([{"id": "HllvX50cXC0", "name": "default"}])
    assert find_default_option_combo(named) == "HllvX50cXC0"
    hidden: Any = _serve([])
    assert find_default_option_combo(hidden) is None
