"""Tokens die and come back; keys have no rights; nobody is told a token."""

import logging
import threading

import pytest

from d2_assets.errors import ConfigurationError, TransientError
from d2_assets.openlmis.client import OpenLMISClient
from d2_assets.openlmis.signing_in import ApiKey, Password
from d2_assets.sandbox import Fault
from d2_assets.sandbox.openlmis import OpenLMISSandbox, StockSpec, generate_state, start_openlmis
from d2_assets.sandbox.openlmis.content import PASSWORD, USERNAME
from d2_assets.sandbox.openlmis.state import Account
from d2_assets_tests.openlmis.conftest import connect


@pytest.fixture
def server():
    with start_openlmis(generate_state(StockSpec(facilities=2, products=6))) as running:
        yield running


@pytest.fixture
def client(server: OpenLMISSandbox) -> OpenLMISClient:
    return connect(server, Password(USERNAME, PASSWORD))


def count_logins(server: OpenLMISSandbox) -> int:
    return sum(record.path == "/api/oauth/token" for record in server.requests())


def test_a_token_is_asked_for_once(server: OpenLMISSandbox, client: OpenLMISClient) -> None:
    client.list_programs()
    client.list_facilities()
    assert count_logins(server) == 1


def test_a_token_that_died_is_asked_for_again_once(
    server: OpenLMISSandbox, client: OpenLMISClient
) -> None:
    client.list_programs()
    server.forget_tokens()
    assert client.list_programs()
    assert count_logins(server) == 2


def test_of_several_threads_one_signs_in(server: OpenLMISSandbox, client: OpenLMISClient) -> None:
    client.list_programs()
    server.forget_tokens()
    threads = [threading.Thread(target=client.list_programs) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count_logins(server) == 2


def test_a_token_that_is_refused_again_and_again_ends_it(
    server: OpenLMISSandbox, client: OpenLMISClient
) -> None:
    server.add_fault(Fault("status_401", "/api/programs", times=None))
    with pytest.raises(ConfigurationError) as caught:
        client.list_programs()
    assert caught.value.status == 401
    assert count_logins(server) == 2


def test_the_token_in_a_refusal_is_shown_to_nobody(
    server: OpenLMISSandbox, client: OpenLMISClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client.list_programs()
    (token,) = server.state.tokens
    server.state.accounts.clear()
    server.forget_tokens()
    with pytest.raises(ConfigurationError) as caught:
        client.list_programs()
    for text in (str(caught.value), caplog.text):
        assert token not in text
        assert PASSWORD not in text


def test_a_wrong_password_is_tried_once(server: OpenLMISSandbox) -> None:
    client = connect(server, Password(USERNAME, "wrong"))
    with pytest.raises(ConfigurationError, match="was not let in"):
        client.list_programs()
    assert count_logins(server) == 1


def test_a_wrong_client_is_named(server: OpenLMISSandbox) -> None:
    client = connect(server, Password(USERNAME, PASSWORD, client_secret="other"))
    with pytest.raises(ConfigurationError, match="user-client"):
        client.list_programs()


def test_a_key_reads_summaries_and_no_list_of_all_cards(server: OpenLMISSandbox) -> None:
    server.state.api_keys.add("3b1f8a52-0c1d-4d1e-9d3f-2f1f6f0a1b2c")
    client = connect(server, ApiKey("3b1f8a52-0c1d-4d1e-9d3f-2f1f6f0a1b2c"))
    facility = client.list_facilities()[0]
    program = facility.programs[0]
    assert client.get_summaries(facility.id, program, server.state.today())
    assert not client.sees_withdrawn
    with pytest.raises(ConfigurationError) as caught:
        client.list_cards(facility.id, program)
    assert caught.value.status == 403
    assert count_logins(server) == 0


def test_an_account_without_rights_is_told_the_servers_words(
    server: OpenLMISSandbox, client: OpenLMISClient
) -> None:
    server.state.accounts[USERNAME] = Account(PASSWORD, frozenset())
    facility = client.list_facilities()[0]
    with pytest.raises(ConfigurationError, match="STOCK_CARDS_VIEW"):
        client.get_summaries(facility.id, facility.programs[0], server.state.today())


def test_a_server_that_is_down_is_asked_again(
    server: OpenLMISSandbox, client: OpenLMISClient
) -> None:
    server.add_fault(Fault("status_503", "/api/programs", times=2))
    assert client.list_programs()
    server.add_fault(Fault("status_502", "/api/programs", times=None))
    with pytest.raises(TransientError):
        client.list_programs()
