from pathlib import Path

import pytest

from d2_assets.errors import ConfigurationError
from d2_assets.settings import parse_settings
from d2_assets.sync.connect import connect
from d2_assets_tests.settings.texts import FILE, GOOD, with_change


def test_an_instance_becomes_a_client_of_its_name_and_address() -> None:
    client = connect(parse_settings(GOOD, FILE), "national", {"D2_NATIONAL_PASSWORD": "hunter2"})
    assert (client.name, client.url) == ("national", "https://hmis.example.org")
    assert "hunter2" not in repr(vars(client))


def test_a_token_is_read_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "training.token").write_text("d2pat_1\n", encoding="utf-8")
    settings = parse_settings(GOOD, tmp_path / "settings.yaml")
    assert connect(settings, "training", {}).url == "http://127.0.0.1:8080"


def test_a_missing_secret_is_told_before_anything_is_sent() -> None:
    with pytest.raises(ConfigurationError, match="D2_NATIONAL_PASSWORD is not set"):
        connect(parse_settings(GOOD, FILE), "national", {})


def test_openlmis_is_not_met_with_the_client_of_dhis2() -> None:
    with pytest.raises(ConfigurationError, match="kind openlmis"):
        connect(parse_settings(GOOD, FILE), "lmis", {})


def test_a_certificate_file_that_is_missing_is_named() -> None:
    text = with_change("    role: source\n", "    role: source\n    ca_file: own-ca.pem\n")
    with pytest.raises(ConfigurationError, match=r"/etc/d2/own-ca\.pem"):
        connect(parse_settings(text, FILE), "national", {"D2_NATIONAL_PASSWORD": "x"})
