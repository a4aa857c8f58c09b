import pytest

from d2_assets.dhis2.system import parse_account, parse_system_info
from d2_assets.errors import ContractError
from d2_assets_tests.recordings import VERSIONS, needs_recordings, read_exchange


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["system-info", "system-info-fields"])
def test_every_recorded_server_is_read(version, name):
    info = parse_system_info(read_exchange(version, name).response["json"])
    assert info.version.startswith(version)
    assert info.server_date.startswith("2026-11-22T")
    assert (info.time_zone, info.calendar, info.date_format) == ("Etc/UTC", "iso8601", "yyyy-mm-dd")
    if name == "system-info-fields":
        assert (info.system_name, len(info.system_id)) == ("DHIS 2", 36)


@needs_recordings
@pytest.mark.parametrize("version", VERSIONS)
def test_every_recorded_account_is_read(version):
    account = parse_account(read_exchange(version, "me").response["json"])
    assert account.username == "admin"
    assert account.org_units[0].path == f"/{account.org_units[0].id}"
    assert account.data_view_org_units[0].id == account.org_units[0].id
    assert len(account.authorities) > 1


@pytest.mark.parametrize("parse", [parse_system_info, parse_account])
@pytest.mark.parametrize("body", [{}, [], None, {"status": "ERROR"}])
def test_what_is_no_answer_of_dhis2_is_refused(parse, body):
    with pytest.raises(ContractError, match="names no"):
        parse(body)
