import json
from decimal import Decimal
from typing import Any

import pytest

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.metadata_objects import (
    Identity,
    OptionCombo,
    parse_identity,
    parse_option_combo,
)
from d2_assets.errors import ContractError, OutcomeUnknownError, RejectedError
from d2_assets.http.answers import Answer
from d2_assets_tests.dhis2.fakes import FakeSession
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchange

OK = {"status": "OK", "response": {"status": "OK", "stats": {"created": 1, "total": 1}}}


def _serve(answer: Any) -> tuple[DHIS2Client, FakeSession]:
    session: Any = FakeSession(answer if callable(answer) else lambda path, params: answer)
    return DHIS2Client("national", session), session


def _answer(status: int, body: Any = None) -> Answer:
    return Answer(status, b"" if body is None else json.dumps(body).encode())


def test_objects_are_read_with_all_that_they_own_and_in_an_order() -> None:
    client, session = _serve({"constants": [{"id": "a"}, {"id": "b"}]})
    assert [item["id"] for item in client.iterate_owned("constants", 7)] == ["a", "b"]
    path, params = session.asked[0]
    assert path == "api/constants"
    assert params == {"fields": ":owner", "filter": [], "order": "id:asc", "page": 1, "pageSize": 7}


def test_objects_can_be_asked_for_by_their_ids() -> None:
    client, session = _serve({"constants": []})
    assert list(client.iterate_owned("constants", 7, ids=("a", "b"))) == []
    assert session.asked[0][1]["filter"] == ["id:in:[a,b]"]


def test_objects_are_known_by_id_code_name_and_user_name() -> None:
    client, session = _serve({"users": [{"id": "a", "username": "ada"}, {"id": "b", "code": None}]})
    assert client.list_identities("users") == [Identity("a", username="ada"), Identity("b")]
    assert session.asked[0][1]["fields"] == "id,code,name,username"


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_objects_tell_by_what_they_are_known(version: str) -> None:
    elements = read_exchange(version, "list-dataElements").body["dataElements"][:1]
    (identity,) = [parse_identity(item) for item in elements]
    assert identity.id == elements[0]["id"]
    assert identity.name == elements[0]["name"]


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_option_combos_tell_their_combo_and_options(version: str) -> None:
    body = read_exchange(version, "list-categoryOptionCombos").body
    combo = parse_option_combo(body["categoryOptionCombos"][0])
    assert combo.category_combo
    assert combo.category_options


def test_option_combos_are_asked_for_with_their_combo_and_options() -> None:
    body = {
        "id": "a",
        "name": "Male",
        "categoryCombo": {"id": "sex"},
        "categoryOptions": [{"id": "male"}],
    }
    client, session = _serve({"categoryOptionCombos": [body]})
    assert client.list_option_combos() == [OptionCombo("a", "Male", "", "sex", frozenset({"male"}))]
    assert session.asked[0][1]["fields"] == "id,code,name,categoryCombo[id],categoryOptions[id]"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"pager": {"total": 12}, "constants": [{"id": "a"}]}, 12),
        ({"pager": {"total": 0}, "constants": []}, 0),
        ({"constants": [{"id": "a"}]}, 1),
    ],
)
def test_objects_are_counted_with_one_small_request(body, expected) -> None:
    client, session = _serve(body)
    assert client.count_objects("constants") == expected
    assert session.asked == [("api/constants", {"fields": "id", "pageSize": 1})]


def test_an_answer_without_the_class_is_no_count() -> None:
    client, _ = _serve({"status": "OK"})
    with pytest.raises(ContractError):
        client.count_objects("constants")


def test_an_import_is_sent_gzipped_and_all_or_nothing() -> None:
    client, session = _serve(_answer(200, OK))
    report = client.post_metadata({"constants": [{"id": "a", "value": Decimal("0.10")}]})
    assert (report.created, report.status) == (1, "OK")
    assert session.asked == [
        ("api/metadata", {"importStrategy": "CREATE_AND_UPDATE", "atomicMode": "ALL"})
    ]
    assert session.sent == [(b'{"constants":[{"id":"a","value":0.10}]}', True)]


def test_an_import_can_be_validated_or_can_delete() -> None:
    client, session = _serve(_answer(200, OK))
    client.post_metadata({"constants": []}, strategy="DELETE", validate_only=True)
    assert session.asked[0][1] == {
        "importStrategy": "DELETE",
        "atomicMode": "ALL",
        "importMode": "VALIDATE",
    }


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["meta-bad-reference-none", "meta-bad-reference-all"])
def test_a_refusal_of_the_server_is_a_report_and_no_error(version: str, name: str) -> None:
    exchange = read_exchange(version, name)
    client, _ = _serve(_answer(exchange.status, exchange.body))
    report = client.post_metadata({"dataElements": []})
    assert report.is_bare == (name == "meta-bad-reference-none")
    assert report.http_status == exchange.status


def test_a_request_that_was_not_even_read_is_refused() -> None:
    client, _ = _serve(_answer(413, {"message": "too large"}))
    with pytest.raises(RejectedError) as caught:
        client.post_metadata({"constants": [{"id": "a"}, {"id": "b"}]})
    assert caught.value.status == 413
    assert "2 constants" in caught.value.message


def test_a_success_without_a_report_is_no_success() -> None:
    client, _ = _serve(_answer(200, {"status": "OK"}))
    with pytest.raises(OutcomeUnknownError):
        client.post_metadata({"constants": [{"id": "a"}]})


@pytest.mark.parametrize("answer", [_answer(204), _answer(200, {"status": "OK"})])
def test_maintenance_is_asked_for_and_answered_in_two_ways(answer: Answer) -> None:
    client, session = _serve(answer)
    client.update_option_combos()
    client.clear_caches()
    assert session.asked == [
        ("api/maintenance/categoryOptionComboUpdate", {}),
        ("api/maintenance", {"cacheClear": "true"}),
    ]


def test_refused_maintenance_is_an_error() -> None:
    client, _ = _serve(_answer(409, {"message": "no"}))
    with pytest.raises(RejectedError) as caught:
        client.update_option_combos()
    assert "categoryOptionComboUpdate" in caught.value.message


def test_system_settings_are_read_and_stored_by_their_keys() -> None:
    def answer(path: str, params: dict[str, Any]) -> Any:
        return (
            {"keyFlag": "norway"} if not session.sent and len(session.asked) == 1 else _answer(200)
        )

    client, session = _serve(answer)
    assert client.get_system_settings() == {"keyFlag": "norway"}
    client.post_system_settings({"keyFlag": "togo", "factorDeviation": Decimal("2.0")})
    assert session.asked[1][0] == "api/systemSettings"
    assert session.sent[0][0] == b'{"keyFlag":"togo","factorDeviation":2.0}'


def test_settings_that_are_none_are_a_broken_contract() -> None:
    client, _ = _serve([])
    with pytest.raises(ContractError):
        client.get_system_settings()


def test_a_class_whose_endpoint_no_schema_tells_of_may_have_none() -> None:
    def refuse(path: str, params: Any) -> Any:
        raise RejectedError("It does not exist there.", status=404)

    client, _ = _serve(refuse)
    assert list(client.iterate_owned("expressionDimensionItems", 7)) == []
    with pytest.raises(RejectedError):
        list(client.iterate_owned("constants", 7))
