from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from d2_assets.dhis2.client import DHIS2Client
from d2_assets.dhis2.system import Account, OrgUnitReference, parse_account, parse_system_info
from d2_assets.errors import ConfigurationError, D2AssetsError, TransientError
from d2_assets.openlmis.signing_in import ApiKey, Password
from d2_assets.sandbox.openlmis import StockSpec, generate_state, start_openlmis
from d2_assets.sandbox.openlmis.content import PASSWORD, USERNAME
from d2_assets.settings import parse_settings
from d2_assets.sync.probe import (
    InstanceReport,
    derive_may_write,
    probe_instance,
    probe_instances,
    probe_openlmis,
)
from d2_assets_tests.openlmis.conftest import connect
from d2_assets_tests.settings.texts import FILE, GOOD

SYSTEM = parse_system_info(
    {"version": "2.40.9.1", "systemName": "HMIS", "serverDate": "2026-03-01T10:00:00.000"}
)
ACCOUNT = parse_account(
    {
        "username": "admin",
        "authorities": ["F_DATAVALUE_ADD"],
        "organisationUnits": [{"id": "ImspTQPwCqd", "path": "/ImspTQPwCqd"}],
    }
)


def client_that_answers(system: Any, account: Any) -> DHIS2Client:
    """A client whose two answers are values, or errors to raise."""

    def answer(value: Any) -> Any:
        if isinstance(value, D2AssetsError):
            raise value
        return value

    return cast(
        DHIS2Client,
        SimpleNamespace(
            name="national",
            dialect=None,
            get_system_info=lambda: answer(system),
            get_me=lambda: answer(account),
        ),
    )


def test_a_server_that_answers_is_described() -> None:
    assert probe_instance(client_that_answers(SYSTEM, ACCOUNT)) == InstanceReport(
        name="national",
        reachable=True,
        system_name="HMIS",
        version="2.40.9.1",
        server_date="2026-03-01T10:00:00.000",
        account="admin",
        org_units=1,
        may_write="yes",
    )


def test_a_server_that_is_down_is_a_report_with_the_mend() -> None:
    down = TransientError("It did not answer.", remedy="Start it.")
    assert probe_instance(client_that_answers(down, ACCOUNT)) == InstanceReport(
        "national", message="It did not answer. Start it."
    )


def test_an_account_that_is_refused_leaves_what_the_server_said() -> None:
    refused = ConfigurationError("The account is locked.")
    report = probe_instance(client_that_answers(SYSTEM, refused))
    assert (report.reachable, report.version, report.account) == (True, "2.40.9.1", "")
    assert report.message == "The account is locked."


def test_a_defect_is_not_taken_for_a_report() -> None:
    with pytest.raises(AttributeError):
        probe_instance(client_that_answers(SYSTEM, None))


@pytest.mark.parametrize(
    ("authorities", "org_units", "expected"),
    [
        ({"ALL"}, 1, "yes"),
        ({"F_DATAVALUE_ADD", "M_dhis-web-dashboard"}, 2, "yes"),
        ({"M_dhis-web-dashboard"}, 1, "no: a role with F_DATAVALUE_ADD is missing"),
        ({"ALL"}, 0, "no: the account has no org unit for data capture"),
    ],
)
def test_writing_needs_a_right_and_an_org_unit(
    authorities: set[str], org_units: int, expected: str
) -> None:
    units = tuple(OrgUnitReference(f"unit{number}", "") for number in range(org_units))
    account = Account("id", "clerk", frozenset(authorities), units, ())
    assert derive_may_write(account) == expected


def test_missing_secrets_are_told_in_the_report() -> None:
    settings = parse_settings(GOOD, FILE)
    training, lmis = probe_instances(settings, ("training", "lmis"), {})
    assert str(Path("/etc/d2/training.token")) in training.message
    assert "lmis" in lmis.message


def test_an_openlmis_says_who_may_read_it() -> None:
    key = "3b1f8a52-0c1d-4d1e-9d3f-2f1f6f0a1b2c"
    state = generate_state(StockSpec(facilities=1, products=2, months=1))
    state.api_keys.add(key)
    with start_openlmis(state) as server:
        user = probe_openlmis(connect(server, Password(USERNAME, PASSWORD)))
        wrong = probe_openlmis(connect(server, Password(USERNAME, "wrong")))
        of_key = probe_openlmis(connect(server, ApiKey(key)))
    assert (user.reachable, user.account, user.message) == (True, USERNAME, "")
    assert user.system_name == "OpenLMIS with 2 programs"
    assert "was not let in" in wrong.message
    assert "no longer approved" in of_key.may_write


def test_all_active_instances_are_tested_unless_some_are_named() -> None:
    text = GOOD.replace("    role: source\n", "    role: source\n    active: false\n")
    reports = probe_instances(parse_settings(text, FILE), (), {})
    assert [report.name for report in reports] == ["training", "lmis"]


def test_an_unknown_name_is_an_error_and_not_a_report() -> None:
    with pytest.raises(ConfigurationError, match="no instance named 'x'"):
        probe_instances(parse_settings(GOOD, FILE), ("x",), {})
